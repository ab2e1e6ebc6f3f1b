/**
 * All packages to import, read by as many threads as there are cores. It owns
 * the threads; what they do is foreign-share.ts.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { LockstepError } from '../errors.js';
import type { ContentStore } from '../io/content-store.js';
import { throwIfInterrupted } from '../io/interrupt.js';
import type { StoreBatch } from '../io/store-batch.js';
import type { Belonging } from '../snapshot/content.js';
import {
  readFilesOf,
  readShare,
  type ReadFile,
  type ReadMessage,
  type Share,
  type ShareMessage,
} from './foreign-share.js';

export interface ForeignSetRequest {
  /** Absolute paths. */
  files: readonly string[];
  /** What a snapshot's entries of them say. */
  belonging: Belonging;
  /** Those of the profile. */
  architectures: readonly string[];
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

/** What was read, and what of it is on its way into the store: the caller commits that, or discards it. */
export interface ForeignSet {
  /** What became of each file, in the order of their paths. */
  read: ReadFile[];
  batch: StoreBatch | undefined;
}

/**
 * Reads all files.
 *
 * @throws LockstepError DISK_FULL, DISK_IO, INTERRUPTED; then nothing is left half-written
 */
export async function readForeignSet(request: ForeignSetRequest): Promise<ForeignSet> {
  const { taking, signal, onRead } = request;
  const read: ReadFile[] = [];
  const batch = taking?.store.batch();
  const failed = new AbortController();
  const stopping = AbortSignal.any([signal, failed.signal]);
  const onMessage = (message: ReadMessage): void => {
    read.push(...readFilesOf(message));
    batch?.takeOver(message.arriving);
    onRead?.(read.length);
  };
  const shares = sharesOf(request);
  const results = await Promise.allSettled(
    shares.map(async (share) => {
      try {
        if (shares.length > 1) return await readInThread(share, stopping, onMessage);
        for await (const message of readShare(share, stopping)) onMessage(message);
      } catch (error) {
        // The first fault is what is told; the others stop where they are
        failed.abort(error);
        throw error;
      }
    }),
  );
  if (results.some(({ status }) => status === 'rejected')) {
    batch?.discard();
    throwIfInterrupted(signal);
    throw failed.signal.reason;
  }
  // While the disk is at it, the caller decides over what was read
  batch?.beginSync();
  read.sort((a, b) => (a.file < b.file ? -1 : 1));
  return { read, batch };
}

function sharesOf({ files, belonging, architectures, taking }: ForeignSetRequest): Share[] {
  const places = taking === undefined ? undefined : { cache: taking.cache, store: taking.store.root };
  const count = files.length < worthThreads ? 1 : Math.min(mostThreads, availableParallelism());
  // By turns: folders of large packages are shared out
  return Array.from({ length: count }, (_, share) => ({
    files: files.filter((_file, index) => index % count === share),
    belonging,
    architectures,
    places,
  }));
}

async function readInThread(
  share: Share,
  signal: AbortSignal,
  onMessage: (message: ReadMessage) => void,
): Promise<void> {
  // The same from here and from every file that is made of this one (scripts/bundle.mjs)
  const script = new URL('../vetting/foreign-worker.js', import.meta.url);
  const worker = new Worker(script, { workerData: share, resourceLimits: threadLimits });
  const stop = (): void => worker.postMessage('stop');
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    await new Promise<void>((resolve, reject) => {
      let fault: LockstepError | undefined;
      worker.on('message', (message: ShareMessage) => {
        if (message.kind === 'read') onMessage(message);
        else fault = new LockstepError(message.code, message);
      });
      worker.once('error', reject);
      worker.once('exit', () => (fault === undefined ? resolve() : reject(fault)));
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
