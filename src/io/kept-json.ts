/**
 * Files of JSON that can be made again. One that is missing, that a crash has
 * torn or that has another shape says nothing. Must not be asked for a file
 * whose damage a person has to know of.
 */
import { readIfThere, writeFileAtomic } from './disk.js';

interface KeptSchema<T> {
  parse(value: unknown): T;
}

/** What a file says, as `schema` reads it; undefined where it says nothing. DISK_IO. */
export async function readKept<T>(path: string, schema: KeptSchema<T>): Promise<T | undefined> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return undefined;
  }
}

/**
 * What such a file says; made, and kept there, if it says nothing.
 *
 * @param path absolute path, which names all that the value depends on
 * @throws LockstepError DISK_FULL, DISK_IO, and what `make` throws; nothing is kept then
 */
export async function keptOrMade<T>(path: string, schema: KeptSchema<T>, make: () => Promise<T>): Promise<T> {
  const kept = await readKept(path, schema);
  if (kept !== undefined) return kept;
  const made = await make();
  await writeFileAtomic(path, JSON.stringify(made), { fsync: false });
  return made;
}
