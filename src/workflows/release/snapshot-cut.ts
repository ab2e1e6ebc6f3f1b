/** Makes a snapshot from a built set: vets it, compares it with the last one, signs it. */
import { counted } from '../../counted.js';
import { readDebControl } from '../../deb/deb-file.js';
import { decompressByName } from '../../io/compress.js';
import type { ImportedProfile, Profile } from '../../profile/profile-schema.js';
import { packageEntry, sourceEntry, takenPackageEntry } from '../../snapshot/content.js';
import { isProven } from '../../suite/gates.js';
import type { Snapshot, SnapshotPackage } from '../../snapshot/manifest.js';
import { planSnapshot, type SnapshotContent, type SnapshotPlan } from '../../snapshot/snapshot-plan.js';
import { lastSnapshot } from '../../snapshot/snapshot-folder.js';
import type { Signer } from '../../signing/signer.js';
import { openReleases } from '../../source/apt-archive.js';
import { baseReleaseFileOf } from '../../source/release-age.js';
import { budgetOf } from '../../vetting/package-limits.js';
import { vetSet } from '../../vetting/vet.js';
import { buildSet, type BuiltSet, type PlannedBuilds } from './set-build.js';
import { changelogsOf } from './set-changelogs.js';
import type { Context, Run } from '../workspace/context.js';
import { proveInstallable } from './install-gate.js';
import { assertNamesAreFree } from './pool-names.js';
import { proveReadable } from './reading-gate.js';
import { assertNotBehindBase } from './behind-base.js';
import type { Resolution } from './resolve.js';
import { withSignedSources } from './source-signatures.js';
import { cutRequest, writeCut } from '../workspace/cutting.js';
import { ownTrust } from '../keys/archive-keys.js';
import { prepareEntry } from '../move/suite-publication.js';
import { evidenceOfSnapshot } from '../workspace/snapshot-records.js';
import { inPhase } from '../../io/progress.js';
import type { CutResult } from './release-results.js';

/**
 * @param security CVE ids that flag the new snapshot
 * @throws LockstepError VETTING_FAILED, INSTALL_IMPOSSIBLE, INSTALL_OVERLAP, SNAPSHOT_INVALID, VERIFY_*, STORE_*
 */
async function planCut(
  context: Run,
  set: BuiltSet,
  security: readonly string[],
  merges?: readonly Snapshot[],
): Promise<SnapshotPlan> {
  const { workspace, places, store, signal } = context;
  const { area } = workspace.archive;
  const { profile } = set;
  const built = set.outputs.flatMap(({ packages }) => packages);
  const vetting = await vetSet(built, { store, cacheDir: places.cache, budget: budgetOf(workspace), signal });
  const components = Object.fromEntries(
    [...set.pins].map(([name, pin]) => {
      const skipped = set.skipped.flatMap(({ component, ...one }) => (component === name ? [one] : []));
      const build = set.builds.get(name)!;
      return [name, { pin, build, ...(skipped.length === 0 ? {} : { skipped }) }];
    }),
  );
  const taken = await takenEntries(context, set);
  const last = await lastSnapshot(places.snapshots, profile.name, await ownTrust(context));
  const content: SnapshotContent = {
    ...writtenIn(profile),
    components,
    packages: [
      ...taken,
      ...set.outputs.flatMap((output) =>
        output.packages.map((item) => packageEntry(item, { component: output.component, area })),
      ),
    ],
    sources: set.outputs.flatMap((output) => output.sources.map((source) => sourceEntry(source, area))),
    // Read only if a snapshot will be cut
    sourceChangelogs: [],
    builds: set.versions,
    evidence: [vetting],
    ...(set.schema === undefined ? {} : { schema: set.schema }),
    ...(security.length === 0 ? {} : { security: [...security] }),
  };
  const anew = last !== null && (await isUnproven(context, last));
  const request = { ...(await cutRequest(context, last, merges)), anew };
  const plan = planSnapshot({ content, ...request });
  if (plan.kind === 'unchanged') return plan;
  await assertNamesAreFree(context, plan.manifest.packages, last);
  const readable = await proveReadable(context, plan.manifest, last);
  // The last proof, because it takes the longest and needs all packages
  const proof = await proveInstallable(context, { profile, sources: set.sources, set: plan.manifest });
  const { packages } = content;
  const sourceChangelogs = await changelogsOf(context, packages, last === null ? [] : [last.manifest]);
  const baseReleaseFiles = (await openReleases(set.sources)).map(baseReleaseFileOf);
  return planSnapshot({
    content: { ...content, baseReleaseFiles, sourceChangelogs, evidence: [vetting, readable, proof] },
    ...request,
  });
}

/** The fields that a snapshot copies unchanged from its profile. */
export function writtenIn({
  name: profile,
  description,
  base,
}: Profile | ImportedProfile): Pick<SnapshotContent, 'profile' | 'description' | 'base'> {
  const { distribution, release, codename, architectures } = base;
  return { profile, description, base: { distribution, release, codename, architectures } };
}

async function takenEntries(
  { workspace, store }: Context,
  { pins }: Pick<BuiltSet, 'pins'>,
): Promise<SnapshotPackage[]> {
  const { area } = workspace.archive;
  const entries: SnapshotPackage[] = [];
  for (const pin of pins.values()) {
    if (pin.kind !== 'apt-binary') continue;
    for (const binary of pin.packages) {
      const reading = { decompress: decompressByName, file: binary.file.name };
      const { control } = await readDebControl(await store.read(binary.file.sha256), reading);
      entries.push(takenPackageEntry(binary, control.text(), { component: pin.component, area }));
    }
  }
  return entries;
}

/**
 * Whether the snapshot lacks valid evidence of a gate, for example because an earlier Lockstep cut it. Suites
 * refuse such a snapshot.
 */
async function isUnproven(context: Run, snapshot: Snapshot): Promise<boolean> {
  const evidence = await evidenceOfSnapshot(context, snapshot);
  return !isProven({ imported: false, evidence }, context.clock.now());
}

/** The message after a plan was executed, with the same counts as `show` and `snapshots`. */
export function toldOf(plan: SnapshotPlan): string {
  if (plan.kind === 'unchanged') return `nothing changed since ${plan.id}`;
  const { packages, sources } = plan.manifest;
  return `${plan.id}: ${counted(packages.length, 'package')}, ${counted(sources.length, 'source package')}`;
}

/** Writes and signs the manifest. The caller holds the workspace's lock. */
async function applyCut(context: Run, plan: SnapshotPlan, set: BuiltSet, signer: Signer): Promise<CutResult> {
  const title = `Cutting a snapshot of ${set.profile.name}`;
  const cut = async (): Promise<CutResult> => {
    const { name: profile } = set.profile;
    const [manifest] = await writeCut(context, plan, signer, `Cut ${plan.id} of ${profile}`);
    if (plan.kind === 'cut') await prepareEntry(context, { profile, id: plan.id, sha256: plan.sha256 });
    return cutReport(plan, set, manifest ?? null);
  };
  return await inPhase(context.progress, title, cut, () => toldOf(plan));
}

/** Builds the plan and cuts the snapshot. A dry run only reports what it would cut. Throws as its steps. */
export async function buildAndCut(
  run: Run,
  resolution: Resolution,
  planned: PlannedBuilds,
  signer: Signer,
  {
    dryRun = false,
    security,
    merges,
  }: { dryRun?: boolean; security: readonly string[]; merges?: readonly Snapshot[] },
): Promise<CutResult> {
  await assertNotBehindBase(run, resolution, planned);
  const built = await buildSet(run, resolution, planned);
  const set = await withSignedSources(run, built, dryRun ? null : signer);
  const plan = await planCut(run, set, security, merges);
  return dryRun ? cutReport(plan, set, null) : await applyCut(run, plan, set, signer);
}

/** The result of a cut or an import: the snapshot that was cut, or that a dry run would cut. */
export function cutFields(plan: SnapshotPlan): Pick<CutResult, 'id' | 'cut' | 'inputs' | 'parent'> {
  const parent = plan.kind === 'cut' ? (plan.manifest.parent?.id ?? null) : null;
  return { id: plan.id, cut: plan.kind === 'cut', inputs: plan.inputs, parent };
}

function cutReport(plan: SnapshotPlan, set: BuiltSet, manifest: string | null): CutResult {
  return {
    profile: set.profile.name,
    ...cutFields(plan),
    manifest,
    security: [...((plan.kind === 'cut' ? plan.manifest.security : plan.security) ?? [])],
    skipped: [...set.skipped],
    packages: set.outputs.flatMap((output) =>
      output.packages.map(({ package: name, version, architecture }) => ({
        package: name,
        version,
        architecture,
        component: output.component,
      })),
    ),
  };
}
