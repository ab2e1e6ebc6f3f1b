/** JSON files that can be made again: caches, and notes that nothing depends on. */
import type { z } from 'zod';
import { readIfThere } from './disk.js';

/**
 * What such a file says; undefined where it is not there, is damaged or has another shape.
 *
 * @throws LockstepError DISK_IO
 */
export async function readKept<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(bytes.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
