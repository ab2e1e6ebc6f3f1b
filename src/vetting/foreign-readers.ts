/**
 * All packages to import, read by as many threads as there are cores. It owns
 * the threads; what they do is foreign-share.ts.
 */
import { availableParallelism } from 'node:os';
import type { ContentStore } from '../io/content-store.js';
import { allShares, dealt, runInThread } from '../io/thread.js';
import { readFilesOf, readShare, type ReadFile, type ReadMessage, type Share } from './foreign-share.js';

export interface ForeignSetRequest extends Omit<Share, 'places'> {
  /** Where good packages and their file lists go; nothing is written where it is left out. */
  taking?: { store: ContentStore; cache: string } | undefined;
  signal: AbortSignal;
  /** Told again and again how many files were read. */
  onRead?: ((count: number) => void) | undefined;
}

/** Fewer are read here: a thread takes longer to start. */
const worthThreads = 400;
const mostThreads = 4;

/**
 * A thread has done with a package before it reads the next: a larger nursery only takes longer to fill.
 * In MB.
 */
const threadLimits = { maxYoungGenerationSizeMb: 8 };

/** The same from here and from every file that is made of this one (scripts/bundle.mjs). */
const script = new URL('../vetting/foreign-worker.js', import.meta.url);

/**
 * Reads all files.
 *
 * @returns what became of each file, in the order of their paths, and what of it is on its way into the store: the
 * caller commits that, or discards it
 * @throws LockstepError DISK_FULL, DISK_IO, INTERRUPTED; no file is left incomplete
 */
export async function readForeignSet(request: ForeignSetRequest) {
  const { taking, signal, onRead } = request;
  const read: ReadFile[] = [];
  const batch = taking?.store.batch();
  const onMessage = (message: ReadMessage): void => {
    read.push(...readFilesOf(message));
    if (message.arriving !== undefined) batch?.takeOver(message.arriving);
    onRead?.(read.length);
  };
  const shares = sharesOf(request);
  try {
    await allShares(shares, signal, async (share, _nth, stopping) => {
      if (shares.length > 1) {
        return await runInThread({ script, share, limits: threadLimits, signal: stopping, onMessage });
      }
      for await (const message of readShare(share, stopping)) onMessage(message);
    });
  } catch (error) {
    batch?.discard();
    throw error;
  }
  // While the disk is at it, the caller decides over what was read
  batch?.beginSync();
  read.sort((a, b) => (a.file < b.file ? -1 : 1));
  return { read, batch };
}

function sharesOf({ files, belonging, architectures, budget, taking }: ForeignSetRequest): Share[] {
  const places = taking === undefined ? undefined : { cache: taking.cache, store: taking.store.root };
  const count = files.length < worthThreads ? 1 : Math.min(mostThreads, availableParallelism());
  return dealt(files, count).map((share) => ({ files: share, belonging, architectures, budget, places }));
}
