/**
 * The thread that reads a share of the packages to import: foreign-readers.ts
 * starts it and takes what it reads. Everything it needs comes in `workerData`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { LockstepError } from '../errors.js';
import { readShare, type Share, type ShareMessage } from './foreign-share.js';

const stop = new AbortController();
const port = parentPort!;
// Only one thing is ever said to it
port.on('message', () => stop.abort());

try {
  for await (const message of readShare(workerData as Share, stop.signal)) {
    port.postMessage(message, [message.stanzas.buffer]);
  }
} catch (error) {
  if (!(error instanceof LockstepError)) throw error;
  const { code, message, hint, where } = error;
  port.postMessage({ kind: 'fault', code, message, hint, where: [...where] } satisfies ShareMessage);
}
port.close();
