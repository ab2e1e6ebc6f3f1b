/** One snapshot, whole. */
import { readEvidence } from '../../snapshot/evidence-file.js';
import { evidenceWithin } from '../../snapshot/manifest-v1.js';
import { snapshotFiles } from '../../snapshot/snapshot-folder.js';
import { suitePointers } from '../../suite/pointers.js';
import type { Context } from '../workspace/context.js';
import { openRun } from '../workspace/run.js';
import { allHistories, namedSnapshot, readingTrust } from './named-snapshot.js';
import type { ShowResult } from './reading-results.js';

/** @throws LockstepError USAGE, SNAPSHOT_UNKNOWN, SUITE_UNKNOWN, SNAPSHOT_INVALID, SNAPSHOT_NEWER_FORMAT, VERIFY_* */
export async function show(context: Context, name: string): Promise<ShowResult> {
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
