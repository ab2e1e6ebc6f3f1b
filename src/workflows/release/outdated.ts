/**
 * `lockstep outdated`: for each component what it is pinned to, the newest in
 * its range and the newest of all. It looks at suites, tags and listings;
 * nothing is fetched, no lock is taken.
 */
import { LockstepError } from '../../errors.js';
import { isImported, suiteOf } from '../../profile/load.js';
import { assertFilledIn, placeholdersIn } from '../../profile/placeholder.js';
import type { SkipsInForce } from '../../profile/skip.js';
import { skipsOf } from '../../profile/skips-in-force.js';
import type { Profile } from '../../profile/profile-schema.js';
import { optionsOf } from '../../resolution/options.js';
import { outdatedComponent, outdatedWithin } from '../../resolution/outdated.js';
import { pinVersion } from '../../comparison/snapshot-diff.js';
import type { Snapshot } from '../../snapshot/manifest.js';
import { lastSnapshot } from '../../snapshot/snapshot-folder.js';
import type { SourceContext } from '../../source/source-context.js';
import { allCandidates } from '../../source/registry.js';
import { lookAtBase, snapshotSources } from './behind-base.js';
import type { Context, Run } from '../workspace/context.js';
import { openRun } from '../workspace/run.js';
import { namedSnapshot, readingTrust } from '../reading/named-snapshot.js';
import { withKnownFixes } from '../workspace/known-skips.js';
import { sourceContext } from './profile-sources.js';
import type { OutdatedComponent } from '../../resolution/outdated-shape.js';
import type { OutdatedResult } from './release-results.js';

export interface OutdatedRequest {
  /** All profiles with components where neither it nor a suite is given. */
  profile: string | undefined;
  /** Compare with what this suite points at, and not with the last snapshot. */
  suite: string | undefined;
}

/**
 * @throws LockstepError PROFILE_UNKNOWN, PROFILE_INVALID, PROFILE_PLACEHOLDER, SUITE_UNKNOWN, USAGE (a suite of
 * another profile, a profile of imported packages), MIRROR_UNKNOWN, SNAPSHOT_*, VERIFY_* and what looking for
 * candidates throws (src/source/registry.ts)
 */
export async function outdated(context: Context, request: OutdatedRequest): Promise<OutdatedResult> {
  const run = await openRun(context);
  const { profiles, notes } = profilesOf(run, request);
  const trust = await readingTrust(run);
  const report: OutdatedResult = { profiles: [], notes };
  for (const profile of profiles) {
    const snapshot =
      request.suite === undefined
        ? await lastSnapshot(run.places.snapshots, profile.name, trust)
        : (await namedSnapshot(run, request.suite, trust)).snapshot;
    const skips = skipsOf(profile, run.clock.now());
    const sources = await sourceContext(run, profile);
    report.notes.push(...skips.ended.map((sentence) => `${sentence}.`));
    report.profiles.push({
      profile: profile.name,
      snapshot: snapshot?.manifest.id ?? null,
      suite: request.suite ?? null,
      components: await componentsOf(run, profile, sources, { snapshot, skips: skips.inForce }),
      ahead: snapshot === null ? [] : await lookAtBase(run, snapshotSources(snapshot.manifest), sources),
    });
  }
  return report;
}

function profilesOf(
  { workspace, profiles: read }: Run,
  { profile: name, suite }: OutdatedRequest,
): { profiles: Profile[]; notes: string[] } {
  const ofSuite = suite === undefined ? undefined : suiteOf(workspace, suite).profile;
  if (name !== undefined && ofSuite !== undefined && name !== ofSuite) {
    throw new LockstepError('USAGE', {
      message: `The suite ${suite!} belongs to the profile ${ofSuite}, not to ${name}`,
      hint: `Omit the profile, or name the right one: lockstep outdated ${ofSuite} --suite ${suite!}`,
      where: [{ path: '--suite', value: suite! }],
    });
  }
  const named = name ?? ofSuite;
  if (named !== undefined) {
    const profile = read.withComponents(named);
    assertFilledIn(profile);
    return { profiles: [profile], notes: [] };
  }
  const profiles: Profile[] = [];
  const notes: string[] = [];
  for (const one of read.names) {
    const profile = read.either(one);
    if (isImported(profile)) continue;
    if (placeholdersIn(profile).length === 0) profiles.push(profile);
    else notes.push(`The profile ${one} is left out: it still contains example addresses.`);
  }
  return { profiles, notes };
}

async function componentsOf(
  context: Context,
  profile: Profile,
  sources: SourceContext,
  { snapshot, skips }: { snapshot: Snapshot | null; skips: SkipsInForce },
): Promise<OutdatedComponent[]> {
  const { components } = profile;
  const candidates = await allCandidates(components, sources);
  const rows = Object.keys(components)
    .sort()
    .map((name) => {
      const { source } = components[name]!;
      const pinned = snapshot?.manifest.components ?? {};
      const pin = Object.hasOwn(pinned, name) ? pinned[name]!.pin : undefined;
      const current = pin === undefined ? null : pinVersion(pin);
      if (source.kind === 'within') return outdatedWithin(name, source.component, current);
      const own = candidates.find(({ component }) => component === name);
      return outdatedComponent(name, optionsOf(name, source, own, skips.get(name) ?? []), pin, current);
    });
  const known = await withKnownFixes(
    context,
    profile.name,
    rows.flatMap(({ component, skipped }) => skipped.map((one) => ({ component, ...one }))),
  );
  return rows.map((row) => ({
    ...row,
    skipped: known.flatMap(({ component, ...one }) => (component === row.component ? [one] : [])),
  }));
}
