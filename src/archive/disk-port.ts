/**
 * The archive as a folder that a web server serves. It maps the port to files: write under a temporary name
 * in the same folder, fsync, rename, fsync of the folder.
 */
import { lstatSync, readFileSync, statSync, type Dirent } from 'node:fs';
import { lstat, readdir, readlink, rename, rmdir, symlink, utimes } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { pathFault } from '../deb/member-name.js';
import type { ContentStore, StoredBlob } from '../io/content-store.js';
import {
  ensureDir,
  exists,
  freeBytes,
  hashFile,
  linkOrCopy,
  readIfThere,
  removeFile,
  sha256Of,
  sweepTemporary,
  syncDir,
  viaTemporary,
  writeFileAtomic,
} from '../io/disk.js';
import { notThere, onDisk, onDiskNow, onErrno } from '../io/disk-fault.js';
import { throwIfInterrupted } from '../io/interrupt.js';
import { allShares } from '../io/thread.js';
import type {
  ArchivePort,
  DatedOptions,
  FileHead,
  FolderPort,
  PlacedBlob,
  PortFile,
  PortOptions,
} from './port.js';
import { placeSmallFiles } from './small-files.js';

/** As many as keep the disk busy: more only wait for each other in libuv's four threads. */
const writesAtOnce = 8;
/** Bytes up to which a file is written together with others. */
const smallFile = 256 * 1024;

/**
 * The port onto a folder, usually `public/` of the workspace. What comes out of the store is a separate file, so that a
 * damaged one can be repaired from the other.
 */
export class DiskPort implements ArchivePort, FolderPort {
  readonly place: string;
  readonly folder: FolderPort = this;

  constructor(root: string) {
    this.place = resolve(root);
  }

  async read(path: string): Promise<Buffer | undefined> {
    return await readIfThere(this.#at(path));
  }

  // A synchronous stat takes 10 microseconds, an asynchronous one ten times that: there are 100,000 of them.
  head(paths: readonly string[]): Promise<Map<string, FileHead>> {
    const heads = new Map<string, FileHead>();
    for (const path of paths) {
      const file = this.#at(path);
      const found = onDiskNow('look at', file, () => statSync(file, { throwIfNoEntry: false }));
      if (found?.isFile() === true) heads.set(path, { size: found.size, tag: `${found.dev}:${found.ino}` });
    }
    return Promise.resolve(heads);
  }

  async digest(path: string, options: PortOptions = {}): Promise<StoredBlob | undefined> {
    const file = this.#at(path);
    const small = smallBytes(file);
    if (small === undefined) return (await exists(file)) ? await hashFile(file, options) : undefined;
    // Others get their turn; a trip through libuv for each would take ten times as long (see head).
    await setImmediate();
    throwIfInterrupted(options.signal);
    return { size: small.length, sha256: sha256Of(small) };
  }

  async put(path: string, data: string | Uint8Array, options: DatedOptions = {}): Promise<void> {
    openToReaders();
    const file = this.#at(path);
    await writeFileAtomic(file, data, { signal: options.signal });
    await touch(file, options.modified);
  }

  async putBlobs(
    blobs: readonly PlacedBlob[],
    store: ContentStore,
    options: PortOptions & { onWritten?: (blob: PlacedBlob) => void } = {},
  ): Promise<void> {
    openToReaders();
    const placed = new Map(blobs.map((blob) => [this.#at(blob.path), blob]));
    const small = [...placed]
      .filter(([, { size }]) => size <= smallFile)
      .map(([path, { sha256, size }]) => ({ path, sha256, size }));
    const large = blobs.filter(({ size }) => size > smallFile);
    const left = await placeSmallFiles(small, store, {
      signal: options.signal,
      onWritten: ({ path }) => options.onWritten?.(placed.get(path)!),
    });
    await this.#putEach([...large, ...left.map(({ path }) => placed.get(path)!)], store, options);
  }

  async #putEach(
    blobs: readonly PlacedBlob[],
    store: ContentStore,
    options: PortOptions & { onWritten?: (blob: PlacedBlob) => void },
  ): Promise<void> {
    const putOne = async (blob: PlacedBlob, _nth: number, signal: AbortSignal): Promise<void> => {
      await store.copyTo(blob.sha256, this.#at(blob.path), { signal });
      options.onWritten?.(blob);
    };
    await allShares(blobs, options.signal, putOne, writesAtOnce);
  }

  // By a hard link: a file is replaced and never written to, so the other name keeps its bytes
  async copy(path: string, from: string, options: DatedOptions = {}): Promise<void> {
    throwIfInterrupted(options.signal);
    openToReaders();
    const file = this.#at(path);
    await linkOrCopy(this.#at(from), file);
    await syncDir(dirname(file));
    await touch(file, options.modified);
  }

  async alias(path: string, target: string): Promise<void> {
    openToReaders();
    const file = this.#at(path);
    // Relative, so that the folder can be moved and a web server in a chroot can follow.
    const to = relative(dirname(file), this.#at(target));
    await ensureDir(dirname(file));
    await viaTemporary(file, (temporary) =>
      onDisk('link', file, async () => {
        await symlink(to, temporary);
        await rename(temporary, file);
      }),
    );
    await syncDir(dirname(file));
  }

  async aliasTarget(path: string): Promise<string | undefined> {
    const file = this.#at(path);
    const found = await onDisk('look at', file, () => lstat(file).catch(notThere(undefined)));
    if (found?.isSymbolicLink() !== true) return undefined;
    const target = resolve(dirname(file), await onDisk('read', file, () => readlink(file)));
    return relative(this.place, target).split(sep).join('/');
  }

  async list(folder: string, options: PortOptions = {}): Promise<PortFile[]> {
    const top = this.#at(folder);
    const listed: PortFile[] = [];
    const waiting = [top];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      throwIfInterrupted(options.signal);
      const dir = at;
      const none: Dirent[] = [];
      const entries = await onDisk('list', dir, () =>
        readdir(dir, { withFileTypes: true }).catch(notThere(none)),
      );
      for (const entry of entries) {
        const path = join(dir, entry.name);
        if (entry.isDirectory()) waiting.push(path);
        else listed.push(...this.#listed(path));
      }
      // Others get their turn: a look at a file takes no trip through libuv (see head).
      await setImmediate();
    }
    return listed.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  #listed(path: string): PortFile[] {
    const found = onDiskNow('look at', path, () => lstatSync(path, { throwIfNoEntry: false }));
    if (found === undefined) return [];
    const kind = found.isFile() ? 'file' : found.isSymbolicLink() ? 'alias' : 'other';
    const size = kind === 'file' ? found.size : 0;
    return [{ path: relative(this.place, path).split(sep).join('/'), kind, size, modified: found.mtime }];
  }

  async remove(path: string, options: PortOptions = {}): Promise<void> {
    throwIfInterrupted(options.signal);
    const file = this.#at(path);
    await removeFile(file);
    let folder = dirname(file);
    while (folder !== this.place && (await removedIfEmpty(folder))) folder = dirname(folder);
    if (await exists(folder)) await syncDir(folder);
  }

  async freeBytes(): Promise<number | undefined> {
    openToReaders();
    await ensureDir(this.place);
    return await freeBytes(this.place);
  }

  async sweep(): Promise<string[]> {
    return await sweepTemporary(this.place);
  }

  /** Paths consist of checked names. A path that still leaves the folder is a bug. */
  #at(path: string): string {
    const fault = pathFault(path);
    if (fault !== null)
      throw new TypeError(`${JSON.stringify(path)} is not a valid path in an archive: it ${fault}`);
    return join(this.place, path);
  }
}

/**
 * What is published is for everybody: a web server reads it as another user. So from the first write on, folders are made
 * with mode 0755 whatever umask the command was started with; files have their modes set one by one. It holds for the
 * whole process, and what is private in it sets its own mode.
 */
function openToReaders(): void {
  process.umask(0o022);
}

/**
 * Last-Modified is what a client asks with again: it must not go back when older bytes come back
 * (a rollback), and not stand still for two releases within a second.
 */
async function touch(file: string, modified: Date | undefined): Promise<void> {
  if (modified !== undefined) await onDisk('date', file, () => utimes(file, modified, modified));
}

/** The bytes of an existing small file, otherwise undefined. */
function smallBytes(file: string): Buffer | undefined {
  return onDiskNow('read', file, () => {
    const found = statSync(file, { throwIfNoEntry: false });
    return found?.isFile() === true && found.size <= smallFile ? readFileSync(file) : undefined;
  });
}

/** Whether a folder was removed or did not exist. Only rmdir(2) itself knows whether it is empty. */
async function removedIfEmpty(folder: string): Promise<boolean> {
  return await onDisk('remove', folder, () =>
    rmdir(folder)
      .then(() => true, notThere(true))
      .catch(onErrno(['ENOTEMPTY', 'EEXIST'], false)),
  );
}
