/**
 * One run at a time: an exclusive lock file that names its holder. The lock of a dead holder is replaced.
 * Must not wait: a second run reports the holder, and ends.
 */
import { randomUUID } from 'node:crypto';
import { link, readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { LockstepError } from '../errors.js';
import type { Clock } from './clock.js';
import {
  ensureDir,
  readIfThere,
  removeFile,
  sha256Of,
  viaTemporary,
  writeFileAtomic,
  writeNew,
} from './disk.js';
import { errnoOf, onDisk, onErrno } from './disk-fault.js';

/** What a lock file holds, as JSON. */
export interface LockHolder extends Omit<ProcessView, 'processStart'> {
  pid: number;
  /** ISO 8601. */
  startedAt: string;
  /**
   * Start of the process in clock ticks since boot (proc(5), field 22 of stat), so that a reused pid is
   * another process; empty where there is no /proc.
   */
  processStart: string;
  /** What it runs, as a person would know it: `lockstep release mediawiki-1.39`. */
  command: string;
  /** Identifies this holder of the lock. */
  nonce: string;
}

export interface LockOptions {
  command: string;
  clock: Clock;
}

/** What this machine says about a holder's process. */
export interface ProcessView {
  host: string;
  /** The boot, without which ticks mean nothing; empty where there is no /proc. */
  boot: string;
  /** The pid namespace, without which a pid means nothing. */
  pidNamespace: string;
  /** Start of the process with the holder's pid, or undefined when there is none (or only a zombie). */
  processStart: string | undefined;
}

/**
 * Whether a holder is known to have ended. What cannot be known (another machine, another pid namespace,
 * a file that is not ours) counts as alive: two runs at once are worse than one that must be unlocked by hand.
 */
export function holderHasEnded(holder: LockHolder, view: ProcessView): boolean {
  if (holder.host !== view.host) return false;
  if (holder.boot !== view.boot) return true;
  if (holder.pidNamespace !== view.pidNamespace) return false;
  return view.processStart !== holder.processStart;
}

/**
 * Runs `work` while holding the lock. Throws LOCK_HELD, naming the holder, when another run has it;
 * DISK_IO, DISK_FULL when the lock file cannot be written.
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const holding = await takeLock(path, options);
  if ('heldBy' in holding) throw lockHeld(path, holding.heldBy);
  try {
    return await work();
  } finally {
    await holding.release();
  }
}

/** Who holds a lock, without taking it; undefined where nobody does, or nobody knows who. DISK_IO. */
export async function lockHolder(path: string): Promise<LockHolder | undefined> {
  const held = await textOf(path);
  const holder = held === undefined ? undefined : parseHolder(held);
  if (holder === undefined || holderHasEnded(holder, await present(holder.pid))) return undefined;
  return holder;
}

/** The lock, or its holder (undefined: the file is not a Lockstep lock). DISK_IO, DISK_FULL. */
export async function takeLock(
  path: string,
  options: LockOptions,
): Promise<{ release(): Promise<void> } | { heldBy: LockHolder | undefined }> {
  const view = await present(process.pid);
  const holder: LockHolder = {
    pid: process.pid,
    ...view,
    processStart: view.processStart ?? '',
    startedAt: options.clock.now().toISOString(),
    command: options.command,
    nonce: randomUUID(),
  };
  const text = `${JSON.stringify(holder, undefined, 2)}\n`;
  await ensureDir(dirname(path));
  const held = await claim(path, text);
  if (held !== undefined) return { heldBy: parseHolder(held) };
  const release = async (): Promise<void> => {
    // While we live nobody replaces our file; but a person may have removed it and started another run.
    if ((await textOf(path)) === text) await removeFile(path);
  };
  return { release };
}

/**
 * Puts `text` under `path` if nobody holds it; returns the holder's text where somebody does.
 *
 * link(2) either makes the name with its content or fails, so no reader ever sees an empty lock. To replace
 * a dead holder, or a torn file, one must hold a second lock, named after the dead holder's very text, and then still find
 * that text: so of several runs that saw the same dead holder one replaces it, and a late one cannot
 * replace the winner. That second lock is taken by the same rules, should its holder die too.
 */
async function claim(path: string, text: string): Promise<string | undefined> {
  for (;;) {
    if (await placeNew(path, text)) return undefined;
    const held = await textOf(path);
    if (held === undefined) continue; // released in between
    const holder = parseHolder(held);
    if (!isTorn(held) && (holder === undefined || !holderHasEnded(holder, await present(holder.pid))))
      return held;
    const takeover = `${path}.takeover-${sha256Of(held).slice(0, 16)}`;
    const rival = await claim(takeover, text);
    if (rival !== undefined) return rival;
    try {
      if ((await textOf(path)) !== held) continue;
      await writeFileAtomic(path, text, { fsync: false });
      return undefined;
    } finally {
      await removeFile(takeover);
    }
  }
}

async function placeNew(path: string, text: string): Promise<boolean> {
  return await viaTemporary(path, async (temporary) => {
    await writeNew(temporary, text, { fsync: false });
    return await onDisk('lock', path, () =>
      link(temporary, path).then(() => true, onErrno(['EEXIST'], false)),
    );
  });
}

async function textOf(path: string): Promise<string | undefined> {
  return (await readIfThere(path))?.toString('utf8');
}

/**
 * Whether a file is the beginning of a lock, or nothing. A run that lives has never left one: link(2) gives the name
 * together with the content. A loss of power does, since the content is not flushed before the name.
 */
function isTorn(text: string): boolean {
  if (/^[\0\s]*$/.test(text)) return true;
  if (!text.startsWith('{')) return false;
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}

function parseHolder(text: string): LockHolder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, host, startedAt, processStart, boot, pidNamespace, command, nonce } = value as LockHolder;
    const texts = [host, startedAt, processStart, boot, pidNamespace, command, nonce];
    if (!Number.isSafeInteger(pid) || texts.some((field) => typeof field !== 'string')) return undefined;
    return { pid, host, startedAt, processStart, boot, pidNamespace, command, nonce };
  } catch {
    return undefined;
  }
}

async function present(pid: number): Promise<ProcessView> {
  const none = (): string => '';
  return {
    host: hostname(),
    boot: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(none)).trim(),
    pidNamespace: await readlink('/proc/self/ns/pid').catch(none),
    processStart: await processStart(pid),
  };
}

/** Where there is no /proc, a living process has the start ''. */
async function processStart(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The second field, the program's name, may itself hold blanks and parentheses: count from its end.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, start] = [fields?.[0], fields?.[19]];
  if (start !== undefined) return state === 'Z' || state === 'X' ? undefined : start;
  const own = await readFile('/proc/self/stat').catch(() => undefined);
  if (own !== undefined) return undefined;
  try {
    process.kill(pid, 0);
    return '';
  } catch (error) {
    return errnoOf(error) === 'EPERM' ? '' : undefined;
  }
}

function lockHeld(path: string, holder: LockHolder | undefined): LockstepError {
  if (holder === undefined) {
    return new LockstepError('LOCK_HELD', {
      message: `The lock file ${path} exists, but does not name its owner`,
      hint: 'If no other run is active, remove that file.',
      where: [{ file: path }],
    });
  }
  const where = holder.host === hostname() ? '' : ` on ${holder.host}`;
  return new LockstepError('LOCK_HELD', {
    message: `Another run is active here: "${holder.command}", process ${holder.pid}${where}, since ${holder.startedAt}`,
    hint: `Wait for it to finish. If it is no longer running, remove ${path}`,
    where: [{ file: path }],
  });
}
