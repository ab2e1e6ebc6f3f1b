/** The list of snapshots, each in a line. */
import { LockstepError } from '../../errors.js';
import { throwIfInterrupted } from '../../io/interrupt.js';
import { didYouMean } from '../../profile/nearest.js';
import { suitePointers } from '../../suite/pointers.js';
import { listSnapshots } from '../../snapshot/snapshot-folder.js';
import { SummaryReader } from '../../comparison/summary-reader.js';
import type { Context } from '../workspace/context.js';
import { openRun } from '../workspace/run.js';
import { allHistories, knownProfiles } from './named-snapshot.js';
import type { SnapshotsResult } from './reading-results.js';

/**
 * Lists the snapshots of a profile, or of all. Signatures are not checked: that is `show`'s and `verify`'s.
 *
 * @throws LockstepError PROFILE_UNKNOWN with the nearest, SNAPSHOT_INVALID for a damaged history
 */
export async function snapshots(context: Context, profile: string | undefined): Promise<SnapshotsResult> {
  const run = await openRun(context);
  if (profile !== undefined) await assertProfile(run, profile);
  const places = await listSnapshots(run.places.snapshots, profile);
  const pointers = suitePointers(allHistories(run));
  const reader = new SummaryReader(run.places);
  const report: SnapshotsResult = { snapshots: [], unreadable: [] };
  for (const place of places) {
    throwIfInterrupted(run.signal);
    try {
      const summary = await reader.read(place);
      // Between the listing and the reading it may have been dropped
      if (summary !== undefined) {
        report.snapshots.push({ ...summary, suites: pointers.get(place.id) ?? [] });
      }
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      report.unreadable.push({ ...place, code: error.code, message: error.message });
    }
  }
  report.snapshots.sort((a, b) => (a.id < b.id ? 1 : -1));
  report.unreadable.sort((a, b) => (a.id < b.id ? 1 : -1));
  return report;
}

async function assertProfile(context: Context, profile: string): Promise<void> {
  const known = await knownProfiles(context);
  if (known.includes(profile)) return;
  throw new LockstepError('PROFILE_UNKNOWN', {
    message: `There is no profile ${JSON.stringify(profile)}${didYouMean(profile, known)}`,
    hint:
      known.length === 0 ? 'There is none yet in this workspace' : `The profiles are: ${known.join(', ')}`,
  });
}
