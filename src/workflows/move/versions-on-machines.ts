/**
 * What machines that follow a suite may have: the versions of every snapshot
 * that it pointed at. Read from the records of those, so that it costs little.
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
 * Every snapshot in a suite's history, each once, the last one first. What a dropped one listed is not known.
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
  const { id, sha256, load } = await listedSnapshot(run, target);
  const { supersedes, indices } = await records.of(sha256, load);
  const blocks = indices.find(({ path }) => path === 'versions')?.blocks ?? [];
  try {
    const packages = blocks.flatMap((ref) => versionsOf(blockText(ref, records.places.blocks)));
    return { id, sha256, supersedes, packages };
  } catch (error) {
    // What was derived is damaged: the manifest still says it
    if (!(error instanceof BlockMissing)) throw error;
    return { id, sha256, supersedes, packages: (await load()).manifest.packages };
  }
}

/**
 * Whether machines without the pin stay on a re-issue when `suite` moves to `next`: on the newest one in its
 * history that has a higher version of any package. Null where all follow.
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
  // By the history alone, as there are none as a rule: reading what every snapshot has would cost the move
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
