/**
 * The text of a manifest as bytes. A set of 100,000 packages has 100 MB, so it is written and parsed entry by
 * entry: memory never holds all entries as text or as a tree in addition to the bytes. manifest.ts decides
 * what is valid.
 */
import { canonicalJson, canonicalPieces } from '../io/canonical-json.js';
import { withKeptStanza, type BareEntry } from './kept-stanza.js';

/** Room for entries as most are, in bytes; what is not written to takes no memory. */
const usualEntry = 2048;
const leastRoom = 64 * 1024;

/** The canonical text of a manifest (canonical-json.ts), in UTF-8. @throws TypeError for what JSON cannot hold */
export function manifestBytes(manifest: { packages: readonly unknown[] }): Buffer {
  let bytes = Buffer.allocUnsafeSlow(leastRoom + manifest.packages.length * usualEntry);
  let at = 0;
  for (const piece of canonicalPieces(manifest)) {
    // Three bytes for a UTF-16 code unit at most
    if (bytes.length - at < piece.length * 3) {
      const more = Buffer.allocUnsafeSlow((bytes.length + piece.length * 3) * 2);
      bytes.copy(more, 0, 0, at);
      bytes = more;
    }
    at += bytes.write(piece, at, 'utf8');
  }
  return bytes.subarray(0, at);
}

const opening = Buffer.from('\n "packages": [\n');
const ending = Buffer.from('\n ]');
const entryEnd = Buffer.from('\n  }');
const nextEntry = Buffer.from(',\n');
const stanzaKey = Buffer.from('\n   "stanza": ');
const newline = 0x0a;
const comma = 0x2c;

/**
 * The JSON of a manifest that is written as {@link manifestBytes} does, each entry read by itself. It says
 * what JSON.parse would say of the whole. Undefined for any other text, be it JSON or not.
 *
 * A line of such a text begins outside of every string: JSON has no line end in one.
 */
export function splitManifest(bytes: Buffer): object | undefined {
  const open = bytes.indexOf(opening);
  if (open < 0) return undefined;
  try {
    const packages: unknown[] = [];
    for (let at = open + opening.length; ;) {
      const found = bytes.indexOf(entryEnd, at);
      if (found < 0) return undefined;
      const end = found + entryEnd.length;
      packages.push(entryAt(bytes, at, end));
      if (startsWith(bytes, nextEntry, end)) at = end + nextEntry.length;
      else if (startsWith(bytes, ending, end)) return withRest(bytes, open, end + ending.length, packages);
      else return undefined;
    }
  } catch {
    // A parser of the complete manifest reports the fault and its place
    return undefined;
  }
}

/**
 * What stands before the packages in a text that {@link manifestBytes} wrote.
 *
 * @param bytes its beginning, which reaches to the packages
 * @returns undefined where it does not, or is another text
 */
export function headOfManifest(bytes: Buffer): unknown {
  const open = bytes.indexOf(opening);
  if (open < 0) return undefined;
  try {
    return JSON.parse(`${bytes.toString('utf8', 0, open)}\n "packages": []}`);
  } catch {
    return undefined;
  }
}

function withRest(bytes: Buffer, open: number, end: number, packages: unknown[]): object | undefined {
  const text = `${bytes.toString('utf8', 0, open)}\n "packages": []${bytes.toString('utf8', end)}`;
  const rest: unknown = JSON.parse(text);
  // Only then the entries were at the top level, under a key that occurs once
  if (typeof rest !== 'object' || rest === null || canonicalJson(rest) !== text) return undefined;
  return 'packages' in rest ? { ...rest, packages } : undefined;
}

function entryAt(bytes: Buffer, start: number, end: number): unknown {
  const entry: unknown = JSON.parse(bytes.toString('utf8', start, end));
  const key = bytes.indexOf(stanzaKey, start);
  if (key < 0 || key >= end || typeof entry !== 'object' || entry === null) return entry;
  const from = key + stanzaKey.length;
  const line = bytes.indexOf(newline, from);
  const to = bytes[line - 1] === comma ? line - 1 : line;
  const fields = entry as Record<string, unknown>;
  const kept =
    Object.keys(fields).length === 11 && fields['stanza'] === JSON.parse(bytes.toString('utf8', from, to));
  return kept ? withKeptStanza(fields as unknown as BareEntry, bytes, from, to) : entry;
}

function startsWith(bytes: Buffer, with_: Buffer, at: number): boolean {
  return bytes.compare(with_, 0, with_.length, at, Math.min(bytes.length, at + with_.length)) === 0;
}
