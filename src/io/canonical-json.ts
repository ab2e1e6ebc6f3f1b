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

/**
 * The text of {@link canonicalJson} in pieces: of a record, each item of its lists is one. So a list of 100,000
 * is never one tree and one string. Throws as {@link canonicalJson}.
 */
export function* canonicalPieces(record: object): Generator<string, void, undefined> {
  const members = new Map(Object.entries(record).filter(([, member]) => member !== undefined));
  // The order of an object's keys, whole numbers among them
  const keys = Object.keys(Object.fromEntries([...members.keys()].sort().map((key) => [key, null])));
  if (keys.length === 0) return yield canonicalJson(record);
  try {
    for (const [at, key] of keys.entries()) {
      yield `${at === 0 ? '{' : ','}\n ${JSON.stringify(key)}: `;
      yield* memberPieces(members.get(key));
    }
  } catch (error) {
    // It names the place in the whole
    if (error instanceof TypeError) canonicalJson(record);
    throw error;
  }
  yield '\n}\n';
}

function* memberPieces(member: unknown): Generator<string, void, undefined> {
  if (!Array.isArray(member) || member.length === 0) return yield indented(member, '\n ');
  for (const [index, item] of member.entries()) {
    yield `${index === 0 ? '[' : ','}\n  ${indented(item, '\n  ')}`;
  }
  yield '\n ]';
}

/** Line ends stand between the values alone: a string has none. */
function indented(value: unknown, lineEnd: string): string {
  return JSON.stringify(canonical(value), null, 1).replaceAll('\n', lineEnd);
}

/** The canonical text on one line, with its newline: for lists of records. */
export function canonicalLine(value: unknown): string {
  return `${JSON.stringify(canonical(value))}\n`;
}

/** A value that cannot be written; its path is computed only then. */
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
