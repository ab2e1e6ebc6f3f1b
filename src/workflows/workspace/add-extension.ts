/** Adds an extension or a skin to a profile as a component. */
import { join } from 'node:path';
import semver from 'semver';
import { LockstepError } from '../../errors.js';
import { writeFileAtomic } from '../../io/disk.js';
import { addComponent, type NewComponent } from '../../profile/edit.js';
import { componentNamePattern } from '../../profile/names.js';
import type { Profile } from '../../profile/profile-schema.js';
import type { Context, Run } from './context.js';
import { openRun } from './run.js';
import { exclusively } from './workspace-lock.js';
import type { AddExtensionResult } from './workspace-results.js';

/** Where the extension comes from. */
export type ExtensionOrigin =
  | {
      kind: 'git';
      url: string;
      version: string | undefined;
      branch: string | undefined;
      tag: string | undefined;
      signedBy: string | undefined;
    }
  | {
      kind: 'tarball';
      url: string;
      version: string | undefined;
      listing: string | undefined;
      sha256: string | undefined;
      signature: string | undefined;
      signedBy: string | undefined;
    }
  | { kind: 'bundled' };

export interface AddExtensionRequest {
  /** The name of its folder in MediaWiki: `SyntaxHighlight_GeSHi`. */
  name: string;
  /** The component's name. Default: derived from the extension's name. */
  component: string | undefined;
  /** Default: the workspace's only profile. */
  profile: string | undefined;
  skin: boolean;
  from: ExtensionOrigin;
  dryRun: boolean;
}

/**
 * It fetches nothing: only the profile's own rules check the new component.
 *
 * @throws LockstepError USAGE, PROFILE_UNKNOWN, PROFILE_INVALID, COMPONENT_EXISTS, LOCK_HELD, DISK_*
 */
export async function addExtension(
  context: Context,
  request: AddExtensionRequest,
): Promise<AddExtensionResult> {
  if (request.dryRun) return await add(await openRun(context), request);
  return await exclusively(context, { dryRun: true }, (run) => add(run, request));
}

async function add(run: Run, request: AddExtensionRequest): Promise<AddExtensionResult> {
  const profile = run.profiles.withComponents(request.profile ?? onlyProfile(run));
  const component = request.component ?? componentOf(request.name);
  const path = join(run.workspace.root, profile.file);
  const text = Buffer.from(run.profiles.bytes(profile.name)).toString('utf8');
  const { fragment, line, ...edit } = addComponent(
    text,
    profile.name,
    component,
    newComponent(profile, request),
  );
  if (!request.dryRun) await writeFileAtomic(path, Buffer.from(edit.text), { mode: 0o644 });
  const kind = request.skin ? 'skin' : 'extension';
  return {
    profile: profile.name,
    ...{ file: profile.file, component, fragment, line },
    package: request.from.kind === 'bundled' ? null : `mediawiki-${kind}-${component}`,
    written: !request.dryRun,
  };
}

function onlyProfile(run: Run): string {
  const { profiles } = run.profiles.check();
  const [only, ...others] = profiles.map(({ name }) => name);
  if (only !== undefined && others.length === 0) return only;
  throw new LockstepError('USAGE', {
    message: 'The profile for the extension is missing',
    hint: `Add --profile NAME. Available: ${[only, ...others].join(', ') || 'none with components'}`,
  });
}

/** `SyntaxHighlight_GeSHi` -> `syntaxhighlight-geshi`. @throws LockstepError USAGE */
function componentOf(name: string): string {
  const component = name
    .toLowerCase()
    .replace(/[ _.]+/g, '-')
    .replace(/[^a-z0-9-]/g, '');
  if (/^[A-Za-z0-9][A-Za-z0-9 _.-]*$/.test(name) && componentNamePattern.test(component)) return component;
  throw new LockstepError('USAGE', {
    message: `${JSON.stringify(name)} cannot be the name of an extension`,
    hint: 'Use the name of its folder, such as SyntaxHighlight_GeSHi. --component sets its name in the profile.',
  });
}

function newComponent(profile: Profile, { name, skin, from }: AddExtensionRequest): NewComponent {
  const build = { method: 'tree', ...(skin ? { as: 'skin' } : {}) };
  switch (from.kind) {
    case 'bundled': {
      const core = coreOf(profile);
      const path = `${skin ? 'skins' : 'extensions'}/${name.replaceAll(' ', '')}`;
      return { source: { kind: 'within', component: core, path } };
    }
    case 'git': {
      const { url, signedBy, ...what } = from;
      const named = defined(what, ['version', 'tag', 'branch']);
      const source = { kind: 'git', url, ...(Object.keys(named).length === 0 ? branchLike(profile) : named) };
      return { source: { ...source, ...defined({ signedBy }, ['signedBy']) }, build };
    }
    case 'tarball': {
      const { url } = from;
      const more = defined(from, ['version', 'listing', 'sha256', 'signature', 'signedBy']);
      return { source: { kind: 'tarball', url, ...more }, build };
    }
  }
}

function defined<T extends object>(from: T, keys: readonly (keyof T & string)[]): Record<string, unknown> {
  return Object.fromEntries(keys.flatMap((key) => (from[key] === undefined ? [] : [[key, from[key]]])));
}

/** The component that is MediaWiki itself, if the profile shows which one. */
function coreOf(profile: Profile): string {
  return Object.hasOwn(profile.components, 'mediawiki') ? 'mediawiki' : profile.metapackage.lead;
}

/**
 * The extension's branch for the profile's MediaWiki: `REL1_43` for 1.43, `wmf/*` for `wmf/*`.
 *
 * @throws LockstepError USAGE if the profile does not show MediaWiki's version
 */
function branchLike(profile: Profile): { branch: string } {
  const { source } = profile.components[coreOf(profile)]!;
  if (source.kind === 'git' && source.branch !== undefined) return { branch: source.branch };
  const range = 'version' in source ? source.version : undefined;
  const lowest =
    range === undefined || range === 'latest' || range === 'any' ? null : semver.minVersion(range);
  if (lowest !== null && lowest.major > 0) return { branch: `REL${lowest.major}_${lowest.minor}` };
  throw new LockstepError('USAGE', {
    message: `The branch or version of the repository is missing: the profile ${profile.name} does not determine the version of MediaWiki`,
    hint: `Add --branch B, --tag T or --version RANGE`,
  });
}
