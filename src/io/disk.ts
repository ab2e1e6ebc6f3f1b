/**
 * Files: atomic writes, hashes, links, removal. Owns the names of temporary files. Must not know what the files mean.
 * What a failed operation becomes is disk-fault.ts.
 */
import { createHash, hash as hashOnce, randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
  type Stats,
} from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import {
  access,
  chmod,
  copyFile,
  link,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  rename,
  rm,
  stat,
  statfs,
  unlink,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { piecesOf, type ByteSource } from '../deb/bytes.js';
import { errnoOf, notThere, onDisk, onDiskNow, onErrno } from './disk-fault.js';
import { throwIfInterrupted, type Stoppable } from './interrupt.js';
import { largestRecord, readWhole } from './whole-file.js';

/** Size in bytes and SHA-256 in lower-case hex. */
export interface FileDigest {
  size: number;
  sha256: string;
}

const readBlock = 256 * 1024;

/** Unique for this process and thread: each loads this module once. */
const writer = randomUUID().slice(0, 13);
let named = 0;

/**
 * A temporary name in the folder of `path` that no other writer uses and that {@link sweepTemporary} knows.
 */
export function temporaryName(path: string): string {
  const name = basename(path).slice(0, 120);
  return join(dirname(path), `.${name}.${writer}-${(named++).toString(36)}.lockstep-tmp`);
}

/** Whether {@link temporaryName} made the file name of a path. */
export function isTemporaryName(path: string): boolean {
  const name = basename(path);
  return name.startsWith('.') && name.endsWith('.lockstep-tmp');
}

/**
 * Removes temporary files of killed runs below `dir` and returns their paths. Only the holder of the lock may call it:
 * the temporary files of a running writer look the same.
 */
export async function sweepTemporary(dir: string): Promise<string[]> {
  return await onDisk('sweep', dir, async () => {
    const names = await readdir(dir, { recursive: true, withFileTypes: true }).catch(notThere([]));
    const left = names.filter((entry) => !entry.isDirectory() && isTemporaryName(entry.name));
    const paths = left.map((entry) => join(entry.parentPath, entry.name)).sort();
    for (const path of paths) await rm(path, { force: true });
    return paths;
  });
}

/** Makes a folder and those above it. DISK_IO, DISK_FULL. */
export async function ensureDir(path: string, options: { mode?: number } = {}): Promise<void> {
  await onDisk('make the folder', path, () => mkdir(path, { recursive: true, ...options }));
}

/**
 * Removes a file, or a folder with its content. It is not an error if the path does not exist. Symbolic links are not
 * followed.
 */
export async function removeTree(path: string): Promise<void> {
  await onDisk('remove', path, () => rm(path, { recursive: true, force: true, maxRetries: 3 }));
}

/** Removes one file. It is not an error if the file does not exist. */
export async function removeFile(path: string): Promise<void> {
  await onDisk('remove', path, () => unlink(path).catch(notThere(undefined)));
}

/** A new private folder (mode 0700) in `base`, which is created if missing. The caller removes the new folder. */
export async function tempDir(base: string, prefix = 'work-'): Promise<string> {
  await ensureDir(base);
  return await onDisk('make a folder in', base, () => mkdtemp(join(base, prefix)));
}

/** Whether the path exists. */
export async function exists(path: string): Promise<boolean> {
  return await onDisk('look for', path, () => access(path).then(() => true, notThere(false)));
}

/** lstat(2) of a path: a link is not followed. Undefined if the path does not exist. */
export async function lookAt(path: string): Promise<Stats | undefined> {
  return await onDisk('look at', path, () => lstat(path).catch(notThere(undefined)));
}

/** stat(2) of a path: links are followed. Undefined if the path does not exist. */
export async function statIfThere(path: string): Promise<Stats | undefined> {
  return await onDisk('look at', path, () => stat(path).catch(notThere(undefined)));
}

/** The names in a folder, sorted; empty if the folder does not exist. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await onDisk('list', folder, () => readdir(folder).catch(notThere<string[]>([])))).sort();
}

/** A file's bytes, or undefined if it does not exist. DISK_IO, FILE_TOO_LARGE. */
export async function readIfThere(path: string, most = largestRecord): Promise<Buffer | undefined> {
  return await onDisk('read', path, () => readWhole(path, most).catch(notThere(undefined)));
}

/** The names in a folder that end in `ending`, without that ending; empty if the folder does not exist. DISK_IO. */
export async function namesEnding(ending: string, folder: string): Promise<string[]> {
  return (await namesIn(folder)).flatMap((name) =>
    name.endsWith(ending) ? [name.slice(0, -ending.length)] : [],
  );
}

/**
 * A file's bytes in pieces. The file is opened when the first piece is read. DISK_IO, also if the file does not exist.
 */
export async function* readPieces(path: string): AsyncGenerator<Buffer, void, undefined> {
  const handle = await onDisk('read', path, () => open(path, 'r'));
  try {
    for (;;) {
      const block = Buffer.allocUnsafe(readBlock);
      const { bytesRead } = await onDisk('read', path, () => handle.read(block, 0, block.length));
      if (bytesRead === 0) return;
      yield block.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** Size and SHA-256 of a file. DISK_IO, INTERRUPTED. */
export async function hashFile(path: string, { signal }: Stoppable = {}): Promise<FileDigest> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of readPieces(path)) {
    throwIfInterrupted(signal);
    hash.update(piece);
    size += piece.length;
  }
  return { size, sha256: hash.digest('hex') };
}

/** SHA-256 of bytes in memory, in lower-case hex. */
export function sha256Of(data: Uint8Array | string): string {
  return hashOnce('sha256', data, 'hex');
}

export interface WriteOptions extends Stoppable {
  /** Exact mode bits; the umask does not change them. Default 0644. */
  mode?: number;
  /**
   * Wait until the bytes and the name are on the disk. Default true. Use false only for files that can be made again.
   */
  fsync?: boolean;
}

/**
 * Writes a file atomically: a temporary file in the same folder, fsync, rename, fsync of the folder
 * (docs/reference/archive.md, "Order of writes"). It creates missing folders. On any failure, the old file
 * remains and the temporary one is removed. Returns what was written.
 *
 * Throws DISK_FULL, DISK_IO, INTERRUPTED, or whatever the source throws.
 */
export async function writeFileAtomic(
  path: string,
  data: ByteSource,
  options: WriteOptions = {},
): Promise<FileDigest> {
  const temporary = temporaryName(path);
  await ensureDir(dirname(path));
  try {
    const digest = await writeNew(temporary, data, options);
    await onDisk('write', path, () => rename(temporary, path));
    if (options.fsync !== false) await syncDir(dirname(path));
    return digest;
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

/**
 * Writes a new file in place, without a temporary file: for temporary names only. The file must not exist. The caller
 * removes it on failure. Throws as {@link writeFileAtomic}.
 */
export async function writeNew(
  path: string,
  data: ByteSource,
  options: WriteOptions = {},
): Promise<FileDigest> {
  const handle = await onDisk('write', path, () => open(path, 'wx', 0o600));
  try {
    const hash = createHash('sha256');
    let size = 0;
    for await (const piece of piecesOf(data)) {
      throwIfInterrupted(options.signal);
      await onDisk('write', path, () => writeAll(handle, piece));
      hash.update(piece);
      size += piece.length;
    }
    await onDisk('write', path, async () => {
      await handle.chmod(options.mode ?? 0o644);
      if (options.fsync !== false) await handle.sync();
    });
    return { size, sha256: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}

/**
 * Writes a file from these pieces, synchronously and without fsync: a crash can lose or truncate it. For files that can
 * be made again. It replaces an existing file atomically, and creates missing folders. DISK_FULL, DISK_IO.
 */
export function writeFileNow(path: string, pieces: readonly Uint8Array[], mode = 0o644): void {
  const temporary = temporaryName(path);
  onDiskNow('write', path, () => {
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeNow(temporary, 'wx', mode, pieces);
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  });
}

/** Writes pieces to a file synchronously. It calls `opened` before it writes the first piece. Throws system errors. */
export function writeNow(
  path: string,
  flags: number | string,
  mode: number,
  pieces: readonly Uint8Array[],
  opened: (fd: number) => void = () => undefined,
): void {
  const fd = openSync(path, flags, mode);
  try {
    opened(fd);
    for (const piece of pieces) for (let at = 0; at < piece.length;) at += writeSync(fd, piece, at);
  } finally {
    closeSync(fd);
  }
}

/** Writes all of `piece` at the handle's position: write(2) may take less than it was given. */
export async function writeAll(handle: FileHandle, piece: Uint8Array): Promise<void> {
  let at = 0;
  while (at < piece.length) {
    const { bytesWritten } = await handle.write(piece, at, piece.length - at, null);
    at += bytesWritten;
  }
}

/**
 * Runs `work` with a temporary name in the same folder as `path`. Afterwards it removes the file with that name, also
 * if `work` throws.
 */
export async function viaTemporary<T>(path: string, work: (temporary: string) => Promise<T>): Promise<T> {
  const temporary = temporaryName(path);
  try {
    return await work(temporary);
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
}

/** Opens a file, runs `work` with its handle, and closes it. Throws system errors and what `work` throws. */
export async function withHandle<T>(
  path: string,
  flags: string,
  work: (handle: FileHandle) => Promise<T>,
  mode?: number,
): Promise<T> {
  const handle = await open(path, flags, mode);
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}

/** fsync of a folder. Without it, a rename in the folder can be lost in a crash (fsync(2)). */
export async function syncDir(path: string): Promise<void> {
  // Some network file systems cannot fsync a folder; the write is still valid.
  const sync = (handle: FileHandle): Promise<void> => handle.sync().catch(onErrno(['EINVAL'], undefined));
  await onDisk('sync', path, () => withHandle(path, 'r', sync));
}

/**
 * Adds the name `to` for the file `from`: a hard link if the file system allows it, otherwise a copy (a clone if
 * possible). It replaces an existing file atomically. A link has the mode of `from`; `mode` is for a copy.
 */
export async function linkOrCopy(from: string, to: string, mode = 0o644): Promise<void> {
  await ensureDir(dirname(to));
  // rename(2) does nothing if both names are links to one inode, and then the temporary name remains.
  await viaTemporary(to, async (temporary) => {
    await onDisk('link', to, async () => {
      await link(from, temporary).catch(async (error: unknown) => {
        if (!noLink.has(errnoOf(error) ?? '')) throw error;
        await copyFile(from, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
        await chmod(temporary, mode);
      });
      await rename(temporary, to);
    });
  });
}

/**
 * The errors of link(2) after which a copy can work: other file system, too many links, not supported, forbidden by
 * fs.protected_hardlinks.
 */
const noLink = new Set(['EXDEV', 'EMLINK', 'EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** Bytes that an ordinary user may still write to the file system of `path`. */
export async function freeBytes(path: string): Promise<number> {
  return await onDisk('measure', path, async () => {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  });
}
