/** Compares two snapshots: first their manifests, then the content of the packages that differ. */
import pLimit from 'p-limit';
import { poolFilePath } from '../../archive/layout.js';
import { counted } from '../../counted.js';
import { LockstepError } from '../../errors.js';
import { throwIfInterrupted } from '../../io/interrupt.js';
import { byText, grouped } from '../../io/keyed.js';
import { compareVersions } from '../../deb/version.js';
import { diffContents, makerOf, noContents } from '../../comparison/contents-diff.js';
import {
  diffSnapshots,
  isEmptyDiff,
  packagePairs,
  securityAlong,
  type PackagePair,
} from '../../comparison/snapshot-diff.js';
import type { SnapshotManifest, SnapshotPackage } from '../../snapshot/manifest.js';
import type { PackageContents } from '../../comparison/package-contents.js';
import { PackageReader, type PackageReading } from '../../comparison/package-reader.js';
import { listSnapshots } from '../../snapshot/snapshot-folder.js';
import { mergedChanges, sourceChanges } from '../../comparison/source-changes.js';
import { SummaryReader } from '../../comparison/summary-reader.js';
import type { Context } from '../workspace/context.js';
import { openRun } from '../workspace/run.js';
import { namedSnapshot, readingTrust } from './named-snapshot.js';
import { inPhase } from '../../io/progress.js';
import type {
  DiffResult,
  DiffSide,
  PackageContentsDiff,
  SecurityChange,
  SourceChanges,
} from '../../comparison/diff-shape.js';

export interface DiffRequest {
  /** An id or a suite, optionally followed by `~N`. */
  from: string;
  to: string;
  /** False: compare only the manifests, and open no package. */
  contents: boolean;
}

/** @throws LockstepError as namedSnapshot, and INTERRUPTED. A package that cannot be read becomes a note. */
export async function diff(context: Context, request: DiffRequest): Promise<DiffResult> {
  const run = await openRun(context);
  const trust = await readingTrust(run);
  const from = await namedSnapshot(run, request.from, trust);
  const to = await namedSnapshot(run, request.to, trust);
  const [before, after] = [from.snapshot.manifest, to.snapshot.manifest];
  const plan = diffSnapshots(before, after);
  const pairs = packagePairs(before, after).filter((pair) => pair.before?.sha256 !== pair.after?.sha256);
  const opened = request.contents ? await openPairs(run, pairs, { before, after }) : [];
  return {
    ...plan,
    from: sideOf(before, from.name),
    to: sideOf(after, to.name),
    same: isEmptyDiff(plan),
    security: await securityBetween(run, before, after, plan.security),
    changelogs: changelogsOf(opened),
    contents: opened.flatMap(({ contents }) => contents),
    notes: [
      ...(trust.note === null ? [] : [trust.note]),
      ...(before.profile === after.profile
        ? []
        : [`The snapshots belong to two profiles: ${before.profile} and ${after.profile}.`]),
      ...(request.contents || pairs.length === 0
        ? []
        : ['Only the manifests are compared; no package was opened.']),
    ],
  };
}

function sideOf({ id, profile, created }: SnapshotManifest, name: string): DiffSide {
  return { id, profile, created, name };
}

interface Sides {
  before: SnapshotManifest;
  after: SnapshotManifest;
}

/** The kept part of a changed package. The whole content can be large, and there can be thousands of packages. */
interface OpenedPair {
  contents: PackageContentsDiff[];
  changes: SourceChanges | null;
  /** Whether the package has its source's name. */
  isLead: boolean;
}

/** More packages at once would only wait for each other's decompression. */
const openAtOnce = 2;

async function openPairs(
  context: Context,
  pairs: readonly PackagePair[],
  sides: Sides,
): Promise<OpenedPair[]> {
  if (pairs.length === 0) return [];
  const { store, archive, places, progress, signal } = context;
  const reader = new PackageReader({
    store,
    cache: places.cache,
    readPool: (path) => archive.read(poolFilePath(path)),
  });
  const limit = pLimit(openAtOnce);
  const count = counted(pairs.length, 'changed package');
  return await inPhase(progress, `Comparing ${count}`, async () => {
    try {
      return await Promise.all(pairs.map((pair) => limit(() => openPair(pair, sides, reader, signal))));
    } catch (error) {
      limit.clearQueue();
      throw error;
    }
  });
}

async function openPair(
  pair: PackagePair,
  sides: Sides,
  reader: PackageReader,
  signal: AbortSignal,
): Promise<OpenedPair> {
  const read = async (entry: SnapshotPackage | null, manifest: SnapshotManifest): Promise<PackageReading> => {
    if (entry === null) return { contents: noContents };
    throwIfInterrupted(signal);
    const texts = makerOf(manifest, entry) === 'source' ? 'conffiles' : 'all';
    return await reader.read(entry, { texts, signal });
  };
  const was = await read(pair.before, sides.before);
  const is = await read(pair.after, sides.after);
  const entry = (pair.after ?? pair.before)!;
  const named = { package: entry.package, architecture: entry.architecture };
  const isLead = entry.package === entry.source;
  const unread = (side: SnapshotPackage | null, reason: string): OpenedPair => {
    const notCompared = `${side!.version}: ${reason}`;
    return { contents: [{ ...named, files: [], texts: [], notCompared }], changes: null, isLead };
  };
  if ('why' in was) return unread(pair.before, was.why);
  if ('why' in is) return unread(pair.after, is.why);
  const found = diffContents(was.contents, is.contents, textsOf(pair, sides));
  const isEmpty = found.files.length + found.texts.length === 0;
  return {
    contents: isEmpty ? [] : [{ ...named, ...found, notCompared: null }],
    changes: changesOf(pair, sides, { was: was.contents, is: is.contents }),
    isLead,
  };
}

/**
 * Which texts to compare. In a package that Lockstep composes, every text is configuration. If a component's tree
 * changed its version, the texts are the component's code.
 */
function textsOf({ before, after }: PackagePair, sides: Sides): 'all' | 'conffiles' {
  const makers = [
    ...(before === null ? [] : [makerOf(sides.before, before)]),
    ...(after === null ? [] : [makerOf(sides.after, after)]),
  ];
  if (makers.includes('source')) return 'conffiles';
  if (!makers.includes('tree')) return 'all';
  const was = before === null ? undefined : sides.before.components[before.component];
  const is = after === null ? undefined : sides.after.components[after.component];
  return was?.pin.upstreamVersion === is?.pin.upstreamVersion ? 'all' : 'conffiles';
}

/**
 * The documented changes, from the changelog of the higher side; null if only the template changed, because a package
 * from a template has no changelog.
 */
function changesOf(
  { before, after }: PackagePair,
  sides: Sides,
  contents: { was: PackageContents; is: PackageContents },
): SourceChanges | null {
  if (before === null || after === null || before.sourceVersion === after.sourceVersion) return null;
  if (before.source !== after.source || makerOf(sides.after, after) === 'template') return null;
  const was = sides.before.components[before.component]?.pin;
  const is = sides.after.components[after.component]?.pin;
  const isUp = compareVersions(before.sourceVersion, after.sourceVersion) < 0;
  const higher = isUp ? is : was;
  const move = {
    source: after.source,
    component: after.component,
    from: before.sourceVersion,
    to: after.sourceVersion,
    ...(was === undefined || is === undefined
      ? {}
      : { upstream: { from: was.upstreamVersion, to: is.upstreamVersion } }),
    ...(higher?.kind === 'apt-source' ? { unsuffixed: higher.version } : {}),
  };
  return sourceChanges(move, isUp ? contents.is : contents.was);
}

/** The changes of each source. The package with the source's name comes first. */
function changelogsOf(opened: readonly OpenedPair[]): SourceChanges[] {
  const told = opened
    .toSorted((a, b) => Number(b.isLead) - Number(a.isLead))
    .flatMap(({ changes }) => changes ?? []);
  return [...grouped(told, ({ source, from, to }) => `${source} ${from} ${to}`).values()]
    .map(mergedChanges)
    .sort((a, b) => byText(a.component, b.component));
}

function unreadable(error: unknown): undefined {
  if (!(error instanceof LockstepError)) throw error;
}

/**
 * The id that orders a snapshot in its profile. For a re-issue it is the id of the snapshot with the original content.
 */
function standing(manifest: SnapshotManifest): string {
  return manifest.supersedes?.content.id ?? manifest.id;
}

/** Adds the security flags of the snapshots in between, if both snapshots have the same profile. */
async function securityBetween(
  context: Context,
  from: SnapshotManifest,
  to: SnapshotManifest,
  own: SecurityChange,
): Promise<SecurityChange> {
  if (from.profile !== to.profile) return own;
  const forward = standing(from) <= standing(to);
  const [low, high] = forward ? [standing(from), standing(to)] : [standing(to), standing(from)];
  const { snapshots } = context.places;
  const places = (await listSnapshots(snapshots, to.profile)).filter(({ id }) => id > low && id <= high);
  const reader = new SummaryReader(context.places);
  const flags: string[] = [];
  for (const place of places) {
    // The list of snapshots reports an unreadable one; here its flags are left out
    const summary = await reader.read(place).catch(unreadable);
    if (summary !== undefined && summary.reissues === null) flags.push(...summary.security);
  }
  return securityAlong(own, flags, forward);
}
