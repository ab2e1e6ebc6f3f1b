/**
 * `lockstep drop`: removes a snapshot that nothing needs. A signed line records the drop first, so that the
 * next run finishes an interrupted drop, and the gap is not mistaken for a loss. The next gc removes its
 * packages.
 */
import type { PoolFile } from '../../archive/index-text.js';
import { readSignedView } from '../../archive/signed-view.js';
import { listedIn } from '../../archive/release.js';
import { liveView } from '../../archive/layout.js';
import { LockstepError } from '../../errors.js';
import { didYouMean } from '../../profile/nearest.js';
import { assertDroppable } from '../../snapshot/drop-rules.js';
import { readDropped } from '../../snapshot/dropped.js';
import type { Snapshot } from '../../snapshot/manifest.js';
import { suitePointers } from '../../suite/pointers.js';
import { listSnapshots, type SnapshotPlace } from '../../snapshot/snapshot-folder.js';
import { anyTime } from '../../suite/unbelieved.js';
import { archiveSigner } from '../keys/archive-signer.js';
import { archiveKeys, ownJudgement, type ArchiveKeys } from '../keys/archive-keys.js';
import type { Context, Run } from '../workspace/context.js';
import { dropSnapshot, filesOf, onlyIn, type FinishedDrop } from './dropped-files.js';
import { allHistories } from '../reading/named-snapshot.js';
import { assertSound } from './soundness.js';
import { exclusively } from '../workspace/workspace-lock.js';
import type { DropResult } from './upkeep-results.js';

export interface DropRequest {
  id: string;
  reason: string | undefined;
  dryRun: boolean;
}

export type DropReport = Omit<DropResult, 'dryRun'>;

/**
 * Drops a snapshot, or only reports what would be removed.
 *
 * @throws LockstepError SNAPSHOT_UNKNOWN with the nearest, SNAPSHOT_IN_USE, SNAPSHOT_INVALID if it cannot decide which
 * files other snapshots need, those of the signer and of the disk
 */
export async function drop(context: Context, request: DropRequest): Promise<DropReport> {
  return await exclusively(context, request, async (run) => {
    const before = await interrupted(run, request.id);
    if (before !== undefined) return { ...before, verdict: 'finished', freed: { files: 0, bytes: 0 } };
    const keys = await archiveKeys(run, []);
    const { snapshot, left } = await whatIsLeft(run, await snapshotNamed(run, request.id), keys);
    const { manifest, sha256 } = snapshot;
    const bytes = left.reduce((sum, { size }) => sum + size, 0);
    const report: DropReport = {
      id: manifest.id,
      profile: manifest.profile,
      verdict: 'drop',
      files: (await filesOf(run, { ...manifest, manifest: sha256 })).map((file) => file.shown),
      freed: { files: left.length, bytes },
    };
    if (request.dryRun) return report;
    const signer = await archiveSigner(run);
    await dropSnapshot(run, snapshot, { left, signer, reason: request.reason });
    return report;
  });
}

/**
 * A recorded drop that a killed run did not finish, or undefined. This run has finished it when it took the lock; a dry
 * run finishes none.
 */
async function interrupted(run: Run, id: string): Promise<FinishedDrop | undefined> {
  const finished = run.finishedDrops.find((one) => one.id === id);
  if (finished !== undefined) return finished;
  const dropped = (await readDropped(run.places.snapshots)).find((one) => one.id === id);
  if (dropped === undefined) return undefined;
  const files = (await filesOf(run, dropped)).map((file) => file.shown);
  if (files.length > 0) return { id, profile: dropped.profile, files };
  throw new LockstepError('SNAPSHOT_UNKNOWN', {
    message: `The snapshot ${id} of ${dropped.profile} was dropped at ${dropped.at} by ${dropped.by}`,
    hint: 'Only its packages remain, until the next: lockstep gc',
  });
}

/** @throws LockstepError SNAPSHOT_UNKNOWN with the nearest */
async function snapshotNamed(context: Context, id: string): Promise<SnapshotPlace> {
  const all = await listSnapshots(context.places.snapshots);
  const found = all.find((place) => place.id === id);
  if (found !== undefined) return found;
  const ids = all.map((place) => place.id);
  throw new LockstepError('SNAPSHOT_UNKNOWN', {
    message: `There is no snapshot ${id}${didYouMean(id, ids)}`,
    hint: ids.length === 0 ? 'There are no snapshots yet' : 'List them with: lockstep snapshots',
  });
}

/**
 * The snapshot, if nothing needs it, and the pool files that only it has.
 *
 * @throws LockstepError SNAPSHOT_IN_USE, SNAPSHOT_INVALID
 */
async function whatIsLeft(
  run: Run,
  place: SnapshotPlace,
  keys: ArchiveKeys,
): Promise<{ snapshot: Snapshot; left: PoolFile[] }> {
  // Checked first, because reading the manifests takes long
  assertDroppable({ place, suites: await suitesListing(run, place.id, keys) });
  // Accepts signatures of keys that are no longer trusted: such a snapshot can be dropped, and its manifest still shows
  // which files are needed
  const { reading, snapshot, left } = await onlyIn(run, place, anyTime(ownJudgement(keys)));
  assertSound(reading, 'dropped');
  return { snapshot: snapshot!, left };
}

/**
 * The suites that list a snapshot, by the signed Release files. If a suite's Release is not valid, its history decides.
 */
async function suitesListing(
  run: Run,
  id: string,
  keys: ArchiveKeys,
): Promise<{ suite: string; as: 'current' | 'listed' }[]> {
  const { archive: port } = run;
  const trust = ownJudgement(keys);
  const listing: { suite: string; as: 'current' | 'listed' }[] = [];
  const histories = allHistories(run);
  const pointers = suitePointers(histories).get(id) ?? [];
  for (const { suite } of histories) {
    const { release } = await readSignedView(port, liveView(suite), trust);
    const listed = release === null ? undefined : listedIn(release);
    const pointer = pointers.find((each) => each.suite === suite);
    if (pointer?.as === 'current' || listed?.[0] === id) listing.push({ suite, as: 'current' });
    else if (listed === undefined ? pointer !== undefined : listed.includes(id))
      listing.push({ suite, as: 'listed' });
  }
  return listing;
}
