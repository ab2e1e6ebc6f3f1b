/**
 * The files in a .deb, for Contents. Each package is read once, and its list is cached under its hash; the
 * cache may be deleted at any time. Packages whose hashes have the same prefix share one file, to which new
 * lists are appended: ten thousand separate files would cost seconds.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { readDeb } from '../deb/deb-file.js';
import type { TarHeader } from '../deb/tar.js';
import { decompressByName } from '../io/compress.js';
import type { ContentStore } from '../io/content-store.js';
import { writeNow } from '../io/disk.js';
import { notThere, onDiskNow } from '../io/disk-fault.js';
import { throwIfInterrupted } from '../io/interrupt.js';
import { remembered } from '../io/keyed.js';
import { contentsPaths } from './contents-paths.js';
import { inCache } from '../io/cache-folders.js';

/** A package in the content store. */
export interface ListedDeb {
  sha256: string;
  /** For messages. */
  name: string;
}

/** So many new lists are kept together: what was read is not lost when a run is stopped. */
const keepAtOnce = 256;
/** Who asks for many lists does so in the order of their hashes: then each file is read once. */
const mostKnown = 4;
const newline = 0x0a;
/** `<CRC32 of the rest> <SHA-256> `, then the paths with tabs between them: no name has a control character. */
const hashAt = 9;
const pathsAt = hashAt + 65;

/** Gives the file list of packages that are in the content store. */
export class FileLists {
  readonly #store: ContentStore;
  readonly #folder: string;
  /** By the first two digits: the lines of that file, by hash. A few files, those read last. */
  readonly #known = new Map<string, Map<string, Buffer>>();

  /** @param cache absolute path of the cache folder */
  constructor(store: ContentStore, cache: string) {
    this.#store = store;
    this.#folder = inCache(cache, 'file-lists');
  }

  /**
   * Paths of a package's files and links, without a leading slash, sorted; folders are left out.
   *
   * @throws LockstepError STORE_MISSING, STORE_CORRUPT, DEB_ARCHIVE, DEB_UNSAFE_NAME, DISK_IO
   */
  async of(sha256: string, options: { name: string; signal?: AbortSignal | undefined }): Promise<string[]> {
    const lists = await this.ofAll([{ sha256, name: options.name }], options);
    return lists.get(sha256)!;
  }

  /** The lists of many packages, by hash. Throws as {@link FileLists.of}. */
  async ofAll(
    debs: readonly ListedDeb[],
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<Map<string, string[]>> {
    throwIfInterrupted(options.signal);
    const lists = new Map<string, string[]>();
    const missing = new Map<string, string>();
    for (const { sha256, name } of debs.slice().sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1))) {
      const paths = this.#kept(sha256);
      if (paths === undefined) missing.set(sha256, name);
      else lists.set(sha256, paths);
    }
    const read = new Map<string, string[]>();
    for (const [sha256, name] of missing) {
      throwIfInterrupted(options.signal);
      const paths = await this.#read(sha256, name);
      lists.set(sha256, paths);
      read.set(sha256, paths);
      if (read.size >= keepAtOnce) this.#keepAndForget(read);
    }
    this.#keepAndForget(read);
    return lists;
  }

  /**
   * Keeps lists that the caller read from bytes with those hashes.
   *
   * @param lists as {@link contentsPaths} makes them, by SHA-256
   * @throws LockstepError DISK_FULL, DISK_IO
   */
  keep(lists: Iterable<readonly [sha256: string, paths: readonly string[]]>): void {
    const lines = new Map<string, string[]>();
    for (const [sha256, paths] of lists) {
      const rest = `${sha256} ${paths.join('\t')}`;
      const line = `${crc32(rest).toString(16).padStart(8, '0')} ${rest}\n`;
      remembered(lines, sha256.slice(0, 2), () => []).push(line);
    }
    for (const [prefix, texts] of lines) {
      const path = this.#path(prefix);
      onDiskNow('write', path, () => {
        mkdirSync(this.#folder, { recursive: true });
        // One write(2), so that two writers do not mix their lines. The newline before them ends what a killed
        // writer may have left
        writeNow(path, 'a', 0o644, [Buffer.from(`\n${texts.join('')}`)]);
      });
      this.#known.delete(prefix);
    }
  }

  #keepAndForget(lists: Map<string, string[]>): void {
    this.keep(lists);
    lists.clear();
  }

  #path(prefix: string): string {
    return join(this.#folder, `${prefix}.list`);
  }

  /** A kept list, unless its line is damaged. */
  #kept(sha256: string): string[] | undefined {
    const line = this.#lines(sha256.slice(0, 2)).get(sha256);
    if (line === undefined || crc32(line.subarray(hashAt)) !== checksumOf(line)) return undefined;
    const paths = line.toString('utf8', pathsAt);
    return paths === '' ? [] : paths.split('\t');
  }

  #lines(prefix: string): Map<string, Buffer> {
    const known = this.#known.get(prefix);
    if (known !== undefined) return known;
    const lines = new Map<string, Buffer>();
    const file = readIfThereNow(this.#path(prefix));
    for (let at = 0; at < file.length;) {
      const found = file.indexOf(newline, at);
      const end = found < 0 ? file.length : found;
      if (end - at >= pathsAt)
        lines.set(file.toString('latin1', at + hashAt, at + pathsAt - 1), file.subarray(at, end));
      at = end + 1;
    }
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size >= mostKnown) this.#known.delete(oldest);
    this.#known.set(prefix, lines);
    return lines;
  }

  async #read(sha256: string, name: string): Promise<string[]> {
    // What is kept by the hash must be of these bytes: the list may be done before the stream has ended.
    await this.#store.verify(sha256);
    const stream = this.#store.open(sha256);
    const members: Pick<TarHeader, 'kind' | 'path'>[] = [];
    try {
      const deb = await readDeb(stream, { file: name, decompress: decompressByName });
      for await (const { header } of deb.files) {
        const { kind, path } = header;
        members.push({ kind, path });
      }
    } finally {
      stream.destroy();
    }
    return contentsPaths(members);
  }
}

function checksumOf(line: Buffer): number {
  const digits = line.toString('latin1', 0, hashAt - 1);
  return /^[0-9a-f]{8}$/.test(digits) ? parseInt(digits, 16) : -1;
}

function readIfThereNow(path: string): Buffer {
  return onDiskNow('read', path, () => {
    try {
      return readFileSync(path);
    } catch (error) {
      return notThere(Buffer.alloc(0))(error);
    }
  });
}
