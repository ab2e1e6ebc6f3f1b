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
  return `${JSON.stringify(canonical(value), null, 1)}\n`;
}

/** The canonical text on one line, with its newline: for lists of records. */
export function canonicalLine(value: unknown): string {
  return `${JSON.stringify(canonical(value))}\n`;
}

/** What cannot be written; its path is looked for only then. */
class Unwritable extends Error {}

function canonical(value: unknown): unknown {
  try {
    return sorted(value);
  } catch (error) {
    if (!(error instanceof Unwritable)) throw error;
    throw new TypeError(`${pathOfFault(value, '$')} cannot be written as JSON`, { cause: error });
  }
}

// Manifests have 100,000 records of a dozen keys: this is written for speed
function sorted(value: unknown): unknown {
  if (isWritten(value)) return value;
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) throw new Unwritable();
  const from = value as Record<string, unknown>;
  const made: Record<string, unknown> = {};
  for (const key of Object.keys(from).sort()) {
    const member = from[key];
    if (member === undefined) continue;
    // By assignment, __proto__ would not become a key
    if (key === '__proto__') define(made, key, sorted(member));
    else made[key] = isWritten(member) ? member : sorted(member);
  }
  return made;
}

function isWritten(value: unknown): boolean {
  const type = typeof value;
  return (
    type === 'string' || type === 'boolean' || value === null || (type === 'number' && Number.isFinite(value))
  );
}

function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

function pathOfFault(value: unknown, path: string): string | undefined {
  if (isWritten(value)) return undefined;
  if (typeof value !== 'object' || value === null) return path;
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined && !Array.isArray(value)) continue;
    const found = pathOfFault(member, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
