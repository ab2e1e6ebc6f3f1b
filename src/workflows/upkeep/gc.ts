/**
 * `lockstep gc`: removes files that were unreferenced for the grace period. It needs all references to
 * decide; if they are not known completely, it removes nothing.
 */
import { counted } from '../../counted.js';
import { basename, join } from 'node:path';
import { manifestPoolFiles } from '../../archive/expected.js';
import { liveView, frozenView } from '../../archive/layout.js';
import {
  planGarbage,
  poolGarbage,
  viewGarbage,
  type Garbage,
  type GarbageKind,
  type GarbagePlan,
} from '../../archive/garbage.js';
import type { PortFile } from '../../archive/port.js';
import { readSignedView } from '../../archive/signed-view.js';
import { readNotes, writeNotes } from '../../archive/unreferenced.js';
import { isTemporaryName, lookAt, namesIn, readIfThere, removeFile, sweepTemporary } from '../../io/disk.js';
import { onDisk } from '../../io/disk-fault.js';
import { throwIfInterrupted } from '../../io/interrupt.js';
import type { SnapshotManifest } from '../../snapshot/manifest.js';
import { verifySnapshots } from '../../suite/verify-records.js';
import { archiveKeys, ownJudgement } from '../keys/archive-keys.js';
import type { Context, Run } from '../workspace/context.js';
import { knownSuites } from '../reading/named-snapshot.js';
import { notesPath } from './dropped-files.js';
import { addHashes, hashesIn, needsOfOthers, unreachableNotes } from './shared-cache.js';
import { assertSound } from './soundness.js';
import type { GcReport } from './upkeep-results.js';
import { exclusively } from '../workspace/workspace-lock.js';
import { inPhase } from '../../io/progress.js';

export interface GcRequest {
  /** How long a file must have been unreferenced, in seconds. */
  grace: number;
  dryRun: boolean;
}

/**
 * Collects, or only reports what it would remove.
 *
 * @throws LockstepError SNAPSHOT_INVALID if the references are not known, LOCK_HELD, DISK_IO, INTERRUPTED
 */
export async function gc(context: Context, request: GcRequest): Promise<GcReport> {
  return await exclusively(context, request, async (run) => {
    const finished = run.finishedDrops.map(({ id }) => id);
    const notes: string[] = [];
    const look = async (): Promise<GarbagePlan> =>
      planGarbage({
        garbage: await findGarbage(run, request, notes),
        notes: await readNotes(notesPath(run)),
        now: run.clock.now(),
        grace: request.grace,
      });
    const plan = await inPhase(
      run.progress,
      'Searching for unreferenced files',
      look,
      ({ remove, wait }) => `${counted(remove.length, 'file')} to remove, ${wait.length} must wait`,
    );
    if (!request.dryRun) {
      await removeGarbage(run, plan);
      await sweep(run, request.grace);
    }
    const waiting = plan.wait.map((item) => ({ ...shown(item), until: item.until.toISOString() }));
    return { removed: plan.remove.map(shown), waiting, finished, notes };
  });
}

/** Everything that is referred to. */
interface Needs {
  /** Pool files by path below `debian/`. */
  pool: Set<string>;
  /** SHA-256 of manifests. */
  manifests: Set<string>;
  /** SHA-256 of whatever the content store should keep. */
  hashes: Set<string>;
}

async function findGarbage(run: Run, request: GcRequest, notes: string[]): Promise<Garbage[]> {
  const { archive: port, places, signal } = run;
  const keys = await archiveKeys(run, []);
  const trust = ownJudgement(keys);
  const needs: Needs = { pool: new Set(), manifests: new Set(), hashes: new Set() };
  const reading = await verifySnapshots({
    root: places.snapshots,
    trust,
    onSnapshot: ({ manifest, sha256 }) => {
      needs.manifests.add(sha256);
      noteNeeds(manifest, needs);
    },
    signal,
  });
  assertSound(reading, 'removed');
  const there = [...(await port.list('debian', { signal })), ...(await port.list('snapshot', { signal }))];
  const garbage = [...temporaries(there), ...poolGarbage(there, needs.pool)];
  const views = knownSuites(run).flatMap((suite) => [
    liveView(suite),
    ...[...reading.good.keys()].map((id) => frozenView(suite, id)),
  ]);
  for (const view of views) {
    throwIfInterrupted(signal);
    const signed = await readSignedView(port, view, trust);
    if (signed.there && signed.release === null) {
      notes.push(
        `${view} is not cleaned: none of its Release files can be trusted. Check it with: lockstep verify`,
      );
    }
    for (const { sha256 } of signed.release?.sha256.values() ?? []) needs.hashes.add(sha256);
    garbage.push(...viewGarbage(there, signed));
  }
  garbage.push(...(await recordGarbage(run, needs)), ...(await storeGarbage(run, request, needs, notes)));
  return garbage;
}

function noteNeeds(manifest: SnapshotManifest, needs: Needs): void {
  for (const { path, sha256 } of manifestPoolFiles(manifest)) {
    needs.pool.add(path);
    needs.hashes.add(sha256);
  }
  // What the pins were made from, to be built again
  addHashes(JSON.stringify(manifest.components), needs.hashes);
}

/** Nobody else is writing while we have the lock. */
function temporaries(there: readonly PortFile[]): Garbage[] {
  return there
    .filter(({ path, kind }) => kind === 'file' && isTemporaryName(path))
    .map(({ path, size }) => ({ kind: 'temporary', path, size, since: new Date(0) }));
}

/**
 * What was derived from manifests that are gone, listings that no view has, blocks that no record names. All
 * of it can be made again.
 */
async function recordGarbage(run: Run, needs: Needs): Promise<Garbage[]> {
  const records = run.records;
  const garbage: Garbage[] = [];
  const named = new Set<string>();
  const sort = async (path: string, isNeeded: (text: string) => boolean): Promise<void> => {
    const text = (await readIfThere(path))?.toString('utf8') ?? '';
    if (isNeeded(text)) addHashes(text, named);
    else garbage.push(...(await recordAt(path)));
  };
  const kept = new Set([...needs.manifests].map((sha256) => records.path(sha256)));
  for (const path of await filesIn(join(records.folder, 'snapshots'))) await sort(path, () => kept.has(path));
  for (const path of await filesIn(join(records.folder, 'listings'))) {
    await sort(path, (text) => hashesIn(text).some((hash) => needs.hashes.has(hash)));
  }
  for (const folder of await filesIn(join(records.folder, 'blocks'))) {
    for (const path of await filesIn(folder)) {
      if (!named.has(basename(path))) garbage.push(...(await recordAt(path)));
    }
  }
  for (const hash of named) needs.hashes.add(hash);
  return garbage;
}

/** Blobs that no workspace refers to. Those that this one needs are marked as used. */
async function storeGarbage(
  context: Context,
  { grace, dryRun }: GcRequest,
  needs: Needs,
  notes: string[],
): Promise<Garbage[]> {
  const { store, clock, signal } = context;
  const others = await needsOfOthers(context, grace);
  notes.push(...unreachableNotes(others, 'cleaned'));
  if (others.unreachable.length > 0) return [];
  const garbage: Garbage[] = [];
  const now = clock.now();
  for await (const { sha256, size, path, modified } of store.list()) {
    throwIfInterrupted(signal);
    if (needs.hashes.has(sha256)) {
      const age = now.getTime() - modified.getTime();
      if (!dryRun && age > (grace * 1000) / 2) await store.touch(sha256, now);
    } else if (!others.hashes.has(sha256)) {
      garbage.push({ kind: 'store', path, size, since: modified });
    }
  }
  return garbage;
}

async function recordAt(path: string): Promise<Garbage[]> {
  const found = await lookAt(path);
  return found?.isFile() === true ? [{ kind: 'record', path, size: found.size, since: found.mtime }] : [];
}

async function filesIn(folder: string): Promise<string[]> {
  return (await namesIn(folder)).map((name) => join(folder, name));
}

/** Kinds whose paths are below the root of what is published. */
const published: ReadonlySet<GarbageKind> = new Set(['pool', 'by-hash', 'index', 'temporary']);

/** The start of each grace period is on disk before the first removal: an interrupted run loses none. */
async function removeGarbage(context: Context, plan: GarbagePlan): Promise<void> {
  const { archive: port, signal, progress } = context;
  await writeNotes(notesPath(context), plan.notes);
  await inPhase(progress, 'Removing', () =>
    onDisk('remove from', port.place, async () => {
      for (const { kind, path } of plan.remove) {
        throwIfInterrupted(signal);
        if (published.has(kind)) await port.remove(path, { signal });
        else await removeFile(path);
      }
    }),
  );
  const gone = new Set(plan.remove.map(({ path }) => path));
  await writeNotes(notesPath(context), new Map([...plan.notes].filter(([path]) => !gone.has(path))));
}

/** What killed runs left elsewhere. Unfinished downloads may be another workspace's: only old ones go. */
async function sweep({ places, store, clock }: Context, grace: number): Promise<void> {
  for (const folder of [places.snapshots, places.state]) await sweepTemporary(folder);
  await store.sweep(new Date(clock.now().getTime() - grace * 1000));
}

/** As people see it: the path is below the workspace, or absolute where it is not in it. */
function shown({ kind, path, size: bytes }: Garbage): GcReport['removed'][number] {
  return { kind, path: published.has(kind) ? `public/${path}` : path, bytes };
}
