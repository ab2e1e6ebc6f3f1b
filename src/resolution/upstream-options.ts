/**
 * The options of a component that comes directly from upstream: refs of a git repository, versions of a
 * tarball, a developer's tree. Pure.
 */
import { isPreRelease, parseUpstream, versionOfName } from '../deb/upstream-version.js';
import { compareUpstreamVersions, debianVersionOf, isInRange } from '../deb/version.js';
import { byText } from '../io/keyed.js';
import type { GitConfig, TarballConfig } from '../profile/profile-schema.js';
import type { ActiveSkip } from '../profile/skip.js';
import type { Candidates, Choice, GitListing, TarballListing } from '../source/candidate.js';
import type { ComponentOptions, Skippable } from './component-options.js';
import { preReleaseHint } from './range.js';
import { optionsUnderSkips, type OptionsFound } from './skips.js';
import type { Unsatisfied } from './unsatisfied.js';

/** Longest list that is still read. */
const mostShown = 6;

/** One thing that can be chosen, with what it is ordered by. */
interface Candidate<Listing> {
  listing: Listing;
  /** What it is ordered by; null where no grammar knows it. */
  order: string | null;
  /** Orders those of one version. */
  name: string;
}

/** @returns options newest first */
export function gitOptions(
  { component, found }: Extract<Candidates, { kind: 'git' }>,
  config: GitConfig,
  skips: readonly ActiveSkip[],
): ComponentOptions | Unsatisfied[] {
  const { field, words } = gitWords(config);
  const path = `components.${component}.source.${field}`;
  const value = config[field]!;
  const all = found.map((listing): Candidate<GitListing> => {
    const name = shortName(listing);
    return { listing, order: orderedBy(listing.version, name), name };
  });
  const known = all.filter(({ order }) => order !== null);
  const range = field === 'version' ? value : undefined;
  // A ref that is the only one needs no order
  const ordered = range === undefined && all.length <= 1 ? all : newestFirst(known);
  const names = list(all.map(({ name }) => name).sort());
  if (ordered.length === 0) {
    const kind = field === 'version' ? 'tag' : field;
    return [
      {
        code: 'SOURCE_REF_UNKNOWN',
        message:
          all.length === 0
            ? `${component}: ${config.url} has no ${kind} ${field === 'version' ? 'that is a version' : value}`
            : `${component}: no ${kind} of ${config.url} is named after a comparable version; available: ${names}`,
        hint:
          field === 'version'
            ? 'Use "tags" to select the tags that are versions, or name a "tag", a "branch" or a "commit".'
            : `Correct "${field}" in the profile.`,
        path,
        value,
      },
    ];
  }
  const accepts = acceptance(range, ordered);
  const skippable = ordered.map(({ listing, order, name }): Skippable => {
    const { version, commit } = listing;
    const label = gitLabel(listing, name);
    const option = { version, label, inRange: order === null || accepts(order) };
    return { option, names: [version ?? label, name, commit], security: false };
  });
  const choiceOf = (option: number): Choice => {
    return { kind: 'git', component, config, listing: ordered[option]!.listing };
  };
  const options = { component, range: words, path, skippable, choiceOf };
  return finished(options, skips, { value, where: config.url, ordered });
}

/** @returns options newest first */
export function tarballOptions(
  { component, found }: Extract<Candidates, { kind: 'tarball' }>,
  config: TarballConfig,
  skips: readonly ActiveSkip[],
): ComponentOptions | Unsatisfied[] {
  const path = `components.${component}.source.version`;
  const value = config.version;
  const all = found.map((listing): Candidate<TarballListing> => ({
    listing,
    order: orderedBy(listing.version, listing.version),
    name: listing.url,
  }));
  const ordered = newestFirst(all.filter(({ order }) => order !== null));
  if (ordered.length === 0) {
    return [
      {
        code: 'RESOLVE_UNSATISFIABLE',
        message: `${component}: no available file has a comparable version; available: ${list(found.map(({ version }) => version).sort())}`,
        hint: 'Correct "url" in the profile, so that {version} matches only the version.',
        path,
        value,
      },
    ];
  }
  // Without a listing the profile itself names the one version
  const accepts = config.listing === undefined ? () => true : acceptance(value, ordered);
  const skippable = ordered.map(({ listing: { version }, order }): Skippable => {
    const option = { version, label: version, inRange: accepts(order!) };
    return { option, names: [version], security: false };
  });
  const choiceOf = (option: number): Choice => {
    return { kind: 'tarball', component, config, listing: ordered[option]!.listing };
  };
  const options = { component, range: value, path, skippable, choiceOf };
  return finished(options, skips, { value, where: config.listing ?? config.url, ordered });
}

/** Where there is one thing to take, and no range that it could be out of. */
export function soleOption(choice: Choice, version: string | null, label: string): ComponentOptions {
  const { component } = choice;
  return {
    variable: {
      component,
      range: label,
      path: `components.${component}.source`,
      options: [{ version, label, inRange: true }],
    },
    skippable: [],
    choiceOf: () => choice,
  };
}

function gitWords(config: GitConfig): { field: 'version' | 'tag' | 'branch' | 'commit'; words: string } {
  if (config.version !== undefined) return { field: 'version', words: config.version };
  if (config.tag !== undefined) return { field: 'tag', words: `tag ${config.tag}` };
  if (config.branch !== undefined) return { field: 'branch', words: `branch ${config.branch}` };
  return { field: 'commit', words: `commit ${config.commit?.slice(0, 12) ?? ''}` };
}

/** `1.43.0` of `refs/tags/1.43.0`, `wmf/1.47.0-wmf.9` of a branch; the commit where there is no ref. */
function shortName({ ref, commit }: GitListing): string {
  return ref?.replace(/^refs\/(?:tags|heads)\//, '') ?? commit.slice(0, 12);
}

function gitLabel(listing: GitListing, name: string): string {
  const { ref, version, commit } = listing;
  if (ref === null) return version === null ? `commit ${name}` : `${version} (commit ${name})`;
  const words = ref.startsWith('refs/tags/') ? `tag ${name}` : `branch ${name} at ${commit.slice(0, 8)}`;
  return version === null ? words : `${version} (${words})`;
}

/** The version, or the one that the name says: `REL1_43` is ordered as 1.43, whatever its tree will say. */
function orderedBy(version: string | null, name: string): string | null {
  if (version !== null && parseUpstream(version) !== null) return version;
  return versionOfName(name);
}

function newestFirst<Listing>(candidates: readonly Candidate<Listing>[]): Candidate<Listing>[] {
  return [...candidates].sort(
    (a, b) => compareUpstreamVersions(b.order!, a.order!) || byText(a.name, b.name),
  );
}

/** Which versions the profile's words allow. */
function acceptance(
  range: string | undefined,
  candidates: readonly Candidate<unknown>[],
): (version: string) => boolean {
  if (range === undefined) return () => true;
  if (range === 'any') return () => true;
  if (range !== 'latest') return (version) => isInRange(debianVersionOf(version), range, 'named');
  // What has never been released is tracked by what comes before its release
  const released = candidates.some(({ order }) => order !== null && !isPreRelease(order));
  return (version) => !released || !isPreRelease(version);
}

/** The options, if the profile's words allow any of them. */
function finished(
  options: OptionsFound,
  skips: readonly ActiveSkip[],
  from: { value: string; where: string; ordered: readonly Candidate<unknown>[] },
): ComponentOptions | Unsatisfied[] {
  const { component, range, path, skippable } = options;
  if (skippable.some(({ option }) => option.inRange)) return optionsUnderSkips(options, skips);
  const { value, where, ordered } = from;
  const upstreams = ordered.flatMap(({ order }) => (order === null ? [] : [debianVersionOf(order)]));
  const leftOut = value === 'latest' ? '' : preReleaseHint(value, upstreams);
  return [
    {
      code: 'RESOLVE_UNSATISFIABLE',
      message: `${component}: no version in ${where} matches the range ${range}; available: ${list(skippable.map(({ option }) => option.label))}`,
      hint: `Change "version" in the profile to a range that includes one of these.${leftOut}`,
      path,
      value,
    },
  ];
}

/** The first of some names. */
function list(names: readonly string[]): string {
  const more = names.length > mostShown ? `, and ${names.length - mostShown} more` : '';
  return names.slice(0, mostShown).join(', ') + more;
}
