/**
 * The contents of a package for a comparison: its files with modes, owners and hashes, the text of configuration files,
 * maintainer scripts, changelogs. It reads the stream once, in bounded memory, because packages are untrusted.
 */
import { createHash } from 'node:crypto';
import { readDeb, type DebFile } from '../deb/deb-file.js';
import type { TarEntry, TarHeader } from '../deb/tar.js';
import { LockstepError } from '../errors.js';
import { decompressByName } from '../io/compress.js';
import { sha256Of } from '../io/disk.js';
import { throwIfInterrupted } from '../io/interrupt.js';

/** Bytes. A larger file is compared only by its hash. */
export const largestText = 1024 * 1024;
/** Bytes of an unpacked changelog that are read. The newest entries come first, so the old end is cut off. */
const mostOfChangelog = 4 * largestText;
/** Bytes of text that are kept per package, for each kind of text. */
const mostText = 16 * largestText;
/** Files in one package. Debian's texlive packages have 40,000. */
const mostFiles = 250_000;
/** Bytes that data.tar may unpack to. Debian's largest packages have 2 GiB. */
const mostUnpacked = 32 * 1024 * 1024 * 1024;

export type ContentKind = TarHeader['kind'];

/** A file, folder or link in a package. */
export interface PackageFile {
  /** Path on the machine: `/etc/varnish/default.vcl`; `/` is the root itself. */
  path: string;
  kind: ContentKind;
  /** Permission bits. */
  mode: number;
  /** `root:root`; numbers where the package has no names. */
  owner: string;
  /** Bytes; 0 if it is not a file. */
  size: number;
  /** Null if it is not a file. */
  sha256: string | null;
  /** Null if it is not a link. */
  linkTarget: string | null;
}

/** A text, or the reason why it was not kept and its hash. */
export type KeptText = { text: string } | { not: 'binary' | 'too large'; sha256: string };

export interface PackageContents {
  /** Each path once, in the state in which dpkg would leave it. */
  files: Map<string, PackageFile>;
  conffiles: Set<string>;
  /** By path: conffiles, and with `texts: all` every text file. */
  texts: Map<string, KeptText>;
  /** `preinst`, `postinst`, ..., and `triggers`. */
  scripts: Map<string, KeptText>;
  /** Changelogs and release notes by path, unpacked. The old end may be cut off. */
  documents: Map<string, string>;
}

export interface ContentsReading {
  /** The package's name in messages. */
  name: string;
  /** `all` for packages that Lockstep composes from templates: all their texts are configuration. */
  texts: 'conffiles' | 'all';
  signal?: AbortSignal | undefined;
}

/**
 * Reads a package.
 *
 * @param source a path, or the bytes
 * @throws LockstepError DEB_ARCHIVE (damaged, or larger than any package of Debian), DEB_SYNTAX, DEB_UNSAFE_NAME,
 * TOOL_MISSING, DISK_IO, INTERRUPTED
 */
export async function readPackageContents(
  source: string | Uint8Array,
  reading: ContentsReading,
): Promise<PackageContents> {
  const deb = await readDeb(source, { file: reading.name, decompress: decompressByName });
  try {
    return await contentsOf(deb, reading);
  } finally {
    await deb.close();
  }
}

async function contentsOf(deb: DebFile, reading: ContentsReading): Promise<PackageContents> {
  const contents: PackageContents = {
    files: new Map(),
    conffiles: new Set(deb.conffiles.map((line) => conffilePath(line))),
    texts: new Map(),
    scripts: scriptsOf(deb),
    documents: new Map(),
  };
  const packageName = deb.control.require('Package');
  const room = { texts: mostText, documents: mostText };
  let unpacked = 0;
  for await (const entry of deb.files) {
    throwIfInterrupted(reading.signal);
    const { header } = entry;
    const path = `/${header.path}`;
    unpacked += header.size;
    if (contents.files.size >= mostFiles || unpacked > mostUnpacked) throw tooLarge(reading.name);
    const wanted = wantedAs(path, header, packageName, contents.conffiles, reading.texts);
    const { sha256, bytes } = await readBody(entry, wanted !== 'hash' && header.size <= largestText);
    contents.files.set(path, {
      path,
      kind: header.kind,
      mode: header.mode,
      owner: `${header.uname || header.uid}:${header.gname || header.gid}`,
      size: header.size,
      sha256: header.kind === 'file' ? sha256 : null,
      linkTarget: header.linkTarget,
    });
    if (wanted === 'text') contents.texts.set(path, keep(bytes, sha256, room));
    if (wanted === 'document' && bytes !== undefined) {
      const text = await documentText(path, bytes);
      room.documents -= text.length;
      if (room.documents >= 0) contents.documents.set(path, text);
    }
  }
  return contents;
}

/** deb-conffiles(5): a line may begin with flags, such as `remove-on-upgrade`. */
function conffilePath(line: string): string {
  return line.startsWith('/') ? line : line.slice(Math.max(0, line.indexOf('/')));
}

function tooLarge(name: string): LockstepError {
  return new LockstepError('DEB_ARCHIVE', {
    message: `${name} unpacks to more than the limit of ${mostFiles} files or ${mostUnpacked} bytes`,
    where: [{ file: name }],
  });
}

function scriptsOf(deb: DebFile): Map<string, KeptText> {
  const room = { texts: mostText };
  const names = [...deb.scripts.keys(), ...(deb.members.has('triggers') ? ['triggers'] : [])];
  return new Map(
    names.map((name) => {
      const bytes = deb.members.get(name)!;
      return [name, keep(bytes.length > largestText ? undefined : bytes, sha256Of(bytes), room)];
    }),
  );
}

function wantedAs(
  path: string,
  header: TarHeader,
  packageName: string,
  conffiles: ReadonlySet<string>,
  texts: ContentsReading['texts'],
): 'text' | 'document' | 'hash' {
  if (header.kind !== 'file') return 'hash';
  if (conffiles.has(path)) return 'text';
  if (isDocument(path, packageName)) return 'document';
  return texts === 'all' ? 'text' : 'hash';
}

const documentSpec =
  /^(?:changelog|changes|history|news|release[-_]?notes)(?:[-_.][A-Za-z0-9_.-]*)?(?:\.gz)?$/i;

/**
 * Whether a file is a changelog, release notes or a similar file (Policy 12.7), in usr/share/doc/<package>/ of the
 * package itself.
 */
function isDocument(path: string, packageName: string): boolean {
  const folder = `/usr/share/doc/${packageName}/`;
  return path.startsWith(folder) && documentSpec.test(path.slice(folder.length));
}

async function readBody(
  { header, body }: TarEntry,
  keepBytes: boolean,
): Promise<{ sha256: string; bytes: Buffer | undefined }> {
  const hash = createHash('sha256');
  if (header.kind !== 'file') return { sha256: '', bytes: undefined };
  const kept: Buffer[] = [];
  for await (const piece of body) {
    hash.update(piece);
    if (keepBytes) kept.push(piece);
  }
  return { sha256: hash.digest('hex'), bytes: keepBytes ? Buffer.concat(kept) : undefined };
}

/** @param bytes undefined if the file is too large */
function keep(bytes: Buffer | undefined, sha256: string, room: { texts: number }): KeptText {
  if (bytes === undefined) return { not: 'too large', sha256 };
  const text = utf8Text(bytes);
  if (text === undefined) return { not: 'binary', sha256 };
  room.texts -= bytes.length;
  return room.texts < 0 ? { not: 'too large', sha256 } : { text };
}

/** The bytes as text, or undefined for binary data. Text is UTF-8 without NUL, as for git and diff. */
function utf8Text(bytes: Buffer): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Old changelogs have old encodings: invalid UTF-8 is replaced. */
async function documentText(path: string, bytes: Buffer): Promise<string> {
  const start = await startOf(path, bytes);
  return start.includes(0) ? '' : start.toString('utf8');
}

async function startOf(path: string, bytes: Buffer): Promise<Buffer> {
  if (!path.endsWith('.gz')) return bytes;
  const kept: Buffer[] = [];
  let size = 0;
  try {
    const stream = decompressByName(path, bytes);
    for await (const piece of stream as AsyncIterable<Buffer>) {
      kept.push(piece);
      size += piece.length;
      if (size >= mostOfChangelog) break;
    }
    stream.destroy();
  } catch (error) {
    // The text is only shown, so the part before the damage is useful
    if (!(error instanceof LockstepError) || error.code !== 'DATA_DAMAGED') throw error;
  }
  return Buffer.concat(kept);
}

/** The contents as JSON for the cache: maps and sets become lists. */
export function contentsToJson(contents: PackageContents): unknown {
  return {
    files: [...contents.files.values()],
    conffiles: [...contents.conffiles],
    texts: [...contents.texts],
    scripts: [...contents.scripts],
    documents: [...contents.documents],
  };
}

/** Reverses {@link contentsToJson}; undefined if the value has another shape. */
export function contentsFromJson(value: unknown): PackageContents | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { files, conffiles, texts, scripts, documents } = value as Record<string, unknown>;
  const lists = [files, conffiles, texts, scripts, documents];
  if (!lists.every((list) => Array.isArray(list))) return undefined;
  return {
    files: new Map((files as PackageFile[]).map((file) => [file.path, file])),
    conffiles: new Set(conffiles as string[]),
    texts: new Map(texts as [string, KeptText][]),
    scripts: new Map(scripts as [string, KeptText][]),
    documents: new Map(documents as [string, string][]),
  };
}
