/**
 * Finding paragraphs in a whole Packages or Sources file (50 MB, 60,000
 * paragraphs) without turning it into strings: bytes are searched, and only
 * what is wanted is parsed. The file must be one that a machine wrote, with
 * empty lines between paragraphs, as apt-ftparchive and dak write it.
 */
import { LockstepError } from '../errors.js';
import { parseStanzas, type Stanza } from './stanza.js';
import { utf8Text } from './utf8.js';

const separator = Buffer.from('\n\n');
const provides = Buffer.from('\nProvides:');
const newline = 0x0a;
const blank = 0x20;

/** Paragraphs of one index: Debian has 65,000 packages. */
const mostParagraphs = 500_000;

/** The value of `Package` of the paragraph in these bounds, or null. */
function packageNameIn(buffer: Buffer, start: number, end: number): string | null {
  // Nearly always the first field in this form; otherwise the slow way
  if (buffer.toString('latin1', start, start + 9) !== 'Package: ') {
    const match = /^package:[ \t]*(\S+)[ \t\r]*$/im.exec(buffer.toString('utf8', start, end));
    return match?.[1] ?? null;
  }
  let stop = buffer.indexOf(newline, start);
  if (stop < 0 || stop > end) stop = end;
  const name = buffer.toString('latin1', start + 9, stop);
  return name.charCodeAt(name.length - 1) > blank && name.charCodeAt(0) > blank ? name : name.trim();
}

function tooMany(file: string | undefined): LockstepError {
  return new LockstepError('DEB_SYNTAX', {
    message: `${file ?? 'The index'} has more than ${mostParagraphs} paragraphs`,
    where: [{ file }],
  });
}

/** A whole index, scanned once, for looking up names many times (a closure of dependencies). */
export class StanzaIndex {
  readonly #buffer: Buffer;
  readonly #file: string | undefined;
  readonly #bounds = new Map<string, [start: number, end: number][]>();
  #providers: Map<string, Set<string>> | null = null;

  /** @throws LockstepError DEB_SYNTAX where it has more paragraphs than any index */
  constructor(buffer: Buffer, file?: string) {
    this.#buffer = buffer;
    this.#file = file;
    let paragraphs = 0;
    for (let start = 0; start < buffer.length;) {
      if (buffer[start] === newline) {
        start++;
        continue;
      }
      if (++paragraphs > mostParagraphs) throw tooMany(file);
      const found = buffer.indexOf(separator, start);
      const end = found < 0 ? buffer.length : found + 1;
      const name = packageNameIn(buffer, start, end);
      const bounds = name === null ? undefined : this.#bounds.get(name);
      if (bounds !== undefined) bounds.push([start, end]);
      else if (name !== null) this.#bounds.set(name, [[start, end]]);
      start = end + 1;
    }
  }

  /** Package names, in the order of the file. */
  names(): IterableIterator<string> {
    return this.#bounds.keys();
  }

  has(name: string): boolean {
    return this.#bounds.has(name);
  }

  /**
   * Every paragraph of that package, in the order of the file. Line numbers of faults count from the paragraph's start.
   * @throws LockstepError DEB_SYNTAX
   */
  get(name: string): Stanza[] {
    return (this.#bounds.get(name) ?? []).flatMap(([start, end]) =>
      parseStanzas(utf8Text(this.#buffer.subarray(start, end), this.#file), { file: this.#file }),
    );
  }

  /** Names of packages that name `virtual` in their Provides (any version of it; see the paragraph). */
  providersOf(virtual: string): string[] {
    this.#providers ??= this.#readProviders();
    return [...(this.#providers.get(virtual) ?? [])];
  }

  #readProviders(): Map<string, Set<string>> {
    const found = new Map<string, Set<string>>();
    const starts = [...this.#bounds].flatMap(([name, bounds]) => bounds.map(([start]) => ({ name, start })));
    starts.sort((a, b) => a.start - b.start);
    let paragraph = 0;
    let at = this.#buffer.indexOf(provides);
    while (at >= 0) {
      while ((starts[paragraph + 1]?.start ?? Infinity) <= at) paragraph++;
      const owner = starts[paragraph]?.name;
      let end = this.#buffer.indexOf(newline, at + 1);
      // A folded field goes on where the next line is indented
      while (end >= 0 && this.#buffer[end + 1] === blank) end = this.#buffer.indexOf(newline, end + 1);
      const value = this.#buffer.toString('utf8', at + provides.length, end < 0 ? this.#buffer.length : end);
      for (const part of value.split(',')) {
        const name = /^\s*([a-z0-9][a-z0-9+.-]+)/.exec(part)?.[1];
        if (name === undefined || owner === undefined) continue;
        const owners = found.get(name);
        if (owners === undefined) found.set(name, new Set([owner]));
        else owners.add(owner);
      }
      at = this.#buffer.indexOf(provides, at + 1);
    }
    return found;
  }
}
