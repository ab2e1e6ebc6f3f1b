/**
 * `lockstep skip`: adds a skip of a version until a date to a profile, or removes it. It first looks up the
 * available versions of the component, so that the skipped version exists and the message names the remaining
 * one. It fetches only indices and refs.
 */
import { join } from 'node:path';
import { LockstepError } from '../../errors.js';
import { writeFileAtomic } from '../../io/disk.js';
import { dropSkip, putSkip } from '../../profile/edit-skip.js';
import { oneLine } from '../../profile/names.js';
import { noComponent } from '../../profile/load.js';
import type { Profile } from '../../profile/profile-schema.js';
import { versionFault } from '../../profile/skip-rules.js';
import { hasEnded, isTooLong, latestEnd, tooLongWords, undoCommand, type Skip } from '../../profile/skip.js';
import { skipsOf } from '../../profile/skips-in-force.js';
import type { ComponentOptions, Skippable } from '../../resolution/component-options.js';
import { optionsOf, type OwnSource } from '../../resolution/options.js';
import { unlessSkipped } from '../../resolution/skips.js';
import { allCandidates } from '../../source/registry.js';
import type { Context, Run } from './context.js';
import { openRun } from './run.js';
import { withKnownFixes } from './known-skips.js';
import { sourceContext } from '../release/profile-sources.js';
import { exclusively } from './workspace-lock.js';
import type { SkipResult } from './workspace-results.js';

export interface SkipRequest {
  profile: string;
  component: string;
  change: ({ kind: 'put' } & Skip) | { kind: 'remove'; version: string };
  dryRun: boolean;
}

/** What a lookup shows about the version to skip. */
type Outlook = Pick<SkipResult, 'version' | 'listed' | 'security' | 'instead' | 'notes'>;

/** The most versions that a message lists when the requested version does not exist. */
const mostNamed = 6;

/**
 * @throws LockstepError USAGE (component, reason, day, an upstream version that several Debian versions have),
 * VERSION_UNLISTED, PROFILE_UNKNOWN, PROFILE_INVALID, LOCK_HELD, DISK_*
 */
export async function skip(context: Context, request: SkipRequest): Promise<SkipResult> {
  const { component, change, dryRun } = request;
  const now = context.clock.now();
  const before = await openRun(context);
  const profile = before.profiles.withComponents(request.profile);
  const source = sourceOf(profile, component);
  if (change.kind === 'put') assertSkip(change, source, now);
  // Done without the lock, because the network can be slow
  const outlook =
    change.kind === 'put'
      ? await lookAhead(context, profile, component, { source, skip: change })
      : { version: change.version, listed: null, security: false, instead: null, notes: [] };
  const path = join(context.workspace.root, profile.file);
  const edit = async ({ profiles }: Run): Promise<SkipResult> => {
    const text = Buffer.from(profiles.bytes(profile.name)).toString('utf8');
    const { version } = outlook;
    const plan =
      change.kind === 'put'
        ? putSkip(text, profile.name, component, { version, reason: change.reason, until: change.until }, now)
        : dropSkip(text, profile.name, component, version);
    const isNews = plan.action !== 'none';
    if (isNews && !dryRun) await writeFileAtomic(path, Buffer.from(plan.text), { mode: 0o644 });
    const { action, line, fragment } = plan;
    const what = { profile: profile.name, file: profile.file, component, action, line, fragment };
    const notes = [
      ...outlook.notes,
      ...(change.kind === 'remove' && !isNews ? [others(profile, component)] : []),
    ];
    return { ...what, ...outlook, notes, written: isNews && !dryRun };
  };
  if (dryRun) return await edit(before);
  return await exclusively(context, { dryRun: true }, edit);
}

/** @throws LockstepError USAGE */
function sourceOf(profile: Profile, component: string): OwnSource {
  const { name, components } = profile;
  if (!Object.hasOwn(components, component)) throw noComponent(profile, component, { path: 'COMPONENT' });
  const { source } = components[component]!;
  if (source.kind !== 'within') return source;
  throw new LockstepError('USAGE', {
    message: `${component} has the version of ${source.component}, which contains it`,
    hint: `Skip one of ${source.component}: lockstep skip ${name} ${source.component} --not VERSION ...`,
    where: [{ path: 'COMPONENT', value: component }],
  });
}

/** @throws LockstepError USAGE */
function assertSkip({ version, reason, until }: Skip, { kind }: OwnSource, now: Date): void {
  const refuse = (flag: string, value: string, message: string): never => {
    throw new LockstepError('USAGE', {
      message: `${flag} ${message}`,
      where: [{ path: flag, value }],
      hint: `For example: --not VERSION --reason "no mirror has its files yet" --until ${latestEnd(now)}`,
    });
  };
  const wrong = versionFault(kind, version);
  if (wrong !== null) refuse('--not', version, wrong);
  if (!oneLine.safeParse(reason).success) refuse('--reason', reason, 'must be one line of text');
  const isDay =
    /^\d{4}-\d{2}-\d{2}$/.test(until) && new Date(`${until}T00:00:00Z`).toJSON()?.startsWith(until);
  if (isDay !== true) refuse('--until', until, 'must be a date such as 2026-12-13');
  if (hasEnded({ until }, now))
    refuse('--until', until, 'is not in the future: such a skip would have no effect');
  if (isTooLong({ until }, now)) refuse('--until', until, tooLongWords(now));
}

function others({ name, components }: Profile, component: string): string {
  const skips = components[component]!.skip ?? [];
  return skips.length === 0
    ? `${name} skips no version of ${component}.`
    : `${name} skips of ${component}: ${skips.map(({ version }) => version).join(', ')}.`;
}

/**
 * The available versions, and those that remain after the skip. A failed lookup is only a note: it may be the
 * reason for the skip.
 */
async function lookAhead(
  context: Context,
  profile: Profile,
  component: string,
  { source, skip: wanted }: { source: OwnSource; skip: Skip },
): Promise<Outlook> {
  const found = await lookUp(context, profile, component, source);
  if (typeof found === 'string') {
    const note = `It is not known whether the version ${wanted.version} exists and whether security fixes will be missing: ${found}`;
    return { version: wanted.version, listed: null, security: false, instead: null, notes: [note] };
  }
  const meant = namedBy(found, wanted.version);
  const version = versionOf(profile.name, component, source, { wanted: wanted.version, meant, found });
  const others = skipsOf(profile, context.clock.now()).inForce.get(component) ?? [];
  const own = { ...wanted, version, path: '', undo: undoCommand(profile.name, component, version) };
  const left = found.skippable.map((one) => unlessSkipped(one, [...others, own]));
  const instead = left.find(({ inRange }) => inRange)?.label ?? null;
  const { range } = found.variable;
  const known = await withKnownFixes(
    context,
    profile.name,
    meant.map(({ names, security }) => ({ ...wanted, component, version: names[0]!, security })),
  );
  return {
    version,
    listed: true,
    security: known.some(({ security }) => security),
    instead,
    notes: [
      ...(meant.some(({ option }) => option.inRange)
        ? []
        : [`${version} is outside the range ${range}: it would not be used anyway.`]),
      ...(instead === null ? [`No version remains in ${range}: resolve will fail.`] : []),
    ],
  };
}

/** All available versions of the component, or why they are unknown. */
async function lookUp(
  context: Context,
  profile: Profile,
  component: string,
  source: OwnSource,
): Promise<ComponentOptions | string> {
  try {
    const sources = await sourceContext(context, profile);
    const candidates = await allCandidates({ [component]: profile.components[component]! }, sources);
    const found = optionsOf(component, source, candidates[0], []);
    return Array.isArray(found) ? found.map(({ message }) => message).join('; ') : found;
  } catch (error) {
    if (error instanceof LockstepError && error.code !== 'INTERRUPTED') return error.message;
    throw error;
  }
}

function namedBy({ skippable }: ComponentOptions, version: string): Skippable[] {
  const exactly = skippable.filter(({ names }) => names[0] === version);
  return exactly.length > 0 ? exactly : skippable.filter(({ names }) => names.includes(version));
}

/**
 * The version to write: Debian's version if upstream's was given, because upstream's would also skip later fixes of it.
 */
function versionOf(
  profile: string,
  component: string,
  { kind }: OwnSource,
  { wanted, meant, found }: { wanted: string; meant: readonly Skippable[]; found: ComponentOptions },
): string {
  const names = [...new Set(meant.map(({ names: [own] }) => own!))];
  const [only] = names;
  if (only === undefined) {
    const there = found.skippable.map(({ option }) => option.label);
    const more = there.length > mostNamed ? `, and ${there.length - mostNamed} more` : '';
    throw new LockstepError('VERSION_UNLISTED', {
      message: `There is no version ${wanted} of ${component}: nothing lists it`,
      hint: `Available: ${there.slice(0, mostNamed).join(', ')}${more}. lockstep outdated ${profile} shows the newest.`,
      where: [{ path: '--not', value: wanted }],
    });
  }
  if (names.length > 1) {
    throw new LockstepError('USAGE', {
      message: `${wanted} matches several versions of ${component}: ${names.join(', ')}`,
      hint: 'Choose one of them with --not',
      where: [{ path: '--not', value: wanted }],
    });
  }
  return kind === 'apt-source' || kind === 'apt-binary' ? only : wanted;
}
