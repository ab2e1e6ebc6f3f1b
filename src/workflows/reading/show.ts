/** One snapshot, whole. */
import type { Evidence } from '../../snapshot/evidence.js';
import { readEvidence } from '../../snapshot/evidence-file.js';
import type { SnapshotManifest } from '../../snapshot/manifest.js';
import { evidenceWithin } from '../../snapshot/manifest-v1.js';
import { snapshotFiles } from '../../snapshot/snapshot-folder.js';
import { suitePointers, type SuitePointer } from '../../suite/pointers.js';
import type { Context } from '../workspace/context.js';
import { openRun } from '../workspace/run.js';
import { allHistories, namedSnapshot, readingTrust } from './named-snapshot.js';

export interface ShowReport {
  /** SHA-256 of the manifest, by which its successor names it. */
  sha256: string;
  manifest: SnapshotManifest;
  /** What gates said, the oldest record first. */
  evidence: Evidence[];
  suites: SuitePointer[];
  /** `unchecked` where no public key is to be had. A signature that does not hold is an error. */
  signature: 'good' | 'unchecked';
  /** What a person should know about that; null: nothing. */
  note: string | null;
}

/** @throws LockstepError USAGE, SNAPSHOT_UNKNOWN, SUITE_UNKNOWN, SNAPSHOT_INVALID, SNAPSHOT_NEWER_FORMAT, VERIFY_* */
export async function show(context: Context, name: string): Promise<ShowReport> {
  const run = await openRun(context);
  const trust = await readingTrust(run);
  const { snapshot } = await namedSnapshot(run, name, trust);
  const { manifest, sha256 } = snapshot;
  const file = snapshotFiles(run.places.snapshots, manifest).evidence;
  const { keyring } = trust;
  const beside = await readEvidence(file, sha256, keyring === undefined ? undefined : { ...trust, keyring });
  const pointers = suitePointers(allHistories(run));
  return {
    sha256,
    manifest,
    evidence: [...evidenceWithin(manifest), ...beside],
    suites: pointers.get(manifest.id) ?? [],
    signature: keyring === undefined ? 'unchecked' : 'good',
    note: trust.note,
  };
}
