/**
 * The text of a paragraph as an index has it, and whether it can stand there as one. By itself, because it
 * is asked of each of 100,000 packages, and where nothing else is loaded.
 */

declare const judged: unique symbol;

/**
 * The paragraph of a binary package that was judged: one final newline, no comment, and nothing in it that apt or dpkg
 * does not read. binary-stanza.ts makes it; {@link recordedParagraph} finds it again.
 */
export type BinaryParagraph = string & { readonly [judged]: true };

/** A paragraph out of a signed record of this archive: it was judged before it was recorded. */
export function recordedParagraph(text: string): BinaryParagraph {
  return text as BinaryParagraph;
}

/**
 * A blank line inside would start another paragraph of the index: a package nobody listed. Blank to apt is
 * an empty line, and one of spaces and tabs too.
 */
export function isOneParagraph(text: string): boolean {
  return /^[^\s:]+:/.test(text) && text.endsWith('\n') && !/\n[ \t\r]*\n/.test(text) && !text.includes('\0');
}
