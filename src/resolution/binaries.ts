/**
 * Choosing among binary packages: those that were built together, on every
 * architecture, with what of the same source they need. Pure.
 */
import { formatAlternative, parseRelations, satisfies, type Alternative } from '../deb/relation.js';
import { compareVersions, isInRange, upstreamOf } from '../deb/version.js';
import type { BinaryListing, Candidates, Choice } from '../source/candidate.js';
import { upstreamVersionOf } from '../source/upstream-version.js';
import { bySuite } from './sources.js';
import { nothingInRange, unknownPackage, whatThereIs, type Unsatisfied } from './unsatisfied.js';

type BinaryCandidates = Extract<Candidates, { kind: 'apt-binary' }>;

/** The same packages of one build of one source, on every architecture. */
interface Build {
  source: string;
  sourceVersion: string;
  /** In the order of names, then of architectures. */
  listings: BinaryListing[];
}

/** Highest version first; the same one as {@link bySuite} has it. */
function highestFirst(a: BinaryListing, b: BinaryListing): number {
  return compareVersions(b.version, a.version) || bySuite(a, b);
}

/** Builds that have all of `names` on all architectures, the highest version of the first name first. */
function completeBuilds(
  found: readonly BinaryListing[],
  names: readonly string[],
  architectures: readonly string[],
): Build[] {
  const builds = new Map<string, Build>();
  for (const { source, sourceVersion } of found) {
    builds.set(`${source} ${sourceVersion}`, { source, sourceVersion, listings: [] });
  }
  const complete: Build[] = [];
  for (const build of builds.values()) {
    const listings = names.flatMap((name) =>
      architectures.flatMap((architecture) => {
        const own = found.filter((one) => isOf(one, build, architecture) && one.package === name);
        return own.sort(highestFirst).slice(0, 1);
      }),
    );
    if (listings.length === names.length * architectures.length) complete.push({ ...build, listings });
  }
  return complete.sort(
    (a, b) =>
      compareVersions(b.listings[0]!.version, a.listings[0]!.version) ||
      compareVersions(b.sourceVersion, a.sourceVersion) ||
      (a.source < b.source ? -1 : 1),
  );
}

function isOf(listing: BinaryListing, build: Build, architecture: string): boolean {
  return (
    listing.source === build.source &&
    listing.sourceVersion === build.sourceVersion &&
    listing.installableOn === architecture
  );
}

/**
 * The range is for the first named package. Named packages of the same source
 * come from the same build; those of other sources in their highest version.
 */
export function chooseBinaries(candidates: BinaryCandidates, range: string): Choice | Unsatisfied[] {
  const { component, found, packages, architectures, searched } = candidates;
  const unknown = packages.filter((name) => !found.some((listing) => listing.package === name));
  if (unknown.length > 0) {
    return unknown.map((name) =>
      unknownPackage(component, name, 'packages', searched, candidates.near[name]),
    );
  }
  const chosen: BinaryListing[] = [];
  const reasons: Unsatisfied[] = [];
  const [first] = packages;
  let rest = packages;
  while (rest.length > 0) {
    const [lead] = rest;
    const sources = new Set(found.filter((one) => one.package === lead).map((one) => one.source));
    const together = rest.filter((name) =>
      found.some((one) => one.package === name && sources.has(one.source)),
    );
    const builds = completeBuilds(found, together, architectures);
    const best = builds.find(
      ({ listings }) => lead !== first || isInRange(upstreamOf(listings[0]!.version), range),
    );
    if (best === undefined) reasons.push(noBuild(candidates, range, together, builds.length > 0));
    else chosen.push(...best.listings);
    rest = rest.filter((name) => !together.includes(name));
  }
  if (reasons.length > 0) return reasons;
  const unmet = addClosure(candidates, chosen);
  if (unmet.length > 0) return unmet;
  return {
    kind: 'apt-binary',
    component,
    upstreamVersion: upstreamVersionOf(chosen[0]!.version),
    listings: withoutRepeats(chosen),
  };
}

function noBuild(
  { component, found, architectures, searched }: BinaryCandidates,
  range: string,
  names: readonly string[],
  rangeIsTheFault: boolean,
): Unsatisfied {
  const [lead] = names;
  const there = found.filter((listing) => listing.package === lead);
  const inRange = there.some(({ version }) => isInRange(upstreamOf(version), range));
  if (rangeIsTheFault && !inRange) return nothingInRange(component, range, searched, there);
  return {
    code: 'RESOLVE_UNSATISFIABLE',
    message: `${component}: no one version of ${names.join(', ')} is there for ${architectures.join(', ')} in the range ${range}; there is ${found
      .filter((listing) => names.includes(listing.package))
      .sort((a, b) => (a.package < b.package ? -1 : a.package > b.package ? 1 : highestFirst(a, b)))
      .map(
        ({ package: name, version, installableOn, suite }) =>
          `${name} ${version} for ${installableOn} (${suite})`,
      )
      .join(', ')}`,
    hint: 'The distribution may be in the middle of a build; try again later, or narrow the range or the architectures.',
    path: `components.${component}.source.version`,
    value: range,
  };
}

/**
 * Adds to `chosen` what its packages depend on of the same source. A
 * dependency whose preferred alternative is of another source is the base's
 * to satisfy.
 */
function addClosure({ component, found }: BinaryCandidates, chosen: BinaryListing[]): Unsatisfied[] {
  const reasons: Unsatisfied[] = [];
  // Grows while it is walked
  for (const listing of chosen) {
    const peers = found.filter(
      (one) => one.source === listing.source && one.installableOn === listing.installableOn,
    );
    for (const group of parseRelations(listing.depends)) {
      const [preferred] = group;
      if (preferred === undefined || group.some((alternative) => isMet(alternative, listing, chosen)))
        continue;
      const named = peers.filter((one) => one.package === preferred.package);
      if (named.length === 0) continue;
      const fitting = named
        .filter((one) => satisfies(preferred, one.version))
        .sort(
          (a, b) =>
            Number(b.sourceVersion === listing.sourceVersion) -
              Number(a.sourceVersion === listing.sourceVersion) || highestFirst(a, b),
        );
      const other = chosen.find(
        (one) => one.package === preferred.package && one.installableOn === listing.installableOn,
      );
      if (fitting[0] === undefined || other !== undefined) {
        reasons.push(unmetDemand(component, listing, preferred, other === undefined ? named : [other]));
      } else {
        chosen.push(fitting[0]);
      }
    }
  }
  return reasons;
}

function isMet(alternative: Alternative, of: BinaryListing, chosen: readonly BinaryListing[]): boolean {
  return chosen.some(
    (one) =>
      one.package === alternative.package &&
      one.installableOn === of.installableOn &&
      satisfies(alternative, one.version),
  );
}

function unmetDemand(
  component: string,
  by: BinaryListing,
  demand: Alternative,
  there: readonly BinaryListing[],
): Unsatisfied {
  return {
    code: 'RESOLVE_DEMAND',
    message: `${component}: ${by.package} ${by.version} (${by.suite}) demands ${formatAlternative(demand)}; there is ${whatThereIs(there)}`,
    hint: 'The distribution does not fit itself at the moment; choose another range, or try again later.',
    path: `components.${component}.source.packages`,
    value: formatAlternative(demand),
  };
}

/** A package for all architectures is in the index of each; it is fetched once. */
function withoutRepeats(listings: readonly BinaryListing[]): BinaryListing[] {
  const kept = new Map<string, BinaryListing>();
  for (const listing of listings) {
    const key = `${listing.package} ${listing.version} ${listing.architecture}`;
    if (!kept.has(key)) kept.set(key, listing);
  }
  return [...kept.values()];
}
