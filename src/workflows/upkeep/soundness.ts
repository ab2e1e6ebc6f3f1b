/** What takes files away must know everything that needs them. */
import { LockstepError } from '../../errors.js';
import type { SnapshotsReading } from '../../suite/verify-records.js';

/**
 * Refuses where a manifest is missing or damaged: nobody knows what it needs.
 *
 * @param doing what is refused, as in `dropped`
 * @throws LockstepError SNAPSHOT_INVALID with every fault
 */
export function assertSound({ findings }: SnapshotsReading, doing: string): void {
  const faults = findings.filter(({ kind }) => kind !== 'unfinished');
  if (faults.length === 0) return;
  const first = faults[0]!;
  const more = faults.length === 1 ? '' : ` (and ${faults.length - 1} more)`;
  throw new LockstepError('SNAPSHOT_INVALID', {
    message: `Nothing is ${doing}, because the needs of the snapshots are unknown: snapshots/${first.path}: ${first.message}${more}`,
    hint: 'For the remedy, run: lockstep verify',
    where: faults.map(({ path, message }) => ({ file: `snapshots/${path}`, message })),
  });
}
