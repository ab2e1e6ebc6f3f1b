/**
 * Many small files out of the content store into a folder. One by one, each
 * would wait for its own fsync and for a dozen trips through libuv's threads;
 * together they take a tenth of that, with the same promise: under its name, a
 * file is whole and on the disk. Must not be given files that fill the memory.
 */
import { linkSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { ContentStore } from '../io/content-store.js';
import { diskFault, sha256Of, syncDir } from '../io/disk.js';
import { FileBatch, syncFileSystem } from '../io/file-batch.js';
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

/** Between so many, others get their turn, and Ctrl-C is heard. */
const turnSize = 128;
/** So many come into their places together: each such batch waits for the disk twice. */
const batchFiles = 8192;
const batchBytes = 128 * 1024 * 1024;

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
  return options.how === 'link' ? await linkAll(files, store, options) : await copyAll(files, store, options);
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

async function copyAll(
  files: readonly SmallFile[],
  store: ContentStore,
  { signal, onWritten }: SmallFileOptions,
): Promise<SmallFile[]> {
  const left: SmallFile[] = [];
  const batch = new FileBatch();
  let waiting: SmallFile[] = [];
  const commit = async (): Promise<void> => {
    await batch.commit(signal);
    for (const file of waiting) onWritten?.(file);
    waiting = [];
  };
  try {
    for (const [index, file] of files.entries()) {
      if (index % turnSize === 0) {
        await setImmediate();
        throwIfInterrupted(signal);
      }
      const bytes = checkedBytes(file, store);
      if (bytes === undefined) {
        left.push(file);
        continue;
      }
      batch.add(file.path, bytes, 0o644);
      waiting.push(file);
      if (batch.size >= batchFiles || batch.bytes >= batchBytes) await commit();
    }
    await commit();
  } finally {
    batch.discard();
  }
  return left;
}

async function linkAll(
  files: readonly SmallFile[],
  store: ContentStore,
  { signal, onWritten }: SmallFileOptions,
): Promise<SmallFile[]> {
  const folders = new Set<string>();
  const left: SmallFile[] = [];
  for (const [index, file] of files.entries()) {
    if (index % turnSize === 0) {
      await setImmediate();
      throwIfInterrupted(signal);
    }
    if (checkedBytes(file, store) === undefined || !linked(file, store, folders)) left.push(file);
    else onWritten?.(file);
  }
  const [first] = folders;
  // Without it the names may not outlive a crash
  if (first === undefined || (files.length > turnSize && (await syncFileSystem(first)))) return left;
  const limit = pLimit(8);
  await Promise.all([...folders].map((folder) => limit(() => syncDir(folder))));
  return left;
}

function linked(file: SmallFile, store: ContentStore, folders: Set<string>): boolean {
  try {
    makeFolder(file.path, folders);
  } catch (error) {
    throw diskFault(error, 'make the folder of', file.path);
  }
  try {
    linkSync(store.path(file.sha256), file.path);
    return true;
  } catch {
    return false;
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
