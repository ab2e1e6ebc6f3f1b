/**
 * What was found out about sets and bases, kept in the cache under all that it
 * depends on, so that it never grows stale. Losing one costs time only.
 */
import type { z } from 'zod';
import { readIfThere, sha256Of, writeFileAtomic } from '../../io/disk.js';
import { inCache } from '../../io/cache-folders.js';

function pathOf(cache: string, of: readonly string[]): string {
  return inCache(cache, 'installability', `${sha256Of(JSON.stringify(of))}.json`);
}

/** The stored result for this key, or undefined if it is missing or incomplete. */
export async function readVerdict<T>(
  cache: string,
  of: readonly string[],
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  const text = (await readIfThere(pathOf(cache, of)))?.toString('utf8');
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    // Incomplete after a crash: it is computed again
    return undefined;
  }
}

/** Keeps a value; it must be JSON. @throws LockstepError DISK_FULL, DISK_IO */
export async function writeVerdict(cache: string, of: readonly string[], value: unknown): Promise<void> {
  await writeFileAtomic(pathOf(cache, of), JSON.stringify(value), { fsync: false });
}
