/**
 * The available versions of a source package, highest first. Pure.
 */
import { compareVersions, upstreamOf } from '../deb/version.js';
import { byText } from '../io/keyed.js';
import type { ActiveSkip } from '../profile/skip.js';
import type { Candidates, Choice, SourceListing } from '../source/candidate.js';
import type { SuiteRole } from '../source/mirror.js';
import { upstreamVersionOf } from '../source/upstream-of-debian.js';
import type { ComponentOptions, Listed, Skippable } from './component-options.js';
import { meantOfBase } from './range.js';
import { optionsUnderSkips } from './skips.js';
import { asError, nothingInRange, unknownPackage, type Unsatisfied } from './unsatisfied.js';

type SourceCandidates = Extract<Candidates, { kind: 'apt-source' }>;

/**
 * Where the same version is in several suites: the one it came from first, so
 * that the choice stays when a point release takes it over.
 */
const preference: Readonly<Record<SuiteRole, number>> = { security: 0, updates: 1, release: 2 };

/** Orders listings of one version; never by the order in which they were found. */
export function bySuite(
  a: { role: SuiteRole; suite: string },
  b: { role: SuiteRole; suite: string },
): number {
  return preference[a.role] - preference[b.role] || byText(a.suite, b.suite);
}

/** Every version that a suite has, the highest first. */
export function sourceOptions(
  candidates: SourceCandidates,
  range: string,
  skips: readonly ActiveSkip[],
): ComponentOptions | Unsatisfied[] {
  const { component, found, searched } = candidates;
  if (found.length === 0) {
    return [unknownPackage(component, candidates.package, 'package', searched, candidates.near)];
  }
  const { accepts, preReleasesOnly } = meantOfBase(
    range,
    found.map(({ version }) => upstreamOf(version)),
  );
  if (!found.some(({ version }) => accepts(upstreamOf(version)))) {
    return [nothingInRange(component, range, searched, found)];
  }
  const sorted = [...found].sort((a, b) => compareVersions(b.version, a.version) || bySuite(a, b));
  const best = sorted.filter(({ version }, index) => sorted[index - 1]?.version !== version);
  const skippable = best.map((one) => listedOption(one, accepts(upstreamOf(one.version)), found));
  const path = `components.${component}.source.version`;
  const listed = (option: number): SourceListing => best[option]!;
  const choiceOf = (option: number): Choice => {
    assertOneContent(component, listed(option), found);
    return { kind: 'apt-source', component, listing: listed(option) };
  };
  return optionsUnderSkips({ component, range, path, preReleasesOnly, skippable, listed, choiceOf }, skips);
}

/**
 * A version of the base as an option. It fixes something if the security suite has it, whatever other suite has it too.
 *
 * @param names further ones by which a skip may mean it
 */
export function listedOption(
  { version, suite }: Pick<Listed, 'version' | 'suite'>,
  inRange: boolean,
  found: readonly Pick<Listed, 'version' | 'role'>[],
  ...names: readonly string[]
): Skippable {
  const upstream = upstreamVersionOf(version);
  return {
    option: { version: upstream, label: `${version} (${suite})`, inRange },
    names: [version, upstream, ...names],
    security: found.some((one) => one.version === version && one.role === 'security'),
  };
}

/** @throws LockstepError SOURCE_MISMATCH where another suite has the version with other bytes */
function assertOneContent(component: string, best: SourceListing, found: readonly SourceListing[]): void {
  const contradiction = found
    .filter((other) => other.version === best.version && !sameFiles(other, best))
    .sort(bySuite)[0];
  if (contradiction === undefined) return;
  throw asError([
    {
      code: 'SOURCE_MISMATCH',
      message: `${component}: ${best.suite} and ${contradiction.suite} both have ${best.package} ${best.version}, with different content`,
      hint: 'A version must never have two contents. Report it to the archive that publishes it.',
      path: `components.${component}.source.package`,
      value: best.package,
    },
  ]);
}

function sameFiles(a: SourceListing, b: SourceListing): boolean {
  const keyOf = (listing: SourceListing): string =>
    listing.files
      .map(({ name, sha256 }) => `${sha256} ${name}`)
      .sort()
      .join('\n');
  return keyOf(a) === keyOf(b);
}
