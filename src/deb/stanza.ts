/**
 * One paragraph of Debian's control files, and files of few of them: reading
 * keeps every byte (`text()` is what was there), writing is canonical. What a
 * field means belongs to the modules that own it (relation.ts, dsc.ts, ...).
 * Other rooms import from deb822.ts.
 *
 * The grammar of lines is the `debian-control` package's. Its paragraphs are not used: it drops the
 * indentation of continuation lines, silently keeps the last of duplicate fields, and drops blank lines of
 * signed text.
 */
import debianControl from 'debian-control';
import { counted } from '../counted.js';
import { LockstepError, type FaultPlace } from '../errors.js';

/** A field as it was written. */
export interface Field {
  readonly name: string;
  /**
   * The raw value: without the blanks around its first line and at the ends
   * of the others, continuation lines with their indentation, joined by `\n`.
   */
  readonly value: string;
  /** Line in the file, from 1. */
  readonly line: number;
}

export interface ParseOptions {
  /** Named in faults. */
  readonly file?: string | undefined;
}

/** One paragraph: fields in their order, names without regard to case. */
export class Stanza {
  readonly #text: string;
  readonly #fields: readonly Field[];
  readonly #byName: ReadonlyMap<string, Field>;
  readonly file: string | undefined;

  /** Use `parseStanza`; the fields must be those of the text, without duplicates. */
  constructor(text: string, fields: readonly Field[], file: string | undefined) {
    this.#text = text;
    this.#fields = fields;
    this.#byName = new Map(fields.map((field) => [field.name.toLowerCase(), field]));
    this.file = file;
  }

  /** The raw value (see `Field.value`), or undefined. */
  get(name: string): string | undefined {
    return this.#byName.get(name.toLowerCase())?.value;
  }

  has(name: string): boolean {
    return this.#byName.has(name.toLowerCase());
  }

  /** The raw value of a field that must be there and not empty. @throws LockstepError DEB_SYNTAX */
  require(name: string): string {
    const value = this.get(name);
    if (value !== undefined && value !== '') return value;
    throw new LockstepError('DEB_SYNTAX', {
      message: `The field ${name} is ${value === undefined ? 'missing' : 'empty'}`,
      where: [this.placeOf(name)],
    });
  }

  /** The value as a person would write it: indentation and ` .` of continuation lines undone. */
  unfolded(name: string): string | undefined {
    const value = this.get(name);
    return value === undefined ? undefined : unfoldValue(value);
  }

  /** The lines of a list field (`Checksums-Sha256`), without blanks around them and without empty ones. */
  lines(name: string): string[] {
    return trimmedLines(this.get(name) ?? '');
  }

  /** Fields in the order of the file. */
  fields(): readonly Field[] {
    return this.#fields;
  }

  /** Field names as written, in the order of the file. */
  names(): string[] {
    return this.#fields.map((field) => field.name);
  }

  /** The paragraph byte for byte, comments included, ending in a newline. */
  text(): string {
    return this.#text;
  }

  /** Where a field is, for faults; the paragraph's start when it has no such field. */
  placeOf(name: string): FaultPlace {
    const field = this.#byName.get(name.toLowerCase());
    return { file: this.file, line: field?.line ?? this.#fields[0]?.line, path: name };
  }

  /**
   * The paragraph with some fields set (undefined: removed); the others keep
   * their bytes and order, new ones come last. Values are unfolded ones, as
   * in `formatStanza`. Comments are dropped.
   */
  with(changes: Readonly<Record<string, string | undefined>>): Stanza {
    const rest = new Map(
      Object.entries(changes).map(([name, value]) => [name.toLowerCase(), { name, value }]),
    );
    let text = '';
    for (const field of this.#fields) {
      const change = rest.get(field.name.toLowerCase());
      rest.delete(field.name.toLowerCase());
      if (change === undefined) text += formatRaw(field.name, field.value);
      else text += formatStanza({ [field.name]: change.value });
    }
    for (const { name, value } of rest.values()) text += formatStanza({ [name]: value });
    return parseStanza(text, { file: this.file });
  }
}

/** The lines of a text, without blanks around them and without empty ones. */
export function trimmedLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** What is blank to dpkg and apt. JavaScript's `trim` also takes off a no-break space, which both read as text. */
function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

function trimmed(text: string): string {
  let start = 0;
  while (start < text.length && isBlank(text.charCodeAt(start))) start++;
  return trimmedEnd(text.slice(start));
}

function trimmedEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(0, end);
}

/** Policy 5.1: printable ASCII except space and colon, not starting with `#` or `-`. */
const fieldNameSpec = /^(?![#-])[!-9;-~]+$/;

/** The maximum number of collected faults: a file that is not a control file has one in each line. */
const mostFaults = 20;

/** Faults of one file, gathered while it is read. */
class Faults {
  readonly places: FaultPlace[] = [];
  readonly file: string | undefined;

  constructor(file: string | undefined) {
    this.file = file;
  }

  add(line: number, message: string): void {
    if (this.places.length < mostFaults) this.places.push({ file: this.file, line, message });
  }

  throwAny(): void {
    const first = this.places[0];
    if (first === undefined) return;
    throw new LockstepError('DEB_SYNTAX', {
      message: `${this.file ?? 'A control file'} is not well-formed: line ${first.line}: ${first.message}`,
      hint: 'See deb822(5) for the form',
      where: this.places,
    });
  }
}

/** Faults of the fields of a paragraph that is well-formed. */
export class FieldFaults {
  readonly places: FaultPlace[] = [];
  readonly #stanza: Stanza;
  readonly #subject: string;

  /** @param subject what cannot be used: its file, or what it is */
  constructor(stanza: Stanza, subject: string) {
    this.#stanza = stanza;
    this.#subject = subject;
  }

  add(field: string, message: string): void {
    this.places.push({ ...this.#stanza.placeOf(field), message });
  }

  /** @throws LockstepError DEB_SYNTAX, every fault at once */
  throwAny(): void {
    if (this.places.length === 0) return;
    throw new LockstepError('DEB_SYNTAX', {
      message: `${this.#subject} cannot be used: ${this.places.map((place) => place.message).join('; ')}`,
      where: this.places,
    });
  }
}

/** Fields of one paragraph: Debian's have some 40. */
const mostFields = 1000;

/** Reads the lines of one paragraph (no separators among them); null when they are only comments. */
function readParagraph(lines: readonly string[], firstLine: number, faults: Faults): Stanza | null {
  const fields: Field[] = [];
  const seen = new Map<string, number>();
  let open: { name: string; value: string; line: number } | null = null;
  const close = (): void => {
    if (open === null) return;
    const key = open.name.toLowerCase();
    const before = seen.get(key);
    if (before !== undefined)
      faults.add(open.line, `the field ${open.name} occurs twice (first in line ${before})`);
    else {
      seen.set(key, open.line);
      fields.push(open);
    }
    open = null;
  };
  for (const [index, line] of lines.entries()) {
    if (line.startsWith('#')) continue;
    if (debianControl.isContinueLine(line)) {
      if (open === null) faults.add(firstLine + index, 'a continuation line without a field before it');
      else open.value += `\n${trimmedEnd(line)}`;
      continue;
    }
    close();
    if (fields.length >= mostFields) {
      faults.add(firstLine + index, `the paragraph has more than ${mostFields} fields`);
      break;
    }
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    if (!fieldNameSpec.test(name)) {
      faults.add(firstLine + index, `${JSON.stringify(line.slice(0, 60))} is not "Field: value"`);
      continue;
    }
    open = { name, value: trimmed(line.slice(colon + 1)), line: firstLine + index };
  }
  close();
  return fields.length === 0 ? null : new Stanza(`${lines.join('\n')}\n`, fields, faults.file);
}

/** Policy 5.1: lines of blanks separate paragraphs too. */
function isSeparator(line: string): boolean {
  return trimmed(line) === '';
}

/**
 * Reads every paragraph of a file.
 * @throws LockstepError DEB_SYNTAX with file and line, every fault at once
 */
export function parseStanzas(text: string, options: ParseOptions = {}): Stanza[] {
  const faults = new Faults(options.file);
  const stanzas = [...paragraphs(text.split('\n'), faults)];
  faults.throwAny();
  return stanzas;
}

/** The paragraphs of these lines; faults are gathered, not thrown. */
function* paragraphs(lines: readonly string[], faults: Faults): Generator<Stanza> {
  let start = 0;
  for (let at = 0; at <= lines.length; at++) {
    const line = lines[at];
    if (line !== undefined && !isSeparator(line)) continue;
    if (at > start) {
      const stanza = readParagraph(lines.slice(start, at), start + 1, faults);
      if (stanza !== null) yield stanza;
    }
    start = at + 1;
  }
}

/**
 * Reads a file that must hold exactly one paragraph.
 * @throws LockstepError DEB_SYNTAX
 */
export function parseStanza(text: string, options: ParseOptions = {}): Stanza {
  const stanzas = parseStanzas(text, options);
  const [first, second] = stanzas;
  if (first !== undefined && second === undefined) return first;
  throw new LockstepError('DEB_SYNTAX', {
    message: `${options.file ?? 'A control file'} contains ${first === undefined ? 'no paragraph' : counted(stanzas.length, 'paragraph')} instead of one`,
    where: [{ file: options.file, line: second?.fields()[0]?.line ?? 1 }],
  });
}

/** An unfolded value as a field has it: a space before each further line, ` .` for an empty one. */
export function foldValue(value: string): string {
  const lines = value.split('\n').map((line) => line.trimEnd());
  while (lines.length > 1 && lines.at(-1) === '') lines.pop();
  return lines
    .map((line, index) => (index === 0 ? line.trimStart() : line === '' ? ' .' : ` ${line}`))
    .join('\n');
}

/** The way back from `foldValue`. */
export function unfoldValue(raw: string): string {
  return raw
    .split('\n')
    .map((line, index) => (index === 0 ? line : line.trim() === '.' ? '' : line.slice(1)))
    .join('\n');
}

function formatRaw(name: string, raw: string): string {
  return `${name}:${raw === '' || raw.startsWith('\n') ? '' : ' '}${raw}\n`;
}

/**
 * Writes one paragraph, in the order given, ending in a newline. Values are
 * unfolded: each line after a `\n` becomes a continuation line. Undefined and
 * empty fields are left out: Policy 5.1 allows none in what we write.
 * @throws LockstepError DEB_SYNTAX for a name or value that cannot be written
 */
export function formatStanza(fields: Readonly<Record<string, string | undefined>>): string {
  const faults = new Faults(undefined);
  const seen = new Set<string>();
  let text = '';
  for (const [index, [name, value]] of Object.entries(fields).entries()) {
    if (value === undefined || value.trim() === '') continue;
    if (!fieldNameSpec.test(name)) faults.add(index + 1, `${JSON.stringify(name)} is not a field name`);
    if (seen.has(name.toLowerCase())) faults.add(index + 1, `the field ${name} occurs twice`);
    if (value.includes('\0') || value.includes('\r'))
      faults.add(index + 1, `the field ${name} contains NUL or CR`);
    seen.add(name.toLowerCase());
    text += formatRaw(name, foldValue(value));
  }
  faults.throwAny();
  return text;
}

/**
 * The text inside the armor of a clearsigned file, without dash-escapes (RFC 9580, 7.2); a text without armor
 * unchanged. NOTHING is verified: use it only for files that are verified in another way (a .dsc by the hash
 * in Sources).
 * @throws LockstepError DEB_SYNTAX for broken armour
 */
export function withoutArmour(text: string, file?: string): string {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  const begin = lines.findIndex((line) => line.trim() !== '');
  if (lines[begin]?.trimEnd() !== '-----BEGIN PGP SIGNED MESSAGE-----') return text;
  const body = lines.findIndex((line, index) => index > begin && line.trim() === '');
  const end = lines.findIndex((line, index) => index > body && line.startsWith('-----'));
  if (body < 0 || end < 0 || lines[end]?.trimEnd() !== '-----BEGIN PGP SIGNATURE-----') {
    const faults = new Faults(file);
    faults.add(begin + 1, 'the armor of its signature is damaged');
    faults.throwAny();
  }
  return lines
    .slice(body + 1, end)
    .map((line) => `${line.startsWith('- ') ? line.slice(2) : line}\n`)
    .join('');
}
