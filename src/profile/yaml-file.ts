/**
 * A YAML file with the positions of everything in it, so that a fault can name
 * file, line and column. It owns reading YAML 1.2 and nothing of what a file
 * means.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
} from 'yaml';
import type { FaultPlace } from '../errors.js';

/** The way to a field: keys of maps and indices of lists. */
export type FieldPath = readonly (string | number)[];

/** Maps a position in the text that was parsed to one in the file a person knows (a template, say). */
export type Relocate = (line: number, column: number) => { line: number; column?: number | undefined };

/** Of the largest file that a person writes by hand, ten times over. */
const mostCharacters = 1024 * 1024;

/** Levels of maps and lists; files that Lockstep reads have five. */
const mostLevels = 100;

const oddKey = 'a key must be a plain word';

interface Found {
  key: Node | undefined;
  value: Node | undefined;
  /** Whether the whole path is there. */
  whole: boolean;
}

/** `components.parsoid.source`, `packages[0]`. */
export function formatPath(path: FieldPath): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}

/** What a person may have meant by a value, for "is ...": short, with quotes around text. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string') return `the text ${JSON.stringify(value)}`;
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'boolean') return `the boolean ${value}`;
  return `a ${typeof value}`;
}

/**
 * Why a text is not given to the parser, or null. The parser and all that reads its tree call themselves for each level,
 * and its memory grows with the square of the levels.
 */
function unfitness(text: string): string | null {
  if (text.length > mostCharacters) return 'it is larger than 1 MiB';
  let levels = 0;
  // Of blocks: on one line, each indicator is a level; from line to line, each level is indented further
  let indicators = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') levels++;
    else if (token === ']' || token === '}') levels--;
    else if (token.includes('\n')) indicators = 0;
    else if (levels === 0 && (token === '-' || token === '?' || token === ':')) indicators++;
    else if (indicators === 0 && token.length > mostLevels && token.trim() === '') indicators = token.length;
    if (levels > mostLevels || indicators > mostLevels) return 'it is nested too deeply';
  }
  return null;
}

export class YamlFile {
  readonly file: string;
  /** Plain data; of a file with syntax faults, undefined. */
  readonly data: unknown;
  /** Faults of syntax and repeated keys. */
  readonly faults: readonly FaultPlace[];
  /** Whether `data` can be judged further: repeated keys do not prevent it, broken syntax and maps as keys do. */
  readonly readable: boolean;
  readonly #document: Document.Parsed;
  readonly #lines = new LineCounter();
  readonly #relocate: Relocate;

  /**
   * @param text the YAML
   * @param file the name that faults carry
   * @param relocate where `text` was made from a template: its line there
   */
  constructor(text: string, file: string, relocate: Relocate = (line, column) => ({ line, column })) {
    this.file = file;
    this.#relocate = relocate;
    const faults: FaultPlace[] = [];
    let readable = true;
    const unfit = unfitness(text);
    this.#document = parseDocument(unfit === null ? text : '', {
      lineCounter: this.#lines,
      prettyErrors: false,
    });
    if (unfit !== null) {
      this.faults = [{ ...this.#at(0), message: `invalid YAML: ${unfit}` }];
      this.readable = false;
      return;
    }
    for (const error of [...this.#document.errors, ...this.#document.warnings]) {
      // repeated keys are listed by #oddKeys, with their path
      if (error.code === 'DUPLICATE_KEY') continue;
      readable = false;
      faults.push({ ...this.#at(error.pos[0]), message: `invalid YAML: ${error.message}` });
    }
    faults.push(...this.#oddKeys(this.#document.contents, []));
    readable &&= !faults.some((fault) => fault.message === oddKey);
    if (readable) {
      try {
        this.data = this.#document.toJS({ maxAliasCount: 100 });
      } catch (error) {
        readable = false;
        faults.push({ ...this.#at(0), message: `invalid YAML: ${(error as Error).message}` });
      }
    }
    this.readable = readable;
    this.faults = faults;
  }

  /** The position of a field; for a missing field, the position of the nearest enclosing one. */
  place(path: FieldPath, part: 'key' | 'value' = 'value'): FaultPlace {
    const found = this.#find(path);
    const node = found.whole && part === 'value' ? (found.value ?? found.key) : (found.key ?? found.value);
    const value = found.whole && isScalar(found.value) ? (found.value.source ?? undefined) : undefined;
    return {
      ...this.#at(node?.range?.[0] ?? 0),
      ...(path.length === 0 ? {} : { path: formatPath(path) }),
      ...(value === undefined ? {} : { value }),
    };
  }

  /** A scalar as it was written: `1.10`, where the data says the number 1.1. */
  written(path: FieldPath): string | undefined {
    const found = this.#find(path);
    return found.whole && isScalar(found.value) ? found.value.source : undefined;
  }

  #at(offset: number): FaultPlace {
    const position = this.#lines.linePos(offset);
    // an empty file has no lines: linePos says 0
    return { file: this.file, ...this.#relocate(Math.max(1, position.line), Math.max(1, position.col)) };
  }

  #find(path: FieldPath): Found {
    let key: Node | undefined;
    let value = this.#resolved(this.#document.contents);
    for (const part of path) {
      const pair = isMap(value)
        ? value.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part))
        : undefined;
      if (pair !== undefined) {
        key = pair.key as Node;
        value = this.#resolved(pair.value);
      } else if (isSeq(value) && value.items[Number(part)] !== undefined) {
        key = value.items[Number(part)] as Node;
        value = this.#resolved(key);
      } else {
        return { key, value, whole: false };
      }
    }
    return { key, value, whole: true };
  }

  #resolved(node: unknown): Node | undefined {
    return (isAlias(node) ? (node.resolve(this.#document) ?? node) : (node ?? undefined)) as Node | undefined;
  }

  /** Keys that occur twice, are not a plain word, or would affect JavaScript's own objects. */
  #oddKeys(node: unknown, path: FieldPath): FaultPlace[] {
    if (isSeq(node)) return node.items.flatMap((item, index) => this.#oddKeys(item, [...path, index]));
    if (!isMap(node)) return [];
    const seen = new Map<string, number>();
    const faults: FaultPlace[] = [];
    for (const pair of node.items) {
      const keyNode = pair.key as Node;
      const at = this.#at(keyNode.range?.[0] ?? 0);
      if (!isScalar(keyNode)) {
        faults.push({ ...at, path: formatPath(path), message: oddKey });
        continue;
      }
      const key = String(keyNode.value);
      const first = seen.get(key);
      const here = { ...at, path: formatPath([...path, key]) };
      if (first !== undefined) {
        faults.push({ ...here, message: `the key "${key}" occurs twice; the first is in line ${first}` });
      } else {
        seen.set(key, at.line ?? 1);
      }
      if (key === '__proto__') faults.push({ ...here, message: 'a key must not be "__proto__"' });
      faults.push(...this.#oddKeys(pair.value, [...path, key]));
    }
    return faults;
  }
}
