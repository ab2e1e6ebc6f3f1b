/**
 * Two texts as a unified diff. Owns its limits: a comparison must end soon
 * and say what it left out, whatever is compared.
 */
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import type { KeptText } from './package-contents.js';

/** Lines that may differ: the time taken grows with their square. */
const mostChanges = 2000;

/** A unified diff with its `---` and `+++` lines, or why there is none. */
export type TextPatch = { patch: string } | { not: 'binary' | 'too large' | 'too different' };

/**
 * The unified diff of a file on both sides.
 *
 * @param path absolute, as machines have it; the diff's headings are `a/etc/x` and `b/etc/x`, or /dev/null
 * @param before null if it did not exist
 * @param after null if it does not exist
 */
export function textPatch(path: string, before: KeptText | null, after: KeptText | null): TextPatch {
  for (const side of [before, after]) if (side !== null && 'not' in side) return { not: side.not };
  const patch = createTwoFilesPatch(
    before === null ? '/dev/null' : `a${path}`,
    after === null ? '/dev/null' : `b${path}`,
    keptText(before),
    keptText(after),
    undefined,
    undefined,
    { context: 3, maxEditLength: mostChanges, headerOptions: FILE_HEADERS_ONLY },
  );
  return patch === undefined ? { not: 'too different' } : { patch };
}

function keptText(side: KeptText | null): string {
  return side !== null && 'text' in side ? side.text : '';
}
