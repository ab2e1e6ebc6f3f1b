/**
 * The versions that machines of a suite can have: those of every snapshot that the suite pointed at. It reads the
 * snapshots' records and not their manifests, so the cost is low.
 */
import { BlockMissing, blockText } from '../../archive/index-set.js';
import { versionsOf } from '../../archive/index-text.js';
import type { SnapshotRef, Superseding } from '../../snapshot/manifest.js';
import type { NamedVersion } from '../../suite/version-steps.js';
import { listSnapshots } from '../../snapshot/snapshot-folder.js';
import { supersededPackages, type LeftOnReissue } from '../../suite/highest-versions.js';
import { listedSnapshot, type SnapshotTarget } from '../workspace/snapshot-records.js';
import type { Run } from '../workspace/context.js';

/** A snapshot that a suite pointed at. */
export interface PastSnapshot extends SnapshotRef {
  supersedes: Superseding | null;
  packages: readonly NamedVersion[];
}

/**
 * Every snapshot in a suite's history, each once, the last one first. Dropped snapshots are left out, because their
 * versions are unknown.
 *
 * @throws LockstepError what reading the history and making a record throws
 */
export async function pastVersions(run: Run, suite: string): Promise<PastSnapshot[]> {
  const { snapshots } = run.places;
  const history = run.ledger.history(suite);
  const there = new Set((await listSnapshots(snapshots)).map(({ id }) => id));
  const moves = new Map(history.toReversed().map((entry) => [entry.to, entry]));
  const past: PastSnapshot[] = [];
  for (const { to: id, profile, manifest: sha256 } of moves.values()) {
    if (there.has(id)) past.push(await versionsIn(run, { profile, id, sha256 }));
  }
  return past;
}

async function versionsIn(run: Run, target: SnapshotTarget): Promise<PastSnapshot> {
  const records = run.records;
  const listed = await listedSnapshot(run, target);
  const { id, sha256, load } = listed;
  const { supersedes, indices } = await records.of(listed);
  const blocks = indices.find(({ path }) => path === 'versions')?.blocks ?? [];
  try {
    const packages = blocks.flatMap((ref) => versionsOf(blockText(ref, records.places.blocks)));
    return { id, sha256, supersedes, packages };
  } catch (error) {
    // The derived files are damaged: read the manifest
    if (!(error instanceof BlockMissing)) throw error;
    return { id, sha256, supersedes, packages: (await load()).manifest.packages };
  }
}

/**
 * The re-issue that machines without the pin keep when `suite` moves to `next`: the newest one in its history that has
 * a higher version of any package. Null if all machines follow.
 *
 * @throws LockstepError as {@link pastVersions}
 */
export async function leftOnReissue(
  run: Run,
  suite: string,
  next: SnapshotTarget,
): Promise<LeftOnReissue | null> {
  const { snapshots } = run.places;
  const history = run.ledger.history(suite);
  // From the history only: most suites have no re-issue, and reading every snapshot would make each move slow
  const reissues = history
    .filter((entry) => entry.reissues !== undefined && entry.to !== next.id)
    .toReversed();
  if (reissues.length === 0) return null;
  const there = new Set((await listSnapshots(snapshots)).map(({ id }) => id));
  const target = await versionsIn(run, next);
  for (const { to: id, profile, manifest: sha256, reissues: content } of reissues) {
    if (!there.has(id)) continue;
    const { packages } = await versionsIn(run, { profile, id, sha256 });
    const higher = supersededPackages(target, { packages });
    if (higher.length > 0) return { id, content: content!, packages: higher };
  }
  return null;
}
