/**
 * The candidates of a git repository for a component: the refs that match the profile. It reads only refs; it fetches
 * no objects from a server.
 */
import { compareUpstreamVersions } from '../../deb/version.js';
import { LockstepError } from '../../errors.js';
import { inItem } from '../../io/progress.js';
import { nearest } from '../../profile/nearest.js';
import type { GitConfig } from '../../profile/profile-schema.js';
import type { Candidates, GitListing } from '../candidate.js';
import { sessionOf, type SourceContext } from '../source-context.js';
import { addressOf } from './address.js';
import { localRefs, localRepository } from './local-repository.js';
import {
  compareNames,
  fitsPattern,
  versionOfBranch,
  versionOfTag,
  type Ref,
  type RefKind,
} from './ref-names.js';
import { remoteRefs } from './remote.js';

const tags = 'refs/tags/';

/**
 * The candidates, the highest first. Names that are not versions are sorted by the numbers in them.
 *
 * For `version`: all tags that are named after a version, in the range or not. For `tag` and `branch`: those that
 * match. For `commit`: that commit, without a check that it exists.
 * @throws LockstepError SOURCE_REF_UNKNOWN (with the nearest names), NET_*, SOURCE_GIT_DAMAGED, TOOL_*, INTERRUPTED
 */
export async function gitCandidates(
  name: string,
  config: GitConfig,
  context: SourceContext,
): Promise<Extract<Candidates, { kind: 'git' }>> {
  const found = await listingsOf(name, config, context);
  return { kind: 'git', component: name, found: found.sort(newestFirst) };
}

function newestFirst(a: GitListing, b: GitListing): number {
  const byVersion =
    a.version === null || b.version === null ? 0 : compareUpstreamVersions(b.version, a.version);
  return byVersion || compareNames(b.ref ?? '', a.ref ?? '');
}

async function listingsOf(name: string, config: GitConfig, context: SourceContext): Promise<GitListing[]> {
  if (config.commit !== undefined) {
    return [{ version: null, ref: null, commit: config.commit, tag: null }];
  }
  const [kind, pattern]: [RefKind, string] =
    config.branch === undefined ? ['tags', config.tag ?? config.tags ?? '*'] : ['heads', config.branch];
  const prefix = `refs/${kind}/`;
  const wholeNames = config.version !== undefined && config.tags === undefined;
  const refs = await refsOf(config.url, kind, context);
  // Without a pattern in the profile, every name matches, also names with slashes
  const fitting = refs.filter((ref) => wholeNames || fitsPattern(ref.name.slice(prefix.length), pattern));
  const listings = fitting.map((ref) => listingOf(ref, ref.name.slice(prefix.length), pattern));
  const usable = config.version === undefined ? listings : listings.filter(({ version }) => version !== null);
  if (usable.length > 0) return usable;
  if (fitting.length > 0) throw noVersions(name, config, fitting);
  throw unknown(name, config, pattern, refs, prefix);
}

function listingOf({ name, id, peeled }: Ref, short: string, pattern: string): GitListing {
  return {
    version: name.startsWith(tags) ? versionOfTag(short, pattern) : versionOfBranch(short),
    ref: name,
    commit: peeled ?? id,
    tag: peeled === null ? null : id,
  };
}

async function refsOf(url: string, kind: RefKind, context: SourceContext): Promise<Ref[]> {
  const address = addressOf(url, context.workspaceRoot);
  return await sessionOf(context).once(`git-refs:${url}:${kind}`, async () => {
    const read = async (): Promise<Ref[]> =>
      address.kind === 'folder'
        ? await localRefs(await localRepository(address.path, url), kind, context)
        : await sessionOf(context).limit(() => remoteRefs({ ...address, named: true }, kind, context));
    const refs = await inItem(context.phase, `refs of ${url}`, read, {
      summary: ({ length }) => `${length}`,
      reason: () => 'could not be read',
    });
    // A server may list refs that were not requested
    return refs.filter(({ name }) => name.startsWith(`refs/${kind}/`));
  });
}

const shownNames = 8;

function noVersions(name: string, config: GitConfig, refs: readonly Ref[]): LockstepError {
  const names = refs.map((ref) => ref.name.slice(tags.length)).sort(compareNames);
  const more = names.length > shownNames ? `, and ${names.length - shownNames} more` : '';
  return new LockstepError('SOURCE_REF_UNKNOWN', {
    message: `No tag of ${config.url} is named after a version; there are ${names.slice(-shownNames).join(', ')}${more}`,
    hint: 'Name one of them with "tag", follow a "branch", or give a pattern of version tags in "tags": "release-*"',
    where: [{ path: `components.${name}.source.version`, value: config.version }],
  });
}

function unknown(
  name: string,
  config: GitConfig,
  pattern: string,
  others: readonly Ref[],
  prefix: string,
): LockstepError {
  const what = prefix === tags ? 'tag' : 'branch';
  const names = others.map((ref) => ref.name.slice(prefix.length)).sort((a, b) => compareNames(b, a));
  const near = nearNames(pattern, names);
  const field = (['tag', 'branch', 'tags', 'version'] as const).find((key) => config[key] !== undefined);
  const fits = pattern.includes('*') ? ` that matches "${pattern}"` : ` "${pattern}"`;
  return new LockstepError('SOURCE_REF_UNKNOWN', {
    message: `The repository ${config.url} has no ${what}${pattern === '*' ? '' : fits}`,
    hint:
      names.length === 0
        ? `It has no ${what === 'tag' ? 'tags' : 'branches'} at all`
        : `There are ${near.join(', ')}${names.length > near.length ? `, and ${names.length - near.length} more` : ''}`,
    where: [{ path: `components.${name}.source.${field ?? 'url'}`, value: pattern }],
  });
}

/** The most similar name first, then the highest names. */
function nearNames(pattern: string, names: readonly string[]): string[] {
  const likely = nearest(pattern.replaceAll('*', ''), names);
  const rest = names.filter((other) => other !== likely);
  return [...(likely === undefined ? [] : [likely]), ...rest].slice(0, 4);
}
