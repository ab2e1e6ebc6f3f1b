/**
 * The thread that reads a share of the packages to import: foreign-readers.ts
 * starts it and takes what it reads. Everything it needs comes in `workerData`.
 */
import { workerData } from 'node:worker_threads';
import { serveThread } from '../io/thread.js';
import { readShare, type Share } from './foreign-share.js';

await serveThread(
  (signal) => readShare(workerData as Share, signal),
  ({ stanzas }) => [stanzas.buffer],
);
