/**
 * Choosing among source packages: the highest version in the range. Pure.
 */
import { compareVersions, isInRange, upstreamOf } from '../deb/version.js';
import type { Candidates, Choice, SourceListing } from '../source/candidate.js';
import type { SuiteRole } from '../source/mirror.js';
import { nothingInRange, unknownPackage, type Unsatisfied } from './unsatisfied.js';

type SourceCandidates = Extract<Candidates, { kind: 'apt-source' }>;

/**
 * Where the same version is in several suites: the one it came from first, so
 * that the choice stays when a point release takes it over.
 */
const preference: Readonly<Record<SuiteRole, number>> = { security: 0, updates: 1, release: 2 };

/** Orders listings of one version; never by the order in which they were found. */
export function bySuite(
  a: { role: SuiteRole; suite: string; uri: string },
  b: { role: SuiteRole; suite: string; uri: string },
): number {
  const keyOf = (listing: { suite: string; uri: string }): string => `${listing.suite} ${listing.uri}`;
  return preference[a.role] - preference[b.role] || (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0);
}

export function chooseSource(candidates: SourceCandidates, range: string): Choice | Unsatisfied {
  const { component, found, searched } = candidates;
  if (found.length === 0) {
    return unknownPackage(component, candidates.package, 'package', searched, candidates.near);
  }
  const fitting = found.filter(({ version }) => isInRange(upstreamOf(version), range));
  const [best, ...others] = [...fitting].sort(
    (a, b) => compareVersions(b.version, a.version) || bySuite(a, b),
  );
  if (best === undefined) return nothingInRange(component, range, searched, found);
  const contradiction = others.find((other) => other.version === best.version && !sameFiles(other, best));
  if (contradiction !== undefined) {
    return {
      code: 'SOURCE_MISMATCH',
      message: `${component}: ${best.suite} and ${contradiction.suite} both have ${best.package} ${best.version}, with other bytes`,
      hint: 'A version must never stand for two contents; tell the archive it comes from.',
      path: `components.${component}.source.package`,
      value: best.package,
    };
  }
  return { kind: 'apt-source', component, listing: best };
}

function sameFiles(a: SourceListing, b: SourceListing): boolean {
  const keyOf = (listing: SourceListing): string =>
    listing.files
      .map(({ name, sha256 }) => `${sha256} ${name}`)
      .sort()
      .join('\n');
  return keyOf(a) === keyOf(b);
}
