/**
 * Which snapshots may be dropped: none that a suite lists, none from the middle
 * of a chain, none that another one is made of. Pure.
 */
import { LockstepError, type FaultPlace } from '../errors.js';
import type { SnapshotPlace } from './snapshot-folder.js';

export interface DropQuestion {
  place: SnapshotPlace;
  /** Every snapshot of its profile, the oldest first. */
  profile: readonly SnapshotPlace[];
  /** Whether profiles/ still has that profile, so that more will be cut of it. */
  isAlive: boolean;
  /** Suites that point at it or list it. */
  suites: readonly { suite: string; as: 'current' | 'listed' }[];
  /** Snapshots that re-issue its content, or lie above its versions. */
  superseding: readonly string[];
}

/**
 * @throws LockstepError SNAPSHOT_IN_USE with everything that needs it
 */
export function assertDroppable(question: DropQuestion): void {
  const { place, profile, suites, superseding, isAlive } = question;
  const { id } = place;
  const needs: FaultPlace[] = suites.map(({ suite, as }) => ({
    path: suite,
    message:
      as === 'current'
        ? 'the suite points at it'
        : 'the suite lists it, so that machines can still install it (retain)',
  }));
  for (const other of superseding) {
    needs.push({ path: other, message: 'the snapshot re-issues it under higher versions and names it' });
  }
  const older = profile.filter((other) => other.id < id).map((other) => other.id);
  if (older.length > 0) {
    const message = `older snapshots of ${place.profile} are there, and each is held by the one after it`;
    needs.push({ path: older.join(', '), message });
  }
  if (isAlive && profile.at(-1)?.id === id) {
    needs.push({
      path: place.profile,
      message: 'it is the newest one of the profile: the next is cut after it',
    });
  }
  if (needs.length === 0) return;
  throw new LockstepError('SNAPSHOT_IN_USE', {
    message: `The snapshot ${id} of ${place.profile} cannot be dropped, because it is needed`,
    hint: hintFor(question, older),
    where: needs,
  });
}

function hintFor({ place, suites, superseding }: DropQuestion, older: readonly string[]): string {
  if (suites.length > 0) {
    const current = suites.some(({ as }) => as === 'current');
    return current
      ? 'Move the suite on first: lockstep publish, promote or rollback'
      : 'It leaves the list as newer snapshots come, or with a lower retain in lockstep.yaml and the next publication';
  }
  if (superseding.length > 0) return `Drop ${superseding.join(', ')} first, once nothing needs that`;
  if (older.length > 0) return `The chain is taken away from its beginning. First: lockstep drop ${older[0]}`;
  return `Cut a newer snapshot of ${place.profile} first, or remove profiles/${place.profile}.yaml`;
}
