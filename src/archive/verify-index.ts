/**
 * Checks the indices of one view against its Release and against what the snapshots say: hashes, sizes, that
 * all forms of an index have the same content, and that they list exactly these packages. It reads files as
 * streams.
 */
import { createHash } from 'node:crypto';
import type { IndexHash, Release } from '../deb/release-file.js';
import { LockstepError } from '../errors.js';
import { decompressByName } from '../io/compress.js';
import { sha256Of } from '../io/disk.js';
import { throwIfInterrupted } from '../io/interrupt.js';
import { paragraphHash, type ExpectedFiles, type IndexName } from './expected.js';
import { byHashPath } from './layout.js';
import type { ArchivePort } from './port.js';
import { archiveFault, difference, type ArchiveFinding, type Remedy } from './remedy.js';

export interface CheckedIndices {
  port: ArchivePort;
  view: string;
  release: Release;
  /** The snapshots it lists, the current one first. */
  listed: readonly string[];
  expected: ExpectedFiles;
  /** Told of what a paragraph names, where no manifest says it. */
  onUnknown: (paragraph: string) => void;
  /** Told of bytes that were read. */
  onRead: (bytes: number) => void;
  /** By-hash files of other views, by hash: sources to repair damaged ones. */
  copies: ReadonlyMap<string, readonly string[]>;
  signal?: AbortSignal | undefined;
}

const compressed = /\.(?:gz|xz|bz2|zst)$/;

/** Names of indices that must be there as files: an uncompressed form with compressed ones need not exist. */
export function storedIndices(release: Release): [path: string, hash: IndexHash][] {
  const listed = [...release.sha256];
  const stems = new Set(
    listed.filter(([path]) => compressed.test(path)).map(([path]) => path.replace(compressed, '')),
  );
  return listed.filter(([path]) => compressed.test(path) || !stems.has(path));
}

/**
 * The faults of a view's indices. A faulty file is named once.
 *
 * @throws LockstepError DISK_IO, INTERRUPTED, TOOL_MISSING
 */
export async function verifyIndices(request: CheckedIndices): Promise<ArchiveFinding[]> {
  const { port, view, release, onRead } = request;
  const findings: ArchiveFinding[] = [];
  const done = new Set<string>();
  for (const [path, listed] of storedIndices(release)) {
    throwIfInterrupted(request.signal);
    const byHash = byHashPath(view, path, listed.sha256);
    const hashed = await port.read(byHash);
    const named = await port.read(`${view}/${path}`);
    onRead((hashed?.length ?? 0) + (named?.length ?? 0));
    const goodHashed = isIt(hashed, listed);
    const goodNamed = isIt(named, listed);
    if (!goodHashed && !done.has(byHash)) {
      done.add(byHash);
      const copies = [...(request.copies.get(listed.sha256) ?? []), `${view}/${path}`];
      const others = copies.filter((copy) => copy !== byHash);
      findings.push(faultOf(hashed, listed, { kind: 'by-hash', path: byHash, ...listed, copies: others }));
    }
    if (!goodNamed) {
      const modified = new Date(release.date * 1000);
      const { sha256 } = listed;
      findings.push(
        faultOf(named, listed, { kind: 'index', path: `${view}/${path}`, from: byHash, sha256, modified }),
      );
    }
    const bytes = goodHashed ? hashed : goodNamed ? named : undefined;
    if (bytes === undefined) continue;
    const message = await verifyContent(request, path, bytes);
    // Bytes that Release itself lists: nothing but a Release over other indices puts that right
    if (message !== null) findings.push(archiveFault('contradiction', byHash, message, wrongSigned));
  }
  return findings;
}

function isIt(bytes: Buffer | undefined, { size, sha256 }: IndexHash): boolean {
  return bytes !== undefined && bytes.length === size && sha256Of(bytes) === sha256;
}

const repairs = 'lockstep verify --repair restores it';
const wrongSigned =
  'The wrong content is signed. Find out who else had the key, then publish the snapshot again';

function faultOf(
  bytes: Buffer | undefined,
  { size }: IndexHash,
  remedy: Extract<Remedy, { kind: 'by-hash' | 'index' }>,
): ArchiveFinding {
  const { path } = remedy;
  if (bytes === undefined) {
    return archiveFault('missing', path, 'Release lists it, but it is missing', repairs, remedy);
  }
  const message = `It does not match Release: ${difference(bytes.length, size)}`;
  return archiveFault('damaged', path, message, repairs, remedy);
}

/** What is wrong with what is inside of an index whose own bytes are those that were signed. */
async function verifyContent(request: CheckedIndices, path: string, bytes: Buffer): Promise<string | null> {
  const index = indexName(path);
  const comparable = index !== undefined && request.listed.every((id) => request.expected.has(id));
  const wanted = comparable ? request.expected.paragraphs(request.listed, index) : undefined;
  const seen = new Set<string>();
  const extra: string[] = [];
  const hash = createHash('sha256');
  let size = 0;
  const plain = decompressByName(path, bytes, { signal: request.signal });
  async function* pieces(): AsyncGenerator<Buffer> {
    for await (const piece of plain as AsyncIterable<Buffer>) {
      hash.update(piece);
      size += piece.length;
      yield piece;
    }
  }
  try {
    for await (const paragraph of index === undefined ? nothingOf(pieces()) : paragraphsOf(pieces())) {
      const found = paragraphHash(paragraph);
      if (wanted === undefined) request.onUnknown(paragraph.toString('utf8'));
      else if (!wanted.has(found) || seen.has(found)) extra.push(nameOfParagraph(paragraph));
      seen.add(found);
    }
  } catch (error) {
    if (!(error instanceof LockstepError) || error.code !== 'DATA_DAMAGED') throw error;
    return `It matches Release, but cannot be decompressed: ${error.message}`;
  }
  const listed = request.release.sha256.get(path.replace(compressed, ''));
  if (listed !== undefined && (listed.size !== size || listed.sha256 !== hash.digest('hex'))) {
    return 'Its decompressed content does not match the uncompressed index that Release lists';
  }
  if (wanted === undefined) return null;
  const lacking = [...wanted].filter(([found]) => !seen.has(found)).map(([, name]) => name);
  const said = [
    ...(extra.length === 0 ? [] : [`it lists ${some(extra)}, which does not match the snapshots`]),
    ...(lacking.length === 0 ? [] : [`it does not list ${some(lacking)}`]),
  ];
  return said.length === 0 ? null : `It does not match ${request.listed.join(', ')}: ${said.join('; ')}`;
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

/** Which packages an index lists; undefined for Contents and other files. */
function indexName(path: string): IndexName | undefined {
  const match = /^([^/]+)\/(?:binary-([^/]+)\/Packages|source\/Sources)(?:\.\w+)?$/.exec(path);
  if (match === null) return undefined;
  const [, area = '', architecture] = match;
  return architecture === undefined ? { kind: 'sources', area } : { kind: 'packages', area, architecture };
}

function nameOfParagraph(paragraph: Buffer): string {
  const text = paragraph.toString('utf8');
  const field = (name: string): string => new RegExp(`^${name}:[ \\t]*(\\S*)`, 'm').exec(text)?.[1] ?? '';
  return ['Package', 'Version', 'Architecture'].map(field).join(' ').trim() || 'a paragraph without a name';
}

async function* nothingOf(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  for await (const piece of pieces) void piece;
  yield* [];
}

const separator = Buffer.from('\n\n');

/** Paragraphs, each with its last newline and without the blank line after it. */
async function* paragraphsOf(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let rest = Buffer.alloc(0);
  for await (const piece of pieces) {
    const text = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    let start = 0;
    for (let end = text.indexOf(separator, start); end >= 0; end = text.indexOf(separator, start)) {
      yield text.subarray(start, end + 1);
      start = end + 2;
    }
    rest = Buffer.from(text.subarray(start));
  }
  if (rest.length > 0) yield rest;
}
