/** What all cuts of a snapshot share: what its id is made of, and how it is written. The callers decide its content. */
import type { Signer } from '../../signing/signer.js';
import { LockstepError } from '../../errors.js';
import { takenIds } from '../../snapshot/dropped.js';
import { forkWords } from '../../snapshot/fork-notes.js';
import type { Snapshot } from '../../snapshot/manifest.js';
import { applySnapshot, snapshotFiles } from '../../snapshot/snapshot-folder.js';
import type { SnapshotPlan, SnapshotRequest } from '../../snapshot/snapshot-plan.js';
import { commitSnapshotFiles } from './commit-files.js';
import { newestOf } from './ancestry.js';
import type { Places, Run } from './context.js';

/**
 * The parts of a request to cut that do not depend on its content.
 *
 * @param merges newest snapshots that the new one follows, `last` among them or not
 * @throws LockstepError SNAPSHOT_FORKED without `merges`, where the profile has several newest snapshots
 */
export async function cutRequest(
  { places, clock, toolVersion: version }: Run,
  last: Snapshot | null,
  merges?: readonly Snapshot[],
): Promise<Omit<SnapshotRequest, 'content'>> {
  const taken = await takenIds(places.snapshots);
  if (merges === undefined && last !== null) await assertNotForked(places, last);
  const others = (merges ?? []).filter(({ manifest }) => manifest.id !== last?.manifest.id);
  const also = others.map(({ manifest: { id }, sha256 }) => ({ id, sha256 }));
  return { last, merges: also, taken, now: clock.now(), tool: { name: 'lockstep', version } };
}

/** Refuses to follow one of several newest snapshots alone. */
async function assertNotForked(places: Places, last: Snapshot): Promise<void> {
  const { profile, id } = last.manifest;
  const others = (await newestOf(places, profile, [last])).filter((other) => other !== id);
  if (others.length === 0) return;
  throw new LockstepError('SNAPSHOT_FORKED', {
    message: `${forkWords(profile, [...others, id])} A snapshot that follows only one of them would lack what is new in the other`,
    hint: `Merge them first: lockstep merge ${profile}`,
    where: others.map((other) => ({
      file: snapshotFiles(places.snapshots, { profile, id: other }).manifest,
      value: other,
    })),
  });
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
