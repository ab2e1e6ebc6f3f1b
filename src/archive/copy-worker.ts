/**
 * The thread that copies a share of many small files: small-files.ts starts it
 * and takes over what it wrote. Everything it needs comes in `workerData`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { LockstepError } from '../errors.js';
import { ContentStore } from '../io/content-store.js';
import { copyShare, type ShareOfCopies, type ThreadMessage } from './copy-share.js';

const stop = new AbortController();
const port = parentPort!;
// Only one thing is ever said to it
port.on('message', () => stop.abort());

try {
  const { store, files } = workerData as ShareOfCopies;
  for await (const message of copyShare(files, new ContentStore(store), stop.signal))
    port.postMessage(message);
} catch (error) {
  if (!(error instanceof LockstepError)) throw error;
  const { code, message, hint, where } = error;
  port.postMessage({ kind: 'fault', code, message, hint, where: [...where] } satisfies ThreadMessage);
}
port.close();
