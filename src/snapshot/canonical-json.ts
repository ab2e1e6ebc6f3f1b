/**
 * JSON of which there is one form only: keys sorted, one space of indentation,
 * a newline at the end. What is signed and hashed is this text. Must not know
 * what the values mean.
 */

/** A value that JSON can hold; `undefined` members are left out. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue | undefined };

/**
 * The canonical text of a value, for files that people also read and compare.
 * Keys are sorted by UTF-16 code units, as RFC 8785 does; those that are whole numbers come first, by value,
 * as JavaScript keeps them.
 *
 * @throws TypeError for what JSON cannot hold: NaN, infinities, functions
 */
export function canonicalJson(value: unknown): string {
  return `${JSON.stringify(sorted(value, '$'), null, 1)}\n`;
}

/** The canonical text on one line, with its newline: for lists of records. */
export function canonicalLine(value: unknown): string {
  return `${JSON.stringify(sorted(value, '$'))}\n`;
}

function sorted(value: unknown, path: string): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map((item, index) => sorted(item, `${path}[${index}]`));
  if (typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, member]) => [key, sorted(member, `${path}.${key}`)] as const);
    // fromEntries defines its members, so that a key `__proto__` stays a key
    return Object.fromEntries(members);
  }
  throw new TypeError(`${path} cannot be written as JSON`);
}
