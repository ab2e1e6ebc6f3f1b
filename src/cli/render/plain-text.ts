/**
 * Text from outside on its way to a terminal or into JSON: what a terminal
 * would obey, or what makes a line look like another one, becomes visible. It
 * decides nothing about what is shown.
 */

/**
 * Control characters (ESC, DEL, those of C1), and what Unicode calls format characters and separators of
 * lines: they turn the direction of text, take no room, or break a line where none seems to end.
 */
const unseen = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** The text with each such character as `\x1b` or `\u202e`; newlines and tabs stay. */
export function cleanText(text: string): string {
  return text.replace(unseen, (character) => {
    if (character === '\n' || character === '\t') return character;
    const code = character.codePointAt(0)!;
    return code < 0x100
      ? `\\x${hex(code, 2)}`
      : code < 0x10000
        ? `\\u${hex(code, 4)}`
        : `\\u{${hex(code, 5)}}`;
  });
}

/** The same on one line: for cells of tables and names. */
export function cleanLine(text: string): string {
  return cleanText(text).replace(/[\n\t]+/g, ' ');
}

/** JSON that is safe to display: the same value, with such characters escaped. */
export function cleanJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(unseen, (character) =>
    // JSON.stringify has escaped those inside of strings: this one is its own
    character === '\n'
      ? character
      : Array.from({ length: character.length }, (_, at) => `\\u${hex(character.charCodeAt(at), 4)}`).join(
          '',
        ),
  );
}

/** The text in lines of at most `width` characters. It breaks between words; a longer word stands alone. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/ +/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
