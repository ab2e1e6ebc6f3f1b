/**
 * Text from outside on its way to people: to a terminal, a log, Markdown or JSON. What a terminal would obey, what makes
 * a line look like another one, and passwords in addresses are replaced. It decides nothing about what is shown, and
 * knows no other room.
 */

/**
 * Control characters (ESC, DEL, those of C1), and what Unicode calls format characters and separators of
 * lines: they turn the direction of text, take no room, or break a line where none seems to end. And halves of
 * surrogate pairs, which are not characters.
 */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/**
 * The text with each such character as `\x1b` or `\u202e`; newlines and tabs stay. Passwords in addresses are hidden.
 * Clean text stays unchanged.
 */
export function cleanText(text: string): string {
  return withoutCredentials(text).replace(unseen, (character) => {
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

/**
 * JSON that is safe to display: the same value, with such characters escaped. Only passwords in addresses are not
 * the same: they are hidden.
 * @param indent spaces for each level; 0: everything on one line
 */
export function cleanJson(value: unknown, indent = 2): string {
  const exact = JSON.stringify(value, null, indent);
  return (mayHaveCredentials.test(exact) ? JSON.stringify(hidden(value), null, indent) : exact).replace(
    unseen,
    (character) =>
      // JSON.stringify has escaped those inside of strings: this one is its own
      character === '\n'
        ? character
        : Array.from({ length: character.length }, (_, at) => `\\u${hex(character.charCodeAt(at), 4)}`).join(
            '',
          ),
  );
}

const mayHaveCredentials = /:\/\/[^\s@]*@/;

/** The value as JSON has it, without the passwords in its strings. */
function hidden(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, given: unknown) => {
    if (typeof given === 'string') return withoutCredentials(given);
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return given;
    return Object.fromEntries(Object.entries(given).map(([key, one]) => [withoutCredentials(key), one]));
  });
}

/**
 * User and password of an address: all before the last `@` of the authority (RFC 3986 3.2). A password can contain
 * `/`, `?` or `#` by mistake; then the part before it is not a port.
 * The bounds keep the time linear in the text's length.
 */
const credentials =
  /\b([a-z][a-z0-9+.-]{0,30}:\/\/)([^\s/?#<>]*(?=@)|[^\s/?#<>@:]+:(?!\d*(?:[/?#]|$))[^\s@]{0,500})@/gi;

/**
 * The text with `***` for user and password of each address in it: a token can be in the place of the user. Only the
 * user of ssh stays, which is not a secret.
 */
export function withoutCredentials(text: string): string {
  return text.replace(credentials, (whole, scheme: string, account: string) =>
    /ssh:/i.test(scheme) && !account.includes(':') ? whole : `${scheme}***@`,
  );
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
