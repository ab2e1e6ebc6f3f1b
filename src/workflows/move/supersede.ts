/**
 * `lockstep rollback --supersede`: re-issues an earlier set as a separate snapshot, above every version that
 * machines may have. Plan, then apply; rollback.ts publishes the snapshot.
 */
import { poolFilePath } from '../../archive/layout.js';
import type { BuiltPackage } from '../../build/built.js';
import { repackInputHash, repackPackage } from '../../build/repack.js';
import { counted } from '../../counted.js';
import { takenBudget } from '../../deb/deb-budget.js';
import { LockstepError } from '../../errors.js';
import { readIfThere, sha256Of } from '../../io/disk.js';
import { grouped } from '../../io/keyed.js';
import { keyringPackageOf } from '../../metapackage/pinned-packages.js';
import type { Signer } from '../../signing/signer.js';
import { packageEntry } from '../../snapshot/content.js';
import type { Snapshot, SnapshotBuild, SnapshotPackage, SnapshotRef } from '../../snapshot/manifest.js';
import type { NamedVersion } from '../../suite/version-steps.js';
import { assertSameBase } from '../../suite/move-rules.js';
import { planSnapshot, type SnapshotContent } from '../../snapshot/snapshot-plan.js';
import {
  lastSnapshot,
  listSnapshots,
  readSnapshot,
  snapshotFiles,
  type SnapshotTrust,
} from '../../snapshot/snapshot-folder.js';
import { planSupersede, type Reissue, type SupersedePlan } from '../../suite/reissue-plan.js';
import { newestOfEach } from '../../snapshot/several-versions.js';
import { highestVersions } from '../../suite/highest-versions.js';
import { vetSet } from '../../vetting/vet.js';
import { changelogsOf } from '../release/set-changelogs.js';
import { ownTrust } from '../keys/archive-keys.js';
import type { Context, Run } from '../workspace/context.js';
import { pastVersions, type PastSnapshot } from './versions-on-machines.js';
import { cutRequest, writeCut } from '../workspace/cutting.js';
import { readability } from '../../suite/gates.js';
import { proveReadable } from '../release/reading-gate.js';
import { evidenceOfSnapshot, type SnapshotTarget } from '../workspace/snapshot-records.js';
import { supersedeNotes } from './reissue-rows.js';
import { inPhase, type Phase } from '../../io/progress.js';

/** The snapshot to publish, as a rollback that re-issues `target`. */
export interface SupersedeResult extends Required<SnapshotTarget> {
  /** False where an earlier run had cut it already. */
  cut: boolean;
}

export interface PlannedSupersede {
  current: Snapshot;
  target: Snapshot;
  plan: SupersedePlan;
  superseding: readonly Snapshot[];
  above: SnapshotRef;
  /** Plain sentences: what is left alone, what apt removes, what stays. May be empty. */
  notes: string[];
  /** What the new snapshot will list. */
  packages: NamedVersion[];
}

/**
 * Reads the manifests and decides; it writes nothing but what is derived from them.
 *
 * @param suite the suite that goes back
 * @param points what it points at
 * @param back the snapshot to return to. May be `points`: then only machines that did not follow it are moved
 * @throws LockstepError MOVE_UNNEEDED, MOVE_BASE, SNAPSHOT_*, VERIFY_*
 */
export async function planSupersedeRollback(
  run: Run,
  suite: string,
  points: SnapshotTarget,
  back: SnapshotTarget,
): Promise<PlannedSupersede> {
  const { snapshots } = run.places;
  const trust = await ownTrust(run);
  const [current, target] = [
    await readSnapshot(snapshots, points, trust),
    await readSnapshot(snapshots, back, trust),
  ];
  const { manifest } = target;
  const { id, base } = current.manifest;
  assertSameBase({ name: suite }, { id, base }, { what: `The snapshot ${manifest.id}`, base: manifest.base });
  const past = await pastVersions(run, suite);
  const exceed = highestVersions(past.map(({ packages }) => packages));
  const superseding = await supersedingSnapshots(run, trust);
  const plan = planSupersede({
    // Of several versions of a package, machines have the highest: what is re-issued is that
    current: { ...current.manifest, packages: newestOfEach(current.manifest.packages) },
    target: { ...manifest, packages: newestOfEach(manifest.packages) },
    exceed,
    keep: new Set([keyringPackageOf(run.workspace)]),
    issued: superseding.flatMap((one) => one.manifest.packages),
  });
  return {
    current,
    target,
    plan,
    superseding,
    above: aboveRef(current, plan, past),
    notes: supersedeNotes(plan, current.manifest.packages),
    packages: [
      ...plan.reissues.map(({ item, to }) => ({ package: item.package, version: to })),
      ...plan.kept.map(({ item }) => ({ package: item.package, version: item.version })),
    ],
  };
}

/** All snapshots so far that re-issue older content, of every profile: they share one pool. */
async function supersedingSnapshots(context: Context, trust: SnapshotTrust): Promise<Snapshot[]> {
  const { snapshots } = context.places;
  const found: Snapshot[] = [];
  for (const place of await listSnapshots(snapshots)) {
    context.signal.throwIfAborted();
    const bytes = await readIfThere(snapshotFiles(snapshots, place).manifest);
    // Inside of a value its quotes would be escaped: only a manifest with that field is read any further
    if (bytes?.includes('"supersedes":') !== true) continue;
    found.push(await readSnapshot(snapshots, place, trust));
  }
  return found;
}

/** The snapshot whose versions are exceeded: the current one, or the newest before it that has them. */
function aboveRef(
  current: Snapshot,
  { reissues }: SupersedePlan,
  past: readonly PastSnapshot[],
): SnapshotRef {
  const exceeds = (packages: readonly NamedVersion[]): boolean => {
    const highest = highestVersions([packages]);
    return reissues.some(({ item, above }) => highest.get(item.package) === above && item.version !== above);
  };
  const { id, packages } = current.manifest;
  const found = exceeds(packages) ? undefined : past.find((one) => exceeds(one.packages));
  return found === undefined ? { id, sha256: current.sha256 } : { id: found.id, sha256: found.sha256 };
}

/**
 * Repacks, vets, and cuts the snapshot or finds it again. The caller holds the workspace's lock.
 *
 * @throws LockstepError VETTING_FAILED, STORE_*, DEB_*, SOURCE_MISMATCH, SIGN_*, DISK_*, INTERRUPTED
 */
export async function applySupersede(
  run: Run,
  planned: PlannedSupersede,
  signer: Signer,
): Promise<SupersedeResult> {
  const { places } = run;
  const { manifest } = planned.target;
  const { profile } = manifest;
  const content = await contentOf(run, planned);
  const cut = async (): Promise<SupersedeResult> => {
    const last = await lastSnapshot(places.snapshots, profile, await ownTrust(run));
    const plan = planSnapshot({ content, ...(await cutRequest(run, last)) });
    // One that was cut and, the run being killed, not published; or published in another suite
    const before = planned.superseding.find(
      (one) => one.manifest.profile === profile && one.manifest.inputs === plan.inputs,
    );
    if (before !== undefined || plan.kind === 'unchanged') {
      const { id } = before?.manifest ?? plan;
      const sha256 = before?.sha256 ?? (await readSnapshot(places.snapshots, { profile, id })).sha256;
      return { id, profile, sha256, cut: false };
    }
    const what = `the content of ${manifest.id} above ${planned.above.id}`;
    await writeCut(run, plan, signer, `Cut ${plan.id} of ${profile}: ${what}`);
    return { id: plan.id, profile, sha256: plan.sha256, cut: true };
  };
  return await inPhase(
    run.progress,
    `Cutting a snapshot with the content of ${manifest.id}`,
    cut,
    ({ id, cut: isNew }) => (isNew ? id : `${id} already has it`),
  );
}

/** What the new snapshot records: the set of the target, its packages under their new versions. */
async function contentOf(
  run: Run,
  { current, target, plan, above }: PlannedSupersede,
): Promise<SnapshotContent> {
  const { store, places, signal } = run;
  const { manifest } = target;
  const reissued = await reissue(run, plan.reissues);
  const kept = plan.kept.map(({ item }) => item);
  for (const item of kept) await fetchBack(run, item);
  const packages = [...reissued, ...kept];
  const ours = packages.filter(({ component }) => manifest.components[component]?.pin.kind !== 'apt-binary');
  const vetting = await vetSet(ours.map(builtOf), {
    store,
    cacheDir: places.cache,
    budget: takenBudget,
    signal,
  });
  const archives = new Set(
    plan.kept
      .filter(({ why }) => why === 'archive')
      .map(({ item }) => `${item.source} ${item.sourceVersion}`),
  );
  const sources = new Map(
    [
      ...current.manifest.sources.filter((one) => archives.has(`${one.package} ${one.version}`)),
      ...manifest.sources,
    ].map((one) => [`${one.package} ${one.version}`, one]),
  );
  // Their paragraphs have other versions than those that were read
  const readable = await proveReadable(run, { packages, base: manifest.base }, target);
  return {
    profile: manifest.profile,
    description: manifest.description,
    base: manifest.base,
    baseReleaseFiles: manifest.baseReleaseFiles,
    components: manifest.components,
    packages,
    sources: [...sources.values()],
    sourceChangelogs: await changelogsOf(run, packages, [manifest, current.manifest]),
    builds: buildsOf(plan.reissues, manifest.components),
    evidence: [
      vetting,
      ...(await evidenceOfSnapshot(run, target))
        .filter(({ gate }) => gate !== 'vetting' && gate !== readability)
        .map((one) => ({ ...one, of: { id: manifest.id, sha256: target.sha256 } })),
      readable,
    ],
    schema: manifest.schema,
    supersedes: { content: { id: manifest.id, sha256: target.sha256 }, above },
  };
}

/** The entries of the re-issued packages; their bytes are in the store afterwards. */
async function reissue(context: Context, reissues: readonly Reissue[]): Promise<SnapshotPackage[]> {
  const { store, places, signal } = context;
  const work = async (phase: Phase): Promise<SnapshotPackage[]> => {
    const entries: SnapshotPackage[] = [];
    for (const { item, to, moves, same } of reissues) {
      signal.throwIfAborted();
      if (same !== null) {
        await fetchBack(context, same);
        entries.push(same);
        continue;
      }
      await fetchBack(context, item);
      const progress = phase.item(`${item.package} ${to}`);
      const built = await repackPackage(
        { ...item, file: fileOf(item), to, moves },
        { store, cacheDir: places.cache, signal },
      );
      progress.done();
      entries.push(packageEntry(built, { component: item.component, area: item.area }));
    }
    return entries;
  };
  return await inPhase(context.progress, 'Re-issuing packages under higher versions', work, () =>
    counted(reissues.length, 'package'),
  );
}

/** The store is a cache: what was cleared from it is in the archive's pool still. */
async function fetchBack({ store, archive }: Context, item: SnapshotPackage): Promise<void> {
  if (await store.has(item.sha256)) return;
  const bytes = await archive.read(poolFilePath(item.path));
  if (bytes === undefined) {
    throw new LockstepError('STORE_MISSING', {
      message: `${item.package} ${item.version} is neither in the content store nor in the archive's pool`,
      hint: `Its path was ${poolFilePath(item.path)}, SHA-256 ${item.sha256}. Restore it from a copy of the archive`,
      where: [{ file: item.path, value: item.sha256 }],
    });
  }
  await store.put(bytes, { sha256: item.sha256, size: item.size }, { name: item.path });
}

function fileOf({ path, size, sha256 }: SnapshotPackage): BuiltPackage['file'] {
  return { name: path.slice(path.lastIndexOf('/') + 1), size, sha256 };
}

function builtOf(item: SnapshotPackage): BuiltPackage {
  const { package: name, version, architecture, source, sourceVersion, stanza } = item;
  return { package: name, version, architecture, source, sourceVersion, control: stanza, file: fileOf(item) };
}

/** A later build of the same version must get a higher number than the re-issue (planVersion). */
function buildsOf(
  reissues: readonly Reissue[],
  components: Snapshot['manifest']['components'],
): SnapshotBuild[] {
  const built = reissues.filter(({ item }) => components[item.component]?.pin.kind !== 'apt-binary');
  return [...grouped(built, ({ item, to }) => `${item.source} ${to}`).values()].map((group) => {
    const { item, to: version } = group[0]!;
    const hashes = group.map((one) => repackInputHash({ ...one, file: fileOf(one.item) }));
    return { package: item.source, version, inputs: sha256Of(hashes.sort().join('\n')) };
  });
}
