/**
 * The content-addressed store: files named by their SHA-256. It verifies each file when it is stored and when it is
 * read. Layout: `<root>/sha256/ab/<hash>` (mode 0444), `<root>/partial/` for incomplete files, `<root>/corrupt/` for
 * damaged files. Must not know what the files are or where they come from.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { rename, utimes, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { counted } from '../counted.js';
import { LockstepError } from '../errors.js';
import type { ByteSource } from '../deb/bytes.js';
import { isGone, lacksBlob, missing, setAside } from './damaged-blob.js';
import {
  ensureDir,
  hashFile,
  isTemporaryName,
  namesIn,
  readIfThere,
  readPieces,
  removeFile,
  sha256Of,
  statIfThere,
  syncDir,
  temporaryName,
  withHandle,
  writeFileAtomic,
  writeFileNow,
  writeNew,
  type FileDigest,
} from './disk.js';
import { notThere, onDisk, onDiskNow } from './disk-fault.js';
import type { Stoppable } from './interrupt.js';
import { StoreBatch } from './store-batch.js';
import { sha256Pattern } from '../deb/checksum.js';

/** A file of the store: SHA-256 in lower-case hex, size in bytes. */
export type StoredBlob = FileDigest;

/** One line of {@link ContentStore.list}. */
export interface ListedBlob extends StoredBlob {
  path: string;
  modified: Date;
}

/** The hash and size that stored bytes must have. A missing field is not checked. */
export type Expected = Partial<StoredBlob>;

export interface PutOptions extends Stoppable {
  /** What the bytes are, for messages: a file name or URL. */
  name?: string;
}

/** A store below one folder. The first write creates the folder. */
export class ContentStore {
  readonly root: string;
  /** The folder for incomplete downloads. */
  readonly partialDir: string;
  /** The folder for damaged blobs. */
  readonly corruptDir: string;

  /**
   * Finds other places at which a lost file may be, as absolute paths. A file there is taken only if its bytes have the
   * hash.
   */
  elsewhere: ((sha256: string) => Promise<readonly string[]>) | undefined;

  constructor(root: string) {
    this.root = root;
    this.partialDir = join(root, 'partial');
    this.corruptDir = join(root, 'corrupt');
  }

  /**
   * The path of a blob, whether it exists or not. Any string that is not a SHA-256 in lower-case hex is a bug in
   * Lockstep.
   */
  path(sha256: string): string {
    if (!sha256Pattern.test(sha256)) throw new TypeError(`not a SHA-256: ${JSON.stringify(sha256)}`);
    // The same path as join() returns, but faster: it is called a hundred thousand times
    return `${this.root}/sha256/${sha256.slice(0, 2)}/${sha256}`;
  }

  /** Whether the store has a file with that name. It does not check the content; reading does. */
  async has(sha256: string): Promise<boolean> {
    return (await this.size(sha256)) !== undefined;
  }

  /** The size of a blob in bytes, or undefined if it does not exist. */
  async size(sha256: string): Promise<number | undefined> {
    const found = await statIfThere(this.path(sha256));
    return found?.isFile() === true ? found.size : undefined;
  }

  /**
   * Stores bytes. It hashes them, writes them under a temporary name, fsyncs and renames; it replaces a blob
   * with the same name, which repairs a damaged one.
   *
   * Throws SOURCE_HASH_MISMATCH if they do not match (nothing is kept), DISK_FULL, DISK_IO, INTERRUPTED, or
   * what the source throws.
   */
  async put(
    source: ByteSource | { file: string },
    expected: Expected = {},
    options: PutOptions = {},
  ): Promise<StoredBlob> {
    const data = isFileSource(source) ? readPieces(source.file) : source;
    const name = options.name ?? (isFileSource(source) ? source.file : undefined);
    const arriving = temporaryName(join(this.partialDir, 'put'));
    await ensureDir(this.partialDir);
    try {
      const blob = await writeNew(arriving, data, { mode: 0o444, signal: options.signal });
      assertAsPromised(blob, expected, name);
      await this.#place(arriving, blob.sha256);
      return blob;
    } catch (error) {
      await removeFile(arriving).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Stores bytes that can be made again, synchronously and without fsync. A crash can lose or truncate them; the next
   * read finds that. Throws DISK_FULL, DISK_IO.
   */
  putBytes(pieces: readonly Uint8Array[]): StoredBlob {
    const hash = createHash('sha256');
    for (const piece of pieces) hash.update(piece);
    const blob = {
      sha256: hash.digest('hex'),
      size: pieces.reduce((sum, { length }) => sum + length, 0),
    };
    const path = this.path(blob.sha256);
    const there = onDiskNow('write', path, () => statSync(path, { throwIfNoEntry: false }));
    if (there?.size !== blob.size) writeFileNow(path, pieces, 0o444);
    return blob;
  }

  /**
   * Stores many small blobs together, in a tenth of the time that single writes take. Each is hashed. A blob gets its
   * name when all its bytes are on the disk.
   */
  batch(): StoreBatch {
    return new StoreBatch(this);
  }

  /**
   * Moves a finished file into the store, such as a download in {@link partialDir}. The file must be on the store's
   * file system. It is hashed again from the disk. On a mismatch (SOURCE_HASH_MISMATCH) the file is removed.
   */
  async adopt(file: string, expected: Required<Expected>, options: PutOptions = {}): Promise<StoredBlob> {
    const blob = await hashFile(file, options);
    try {
      assertAsPromised(blob, expected, options.name);
    } catch (error) {
      await removeFile(file);
      throw error;
    }
    const keep = async (handle: FileHandle): Promise<void> => {
      await handle.chmod(0o444);
      await handle.sync();
    };
    await onDisk('write', file, () => withHandle(file, 'r', keep));
    await this.#place(file, blob.sha256);
    return blob;
  }

  /**
   * A blob's bytes, hashed while they are read. The stream errors with STORE_MISSING if the blob does not exist. If the
   * bytes do not match the blob's name, the stream errors with STORE_CORRUPT instead of ending, and the blob is moved
   * to `corrupt/`. So do not use any of the bytes before the stream has ended.
   */
  open(sha256: string): Readable {
    const path = this.path(sha256);
    return Readable.from(this.#checkedPieces(sha256, path), { objectMode: false, highWaterMark: 256 * 1024 });
  }

  /** A blob's bytes in memory, verified. Throws STORE_MISSING, STORE_CORRUPT, DISK_IO. */
  async read(sha256: string): Promise<Buffer> {
    const path = this.path(sha256);
    for (let isSecond = false; ; isSecond = true) {
      const bytes = await readIfThere(path);
      if (bytes !== undefined && sha256Of(bytes) === sha256) return bytes;
      const fault = bytes === undefined ? missing(sha256, path) : await this.#setAside(sha256);
      if (isSecond || !(await this.recover(sha256))) throw fault;
    }
  }

  /** Reads a whole blob and verifies it. Throws STORE_MISSING, or STORE_CORRUPT after moving the blob to `corrupt/`. */
  async verify(sha256: string, options: Stoppable = {}): Promise<StoredBlob> {
    const path = this.path(sha256);
    for (let isSecond = false; ; isSecond = true) {
      const blob = await hashFile(path, options).catch((error: unknown) => {
        if (!isGone(error)) throw error;
      });
      if (blob?.sha256 === sha256) return blob;
      const fault = blob === undefined ? missing(sha256, path) : await this.#setAside(sha256);
      if (isSecond || !(await this.recover(sha256))) throw fault;
    }
  }

  /**
   * Takes a lost blob from another place, if one has its bytes.
   *
   * @returns whether the store has it now
   */
  async recover(sha256: string): Promise<boolean> {
    for (const file of (await this.elsewhere?.(sha256)) ?? []) {
      if ((await statIfThere(file))?.isFile() !== true) continue;
      try {
        await this.put({ file }, { sha256 });
        return true;
      } catch (error) {
        if (!(error instanceof LockstepError) || error.code !== 'SOURCE_HASH_MISMATCH') throw error;
      }
    }
    return false;
  }

  /**
   * Whether the store has a blob and it is undamaged. A damaged blob is moved to `corrupt/`, and the result is false.
   */
  async holds(sha256: string, options: Stoppable = {}): Promise<boolean> {
    try {
      await this.verify(sha256, options);
      return true;
    } catch (error) {
      if (lacksBlob(error)) return false;
      throw error;
    }
  }

  /**
   * Copies a blob to a path atomically, and replaces an existing file. It verifies the bytes (STORE_MISSING,
   * STORE_CORRUPT). The copy is a separate file with mode 0644, fsynced: a write to it cannot damage the store.
   */
  async copyTo(sha256: string, targetPath: string, options: Stoppable = {}): Promise<StoredBlob> {
    return await writeFileAtomic(targetPath, this.open(sha256), options);
  }

  /** Every blob of the store, in the order of their hashes. For garbage collection: it reads no content. */
  async *list(): AsyncGenerator<ListedBlob, void, undefined> {
    const top = join(this.root, 'sha256');
    for (const prefix of await namesIn(top)) {
      for (const sha256 of await namesIn(join(top, prefix))) {
        if (!sha256Pattern.test(sha256) || !sha256.startsWith(prefix)) continue;
        const path = this.path(sha256);
        const found = await statIfThere(path);
        if (found?.isFile() === true) yield { sha256, size: found.size, path, modified: found.mtime };
      }
    }
  }

  /** Marks a blob as used now, for a garbage collection that reads {@link ListedBlob.modified}. */
  async touch(sha256: string, now: Date): Promise<void> {
    const path = this.path(sha256);
    await onDisk('touch', path, () => utimes(path, now, now).catch(notThere(undefined)));
  }

  /** Removes a blob. It is not an error if the blob does not exist. */
  async remove(sha256: string): Promise<void> {
    await removeFile(this.path(sha256));
  }

  /**
   * Removes files that were last written before `olderThan`: those in `partial/` and `corrupt/`, and those that killed
   * runs left among the blobs. Returns the paths. A younger partial download can be active, or a later run can resume
   * it.
   */
  async sweep(olderThan: Date): Promise<string[]> {
    const top = join(this.root, 'sha256');
    const among = (await namesIn(top)).map((prefix) => join(top, prefix));
    const removed: string[] = [];
    for (const folder of [this.partialDir, this.corruptDir, ...among]) {
      for (const name of await namesIn(folder)) {
        if (among.includes(folder) && !isTemporaryName(name)) continue;
        const path = join(folder, name);
        const found = await statIfThere(path);
        if (found?.isFile() !== true || found.mtime >= olderThan) continue;
        await removeFile(path);
        removed.push(path);
      }
    }
    return removed;
  }

  async #place(file: string, sha256: string): Promise<void> {
    const path = this.path(sha256);
    await ensureDir(dirname(path));
    await onDisk('write', path, () => rename(file, path));
    await syncDir(dirname(path));
  }

  async *#checkedPieces(sha256: string, path: string): AsyncGenerator<Buffer, void, undefined> {
    if (this.elsewhere !== undefined && !(await this.has(sha256))) await this.recover(sha256);
    const hash = createHash('sha256');
    try {
      for await (const piece of readPieces(path)) {
        hash.update(piece);
        yield piece;
      }
    } catch (error) {
      // The blob is opened without a check beforehand: another process could remove it between the two calls
      throw isGone(error) ? missing(sha256, path) : error;
    }
    if (hash.digest('hex') !== sha256) throw await this.#setAside(sha256);
  }

  async #setAside(sha256: string): Promise<LockstepError> {
    return await setAside(sha256, this.path(sha256), join(this.corruptDir, sha256));
  }
}

function isFileSource(source: ByteSource | { file: string }): source is { file: string } {
  return typeof source === 'object' && 'file' in source && typeof source.file === 'string';
}

function assertAsPromised(blob: StoredBlob, expected: Expected, name: string | undefined): void {
  const faults: string[] = [];
  if (expected.size !== undefined && expected.size !== blob.size) {
    faults.push(`${counted(blob.size, 'byte')} instead of the expected ${expected.size}`);
  }
  if (expected.sha256 !== undefined && expected.sha256 !== blob.sha256) {
    faults.push(`SHA-256 ${blob.sha256} instead of the expected ${expected.sha256}`);
  }
  if (faults.length === 0) return;
  throw new LockstepError('SOURCE_HASH_MISMATCH', {
    message: `${name ?? 'The bytes'}: ${faults.join('; ')}`,
    hint: 'The file was changed on the mirror or in transit. Lockstep kept nothing of it. Try another mirror.',
    where: name === undefined ? [] : [{ file: name }],
  });
}
