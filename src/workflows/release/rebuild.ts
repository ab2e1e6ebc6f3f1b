/**
 * `lockstep rebuild`: makes the packages of snapshots again from their pins, on a machine that has nothing but the
 * workspace and the key. It writes only to the content store and publishes nothing; `verify --repair` makes the views.
 */
import { LockstepError } from '../../errors.js';
import { goodSnapshots } from '../../suite/history.js';
import type { Snapshot } from '../../snapshot/manifest.js';
import {
  findSnapshot,
  listSnapshots,
  readSnapshot,
  type SnapshotPlace,
} from '../../snapshot/snapshot-folder.js';
import { ownTrust } from '../keys/archive-keys.js';
import type { Context, Run } from '../workspace/context.js';
import { lostFiles } from '../workspace/lost-files.js';
import { exclusively } from '../workspace/workspace-lock.js';
import type { RebuildResult } from './release-results.js';
import { resolveProfile } from './resolve.js';
import { buildSet, planBuilds } from './set-build.js';
import { changelogsOf } from './set-changelogs.js';

export interface RebuildRequest {
  /** A snapshot; undefined: all that suites list by their histories. */
  id: string | undefined;
}

/**
 * @throws LockstepError SNAPSHOT_UNKNOWN, SNAPSHOT_INVALID, and what resolving and building throw where one snapshot was
 * named; otherwise that is the reason in the result
 */
export async function rebuild(context: Context, { id }: RebuildRequest): Promise<RebuildResult> {
  return await exclusively(context, { dryRun: false }, async (run) => {
    const places = id === undefined ? await listed(run) : [await findSnapshot(run.places.snapshots, id)];
    const trust = await ownTrust(run);
    const snapshots: RebuildResult['snapshots'] = [];
    for (const place of places) {
      const snapshot = await readSnapshot(run.places.snapshots, place, trust);
      snapshots.push(await rebuildOne(run, snapshot, id !== undefined));
    }
    return { ok: snapshots.every(({ lost }) => lost.length === 0), snapshots };
  });
}

/** What suites point at, and what they may list in addition; the oldest first, since later sets share files with them. */
async function listed(run: Run): Promise<SnapshotPlace[]> {
  const wanted = new Set<string>();
  for (const suite of run.ledger.suites) {
    const retain = run.workspace.suites[suite]?.retain ?? 1;
    for (const id of goodSnapshots(run.ledger.history(suite)).slice(0, retain)) wanted.add(id);
  }
  const all = (await listSnapshots(run.places.snapshots)).filter(({ id }) => wanted.has(id));
  return all.sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function rebuildOne(
  run: Run,
  { manifest }: Snapshot,
  throws: boolean,
): Promise<RebuildResult['snapshots'][number]> {
  const { profile, id } = manifest;
  const before = await lostFiles(run, manifest);
  const told = { profile, id, imported: Object.keys(manifest.components).length === 0 };
  if (before.length === 0) return { ...told, rebuilt: 0, lost: [], reason: null };
  let reason: string | null = null;
  try {
    if (!told.imported) await buildAgain(run, { manifest });
  } catch (error) {
    if (throws || !(error instanceof LockstepError) || /^(?:DISK_|INTERRUPTED)/.test(error.code)) throw error;
    reason = `${error.code}: ${error.message}`;
  }
  const lost = await lostFiles(run, manifest);
  if (told.imported && lost.length > 0) reason = 'Imported packages cannot be built here. Import them again';
  else if (lost.length > 0) reason ??= 'What was built has other bytes than the snapshot names';
  return { ...told, rebuilt: before.length - lost.length, lost: lost.map(({ path }) => path), reason };
}

async function buildAgain(run: Run, { manifest }: Pick<Snapshot, 'manifest'>): Promise<void> {
  const pins = new Map(Object.entries(manifest.components).map(([name, { pin }]) => [name, pin]));
  // The base may have moved on since; what decides is the pins
  const options = { exactly: pins, olderBase: true };
  const resolution = await resolveProfile(run, run.profiles.withComponents(manifest.profile), options);
  const planned = await planBuilds(run, resolution, undefined, manifest.created);
  await buildSet(run, resolution, planned);
  const known = new Set((await lostFiles(run, manifest)).map(({ sha256 }) => sha256));
  const there = manifest.packages.filter(({ sha256 }) => !known.has(sha256));
  await changelogsOf(run, there, []);
}
