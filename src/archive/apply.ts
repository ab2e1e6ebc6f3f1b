/**
 * Carries out a publication plan: the writes of the plan, in its order, and
 * nothing else. Everything is signed before the first of them.
 */
import pLimit from 'p-limit';
import { counted } from '../counted.js';
import { LockstepError } from '../errors.js';
import type { Clock } from '../io/clock.js';
import type { ContentStore } from '../io/content-store.js';
import { diskFault } from '../io/disk-fault.js';
import { throwIfInterrupted } from '../io/interrupt.js';
import { silentPhase, type Phase } from '../io/progress.js';
import type { Signer } from '../signing/signer-port.js';
import type { PublicationPlan, Write } from './publication-plan.js';
import { longestWait, waitForDate } from './release-wait.js';
import { makeWay } from './pool-way.js';
import type { ArchivePort } from './port.js';

export interface ApplyOptions {
  store: ContentStore;
  signer: Signer;
  clock: Clock;
  phase?: Phase;
  signal?: AbortSignal;
}

/** What was written. */
export interface PublicationResult {
  /** Files, links and aliases. */
  writes: number;
  /** Of files out of the content store. */
  bytes: number;
}

/** So many files are written side by side. */
const writesAtOnce = 8;
/** Kept free by a publication that adds packages, beyond what it writes: what comes after it needs room too. */
const reserve = 4 * 1024 * 1024;
/** The same for one that adds none, such as a rollback: folders, the journal, the line of the history. */
const leastReserve = 128 * 1024;
/** A file system gives a file whole blocks; a signature has less than one. */
const block = 4096;

/** What a publication needs on the disk, in bytes. Links and aliases need nothing but their folder's block. */
export function roomFor({ writes }: Pick<PublicationPlan, 'writes'>): number {
  const blocks = (size: number): number => Math.ceil(size / block) * block;
  const sizes = writes.map((write): number => {
    switch (write.kind) {
      case 'blob':
        return blocks(write.size);
      case 'data':
        return blocks(Buffer.byteLength(write.data));
      case 'text':
      case 'clearsigned':
        return blocks(Buffer.byteLength(write.text)) + block;
      case 'link':
      case 'alias':
      case 'detached':
        return block;
    }
  });
  const adds = writes.some(({ step }) => step === 'pool');
  return sizes.reduce((sum, size) => sum + size, adds ? reserve : leastReserve);
}

/**
 * Publishes. When it fails or the process ends in the middle, clients still see the archive of before, and
 * the next publication completes it. The caller holds the workspace's lock.
 *
 * @throws LockstepError DISK_FULL (usually before anything is written), DISK_IO, STORE_MISSING,
 * STORE_CORRUPT, INTERRUPTED, those of the signer
 */
export async function applyPublication(
  port: ArchivePort,
  plan: PublicationPlan,
  options: ApplyOptions,
): Promise<PublicationResult> {
  if (plan.writes.length === 0) return { writes: 0, bytes: 0 };
  const phase = options.phase ?? silentPhase;
  await assertRoom(port, roomFor(plan));
  const bytes = plan.writes.reduce((sum, write) => sum + (write.kind === 'blob' ? write.size : 0), 0);
  const signed = await signAll(plan, options);
  try {
    for (const { step, writes } of stepsOf(plan.writes)) {
      throwIfInterrupted(options.signal);
      if (step === 'release') await waitForDate(latestDate(plan), options.clock, options.signal);
      if (writes.every((write) => write.kind === 'blob')) {
        await putBlobs(port, writes, options, phase);
      } else {
        await writeStep(port, writes, signed, options.signal);
      }
    }
  } catch (error) {
    throw diskFault(error, 'write to', port.place);
  }
  return { writes: plan.writes.length, bytes };
}

async function assertRoom(port: ArchivePort, needed: number): Promise<void> {
  const free = await port.folder?.freeBytes();
  if (free === undefined || free >= needed) return;
  const isSmall = needed < reserve;
  const shown = (count: number): string =>
    isSmall ? `${Math.ceil(count / 1024)} KiB` : `${Math.ceil(count / 1024 / 1024)} MiB`;
  throw new LockstepError('DISK_FULL', {
    message: `${port.place} has ${shown(free)} of free space; the publication needs ${shown(needed)}`,
    hint: 'Nothing was written. Free some disk space, then run the same command again.',
    where: [{ file: port.place }],
  });
}

/**
 * A Release may be dated a little ahead of the clock, a signature may not: sqv, by which apt of Debian 13 checks, takes
 * none that was made later than now (--not-after).
 */
async function signAll(
  plan: PublicationPlan,
  { signer, clock }: Pick<ApplyOptions, 'signer' | 'clock'>,
): Promise<Map<Write, string>> {
  const signed = new Map<Write, string>();
  for (const write of plan.writes) {
    if (write.kind !== 'detached' && write.kind !== 'clearsigned') continue;
    const ahead = write.date.getTime() - clock.now().getTime();
    // Of a clock that ran backwards nothing is known: a key may be younger than it says
    const date = ahead > 0 && ahead <= longestWait ? clock.now() : write.date;
    const { text, path } = write;
    const signature =
      write.kind === 'detached' ? signer.detached(text, date, path) : signer.clearsign(text, date, path);
    signed.set(write, await signature);
  }
  return signed;
}

function stepsOf(writes: readonly Write[]): { step: Write['step']; writes: Write[] }[] {
  const steps: { step: Write['step']; writes: Write[] }[] = [];
  for (const write of writes) {
    const last = steps.at(-1);
    if (last?.step === write.step) last.writes.push(write);
    else steps.push({ step: write.step, writes: [write] });
  }
  return steps;
}

function latestDate({ writes }: PublicationPlan): Date {
  return new Date(
    Math.max(...writes.flatMap((write) => (write.kind === 'text' ? [write.date.getTime()] : []))),
  );
}

async function putBlobs(
  port: ArchivePort,
  blobs: readonly Extract<Write, { kind: 'blob' }>[],
  options: ApplyOptions,
  phase: Phase,
): Promise<void> {
  const totalBytes = blobs.reduce((sum, { size }) => sum + size, 0);
  // Only part of what is written: links, key files and signatures come on top
  const what =
    blobs[0]?.step === 'pool'
      ? counted(blobs.length, 'file of the pool', 'files of the pool')
      : counted(blobs.length, 'index under its hash', 'indices under their hashes');
  const item = phase.item(what, { totalBytes });
  try {
    await port.putBlobs(blobs, options.store, {
      signal: options.signal,
      onWritten: ({ size }) => item.advance(size),
    });
  } catch (error) {
    item.fail(error instanceof Error ? error.message : String(error));
    throw error;
  }
  item.done();
}

/**
 * The steps whose files nobody reads before those of a later step name them: side by side they wait for the disk
 * once and not each in turn. The others are done one after the other, the live view's last.
 */
const unordered: ReadonlySet<Write['step']> = new Set(['pool-alias', 'key', 'index', 'release', 'signature']);

async function writeStep(
  port: ArchivePort,
  writes: readonly Write[],
  signed: ReadonlyMap<Write, string>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!writes.every(({ step }) => unordered.has(step))) {
    for (const write of writes) await writeOne(port, write, signed, signal);
    return;
  }
  const limit = pLimit(writesAtOnce);
  let failed = false;
  const done = writes.map((write) =>
    limit(async () => {
      if (failed) return;
      await writeOne(port, write, signed, signal).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }),
  );
  // Also behind a fault: whoever puts the archive back must not meet writes that are under way
  const fault = (await Promise.allSettled(done)).find(({ status }) => status === 'rejected');
  if (fault?.status === 'rejected') throw fault.reason;
}

async function writeOne(
  port: ArchivePort,
  write: Write,
  signed: ReadonlyMap<Write, string>,
  signal: AbortSignal | undefined,
): Promise<void> {
  switch (write.kind) {
    case 'blob':
      throw new TypeError('a step has blobs only, or none');
    case 'link':
      return await port.copy(write.path, write.from, { signal, modified: write.modified });
    case 'alias':
      return await makeWay(port, write.path, write.target);
    case 'data':
      return await port.put(write.path, write.data, { signal });
    case 'text':
      return await port.put(write.path, write.text, { signal, modified: write.date });
    case 'detached':
    case 'clearsigned':
      return await port.put(write.path, signed.get(write)!, { signal, modified: write.date });
  }
}
