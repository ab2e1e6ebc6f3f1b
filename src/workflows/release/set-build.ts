/**
 * Makes packages from pins: decides their versions and which builds must run, and runs those in parallel. src/build
 * defines a build; src/metapackage defines the content of composed packages.
 */
import { join } from 'node:path';
import { baseIndices } from '../../build/base-index.js';
import { applyBuild, planBuild, prepareBuild, type BuildPlan } from '../../build/build-plan.js';
import type { BuildContext, DebianRequest, PreparedBuild } from '../../build/builder-port.js';
import type { BuildOutput } from '../../build/built.js';
import { readOwnVersions } from '../../build/packaging.js';
import { counted } from '../../counted.js';
import { LockstepError } from '../../errors.js';
import { ensureDir, exists, sha256Of } from '../../io/disk.js';
import { extensionComponents } from '../../metapackage/extension-set.js';
import { planSet, templatesOf, type SourceGroup } from '../../metapackage/compose.js';
import { keyringTemplate } from '../../metapackage/pinned-packages.js';
import type { SetPackage } from '../../metapackage/relations.js';
import { planVersion, type VersionUse } from '../../metapackage/revision.js';
import { readTemplates } from '../../metapackage/template-folder.js';
import { suitesOf } from '../../profile/load.js';
import type { SnapshotBuild, SnapshotSchema } from '../../snapshot/manifest.js';
import { readDropped } from '../../snapshot/dropped.js';
import { readBuilds } from '../../snapshot/builds-reader.js';
import { listSnapshots } from '../../snapshot/snapshot-folder.js';
import { extensionTree, readExtensions, type ExtensionFacts } from '../../source/extension-facts.js';
import { toldIn } from '../../source/source-context.js';
import type { AptSourcePin, Pin, StoredFile, TreePin } from '../../source/pin.js';
import { originLines } from '../../source/pin-kinds.js';
import { archiveKeys } from '../keys/archive-keys.js';
import type { Context, Run } from '../workspace/context.js';
import { databaseSchema } from './set-schema.js';
import { keyringGroup, keyringKey, publishedSuites } from '../keys/keyring-package.js';
import type { Resolution } from './resolve.js';
import { sideBySide } from '../../io/interrupt.js';
import { inPhase, type Phase } from '../../io/progress.js';
import type { BuildPlanRow } from './release-results.js';

export interface PlannedBuilds {
  rows: BuildPlanRow[];
  plans: BuildPlan[];
  /** The versions that this set assigns, for the manifest. */
  versions: SnapshotBuild[];
  /** The database schema that the set needs; undefined if it has no database. */
  schema: SnapshotSchema | undefined;
}

/** Everything that a snapshot is cut from. */
export interface BuiltSet
  extends
    Pick<Resolution, 'profile' | 'pins' | 'skipped' | 'sources'>,
    Pick<PlannedBuilds, 'versions' | 'schema'> {
  /** By component of the profile. */
  builds: ReadonlyMap<string, { inputs: string; method: string }>;
  outputs: BuildOutput[];
}

/**
 * Decides versions and which builds must run. It writes only to the cache and the content store.
 *
 * @throws LockstepError BUILD_*, TEMPLATE_*, PROFILE_UNKNOWN, MACHINE_UNFIT and what reading the base throws
 */
export async function planBuilds(
  run: Run,
  resolution: Resolution,
  suite?: string,
  asOf?: string,
): Promise<PlannedBuilds> {
  const decide = async (phase: Phase): Promise<PlannedBuilds> => {
    const history = await versionHistory(run, resolution.profile.name);
    const building = buildContext(run, phase);
    const debian = await planDebian(run, resolution, history, building);
    const schema = await databaseSchema(run, resolution, sourcesOf(debian));
    const groups = await composeGroups(run, resolution, debian, { history, schema, suite, asOf });
    const plans = [...debian.map(({ plan }) => plan), ...(await planTrees(groups, building))];
    return {
      rows: [...plans.map(rowOf), ...takenRows(resolution.pins)],
      plans,
      versions: [
        ...debian.map(({ plan, open }) => ({ package: plan.package, version: plan.version, inputs: open })),
        ...groups.map(({ source, version, inputs }) => ({ package: source, version, inputs })),
      ],
      schema,
    };
  };
  return await inPhase(run.progress, 'Planning the builds', decide, ({ rows }) => {
    const count = (state: BuildPlanRow['state']): number => rows.filter((row) => row.state === state).length;
    const taken = `${counted(count('taken'), 'package')} taken unchanged`;
    return `${counted(count('to build'), 'build')} to run, ${count('cached')} cached, ${taken}`;
  });
}

/** Plans the builds of packages that Lockstep composes. */
export async function planTrees(
  groups: readonly SourceGroup[],
  building: BuildContext,
): Promise<BuildPlan[]> {
  const planned = groups.flatMap(({ source, component = source, packages }) =>
    packages.map(async ({ trees: from, ...tree }) =>
      planBuild(await prepareBuild({ method: 'tree', component, tree, from }, building)),
    ),
  );
  return await Promise.all(planned);
}

/** Runs the planned builds in parallel. The others come from the cache. */
export async function buildSet(
  context: Context,
  resolution: Resolution,
  { plans, versions, schema }: PlannedBuilds,
): Promise<BuiltSet> {
  const build = async (phase: Phase): Promise<BuiltSet> => {
    await ensureDir(context.places.logs);
    const building = buildContext(context, phase);
    const outputs = await sideBySide(context.signal, (signal) =>
      plans.map((plan) => applyBuild(plan, { ...building, signal })),
    );
    for (const [index, plan] of plans.entries()) assertVersions(plan, outputs[index]!);
    return { ...resolution, builds: componentBuilds(resolution.pins, plans), outputs, versions, schema };
  };
  const built = plans.filter(({ action }) => action === 'build').length;
  return await inPhase(context.progress, 'Building', build, () =>
    built === 0 ? 'nothing to build' : `${built} built, ${plans.length - built} cached`,
  );
}

/**
 * Every version that this workspace assigned, in all profiles, because they share one pool. Versions of `profile` are
 * marked as its own.
 */
export async function versionHistory(context: Context, profile: string): Promise<VersionUse[]> {
  const { snapshots } = context.places;
  const uses: VersionUse[] = [];
  const add = (of: string, builds: readonly VersionUse[]): void => {
    for (const build of builds) uses.push({ ...build, isOwn: of === profile });
  };
  for (const place of await listSnapshots(snapshots)) add(place.profile, await readBuilds(snapshots, place));
  // An assigned version stays assigned after its snapshot is dropped: machines have it
  for (const dropped of await readDropped(snapshots)) add(dropped.profile, dropped.builds);
  return uses;
}

export function buildContext(context: Context, phase: Phase): BuildContext {
  const { store, builder, places, signal } = context;
  return { store, builder, cacheDir: places.cache, phase, signal };
}

interface PlannedDebian {
  plan: BuildPlan;
  /** Hash of the inputs without the version's number. */
  open: string;
  packages: SetPackage[];
}

async function planDebian(
  context: Context,
  { profile, pins, sources }: Resolution,
  history: readonly VersionUse[],
  building: BuildContext,
): Promise<PlannedDebian[]> {
  const wanted = Object.entries(profile.components).filter(
    ([, component]) => component.build?.method === 'debian',
  );
  if (wanted.length === 0) return [];
  const architecture = await building.builder.architecture();
  const indices = await baseIndices(sources, architecture, building.phase);
  const { versionSuffix, archive } = context.workspace;
  return await Promise.all(
    wanted.map(async ([name, component]) => {
      const pin = pins.get(name) as AptSourcePin | TreePin;
      const folder = join(context.places.packaging, name, 'debian');
      const packaging = await exists(folder);
      const ownVersions = await readOwnVersions(join(context.places.packaging, name, 'own-versions'));
      const request = (number: number): DebianRequest => ({
        method: 'debian',
        component: name,
        pin,
        ...(packaging ? { packaging: folder } : {}),
        suffix: `+${versionSuffix}${number}`,
        maintainer: archive.maintainer,
        changes: [
          // Debian's tools recognize a local build by these words in the first line, and do not take it for an upload
          // to Debian
          `Local package, built for the archive ${archive.origin}.`,
          `Profile ${profile.name}.`,
          ...originLines(pin, {}),
        ],
        packages: component.packages ?? (pin.kind === 'apt-source' ? [pin.package] : []),
        ownVersions,
        base: {
          codename: profile.base.codename,
          architecture,
          architectures: profile.base.architectures,
          indices,
        },
        log: join(context.places.logs, `build-${profile.name}-${name}.log`),
      });
      // Number 0 is never assigned. With it, the hash of the inputs depends only on the content
      const open = debianOf(await prepareBuild(request(0), building));
      const zero = open.prepared.source.version;
      const base = zero.slice(0, -`+${versionSuffix}0`.length);
      const version = planVersion(base, versionSuffix, open.inputs, history, open.prepared.source.package);
      const number = Number(version.slice(`${base}+${versionSuffix}`.length));
      const prepared = debianOf(await prepareBuild(request(number), building));
      const packages = prepared.prepared.binaries
        .filter((binary) => request(0).packages.includes(binary.package))
        .map((binary) => ({ ...binary, version }));
      return { plan: planBuild(prepared), open: open.inputs, packages };
    }),
  );
}

/** Files of the source packages that are built, by component. */
function sourcesOf(debian: readonly PlannedDebian[]): Map<string, readonly StoredFile[]> {
  return new Map(
    debian.map(({ plan }) => [plan.component, debianOf(plan.prepared).prepared.source.files] as const),
  );
}

function debianOf(prepared: PreparedBuild): Extract<PreparedBuild, { method: 'debian' }> {
  if (prepared.method !== 'debian') throw new TypeError('a debian request was prepared as something else');
  return prepared;
}

async function composeGroups(
  run: Run,
  { profile, pins, php, phpOf, sources }: Resolution,
  debian: readonly PlannedDebian[],
  given: {
    history: readonly VersionUse[];
    schema: SnapshotSchema | undefined;
    suite: string | undefined;
    asOf: string | undefined;
  },
): Promise<SourceGroup[]> {
  const { history, schema, suite, asOf } = given;
  const { workspace } = run;
  const { profiles } = run.profiles.all();
  const names = [...new Set([...templatesOf(profile), keyringTemplate])];
  const templates = await readTemplates(workspace.root, names);
  const key = await keyringKey(await archiveKeys(run, []));
  const set = await planSet(
    {
      workspace,
      profile,
      profiles,
      pins: Object.fromEntries(pins),
      built: Object.fromEntries(debian.map(({ plan, packages }) => [plan.component, packages])),
      templates,
      key,
      schema,
      extensions: await extensionsOf(run, { profile, pins, sources }),
      php,
      phpOf,
    },
    history,
  );
  const template = templates.get(keyringTemplate)!;
  // Machines get this package together with the suite in which it is published
  const [entry] = suitesOf(workspace, profile.name);
  const published = await publishedSuites(run, asOf);
  const next = suite ?? entry?.name;
  if (next !== undefined && !published.has(next)) published.set(next, [workspace.archive.area]);
  return [...set, await keyringGroup(run, { template, key, published }, history)];
}

/** The extensions and skins among the trees: composing uses plain data and reads no trees. */
async function extensionsOf(
  context: Context,
  { profile, pins, sources }: Pick<Resolution, 'profile' | 'pins' | 'sources'>,
): Promise<Record<string, ExtensionFacts>> {
  const trees = extensionComponents(profile).flatMap((name) => {
    const pin = pins.get(name);
    const tree = pin === undefined ? null : extensionTree(name, pin);
    return tree === null ? [] : [tree];
  });
  if (trees.length === 0) return {};
  return await inPhase(
    context.progress,
    'Reading extensions',
    (phase) => readExtensions(trees, toldIn(phase, sources)),
    (found) => counted(Object.keys(found).length, 'extension or skin', 'extensions and skins'),
  );
}

function rowOf(plan: BuildPlan): BuildPlanRow {
  const { component, package: name, version, method, action } = plan;
  return { component, package: name, version, method, state: action === 'build' ? 'to build' : 'cached' };
}

function takenRows(pins: ReadonlyMap<string, Pin>): BuildPlanRow[] {
  const as = { method: 'none', state: 'taken' } as const;
  return [...pins.values()].flatMap((pin) => {
    if (pin.kind !== 'apt-binary') return [];
    const { component } = pin;
    return pin.packages.map(({ package: name, version }) => ({ component, package: name, version, ...as }));
  });
}

function componentBuilds(
  pins: ReadonlyMap<string, Pin>,
  plans: readonly BuildPlan[],
): Map<string, { inputs: string; method: string }> {
  return new Map(
    [...pins].map(([name, pin]) => {
      const plan = plans.find(({ component }) => component === name);
      if (plan !== undefined) return [name, { inputs: plan.inputs, method: plan.method }];
      const files = pin.kind === 'apt-binary' ? pin.packages.map(({ file }) => file.sha256) : [];
      return [name, { inputs: sha256Of(files.sort().join('\n')), method: 'none' }];
    }),
  );
}

/** Refuses packages of another version than planned: the metapackage depends on exactly the planned versions. */
function assertVersions(plan: BuildPlan, output: BuildOutput): void {
  for (const built of output.packages) {
    if (built.version === plan.version) continue;
    throw new LockstepError('BUILD_OUTPUT', {
      message: `${built.package} was built as ${built.version} instead of the planned ${plan.version}`,
      hint: 'Packages with their own version (dpkg-gencontrol -v) cannot be part of an exact set.',
      where: [{ path: `components.${plan.component}` }],
    });
  }
}
