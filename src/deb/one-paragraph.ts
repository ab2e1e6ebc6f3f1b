/**
 * Whether a text can stand in an index as one paragraph. By itself, because it
 * is asked of each of 100,000 packages, and where nothing else is loaded.
 */

/**
 * A blank line inside would start another paragraph of the index: a package nobody listed. Blank to apt is
 * an empty line, and one of spaces and tabs too.
 */
export function isOneParagraph(text: string): boolean {
  return /^[^\s:]+:/.test(text) && text.endsWith('\n') && !/\n[ \t\r]*\n/.test(text) && !text.includes('\0');
}
