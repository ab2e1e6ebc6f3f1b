/**
 * Which snapshots may be dropped: all that no suite lists. Other references, such as the next snapshot or a
 * re-issue, name the snapshot by its hash, and the signed list of drops records that it was dropped. Pure.
 */
import { LockstepError, type FaultPlace } from '../errors.js';
import type { SnapshotPlace } from './snapshot-folder.js';

export interface DropQuestion {
  place: SnapshotPlace;
  /** Suites that point at it or list it. */
  suites: readonly { suite: string; as: 'current' | 'listed' }[];
}

/**
 * @throws LockstepError SNAPSHOT_IN_USE with every suite that needs it
 */
export function assertDroppable({ place, suites }: DropQuestion): void {
  if (suites.length === 0) return;
  const needs: FaultPlace[] = suites.map(({ suite, as }) => ({
    path: suite,
    message:
      as === 'current'
        ? 'the suite points at it'
        : 'the suite lists it, so machines can still install it (retain)',
  }));
  throw new LockstepError('SNAPSHOT_IN_USE', {
    message: `The snapshot ${place.id} of ${place.profile} cannot be dropped because it is needed`,
    hint: suites.some(({ as }) => as === 'current')
      ? 'First move the suite to another snapshot: lockstep publish, promote or rollback'
      : 'Newer snapshots push it off the list, or lower "retain" in lockstep.yaml and publish again',
    where: needs,
  });
}
