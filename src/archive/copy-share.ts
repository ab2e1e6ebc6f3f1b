/**
 * One thread's share of many small files from the content store: it reads, checks and writes each under a
 * temporary name in its target folder. The batch that receives them renames them. Must not know in which
 * thread it runs.
 */
import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { ContentStore } from '../io/content-store.js';
import { sha256Of, temporaryName } from '../io/disk.js';
import { FileBatch } from '../io/file-batch.js';
import { throwIfInterrupted } from '../io/interrupt.js';

/** A blob and its absolute target path, which does not exist yet. */
export interface SmallFile {
  sha256: string;
  size: number;
  path: string;
}

/** What became of some files, by their places in the share. */
export interface CopyMessage {
  /** Temporary names, which the receiver renames or removes. */
  written: [index: number, temporary: string][];
  /** Folders that have a new folder in them. */
  made: string[];
  /** Not in the store, or damaged. */
  left: number[];
}

export type ShareOfCopies = { store: string; files: readonly SmallFile[] };

/** Between so many, others get their turn, and Ctrl-C is heard. */
const turnSize = 128;

/** A blob's bytes, if they match its name. */
function checkedBytes(file: SmallFile, store: Pick<ContentStore, 'path'>): Buffer | undefined {
  try {
    const bytes = readFileSync(store.path(file.sha256));
    return sha256Of(bytes) === file.sha256 ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Copies a share, a message for so many files.
 *
 * @throws LockstepError DISK_FULL, DISK_IO, INTERRUPTED; nothing is left then of what was not handed over
 */
export async function* copyShare(
  files: readonly SmallFile[],
  store: Pick<ContentStore, 'path'>,
  signal: AbortSignal | undefined,
): AsyncGenerator<CopyMessage, void, undefined> {
  const batch = new FileBatch();
  let message: CopyMessage = { written: [], made: [], left: [] };
  try {
    for (const [index, file] of files.entries()) {
      if (index % turnSize === 0 && index > 0) {
        yield { ...message, made: batch.handOver().made };
        message = { written: [], made: [], left: [] };
        await setImmediate();
        throwIfInterrupted(signal);
      }
      const bytes = checkedBytes(file, store);
      if (bytes === undefined) {
        message.left.push(index);
        continue;
      }
      const temporary = temporaryName(file.path);
      batch.write(temporary, file.path, bytes, 0o644);
      message.written.push([index, temporary]);
    }
    yield { ...message, made: batch.handOver().made };
  } finally {
    batch.discard();
  }
}
