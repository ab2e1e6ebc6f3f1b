/**
 * One download into the content store. The received bytes are in the store's `partial/` until the file is complete.
 * After a break, this run or a later one continues from there. Must not write a final name itself: the store does that,
 * after it has verified the hash.
 */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { counted } from '../counted.js';
import { LockstepError } from '../errors.js';
import type { Clock } from './clock.js';
import type { ContentStore, StoredBlob } from './content-store.js';
import {
  ensureDir,
  readIfThere,
  removeFile,
  statIfThere,
  temporaryName,
  writeAll,
  writeFileAtomic,
} from './disk.js';
import { onDisk } from './disk-fault.js';
import { isTransient, netFault, shownUrl, StatusError } from './http-fault.js';
import type { Asking } from './http-places.js';
import { PlacesError } from './http-places.js';
import type { GetOptions, HttpResponse } from './http-request.js';
import type { Stoppable } from './interrupt.js';
import { takeLock } from './lock.js';
import type { Item } from './progress.js';
import { silentItem } from './progress.js';

export interface DownloadMeans {
  /** Makes one request of any scheme. */
  request(url: URL, options?: GetOptions): Promise<HttpResponse>;
  /** As firstPlace, for the places of this file. */
  first<T>(ask: (url: string) => Promise<T>, asking: Pick<Asking, 'reached' | 'onRound'>): Promise<T>;
  /** The tries of the retry policy, for messages. */
  tries: number;
  clock: Clock;
  /** Whether the time for a file of this size is over: then progress no longer gives a place further tries. */
  isLate: () => boolean;
}

export interface DownloadRequest extends Stoppable {
  /** The file's name, for messages. */
  name: string;
  store: ContentStore;
  expected: StoredBlob;
  item?: Item;
}

interface Job extends DownloadRequest {
  means: DownloadMeans;
  part: string;
  /** Path of the file with the validator of the part's bytes; undefined if no later run may resume this part. */
  validatorFile: string | undefined;
  item: Item;
  /** The most bytes that the part ever had, so that progress counts each byte once. */
  reached: number;
  /** Whether the part has bytes from more than one answer. */
  joined: boolean;
}

/** The headers of the next request, for a part that has `have` bytes. Pure. */
export function planRange(have: number, size: number, validator: string | undefined): Record<string, string> {
  if (have <= 0 || have >= size) return {};
  // A range without a validator is safe too: the hash shows whether the file has changed.
  return { range: `bytes=${have}-`, ...(validator === undefined ? {} : { 'if-range': validator }) };
}

/**
 * The offset in the file of the answer's body, or undefined if the answer does not match the request. Pure. RFC 9110
 * 14.4 and 15.3.7.
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

/** Implements Http.download. */
export async function downloadInto(means: DownloadMeans, request: DownloadRequest): Promise<StoredBlob> {
  const { store, expected, name } = request;
  await ensureDir(store.partialDir);
  const shared = join(store.partialDir, `${expected.sha256}.part`);
  const lock = await takeLock(`${shared}.lock`, { command: `download of ${name}`, clock: means.clock });
  // Another process downloads the same file: do not write into its part, use a separate one.
  const own = 'heldBy' in lock;
  const part = own ? temporaryName(shared) : shared;
  const job: Job = {
    ...request,
    means,
    part,
    validatorFile: own ? undefined : `${shared}.validator`,
    item: request.item ?? silentItem,
    reached: 0,
    joined: false,
  };
  try {
    const blob = (await wholeAlready(job, name)) ?? (await fetchAnywhere(job));
    await forget(job);
    return blob;
  } catch (error) {
    if (own || !isResumable(error)) await forget(job);
    throw error;
  } finally {
    if (!own) await lock.release();
  }
}

/** Whether to keep the part for a later run. On a full disk it is removed, to free the space. */
function isResumable(error: unknown): boolean {
  if (error instanceof PlacesError) return error.refusals.some((one) => isTransient(one.error));
  return isTransient(error) || (error instanceof LockstepError && error.code === 'INTERRUPTED');
}

/**
 * Moves a part that already has all its bytes into the store, for example after a run that ended between the two steps.
 */
async function wholeAlready(job: Job, name: string): Promise<StoredBlob | undefined> {
  if ((await sizeOf(job.part)) !== job.expected.size) return undefined;
  try {
    return await adopted(job, name);
  } catch (error) {
    // The bytes can be from different versions of the file: download it again from the start.
    if (!isMismatch(error)) throw error;
    return undefined;
  }
}

async function fetchAnywhere(job: Job): Promise<StoredBlob> {
  const { means, item } = job;
  reach(job, await sizeOf(job.part));
  return await means.first(async (url) => await fetchFrom(job, new URL(url)), {
    reached: () => (means.isLate() ? 0 : job.reached),
    onRound: (round) => item.note(`try ${round} of ${means.tries}`),
  });
}

/**
 * Requests the file from one address. A part that is not the expected file is removed, so that the next address does
 * not continue it.
 */
async function fetchFrom(job: Job, url: URL): Promise<StoredBlob> {
  try {
    await fetchOnce(job, url);
    return await adopted(job, shownUrl(url)).catch(async (error: unknown) => {
      if (!isMismatch(error) || !job.joined) throw error;
      // The bytes can be from different versions of the file: download it again from the start.
      await fetchOnce(job, url);
      return await adopted(job, shownUrl(url));
    });
  } catch (error) {
    const isOther = error instanceof LockstepError && error.code === 'NET_TOO_LARGE';
    if (isMismatch(error) || isOther) await forget(job);
    throw error;
  }
}

function isMismatch(error: unknown): boolean {
  return error instanceof LockstepError && error.code === 'SOURCE_HASH_MISMATCH';
}

/** Moves the part into the store. The store removes a part whose hash or size is wrong. */
async function adopted({ store, part, expected, signal }: Job, name: string): Promise<StoredBlob> {
  return await store.adopt(part, expected, { name, signal });
}

async function fetchOnce(job: Job, url: URL): Promise<void> {
  const { means, expected, part } = job;
  let have = await sizeOf(part);
  if (have > expected.size) {
    await forget(job);
    have = 0;
  }
  const headers = planRange(have, expected.size, await validatorOf(job, url));
  let answer = await means.request(url, { headers, statuses: [416] });
  let offset = offsetOf(answer, have, expected.size);
  if (offset === undefined) {
    // 416, or a range that was not requested: the part belongs to another version of the file.
    answer.discard();
    await forget(job);
    answer = await means.request(url);
    offset = offsetOf(answer, 0, expected.size);
  }
  if (offset === undefined) {
    answer.discard();
    throw new StatusError(url, answer.status);
  }
  job.joined = offset > 0;
  const announced = answer.headers['content-length'];
  const size = announced === undefined ? undefined : offset + Number(announced);
  if (size !== undefined && size !== expected.size) {
    answer.discard();
    // Another length means another file: before a transfer breaks, the server announces the full length
    throw size > expected.size ? tooLarge(job, url, size) : tooShort(job, url, answer, size);
  }
  await writePart(job, url, answer, offset);
}

async function writePart(job: Job, url: URL, answer: HttpResponse, offset: number): Promise<void> {
  const { expected, part } = job;
  try {
    await keepValidator(job, url, answer);
    const handle = await onDisk('write', part, () => open(part, offset === 0 ? 'w' : 'a', 0o600));
    try {
      const size = await pour(job, url, answer, handle, offset);
      if (size < expected.size) throw tooShort(job, url, answer, size);
    } finally {
      await handle.close();
    }
  } catch (error) {
    answer.discard();
    throw error;
  }
}

async function pour(
  job: Job,
  url: URL,
  answer: HttpResponse,
  handle: FileHandle,
  offset: number,
): Promise<number> {
  let size = offset;
  for await (const piece of answer.body) {
    if (size + piece.length > job.expected.size) throw tooLarge(job, url, size + piece.length);
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

/**
 * Writes a strong ETag, otherwise the date. A later range request names this version of the file by it (RFC 9110
 * 13.1.5). Only the server that sent a validator understands it, so the address is written before it.
 */
async function keepValidator(job: Job, url: URL, answer: HttpResponse): Promise<void> {
  if (job.validatorFile === undefined) return;
  const { etag, 'last-modified': date } = answer.headers;
  const validator = etag !== undefined && !etag.startsWith('W/') ? etag : date;
  if (validator === undefined) await removeFile(job.validatorFile);
  else await writeFileAtomic(job.validatorFile, `${shownUrl(url)}\n${validator}`, { fsync: false });
}

/** The validator that this address sent with the part's bytes. */
async function validatorOf(job: Job, url: URL): Promise<string | undefined> {
  if (job.validatorFile === undefined) return undefined;
  const [from, validator] = (await readIfThere(job.validatorFile))?.toString('utf8').split('\n') ?? [];
  return from === shownUrl(url) ? validator : undefined;
}

/** A complete body that is shorter than expected belongs to another file: it is not a broken transfer. */
function tooShort(job: Job, url: URL, answer: HttpResponse, size: number): LockstepError {
  const said = `${counted(size, 'byte')} instead of the expected ${job.expected.size}`;
  if (answer.headers['content-length'] === undefined) return netFault('NET_TRUNCATED', url, said);
  return new LockstepError('SOURCE_HASH_MISMATCH', {
    message: `${shownUrl(url)}: ${said}`,
    hint: "The file differs from what the mirror's index says. The mirror may be in the middle of an update.",
    where: [{ value: shownUrl(url) }],
  });
}

function tooLarge(job: Job, url: URL, size: number): LockstepError {
  const said = `At least ${counted(size, 'byte')} instead of the expected ${job.expected.size}`;
  return netFault('NET_TOO_LARGE', url, said);
}

async function sizeOf(path: string): Promise<number> {
  return (await statIfThere(path))?.size ?? 0;
}

async function forget(job: Job): Promise<void> {
  await removeFile(job.part);
  if (job.validatorFile !== undefined) await removeFile(job.validatorFile);
}
