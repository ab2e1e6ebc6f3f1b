/**
 * "Did you mean": the known word closest to one that is not known. Pure; it
 * decides nearness only, the sentence around it belongs to the caller.
 */

import leven from 'leven';

/** Edit distance; a swap of two letters alone counts as one slip, since most slips are swaps. */
export function editDistance(a: string, b: string): number {
  const distance = leven(a, b);
  return distance === 2 && lettersOf(a) === lettersOf(b) ? 1 : distance;
}

function lettersOf(word: string): string {
  return [...word].sort().join('');
}

/**
 * The known word nearest to `word`, if any is near enough to be what was
 * meant: at most a third of its letters differ, or one begins with the other.
 * Case does not count. Of equals, the first.
 */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  let best: { word: string; distance: number } | undefined;
  for (const candidate of known) {
    const lower = candidate.toLowerCase();
    const longest = Math.max(wanted.length, lower.length);
    const shortest = Math.min(wanted.length, lower.length);
    const distance = editDistance(wanted, lower);
    const prefix = shortest >= 3 && (lower.startsWith(wanted) || wanted.startsWith(lower));
    if ((distance > Math.max(1, Math.floor(longest / 3)) || distance === longest) && !prefix) continue;
    if (best === undefined || distance < best.distance) best = { word: candidate, distance };
  }
  return best?.word;
}

/** `; did you mean "x"?` or nothing, to end a sentence about an unknown word. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const found = nearest(word, known);
  return found === undefined ? '' : `; did you mean "${found}"?`;
}
