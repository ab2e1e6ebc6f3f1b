/** How long the signature of a suite is valid, and the warnings of `status`. Pure. */
import { snapshotField, type PublishedRelease } from '../../archive/release.js';
import { keyWarningDays, type ViewEnd } from '../../archive/validity.js';
import type { NamedSuite } from '../../profile/load.js';
import { hasEnded, skippedSentence, type SkippedOf } from '../../profile/skip.js';
import { aheadSentence } from '../../resolution/base-ahead.js';
import type { BaseAhead } from '../../resolution/outdated-shape.js';

/**
 * The validity of a suite's signature. `due`: less than half of its validity is left, and `refresh` signs again.
 * `soon`: less than a quarter is left. `expired`: apt refuses the suite. `none`: nothing is published.
 */
export type SignatureState = 'good' | 'due' | 'soon' | 'expired' | 'none';

/** Seconds. */
const longestWhole = keyWarningDays * 2 * 86_400;

export function signatureState(
  { release }: Pick<PublishedRelease, 'release'>,
  end: ViewEnd | null,
  now: Date,
): SignatureState {
  if (release === null || end === null) return 'none';
  if (end.at === null) return 'good';
  const left = end.at - now.getTime() / 1000;
  // A key can be valid for years. Then the warning period decides, and not half of the validity
  const whole = Math.min(end.at - release.date, longestWhole);
  if (left <= 0) return 'expired';
  return left < whole / 4 ? 'soon' : left < whole / 2 ? 'due' : 'good';
}

export function skipWarning({ name, profile }: NamedSuite, skipped: SkippedOf, now: Date): string {
  const sentence = `${name} was cut under a skip: ${skippedSentence(skipped)}`;
  return hasEnded(skipped, now)
    ? `${sentence}; the skip has expired. Cut again: lockstep release ${profile}`
    : sentence;
}

export function aheadWarning({ name, profile }: NamedSuite, ahead: BaseAhead, base: string): string {
  return `${aheadSentence(ahead, base)} in ${name}: machines without the keyring package take ${base}'s. Run: lockstep release ${profile}`;
}

export function signatureWarnings(suite: string, state: SignatureState, end: ViewEnd | null): string[] {
  const until = end === null || end.at === null ? '' : isoOf(end.at).slice(0, 16).replace('T', ' ');
  const refresh = `Run: lockstep refresh ${suite}`;
  if (end?.by === 'key' && state !== 'good' && state !== 'none') {
    const then = `Extend the key, then run: lockstep refresh ${suite}`;
    return state === 'expired'
      ? [
          `The key that signed ${suite} expired at ${until} UTC, and machines now refuse the suite (EXPKEYSIG). ${then}`,
        ]
      : [`The key that signed ${suite} expires at ${until} UTC, and so do its signatures. ${then}`];
  }
  const what = {
    expired: `expired at ${until} UTC, and machines now refuse the suite`,
    soon: `expires at ${until} UTC: less than a quarter of its validity is left`,
    due: `is valid until ${until} UTC: less than half of its validity is left`,
    good: null,
    none: null,
  }[state];
  return what === null ? [] : [`The signature of ${suite} ${what}. ${refresh}`];
}

export function disagreement(
  suite: string,
  snapshot: string | null,
  { release, whole }: PublishedRelease,
): string {
  const says = release?.fields.get(snapshotField) ?? null;
  const again = `Run: lockstep publish ${snapshot ?? 'ID'} ${suite}`;
  if (snapshot === null) {
    return `${suite} has no history, but the archive on disk has ${says ?? 'something'} in it. Restore snapshots/history from version control or a backup`;
  }
  if (release === null) return `The archive on disk does not contain ${suite}. ${again}`;
  if (says !== snapshot) {
    return `The archive on disk has ${says ?? 'no known snapshot'} in ${suite}; its history says ${snapshot}. ${again}`;
  }
  return whole
    ? `The Release files of ${suite} were changed. ${again}`
    : `The three Release files of ${suite} do not belong together. ${again}`;
}

/** ISO 8601, UTC, of seconds since 1970. */
export function isoOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
