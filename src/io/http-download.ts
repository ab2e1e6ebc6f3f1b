/**
 * One download into the content store: what came is kept in the store's
 * `partial/` until it is all there, and goes on from there after a break, in
 * this run or a later one. Must not put anything under a final name itself:
 * the store does, once the hash is right.
 */
import type { FileHandle } from 'node:fs/promises';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError } from '../errors.js';
import type { Clock } from './clock.js';
import type { ContentStore, StoredBlob } from './content-store.js';
import {
  ensureDir,
  notThere,
  onDisk,
  readIfThere,
  removeFile,
  temporaryName,
  writeAll,
  writeFileAtomic,
} from './disk.js';
import type { RetryPolicy } from './http-fault.js';
import { afterTries, isTransient, netFault, planRetry, shownUrl, StatusError } from './http-fault.js';
import type { HttpResponse, Transport } from './http-request.js';
import { request } from './http-request.js';
import { throwIfInterrupted } from './interrupt.js';
import { takeLock } from './lock.js';
import type { Item } from './progress.js';
import { silentItem } from './progress.js';

export interface DownloadMeans {
  transport: Transport;
  policy: RetryPolicy;
  clock: Clock;
}

interface Job {
  means: DownloadMeans;
  url: URL;
  expected: { sha256: string; size: number };
  part: string;
  /** Where the validator of the part's bytes is kept; undefined when this part is not to be resumed later. */
  validatorFile: string | undefined;
  item: Item;
  /** The most that was ever there: progress is told once, and more of it renews the right to retry. */
  reached: number;
  /** Whether bytes of different answers were joined. */
  resumed: boolean;
  signal: AbortSignal | undefined;
}

/** What to ask the server for, given what is there already. Pure. */
export function planRange(have: number, size: number, validator: string | undefined): Record<string, string> {
  if (have <= 0 || have >= size) return {};
  // Without a validator the range is still safe to ask for: the hash tells if the file has changed.
  return { range: `bytes=${have}-`, ...(validator === undefined ? {} : { 'if-range': validator }) };
}

/**
 * Where the answer's body belongs: its offset in the file, or undefined when the answer does not fit what
 * was asked for. Pure. RFC 9110 14.4 and 15.3.7.
 */
export function offsetOf(
  answer: Pick<HttpResponse, 'status' | 'headers'>,
  have: number,
  size: number,
): number | undefined {
  if (answer.status === 200) return 0;
  if (answer.status !== 206) return undefined;
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(answer.headers['content-range'] ?? '');
  if (range === null || Number(range[1]) !== have) return undefined;
  return range[3] === '*' || Number(range[3]) === size ? have : undefined;
}

/** See Http.download. */
export async function downloadInto(
  means: DownloadMeans,
  url: URL,
  store: ContentStore,
  expected: { sha256: string; size: number },
  options: { item?: Item; signal?: AbortSignal },
): Promise<StoredBlob> {
  await ensureDir(store.partialDir);
  const shared = join(store.partialDir, `${expected.sha256}.part`);
  const lock = await takeLock(`${shared}.lock`, {
    command: `download of ${shownUrl(url)}`,
    clock: means.clock,
  });
  // Another process is at the same file: do not write into its bytes, fetch our own.
  const own = 'heldBy' in lock;
  const part = own ? temporaryName(shared) : shared;
  const job: Job = {
    means,
    url,
    expected,
    part,
    validatorFile: own ? undefined : `${shared}.validator`,
    item: options.item ?? silentItem,
    reached: 0,
    resumed: false,
    signal: options.signal,
  };
  try {
    const blob = await complete(job, store);
    await forget(job);
    return blob;
  } catch (error) {
    if (own || !isResumable(error)) await forget(job);
    throw error;
  } finally {
    if (!own) await lock.release();
  }
}

/** Whether what came is worth keeping for a later run. A full disk is given its room back. */
function isResumable(error: unknown): boolean {
  return isTransient(error) || (error instanceof LockstepError && error.code === 'INTERRUPTED');
}

async function complete(job: Job, store: ContentStore): Promise<StoredBlob> {
  const { part, expected, signal } = job;
  const naming = { name: shownUrl(job.url), ...(signal === undefined ? {} : { signal }) };
  // A part that is whole already was only never adopted.
  if ((await sizeOf(part)) === expected.size) job.resumed = true;
  else await fetchAll(job);
  try {
    return await store.adopt(part, expected, naming);
  } catch (error) {
    const mixed = error instanceof LockstepError && error.code === 'SOURCE_HASH_MISMATCH' && job.resumed;
    if (!mixed) throw error;
    // The joined bytes may be of different versions of the file: once more, from nothing.
    await forget(job);
    await fetchAll(job);
    return await store.adopt(part, expected, naming);
  }
}

/** Tries until the part has the promised size. */
async function fetchAll(job: Job): Promise<void> {
  reach(job, await sizeOf(job.part));
  for (let failed = 1; ; failed++) {
    throwIfInterrupted(job.signal);
    const before = job.reached;
    try {
      await fetchOnce(job);
      return;
    } catch (error) {
      // A try that got further is not counted: a long file over a bad line still arrives.
      if (job.reached >= before + 64 * 1024) failed = 1;
      const wait = planRetry(error, failed, job.means.policy);
      if (wait === undefined) throw isTransient(error) ? afterTries(error, failed) : error;
      job.item.note(`try ${failed + 1} of ${job.means.policy.tries}`);
      await job.means.clock.sleep(wait, job.signal);
    }
  }
}

async function fetchOnce(job: Job): Promise<void> {
  const { expected, part, url } = job;
  let have = await sizeOf(part);
  if (have > expected.size) {
    await forget(job);
    have = 0;
  }
  const validator = job.validatorFile === undefined ? undefined : await readIfThere(job.validatorFile);
  const headers = planRange(have, expected.size, validator?.toString('utf8'));
  const signal = job.signal === undefined ? {} : { signal: job.signal };
  let answer = await request(job.means.transport, url, { headers, ...signal }, { statuses: [416] });
  let offset = offsetOf(answer, have, expected.size);
  if (offset === undefined) {
    // 416, or a range that was not asked for: what we have is of another file.
    answer.discard();
    await forget(job);
    answer = await request(job.means.transport, url, signal);
    offset = offsetOf(answer, 0, expected.size);
  }
  if (offset === undefined) {
    answer.discard();
    throw new StatusError(url, answer.status);
  }
  if (offset > 0) job.resumed = true;
  const announced = answer.headers['content-length'];
  if (announced !== undefined && offset + Number(announced) > expected.size) {
    answer.discard();
    throw tooLarge(job, offset + Number(announced));
  }
  await writePart(job, answer, offset);
}

async function writePart(job: Job, answer: HttpResponse, offset: number): Promise<void> {
  const { expected, part } = job;
  try {
    await keepValidator(job, answer);
    const handle = await onDisk('write', part, () => open(part, offset === 0 ? 'w' : 'a', 0o600));
    try {
      const size = await pour(job, answer, handle, offset);
      if (size < expected.size) throw tooShort(job, answer, size);
    } finally {
      await handle.close();
    }
  } catch (error) {
    answer.discard();
    throw error;
  }
}

async function pour(job: Job, answer: HttpResponse, handle: FileHandle, offset: number): Promise<number> {
  let size = offset;
  for await (const piece of answer.body) {
    if (size + piece.length > job.expected.size) throw tooLarge(job, size + piece.length);
    await onDisk('write', job.part, () => writeAll(handle, piece));
    size += piece.length;
    reach(job, size);
  }
  return size;
}

function reach(job: Job, size: number): void {
  if (size <= job.reached) return;
  job.item.advance(size - job.reached);
  job.reached = size;
}

/** A strong ETag, or else the date, by which a later range request names this version (RFC 9110 13.1.5). */
async function keepValidator(job: Job, answer: HttpResponse): Promise<void> {
  if (job.validatorFile === undefined) return;
  const { etag, 'last-modified': date } = answer.headers;
  const validator = etag !== undefined && !etag.startsWith('W/') ? etag : date;
  if (validator === undefined) await removeFile(job.validatorFile);
  else await writeFileAtomic(job.validatorFile, validator, { fsync: false });
}

/** A body that ended as announced, but short of the promise, is another file and not a broken one. */
function tooShort(job: Job, answer: HttpResponse, size: number): LockstepError {
  const said = `${size} bytes where ${job.expected.size} were promised`;
  if (answer.headers['content-length'] === undefined) return netFault('NET_TRUNCATED', job.url, said);
  return new LockstepError('SOURCE_HASH_MISMATCH', {
    message: `${shownUrl(job.url)}: ${said}`,
    hint: 'The mirror has another file than its index says; it may be in the middle of an update.',
    where: [{ value: shownUrl(job.url) }],
  });
}

function tooLarge(job: Job, size: number): LockstepError {
  const said = `At least ${size} bytes where ${job.expected.size} were promised`;
  return netFault('NET_TOO_LARGE', job.url, said);
}

async function sizeOf(path: string): Promise<number> {
  const found = await onDisk('look at', path, () => stat(path).catch(notThere(undefined)));
  return found?.size ?? 0;
}

async function forget(job: Job): Promise<void> {
  await removeFile(job.part);
  if (job.validatorFile !== undefined) await removeFile(job.validatorFile);
}
