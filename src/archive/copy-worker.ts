/**
 * The thread that copies a share of many small files: small-files.ts starts it
 * and takes over what it wrote. Everything it needs comes in `workerData`.
 */
import { workerData } from 'node:worker_threads';
import { ContentStore } from '../io/content-store.js';
import { serveThread } from '../io/thread.js';
import { copyShare, type ShareOfCopies } from './copy-share.js';

const { store, files } = workerData as ShareOfCopies;
await serveThread((signal) => copyShare(files, new ContentStore(store), signal));
