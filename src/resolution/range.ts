/**
 * Which versions a profile's range means, by one rule for every kind of source:
 * a pre-release only where the range names one of its numbers. Pure.
 */
import { isInRange } from '../deb/version.js';

/**
 * Of the versions of a base release. Where that has nothing but pre-releases in the range, as sid has for weeks before a
 * release, they are what the base has chosen to ship, and are taken.
 */
export function meantOfBase(range: string, upstreams: readonly string[]) {
  const named = (upstream: string): boolean => isInRange(upstream, range, 'named');
  const any = (upstream: string): boolean => isInRange(upstream, range, 'any');
  // Versions are as Debian would write their upstream part
  const preReleasesOnly = !upstreams.some(named) && upstreams.some(any);
  return { accepts: preReleasesOnly ? any : named, preReleasesOnly };
}

/** What helps where nothing is in a range but pre-releases that it does not name; nothing otherwise. */
export function preReleaseHint(range: string, upstreams: readonly string[]): string {
  const left = upstreams.find(
    (upstream) => isInRange(upstream, range, 'any') && !isInRange(upstream, range, 'named'),
  );
  if (left === undefined) return '';
  const name = left.replace('~', '-');
  return ` ${name} is a pre-release: a range includes it only if it names it (">=${name}").`;
}
