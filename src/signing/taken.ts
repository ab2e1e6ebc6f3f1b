/**
 * Owns the question at which time a signature is judged. There are two, and no
 * default: whoever asks for a judgement says which it is. Pure.
 */
import { aptMaxFutureMs } from '../deb/apt-limits.js';

/**
 * How the signed thing came to be taken.
 * - `arriving`: it comes in now, from outside. The date in a signature is what its maker wrote there, so a key that
 *   has expired or was revoked since proves nothing: who holds it can date a signature back.
 * - `recorded`: it was taken in before, and a record says when and by whose key. The key is judged as it was when it
 *   signed; what became of it later takes nothing back. `at`: no signature of it is dated later; `signed` where the
 *   record is what was signed, so that the signature itself has the time.
 */
export type Taken =
  { kind: 'arriving'; now: Date } | { kind: 'recorded'; at: Date | 'signed'; ends?: KeyEnds | undefined };

/**
 * By fingerprint of the primary key: from when on its signatures are not trusted, whatever the key itself
 * says.
 */
export type KeyEnds = ReadonlyMap<string, Date>;

/** When a key had stopped to count before it signed; null where it had not. */
export function stoppedBefore(created: Date, fingerprint: string, taken: Taken): Date | null {
  const end = taken.kind === 'recorded' ? taken.ends?.get(fingerprint) : undefined;
  return end !== undefined && created > end ? end : null;
}

/** True if a signature of that date cannot have been there yet: it may be ahead as far as apt allows for a Release. */
export function isDatedAhead(created: Date, taken: Taken): boolean {
  const latest = taken.kind === 'arriving' ? taken.now : taken.at;
  // `!(a <= b)` and not `a > b`: an invalid date compares false, and must count as ahead
  return latest !== 'signed' && !(created.getTime() <= latest.getTime() + aptMaxFutureMs);
}

/** The time at which a signature that ends by itself must not have ended. */
export function signatureTime(created: Date, taken: Taken): Date {
  if (taken.kind === 'arriving') return taken.now;
  return taken.at === 'signed' ? created : taken.at;
}

/** A second time, in addition to the time of the signature, at which its key must be valid; null: none. */
export function keyTime(taken: Taken): Date | null {
  return taken.kind === 'arriving' ? taken.now : null;
}
