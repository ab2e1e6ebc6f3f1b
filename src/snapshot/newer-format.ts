/** Refuses what a newer Lockstep wrote. */
import { LockstepError, type FaultPlace } from '../errors.js';

/**
 * @param value JSON that may say its `format`
 * @param newest the newest format that can be read
 * @param what the file, and the line in it where a line has a format: the message starts with it
 * @throws LockstepError SNAPSHOT_NEWER_FORMAT
 */
export function assertReadable(
  value: unknown,
  newest: number,
  what: string,
  placeOf: (format: number) => FaultPlace,
): void {
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined;
  if (typeof format !== 'number' || format <= newest) return;
  throw new LockstepError('SNAPSHOT_NEWER_FORMAT', {
    message: `${what} has format ${format}; this Lockstep reads formats up to ${newest}`,
    hint: 'Use the Lockstep that wrote it, or a newer one',
    where: [placeOf(format)],
  });
}
