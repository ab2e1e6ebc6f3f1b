/**
 * Until when machines take a view. Its Release says one end, Valid-Until, and
 * the key that signed it has another; apt refuses the view after the earlier
 * of both. Every end that is shown, judged or written comes from here. Pure.
 */
import type { Release } from '../deb/release-file.js';

/** The end of a view. */
export interface ViewEnd {
  /** Seconds; null where it has none. */
  at: number | null;
  /** What limits it; `key` also if both expire together, because a new signature would not help then. */
  by: 'valid-until' | 'key' | null;
}

/**
 * When machines start to refuse an existing view.
 * @param keyEnds end of the key that signed it; null: it has none; undefined: it is not known
 */
export function viewEnd(release: Pick<Release, 'validUntil'>, keyEnds: Date | null | undefined): ViewEnd {
  const { validUntil } = release;
  const key = secondsOf(keyEnds ?? null);
  if (key !== null && (validUntil === null || key <= validUntil)) return { at: key, by: 'key' };
  return validUntil === null ? { at: null, by: null } : { at: validUntil, by: 'valid-until' };
}

/** How long the Releases of a view are to hold. */
export interface ValidityWanted {
  /** Seconds from Date to Valid-Until; null where there is none. */
  validFor: number | null;
  /** End of the key that signs; null: it has none. */
  keyEnds: Date | null;
}

/**
 * The Valid-Until of a Release that is signed now, in seconds: never after the end of the key, so that nobody is
 * promised what the signature cannot hold. Null where it gets none.
 * @param date of the Release, in seconds
 */
export function validUntilFor(date: number, { validFor, keyEnds }: ValidityWanted): number | null {
  if (validFor === null) return null;
  const key = secondsOf(keyEnds);
  return key === null ? date + validFor : Math.min(date + validFor, key);
}

/**
 * Whether a Release must be signed again because of its expiry: `fields` if the expiry should differ, for
 * example after a change of lockstep.yaml or of the key; `due` if less than half of the validity is left, and
 * a new signature extends it.
 */
export function endVerdict(
  release: Pick<Release, 'date' | 'validUntil'>,
  wanted: ValidityWanted,
  now: Date,
): 'fields' | 'due' | null {
  if (release.validUntil !== validUntilFor(release.date, wanted)) return 'fields';
  if (release.validUntil === null || wanted.validFor === null) return null;
  const seconds = Math.floor(now.getTime() / 1000);
  if (release.validUntil - seconds >= wanted.validFor / 2) return null;
  return (validUntilFor(seconds, wanted) ?? Infinity) > release.validUntil ? 'due' : null;
}

/** So long before its end a key is spoken of, in days: the time to extend it and to bring it to every machine. */
export const keyWarningDays = 30;

/** The warning that the signing key ends soon, or has ended; empty if it does neither. */
export function keyWarnings(keyEnds: Date | null, now: Date): string[] {
  if (keyEnds === null) return [];
  const left = keyEnds.getTime() - now.getTime();
  if (left > keyWarningDays * 86_400_000) return [];
  const when = `${keyEnds.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const then =
    'Extend it, run lockstep refresh, then release again to update the keyring package (docs/how-to/signing-keys.md).';
  return [
    left > 0
      ? `The archive's key expires at ${when}. From then on, machines refuse everything that it signed. ${then}`
      : `The archive's key expired at ${when}. Machines refuse everything that it signed. ${then}`,
  ];
}

function secondsOf(date: Date | null): number | null {
  return date === null ? null : Math.floor(date.getTime() / 1000);
}
