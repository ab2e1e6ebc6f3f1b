/** Counts with their nouns, for every message: nobody writes "1 packages". */

/**
 * `0 packages`, `1 package`, `2 packages`.
 *
 * @param plural where it is not the noun with an `s`
 */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}
