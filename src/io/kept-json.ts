/**
 * Files of JSON that can be made again. One that is missing, that a crash has
 * torn or that has another shape says nothing. Must not be asked for a file
 * whose damage a person has to know of.
 */
import { readIfThere } from './disk.js';

/** What a file says, as `schema` reads it; undefined where it says nothing. DISK_IO. */
export async function readKept<T>(
  path: string,
  schema: { parse(value: unknown): T },
): Promise<T | undefined> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return undefined;
  }
}
