/**
 * The data derived from manifests, `.lockstep/indices`, for workflows. It decides moves, so that a move does not read
 * the manifests.
 */
import type { ListedSnapshot, SnapshotRecord } from '../../archive/snapshot-record.js';
import { LockstepError } from '../../errors.js';
import { exists, hashFile } from '../../io/disk.js';
import type { Evidence } from '../../snapshot/evidence.js';
import { readEvidence } from '../../snapshot/evidence-file.js';
import type { Snapshot } from '../../snapshot/manifest.js';
import { evidenceWithin } from '../../snapshot/manifest-v1.js';
import { readSnapshot, snapshotFiles, type SnapshotPlace } from '../../snapshot/snapshot-folder.js';
import { ownTrust } from '../keys/archive-keys.js';
import type { Context, Run } from './context.js';

/** A snapshot by profile and id. */
export interface SnapshotTarget extends SnapshotPlace {
  /** SHA-256 of its manifest, if the caller knows it from a history. Then the manifest is not read. */
  sha256?: string | undefined;
}

/**
 * A snapshot in the form that publishing needs.
 *
 * @throws LockstepError SNAPSHOT_UNKNOWN; loading it throws as readSnapshot does
 */
export async function listedSnapshot(run: Run, target: SnapshotTarget): Promise<ListedSnapshot> {
  const { profile, id } = target;
  const load = async (): Promise<Snapshot> => {
    const snapshot = await readSnapshot(run.places.snapshots, target, await ownTrust(run));
    if (target.sha256 !== undefined && target.sha256 !== snapshot.sha256)
      throw replaced(run, target, 'the history');
    return snapshot;
  };
  const { manifest } = snapshotFiles(run.places.snapshots, target);
  const found =
    target.sha256 === undefined && (await exists(manifest)) ? await hashFile(manifest) : undefined;
  const sha256 = target.sha256 ?? found?.sha256 ?? (await load()).sha256;
  return { profile, id, sha256, load };
}

/** The record of a snapshot. If there is none yet, it is made from the verified manifest. */
export async function recordOf(run: Run, target: SnapshotTarget): Promise<SnapshotRecord> {
  return await run.records.of(await listedSnapshot(run, target));
}

/**
 * All results of gates for a snapshot, the oldest first: from its manifest (format 1) and from its evidence file.
 *
 * @throws LockstepError SNAPSHOT_INVALID, SNAPSHOT_NEWER_FORMAT, VERIFY_BAD_SIGNATURE
 */
export async function evidenceOf(
  run: Run,
  record: Pick<SnapshotRecord, 'profile' | 'id' | 'sha256' | 'evidence'>,
): Promise<Evidence[]> {
  const file = snapshotFiles(run.places.snapshots, record).evidence;
  return [...record.evidence, ...(await readEvidence(file, record.sha256, await ownTrust(run)))];
}

/** As {@link evidenceOf}, for a snapshot that was read already. */
export async function evidenceOfSnapshot(run: Run, { manifest, sha256 }: Snapshot): Promise<Evidence[]> {
  const { profile, id } = manifest;
  return await evidenceOf(run, { profile, id, sha256, evidence: evidenceWithin(manifest) });
}

/** @param by the record that names the snapshot by id and hash */
export function replaced({ places }: Context, target: SnapshotTarget, by: string): LockstepError {
  return new LockstepError('SNAPSHOT_INVALID', {
    message: `The manifest of ${target.id} is not the one that ${by} names`,
    hint: 'It was replaced. Restore it from version control or a backup',
    where: [{ file: snapshotFiles(places.snapshots, target).manifest, value: target.sha256 }],
  });
}
