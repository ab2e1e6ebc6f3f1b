/**
 * Many small files out of the content store into a folder. One by one, each
 * would wait for its own fsync and for a dozen trips through libuv's threads;
 * together they take a tenth of that, with the same promise: under its name, a
 * file is whole and on the disk. Must not be given files that fill the memory.
 */
import { availableParallelism } from 'node:os';
import type { ContentStore } from '../io/content-store.js';
import { FileBatch } from '../io/file-batch.js';
import { allShares, dealt, runInThread } from '../io/thread.js';
import { copyShare, type CopyMessage, type ShareOfCopies, type SmallFile } from './copy-share.js';

export interface SmallFileOptions {
  signal?: AbortSignal | undefined;
  onWritten?: ((file: SmallFile) => void) | undefined;
  /** The script of the second thread (default: copy-worker.js). */
  thread?: URL | undefined;
}

/** So many come into their places together: each such batch waits for the disk twice. */
const batchFiles = 4096;
const batchBytes = 64 * 1024 * 1024;

/**
 * Places the files. Returns those that could not be placed this way (missing in the store, damaged, another
 * file system); the caller that places them one by one finds the reason.
 *
 * @throws LockstepError DISK_FULL, DISK_IO, INTERRUPTED; placed files stay, and no file is incomplete
 */
export async function placeSmallFiles(
  files: readonly SmallFile[],
  store: ContentStore,
  options: SmallFileOptions,
): Promise<SmallFile[]> {
  const placing = new Placing(options);
  const script = options.thread ?? copyThread;
  const left: SmallFile[] = [];
  try {
    await allShares(sharesOf(files), options.signal, async (share, nth, signal) => {
      const onMessage = (message: CopyMessage): void => {
        const written = message.written.map(([index, temporary]) => [share[index]!, temporary] as const);
        placing.take(written, message.made);
        left.push(...message.left.map((index) => share[index]!));
      };
      if (nth > 0) {
        const copies: ShareOfCopies = { store: store.root, files: share };
        return await runInThread({ script, share: copies, limits: threadLimits, signal, onMessage });
      }
      for await (const message of copyShare(share, store, signal)) {
        onMessage(message);
        await placing.commitIfMany();
      }
    });
    await placing.commit();
  } finally {
    await placing.end();
  }
  return left;
}

/** Fewer are copied here: a thread takes longer to start. */
const worthThread = 1500;

function sharesOf(files: readonly SmallFile[]): SmallFile[][] {
  return dealt(files, files.length < worthThread || availableParallelism() < 2 ? 1 : 2);
}

/** A thread has done with a file before it reads the next. In MB. */
const threadLimits = { maxYoungGenerationSizeMb: 8 };

/** The same from here and from every file that is made of this one (scripts/bundle.mjs). */
const copyThread = new URL('../archive/copy-worker.js', import.meta.url);

/** Renames the written files in batches: the disk syncs some while others are written. */
class Placing {
  readonly #options: SmallFileOptions;
  #batch = new FileBatch();
  #files: SmallFile[] = [];
  #bytes = 0;
  #before: Promise<void> | undefined;

  constructor(options: SmallFileOptions) {
    this.#options = options;
  }

  take(written: readonly (readonly [file: SmallFile, temporary: string])[], made: string[]): void {
    this.#batch.takeOver({ files: written.map(([{ path }, temporary]) => [temporary, path]), made });
    for (const [file] of written) {
      this.#files.push(file);
      this.#bytes += file.size;
    }
  }

  async commitIfMany(): Promise<void> {
    if (this.#files.length >= batchFiles || this.#bytes >= batchBytes) await this.#begin();
  }

  async commit(): Promise<void> {
    await this.#begin();
    await this.#before;
  }

  /** Removes what was not committed; renames in progress complete. */
  async end(): Promise<void> {
    this.#batch.discard();
    await this.#before?.catch(() => undefined);
  }

  async #begin(): Promise<void> {
    await this.#before;
    const { signal, onWritten } = this.#options;
    const [full, files] = [this.#batch, this.#files];
    [this.#batch, this.#files, this.#bytes] = [new FileBatch(), [], 0];
    this.#before = full.commit(signal).then(() => {
      for (const file of files) onWritten?.(file);
    });
    // The waiting caller gets the error
    this.#before.catch(() => undefined);
  }
}
