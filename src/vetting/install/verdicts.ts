/**
 * What was found out about sets and bases, kept in the cache under all that it
 * depends on, so that it never grows stale. Losing one costs time only.
 */
import type { z } from 'zod';
import { keptOrMade } from '../../io/kept-json.js';
import { inCache } from '../../io/cache-folders.js';
import { sha256Of } from '../../io/disk.js';

/** The stored result for this key; made, and kept, if there is none. Throws as {@link keptOrMade}. */
export async function keptVerdict<T>(
  cache: string,
  of: readonly string[],
  schema: z.ZodType<T>,
  make: () => Promise<T>,
): Promise<T> {
  const path = inCache(cache, 'installability', `${sha256Of(JSON.stringify(of))}.json`);
  return await keptOrMade(path, schema, make);
}
