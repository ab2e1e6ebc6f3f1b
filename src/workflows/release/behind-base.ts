/**
 * Whether the base release is ahead of the archive, and since when. `.lockstep/base-versions.json` keeps the
 * observed versions, so that commands that contact no mirror can report it too. If the file is lost or
 * damaged, the dates start again, which does no harm.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { compareVersions } from '../../deb/version.js';
import { LockstepError } from '../../errors.js';
import { writeFileAtomic } from '../../io/disk.js';
import { readKept } from '../../io/kept-json.js';
import { baseReleases } from '../../profile/base-release.js';
import { isImported, placeOfWords } from '../../profile/load.js';
import type { Profile } from '../../profile/profile-schema.js';
import { aheadOf, aheadSentence, type OwnPackage, type SeenVersion } from '../../resolution/base-ahead.js';
import { readBuilds } from '../../snapshot/builds-reader.js';
import { canonicalJson } from '../../io/canonical-json.js';
import type { HistoryEntry } from '../../suite/history.js';
import type { SnapshotManifest } from '../../snapshot/manifest.js';
import { baseVersions } from '../../source/base-versions.js';
import { toldIn, type SourceContext } from '../../source/source-context.js';
import type { PlannedBuilds } from './set-build.js';
import type { Context, Run } from '../workspace/context.js';
import type { Resolution } from './resolve.js';
import { inPhase, type Phase } from '../../io/progress.js';
import type { BaseAhead } from '../../resolution/outdated-shape.js';

const seenSchema = z.object({
  package: z.string(),
  version: z.string(),
  suite: z.string(),
  seen: z.iso.datetime(),
});

const fileSchema = z.object({
  format: z.literal(1),
  /** By codename, then by source package. */
  bases: z.record(z.string(), z.record(z.string(), seenSchema)),
});

type SeenFile = z.infer<typeof fileSchema>;

/** A source package with the names of what is built of it. */
export interface OwnSource extends OwnPackage {
  packages: readonly string[];
}

function fileOf({ places }: Context): string {
  return join(places.state, 'base-versions.json');
}

async function readSeen(context: Context): Promise<SeenFile> {
  return (await readKept(fileOf(context), fileSchema)) ?? { format: 1, bases: {} };
}

/** What was seen of a base by the last command that looked, by source package. */
export async function lastSeen(context: Context, codename: string): Promise<Map<string, SeenVersion>> {
  const { bases } = await readSeen(context);
  return new Map(Object.entries(Object.hasOwn(bases, codename) ? bases[codename]! : {}));
}

/**
 * Reads the base's versions of these packages, records new ones, and returns the packages of which the base
 * is ahead.
 *
 * @throws LockstepError as {@link baseVersions}, DISK_*
 */
export async function lookAtBase(
  context: Context,
  own: readonly OwnSource[],
  sources: SourceContext,
): Promise<BaseAhead[]> {
  if (own.length === 0) return [];
  const look = async (phase: Phase): Promise<BaseAhead[]> => {
    const found = await baseVersions(
      [...new Set(own.flatMap(({ packages }) => packages))],
      toldIn(phase, sources),
    );
    const { codename } = sources.base;
    const file = await readSeen(context);
    const known = new Map(Object.entries(file.bases[codename] ?? {}));
    const before = JSON.stringify([...known]);
    for (const { source, packages } of own) {
      const [highest] = found
        .filter((one) => packages.includes(one.package))
        .sort((a, b) => compareVersions(b.version, a.version) || order(packages, a) - order(packages, b));
      if (highest === undefined) known.delete(source);
      else if (known.get(source)?.version !== highest.version)
        known.set(source, { ...highest, seen: context.clock.now().toISOString() });
    }
    if (JSON.stringify([...known]) !== before) {
      const bases = { ...file.bases, [codename]: Object.fromEntries(known) };
      await writeFileAtomic(fileOf(context), canonicalJson({ format: 1, bases }));
    }
    const ahead = aheadOf(own, known);
    for (const one of ahead) phase.info(aheadSentence(one, baseName(codename)));
    return ahead;
  };
  return await inPhase(context.progress, 'Comparing with the packages of the base release', look, (ahead) =>
    ahead.length === 0 ? 'none has a higher version' : `${ahead.length} with a higher version`,
  );
}

const order = (packages: readonly string[], one: { package: string }): number =>
  packages.indexOf(one.package);

/** `Debian 12`; a codename that is not known stands for itself. */
export function baseName(codename: string): string {
  const base = baseReleases.find((one) => one.codename === codename);
  return base === undefined ? codename : `Debian ${base.release}`;
}

/** What a set that was planned will have. */
export function plannedSources(profile: Profile, { plans }: PlannedBuilds): OwnSource[] {
  return plans.map(({ component, package: source, version, method }) => {
    const named = Object.hasOwn(profile.components, component)
      ? profile.components[component]!.packages
      : undefined;
    return { source, version, packages: method === 'debian' ? (named ?? [source]) : [source] };
  });
}

/** What the pins of Debian's own source packages will come to; versions of other kinds are known once they are planned. */
export function pinnedSources(context: Context, { profile, pins }: Resolution): OwnSource[] {
  return [...pins].flatMap(([component, pin]) =>
    pin.kind !== 'apt-source'
      ? []
      : [
          {
            source: pin.package,
            version: `${pin.version}+${context.workspace.versionSuffix}1`,
            packages: profile.components[component]?.packages ?? [pin.package],
          },
        ],
  );
}

/** What a snapshot has. */
export function snapshotSources({ builds, packages }: SnapshotManifest): OwnSource[] {
  return builds.map(({ package: source, version }) => ({
    source,
    version,
    packages: packages.filter((one) => one.source === source).map((one) => one.package),
  }));
}

/**
 * Whether the base is ahead of what a suite points at, by what was seen last; no mirror is asked. Empty where the profile
 * or the snapshot cannot be read: the command that needs them says why.
 */
export async function aheadOfSuite(
  run: Run,
  profile: string,
  last: HistoryEntry | undefined,
): Promise<{ base: string; ahead: BaseAhead[] }> {
  const none = { base: '', ahead: [] };
  if (last === undefined) return none;
  const read = run.profiles.readable(profile);
  if (read === undefined || isImported(read)) return none;
  const { codename } = read.base;
  try {
    const seen = await lastSeen(run, codename);
    if (seen.size === 0) return none;
    const builds = await readBuilds(run.places.snapshots, { profile: last.profile, id: last.to });
    const own = builds.map(({ package: source, version }) => ({ source, version }));
    return { base: baseName(codename), ahead: aheadOf(own, seen) };
  } catch (error) {
    if (error instanceof LockstepError) return none;
    throw error;
  }
}

/**
 * Before anything is built: a set that the base is ahead of cannot be installed by whoever has not the archive's pin,
 * which the gate would say at the end. A skip is the leave for it, as there.
 *
 * @throws LockstepError INSTALL_IMPOSSIBLE
 */
export async function assertNotBehindBase(
  context: Context,
  { profile, written, sources, skipped }: Resolution,
  planned: PlannedBuilds,
): Promise<void> {
  const ahead = await lookAtBase(context, plannedSources(profile, planned), sources);
  // Where nothing has to be built, the gate comes at once; and it has nothing to say of a set that was cut before
  if (!planned.plans.some(({ action }) => action === 'build')) return;
  const { components, metapackage } = profile;
  const inTheWay = ahead.flatMap((one) => {
    const component = planned.plans.find((plan) => plan.package === one.source)?.component ?? '';
    if (component === metapackage.name) return [{ ...one, component, path: 'metapackage.name' }];
    const isExact = Object.hasOwn(components, component) && components[component]!.relation === 'exact';
    const isSkipped = skipped.some((skip) => skip.component === component);
    return isExact && !isSkipped ? [{ ...one, component, path: `components.${component}.source` }] : [];
  });
  const [first] = inTheWay;
  if (first === undefined) return;
  const base = baseName(profile.base.codename);
  throw new LockstepError('INSTALL_IMPOSSIBLE', {
    message: `${metapackage.name} could not be installed without the archive's pin: ${aheadSentence(first, base)}`,
    hint:
      first.component === metapackage.name
        ? `Give metapackage.name a name that ${base} does not have. Nothing was built.`
        : `Use that version in the profile, or skip it: lockstep skip ${profile.name} ${first.component} ` +
          `--not ${first.version} --reason WHY --until DAY. Nothing was built.`,
    where: inTheWay.map((one) => ({
      ...placeOfWords(written, one.path),
      value: one.ours,
      message: aheadSentence(one, base),
    })),
  });
}
