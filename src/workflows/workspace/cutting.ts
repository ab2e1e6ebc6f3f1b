/** What all cuts of a snapshot share: what its id is made of, and how it is written. The callers decide its content. */
import type { Signer } from '../../signing/signer.js';
import { takenIds } from '../../snapshot/dropped.js';
import type { Snapshot } from '../../snapshot/manifest.js';
import { applySnapshot } from '../../snapshot/snapshot-folder.js';
import type { SnapshotPlan, SnapshotRequest } from '../../snapshot/snapshot-plan.js';
import { commitSnapshotFiles } from './commit-files.js';
import type { Run } from './context.js';

/** The parts of a request to cut that do not depend on its content. */
export async function cutRequest(
  { places, clock, toolVersion: version }: Run,
  last: Snapshot | null,
): Promise<Omit<SnapshotRequest, 'content'>> {
  const taken = await takenIds(places.snapshots);
  return { last, taken, now: clock.now(), tool: { name: 'lockstep', version } };
}

/**
 * Writes and signs what was planned, and commits it. What publishing needs is made while the snapshot is in memory, so
 * that no move has to read it.
 *
 * @returns the absolute paths written; none for an unchanged set
 * @throws LockstepError as applySnapshot, SNAPSHOT_COMMIT
 */
export async function writeCut(
  run: Run,
  plan: SnapshotPlan,
  signer: Signer,
  message: string,
): Promise<string[]> {
  const { places, clock, signal } = run;
  const files = await applySnapshot(places.snapshots, plan, { signer, now: clock.now(), signal });
  if (plan.kind === 'cut') await run.records.make(plan);
  await commitSnapshotFiles(run, files, message);
  return files;
}
