/** JSON files in the cache, which cost time only when they are lost. */
import type { z } from 'zod';
import { readIfThere, writeFileAtomic } from './disk.js';

/**
 * What the file keeps; made, and kept there, if the file is missing or was left incomplete by a crash.
 *
 * @param path absolute path, which names all that the value depends on
 * @throws LockstepError DISK_FULL, DISK_IO, and what `make` throws; nothing is kept then
 */
export async function cachedJson<T>(path: string, schema: z.ZodType<T>, make: () => Promise<T>): Promise<T> {
  const text = (await readIfThere(path))?.toString('utf8');
  try {
    if (text !== undefined) return schema.parse(JSON.parse(text));
  } catch {
    // It is made again
  }
  const made = await make();
  await writeFileAtomic(path, JSON.stringify(made), { fsync: false });
  return made;
}
