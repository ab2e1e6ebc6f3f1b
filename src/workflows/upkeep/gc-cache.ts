/**
 * `lockstep gc --cache`, and the same automatically once a day: prunes the cache with the rule of
 * io/cache-rule.ts. It lists the folders of io/cache-folders.ts and removes what the rule selects. It never
 * reads the content of cached files, and has no other rule.
 */
import type { Stats } from 'node:fs';
import { readdir, rename, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { removeIsolated } from '../../build/namespace.js';
import { counted } from '../../counted.js';
import { LockstepError } from '../../errors.js';
import { cacheFolderNames, cacheFolders, inCache, type CacheFolder } from '../../io/cache-folders.js';
import {
  defaultCacheLimits,
  parseSize,
  planCache,
  type CacheItem,
  type CacheLimits,
  type CachePlan,
} from '../../io/cache-rule.js';
import { isTemporaryName, lookAt, namesIn, removeFile, tempDir, writeFileAtomic } from '../../io/disk.js';
import { notThere, onDisk } from '../../io/disk-fault.js';
import { throwIfInterrupted } from '../../io/interrupt.js';
import { run } from '../../io/process.js';
import { parseDuration } from '../../profile/duration.js';
import type { Context } from '../workspace/context.js';
import { runsUnderWay, unreachableNotes, workspacesNeeds } from './shared-cache.js';
import { exclusively } from '../workspace/workspace-lock.js';
import { inPhase } from '../../io/progress.js';
import type { GcReport } from './upkeep-results.js';

export interface CacheGcRequest extends CacheLimits {
  dryRun: boolean;
}

export interface CacheGcReport extends GcReport {
  /** Bytes that remain in the cache. */
  kept: number;
}

/**
 * The limits from the flags, otherwise from LOCKSTEP_CACHE_AGE and LOCKSTEP_CACHE_SIZE. They are not in lockstep.yaml,
 * because several workspaces share the cache.
 *
 * @throws LockstepError USAGE
 */
export function cacheLimits(
  env: Readonly<Record<string, string | undefined>>,
  flags: { age?: string | undefined; size?: string | undefined } = {},
): CacheLimits {
  const { maxAge, maxSize } = defaultCacheLimits;
  const age = { '--max-age': flags.age, LOCKSTEP_CACHE_AGE: env['LOCKSTEP_CACHE_AGE'] };
  const size = { '--max-size': flags.size, LOCKSTEP_CACHE_SIZE: env['LOCKSTEP_CACHE_SIZE'] };
  return {
    maxAge: limit(age, parseDuration, 'Use a number and s, m, h, d or w, such as 30d') ?? maxAge,
    maxSize: limit(size, parseSize, 'Use a number and K, M, G or T, such as 50G') ?? maxSize,
  };
}

/**
 * The first limit that is set. An empty text counts as not set.
 *
 * @param texts by flag or variable
 * @throws LockstepError USAGE
 */
function limit(
  texts: Readonly<Record<string, string | undefined>>,
  parse: (text: string) => number | undefined,
  hint: string,
): number | undefined {
  for (const [path, text] of Object.entries(texts)) {
    const value = text?.trim() ?? '';
    if (value === '') continue;
    const parsed = parse(value);
    if (parsed !== undefined) return parsed;
    const message = `${path} cannot be read: ${JSON.stringify(value)}`;
    throw new LockstepError('USAGE', { message, hint, where: [{ path, value }] });
  }
  return undefined;
}

/**
 * Prunes the cache, or only reports what it would remove. It may run in parallel with runs of other workspaces: it
 * keeps what they may be using.
 *
 * @throws LockstepError LOCK_HELD, DISK_IO, TOOL_MISSING, INTERRUPTED
 */
export async function gcCache(context: Context, request: CacheGcRequest): Promise<CacheGcReport> {
  return await exclusively(context, request, (run) => pruneCache(run, request));
}

async function pruneCache(context: Context, request: CacheGcRequest): Promise<CacheGcReport> {
  const notes: string[] = [];
  const plan = await inPhase(
    context.progress,
    'Scanning the cache',
    async () => planCache(await findItems(context, notes), request, context.clock.now()),
    ({ remove }) => `${remove.length} to remove`,
  );
  if (!request.dryRun) await removeItems(context, plan);
  const removed = plan.remove.map(({ folder: kind, path, size: bytes }) => ({ kind, path, bytes }));
  return { removed, waiting: [], finished: [], notes, kept: plan.kept };
}

/** Interval of the automatic pruning, in seconds. */
const pruneEvery = 86_400;

/**
 * Prunes the cache if this was not done for a day, at the end of a command that fills it. A fault is only
 * reported, because the command's work is done. The caller holds the workspace's lock.
 */
export async function pruneWhenDue(context: Context): Promise<void> {
  const limits = cacheLimits(context.env);
  const mark = join(context.places.cache, pruneMark);
  try {
    const now = context.clock.now();
    const last = await lookAt(mark);
    if (last !== undefined && now.getTime() - last.mtime.getTime() < pruneEvery * 1000) return;
    // Written before the work, so that two runs do not both do it
    await writeFileAtomic(mark, '', { fsync: false });
    await onDisk('date', mark, () => utimes(mark, now, now));
    // A new cache has nothing old
    if (last !== undefined) await pruneCache(context, { ...limits, dryRun: false });
  } catch (error) {
    if (!(error instanceof LockstepError) || error.code === 'INTERRUPTED') throw error;
    context.progress.phase('Pruning the cache').done(`left for the next run: ${error.message}`);
  }
}

/** Name of the file in the cache that records the last automatic pruning. */
export const pruneMark = 'pruned';

async function findItems(context: Context, notes: string[]): Promise<CacheItem[]> {
  const { cache } = context.places;
  const items: CacheItem[] = [];
  const others = await runsUnderWay(context);
  for (const { workspace, command } of others) {
    notes.push(
      `The content store, build roots and scratch space are not pruned: "${command}" is active in ${workspace}`,
    );
  }
  const known = new Set<string>([...cacheFolderNames, pruneMark]);
  for (const name of (await namesIn(cache)).sort()) {
    if (!known.has(name) && !isTemporaryName(name)) {
      notes.push(`${join(cache, name)} is not pruned: it does not belong to Lockstep`);
    }
  }
  for (const folder of cacheFolderNames) {
    throwIfInterrupted(context.signal);
    items.push(...(await itemsOf(folder, context, { busy: others.length > 0, notes })));
  }
  return items;
}

/**
 * The items of one cache folder. Addresses of workspaces are left out: each run renews its own, and `needsOfOthers`
 * removes old ones.
 */
async function itemsOf(
  folder: CacheFolder,
  context: Context,
  { busy, notes }: { busy: boolean; notes: string[] },
): Promise<CacheItem[]> {
  const top = inCache(context.places.cache, folder);
  const { unit } = cacheFolders[folder];
  switch (unit) {
    case 'address':
      return [];
    case 'file':
      return await filesBelow(folder, top, false);
    case 'folder':
      return await foldersIn(folder, top, busy);
    case 'blob':
      return await blobs(folder, context, busy, notes);
  }
}

async function filesBelow(folder: CacheFolder, top: string, needed: boolean): Promise<CacheItem[]> {
  const entries = await onDisk('list', top, () =>
    readdir(top, { withFileTypes: true, recursive: true }).catch(notThere([])),
  );
  const items: CacheItem[] = [];
  for (const entry of entries) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    const found = await lookAt(path);
    if (found !== undefined) items.push({ folder, path, size: found.size, used: usedOf(found), needed });
  }
  return items;
}

async function foldersIn(folder: CacheFolder, top: string, needed: boolean): Promise<CacheItem[]> {
  const items: CacheItem[] = [];
  for (const name of (await namesIn(top)).sort()) {
    const path = join(top, name);
    // The file `ready` has the time of a build root's last use. Other folders have their own time
    const found = (await lookAt(join(path, 'ready'))) ?? (await lookAt(path));
    if (found !== undefined)
      items.push({ folder, path, size: await sizeOf(path), used: found.mtime, needed });
  }
  return items;
}

async function blobs(
  folder: CacheFolder,
  context: Context,
  busy: boolean,
  notes: string[],
): Promise<CacheItem[]> {
  const { store } = context;
  const needs = await workspacesNeeds(context);
  notes.push(...unreachableNotes(needs, 'pruned'));
  const all = busy || needs.unreachable.length > 0;
  const items: CacheItem[] = [];
  for await (const { sha256, size, path } of store.list()) {
    throwIfInterrupted(context.signal);
    const found = await lookAt(path);
    if (found === undefined) continue;
    items.push({ folder, path, size, used: usedOf(found), needed: all || needs.hashes.has(sha256) });
  }
  for (const below of [store.partialDir, store.corruptDir]) {
    items.push(...(await filesBelow(folder, below, busy)));
  }
  return items;
}

/**
 * The last use of a file. A file system without read times (noatime) only has the time of writing: there, a file may be
 * removed too early and is made again.
 */
function usedOf({ mtime, atime }: Stats): Date {
  return mtime > atime ? mtime : atime;
}

async function removeItems(context: Context, { remove }: CachePlan): Promise<void> {
  if (remove.length === 0) return;
  const prune = async (): Promise<number> => {
    let bytes = 0;
    for (const item of remove) {
      throwIfInterrupted(context.signal);
      const isFolder = cacheFolders[item.folder].unit === 'folder';
      // Another run may have used it since the listing
      const now =
        (isFolder ? await lookAt(join(item.path, 'ready')) : undefined) ?? (await lookAt(item.path));
      if (now === undefined || (isFolder ? now.mtime : usedOf(now)) > item.used) continue;
      if (isFolder) await removeFolder(context, item.path);
      else await removeFile(item.path);
      bytes += item.size;
    }
    return bytes;
  };
  await inPhase(
    context.progress,
    'Pruning the cache',
    prune,
    (bytes) => `${counted(remove.length, 'thing')}, ${Math.round(bytes / 1024 / 1024)} MiB`,
  );
}

/** Renames a folder before it removes it, so that no run finds an incomplete folder. */
async function removeFolder({ places }: Context, path: string): Promise<void> {
  const work = await tempDir(places.temporary, 'going-');
  await onDisk('remove', path, () => rename(path, join(work, basename(path))).catch(notThere(undefined)));
  await removeIsolated(process.getuid?.() === 0 ? 'root' : 'subordinate', [work]);
}

/** In bytes, from du(1): a build root has tens of thousands of files. */
async function sizeOf(path: string): Promise<number> {
  const { stdout } = await run('du', ['-s', '--block-size=1', '--', path], { allowFailure: true });
  return Number(/^\d+/.exec(stdout)?.[0] ?? 0);
}
