/**
 * Many small files out of the content store into a folder. One by one, each
 * would wait for its own fsync and for a dozen trips through libuv's threads;
 * together they take a fifth of that, with the same promise: under its name, a
 * file is whole and on the disk. Must not be given files that fill the memory.
 */
import {
  closeSync,
  fchmodSync,
  fsync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import pLimit from 'p-limit';
import type { ContentStore } from '../io/content-store.js';
import { diskFault, sha256Of, syncDir, temporaryName } from '../io/disk.js';
import { throwIfInterrupted } from '../io/interrupt.js';

/** A blob and the absolute path it is to have; nothing is there yet. */
export interface SmallFile {
  sha256: string;
  size: number;
  path: string;
}

export interface SmallFileOptions {
  how: 'copy' | 'link';
  signal?: AbortSignal | undefined;
  onWritten?: ((file: SmallFile) => void) | undefined;
}

/** So many are open at once; between batches others get their turn. */
const batchSize = 128;

/**
 * Places the files. Returns those that could not be placed this way (not in the store, damaged, another file
 * system): whoever takes them one by one finds out why.
 *
 * @throws LockstepError DISK_FULL, DISK_IO, INTERRUPTED; what was placed stays, nothing is half-written
 */
export async function placeSmallFiles(
  files: readonly SmallFile[],
  store: ContentStore,
  options: SmallFileOptions,
): Promise<SmallFile[]> {
  const folders = new Set<string>();
  const left: SmallFile[] = [];
  for (let at = 0; at < files.length; at += batchSize) {
    throwIfInterrupted(options.signal);
    const batch = files.slice(at, at + batchSize);
    const others =
      options.how === 'link' ? linkBatch(batch, store, folders) : await copyBatch(batch, store, folders);
    left.push(...others);
    for (const file of batch) if (!others.includes(file)) options.onWritten?.(file);
    await setImmediate();
  }
  // Without it the names may not outlive a crash; the first one writes the journal for all.
  const limit = pLimit(8);
  await Promise.all([...folders].map((folder) => limit(() => syncDir(folder))));
  return left;
}

/** A blob's bytes if they are those of its name. */
function checkedBytes(file: SmallFile, store: ContentStore): Buffer | undefined {
  try {
    const bytes = readFileSync(store.path(file.sha256));
    return sha256Of(bytes) === file.sha256 ? bytes : undefined;
  } catch {
    return undefined;
  }
}

function makeFolder(path: string, folders: Set<string>): void {
  const folder = dirname(path);
  if (folders.has(folder)) return;
  const made = mkdirSync(folder, { recursive: true });
  // The folders above it have a new entry each, too.
  for (let at = folder; made !== undefined && at.length >= made.length; at = dirname(at))
    folders.add(dirname(at));
  folders.add(folder);
}

function linkBatch(batch: readonly SmallFile[], store: ContentStore, folders: Set<string>): SmallFile[] {
  const left: SmallFile[] = [];
  for (const file of batch) {
    if (checkedBytes(file, store) === undefined) {
      left.push(file);
      continue;
    }
    try {
      makeFolder(file.path, folders);
    } catch (error) {
      throw diskFault(error, 'make the folder of', file.path);
    }
    try {
      linkSync(store.path(file.sha256), file.path);
    } catch {
      left.push(file);
    }
  }
  return left;
}

async function copyBatch(
  batch: readonly SmallFile[],
  store: ContentStore,
  folders: Set<string>,
): Promise<SmallFile[]> {
  const left: SmallFile[] = [];
  const open = new Map<string, { fd: number; file: SmallFile }>();
  let doing = '';
  try {
    for (const file of batch) {
      const bytes = checkedBytes(file, store);
      if (bytes === undefined) {
        left.push(file);
        continue;
      }
      doing = file.path;
      makeFolder(file.path, folders);
      const temporary = temporaryName(file.path);
      const fd = openSync(temporary, 'wx', 0o600);
      open.set(temporary, { fd, file });
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
      fchmodSync(fd, 0o644);
    }
    // All of them first: one after the other, each would wait for the journal.
    const synced = await Promise.allSettled([...open.values()].map(({ fd }) => promisify(fsync)(fd)));
    for (const result of synced) if (result.status === 'rejected') throw result.reason;
    for (const [temporary, { fd, file }] of open) {
      doing = file.path;
      renameSync(temporary, file.path);
      open.delete(temporary);
      closeSync(fd);
    }
  } catch (error) {
    throw diskFault(error, 'write', doing);
  } finally {
    for (const [temporary, { fd }] of open) discard(temporary, fd);
  }
  return left;
}

function discard(temporary: string, fd: number): void {
  try {
    closeSync(fd);
    unlinkSync(temporary);
  } catch {
    // what is told is the fault that came first; sweep() takes the file away
  }
}
