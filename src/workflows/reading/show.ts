/** One snapshot, whole. */
import type { SnapshotManifest } from '../../snapshot/manifest.js';
import { suitePointers, type SuitePointer } from '../../suite/pointers.js';
import type { Context } from '../workspace/context.js';
import { openRun } from '../workspace/run.js';
import { allHistories, namedSnapshot, readingTrust } from './named-snapshot.js';

export interface ShowReport {
  /** SHA-256 of the manifest, by which its successor names it. */
  sha256: string;
  manifest: SnapshotManifest;
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
  const pointers = suitePointers(allHistories(run));
  return {
    sha256: snapshot.sha256,
    manifest: snapshot.manifest,
    suites: pointers.get(snapshot.manifest.id) ?? [],
    signature: trust.keyring === undefined ? 'unchecked' : 'good',
    note: trust.note,
  };
}
