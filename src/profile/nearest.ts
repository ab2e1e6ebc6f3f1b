/**
 * "Did you mean": the known word closest to one that is not known. Pure; it
 * decides nearness only, the sentence around it belongs to the caller.
 */

/** Edit distance with swaps of neighbours (optimal string alignment), since most slips are swaps. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(change, above[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, before[j - 2]! + 1);
      }
      row.push(best);
    }
    before = above;
    above = row;
  }
  return above[b.length]!;
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
