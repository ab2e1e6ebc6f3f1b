/**
 * Choosing among binary packages: those that were built together, on every
 * architecture, with what of the same source they need. Pure.
 */
import { formatAlternative, parseRelations, satisfies, type Alternative } from '../deb/relation.js';
import { compareVersions, upstreamOf } from '../deb/version.js';
import { byText, distinct, grouped } from '../io/keyed.js';
import type { ActiveSkip } from '../profile/skip.js';
import type { BinaryListing, Candidates, Choice } from '../source/candidate.js';
import { upstreamVersionOf } from '../source/upstream-of-debian.js';
import type { ComponentOptions } from './component-options.js';
import { meantOfBase } from './range.js';
import { optionsUnderSkips } from './skips.js';
import { bySuite, listedOption } from './sources.js';
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
  const builds = grouped(found, ({ source, sourceVersion }) => `${source} ${sourceVersion}`);
  const complete = [...builds.values()].flatMap((build): Build[] => {
    const listings = names.flatMap((name) =>
      architectures.flatMap((architecture) =>
        build
          .filter((one) => one.installableOn === architecture && one.package === name)
          .sort(highestFirst)
          .slice(0, 1),
      ),
    );
    const { source, sourceVersion } = build[0]!;
    const isComplete = listings.length === names.length * architectures.length;
    return isComplete ? [{ source, sourceVersion, listings }] : [];
  });
  return complete.sort(
    (a, b) =>
      compareVersions(b.listings[0]!.version, a.listings[0]!.version) ||
      compareVersions(b.sourceVersion, a.sourceVersion) ||
      byText(a.source, b.source),
  );
}

/**
 * Every build of the first named package that goes with the others, the highest first; range and skips are for it alone.
 * Named packages of the same source come from the same build; those of other sources in their highest version.
 */
export function binaryOptions(
  candidates: BinaryCandidates,
  range: string,
  skips: readonly ActiveSkip[],
): ComponentOptions | Unsatisfied[] {
  const { component, found, packages, searched } = candidates;
  const unknown = packages.filter((name) => !found.some((listing) => listing.package === name));
  if (unknown.length > 0) {
    return unknown.map((name) =>
      unknownPackage(component, name, 'packages', searched, candidates.near[name]),
    );
  }
  const [first, ...others] = togetherIn(candidates).map((names) => ({
    names,
    builds: completeBuilds(found, names, candidates.architectures),
  }));
  const { accepts, preReleasesOnly } = meantOfBase(
    range,
    first!.builds.map((build) => upstreamOf(build.listings[0]!.version)),
  );
  const inRange = (build: Build): boolean => accepts(upstreamOf(build.listings[0]!.version));
  const reasons = others
    .filter(({ builds }) => builds.length === 0)
    .map(({ names }) => noBuild(candidates, range, names, false));
  if (!first!.builds.some(inRange)) {
    reasons.unshift(noBuild(candidates, range, first!.names, first!.builds.length > 0));
  }
  if (reasons.length > 0) return reasons;
  const rest = others.flatMap(({ builds }) => builds[0]!.listings);
  const options: { build: Build; listings: BinaryListing[] }[] = [];
  let unmet: Unsatisfied[] | undefined;
  for (const build of first!.builds) {
    const listings = [...build.listings, ...rest];
    const demands = addClosure(candidates, listings);
    if (demands.length === 0) options.push({ build, listings: withoutRepeats(listings) });
    else if (inRange(build)) unmet ??= demands;
  }
  // An inconsistent choice is not an option; if nothing else remains, the highest one explains why
  if (unmet !== undefined && !options.some(({ build }) => inRange(build))) return unmet;
  const lead = found.filter((one) => one.package === packages[0]);
  const skippable = options.map(({ build }) =>
    listedOption(build.listings[0]!, inRange(build), lead, build.sourceVersion),
  );
  const path = `components.${component}.source.version`;
  const listed = (option: number): BinaryListing => options[option]!.build.listings[0]!;
  const choiceOf = (option: number): Choice => {
    const { listings } = options[option]!;
    const upstreamVersion = upstreamVersionOf(listings[0]!.version);
    return { kind: 'apt-binary', component, upstreamVersion, listings };
  };
  const all = optionsUnderSkips(
    { component, range, path, preReleasesOnly, skippable, listed, choiceOf },
    skips,
  );
  return Array.isArray(all) ? [...(unmet ?? []), ...all] : all;
}

/** The named packages, those of the same sources together, in the order of their names in the profile. */
function togetherIn({ found, packages }: BinaryCandidates): string[][] {
  const groups: string[][] = [];
  let rest = packages;
  while (rest.length > 0) {
    const [lead] = rest;
    const sources = new Set(found.filter((one) => one.package === lead).map((one) => one.source));
    const together = rest.filter((name) =>
      found.some((one) => one.package === name && sources.has(one.source)),
    );
    groups.push(together);
    rest = rest.filter((name) => !together.includes(name));
  }
  return groups;
}

function noBuild(
  { component, found, architectures, searched }: BinaryCandidates,
  range: string,
  names: readonly string[],
  rangeIsTheFault: boolean,
): Unsatisfied {
  const [lead] = names;
  const there = found.filter((listing) => listing.package === lead);
  const upstreams = there.map(({ version }) => upstreamOf(version));
  const inRange = upstreams.some(meantOfBase(range, upstreams).accepts);
  if (rangeIsTheFault && !inRange) return nothingInRange(component, range, searched, there);
  return {
    code: 'RESOLVE_UNSATISFIABLE',
    message: `${component}: no version of ${names.join(', ')} in the range ${range} exists for ${architectures.join(', ')}; available: ${found
      .filter((listing) => names.includes(listing.package))
      .sort((a, b) => byText(a.package, b.package) || highestFirst(a, b))
      .map(
        ({ package: name, version, installableOn, suite }) =>
          `${name} ${version} for ${installableOn} (${suite})`,
      )
      .join(', ')}`,
    hint: 'The distribution may still be building it. Try again later, or narrow the range or the architectures.',
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
    message: `${component}: ${by.package} ${by.version} (${by.suite}) depends on ${formatAlternative(demand)}; available: ${whatThereIs(there)}`,
    hint: 'The distribution is inconsistent at the moment. Choose another range, or try again later.',
    path: `components.${component}.source.packages`,
    value: formatAlternative(demand),
  };
}

/** A package for all architectures is in the index of each; it is fetched once. */
function withoutRepeats(listings: readonly BinaryListing[]): BinaryListing[] {
  return distinct(
    listings,
    ({ package: name, version, architecture }) => `${name} ${version} ${architecture}`,
  );
}
