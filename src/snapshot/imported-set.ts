/**
 * Decides the content of an imported set: the packages that were read, alone or together with the previous
 * snapshot's, and all faults. Pure; src/vetting reads packages.
 */
import { compareVersions, highestOf } from '../deb/version.js';
import { grouped } from '../io/keyed.js';
import type { FaultPlace } from '../errors.js';
import { didYouMean } from '../profile/nearest.js';
import type { Snapshot, SnapshotPackage, SnapshotSource } from './manifest.js';
import { newestByKey, newestVersions, packageKey, versionKey } from './several-versions.js';
import { sourceKey, sourceSteps, type SourceStep } from './source-steps.js';

/** A package or source package and the file it was read from, for messages. */
export interface Imported<T> {
  file: string;
  entry: T;
}

export interface ImportedSetRequest {
  packages: readonly Imported<SnapshotPackage>[];
  sources: readonly Imported<SnapshotSource>[];
  /** The newest snapshot of the profile, or null. */
  previous: Snapshot | null;
  /**
   * Whether packages that are not replaced stay; otherwise the set consists only of the packages that were
   * read.
   */
  add: boolean;
  /** Names of packages and source packages of the snapshot before that go; the others stay, as with `add`. */
  remove: readonly string[];
  /** How many versions of a package the set has at most; the newest stay. */
  versions: number;
}

/** What becomes of a package or source package. */
export interface ImportChange extends SourceStep {
  /** `source` of a source package, as dpkg calls it. */
  architecture: string;
}

export interface ImportedSet {
  packages: SnapshotPackage[];
  sources: SnapshotSource[];
  /** What differs from the snapshot before, by package. */
  changes: ImportChange[];
  /** Packages that were read and are older than the versions that stay. */
  passedOver: SnapshotPackage[];
}

/** The set, or all its faults. */
export function planImportedSet(request: ImportedSetRequest): ImportedSet | { faults: FaultPlace[] } {
  const faults: FaultPlace[] = [];
  const several = request.versions > 1;
  const keyOf = several ? versionKey : packageKey;
  const packages = once(request.packages, keyOf, twoPackages, faults);
  const sources = once(request.sources, sourceKey, twoSources, faults);
  const before = new Map(request.previous?.manifest.packages.map((entry) => [versionKey(entry), entry]));
  for (const { file, entry } of packages.values()) {
    const same = before.get(versionKey(entry));
    if (same === undefined || same.sha256 === entry.sha256) continue;
    faults.push({
      file,
      message: `${nameOfPackage(entry)} is in snapshot ${request.previous!.manifest.id} with different content; a changed package needs a new version`,
    });
  }
  faults.push(...shareName(packages.values(), several), ...epochFaults(packages.values(), request.previous));
  if (faults.length > 0) return { faults };
  const gone = removedBy(request, faults);
  if (faults.length > 0) return { faults };
  const keeps = request.add || request.remove.length > 0;
  const arriving = grouped([...packages.values()], ({ entry }) => entry.package);
  const stays = (entry: SnapshotPackage): boolean =>
    !gone.packages.has(entry) &&
    !packages.has(keyOf(entry)) &&
    !(arriving.get(entry.package) ?? []).some((one) => takesPlaceOf(one.entry, entry, several));
  const rest = keeps ? [...before.values()].filter(stays) : [];
  const arrived = [...packages.values()].map(({ entry }) => entry);
  const listed = newestVersions([...rest, ...arrived], request.versions);
  const stay = new Set(listed);
  const kept = keeps ? sourcesThatStay(listed, sources, request.previous, gone.sources) : [];
  const read = [...sources.values()].map(({ entry }) => entry);
  const all = [...read, ...kept];
  if (request.remove.length > 0 && listed.length + all.length === 0) {
    return { faults: [{ path: '--remove', message: 'the set would be empty' }] };
  }
  return {
    packages: listed,
    sources: all,
    changes: [
      ...changesBetween([...before.values()], listed),
      ...sourceSteps(request.previous?.manifest.sources ?? [], all).map((step) => ({
        ...step,
        architecture: 'source',
      })),
    ].sort((a, b) => (keyOfChange(a) < keyOfChange(b) ? -1 : 1)),
    passedOver: several ? arrived.filter((entry) => !stay.has(entry)) : [],
  };
}

function keyOfChange({ package: name, architecture }: ImportChange): string {
  return `${name} ${architecture}`;
}

/** What a person should have asked for, by the flag of `lockstep import` that does. */
export type ImportWish = 'replace' | 'lower';

/** Changes that a set must not make unasked: what leaves it, and what goes to a lower version. */
export function unaskedChanges(
  changes: readonly ImportChange[],
  { add, remove }: Pick<ImportedSetRequest, 'add' | 'remove'>,
): Record<ImportWish, ImportChange[]> {
  const asked = add || remove.length > 0;
  return {
    replace: asked ? [] : changes.filter(({ to }) => to === null),
    lower: changes.filter(
      ({ from, to, architecture }) =>
        architecture !== 'source' && from !== null && to !== null && compareVersions(to, from) < 0,
    ),
  };
}

/**
 * The packages that `remove` names: binary packages with that name, otherwise a source package with all
 * packages built from it.
 */
function removedBy(
  { remove, previous }: ImportedSetRequest,
  faults: FaultPlace[],
): { packages: Set<SnapshotPackage>; sources: Set<SnapshotSource> } {
  const { packages = [], sources = [] } = previous?.manifest ?? {};
  const gone = { packages: new Set<SnapshotPackage>(), sources: new Set<SnapshotSource>() };
  for (const name of remove) {
    const binaries = packages.filter((entry) => entry.package === name);
    const source = sources.filter((entry) => entry.package === name);
    const built = binaries.length > 0 ? binaries : packages.filter((entry) => entry.source === name);
    if (built.length + source.length === 0) {
      const names = [...packages, ...sources].map((entry) => entry.package);
      faults.push({
        path: '--remove',
        value: name,
        message: `the last snapshot has no package ${name}${didYouMean(name, names)}`,
      });
    }
    for (const entry of built) gone.packages.add(entry);
    if (binaries.length === 0) for (const entry of source) gone.sources.add(entry);
  }
  return gone;
}

/** Each package once. The same content twice is not a fault; different content with the same name is. */
function once<T>(
  items: readonly Imported<T>[],
  keyOf: (entry: T) => string,
  difference: (a: T, b: T) => string | undefined,
  faults: FaultPlace[],
): Map<string, Imported<T>> {
  const kept = new Map<string, Imported<T>>();
  for (const item of items) {
    const key = keyOf(item.entry);
    const other = kept.get(key);
    const fault = other === undefined ? undefined : difference(other.entry, item.entry);
    if (other === undefined) kept.set(key, item);
    else if (fault !== undefined) faults.push({ file: item.file, message: `${fault}: see ${other.file}` });
  }
  return kept;
}

function nameOfPackage({ package: name, version, architecture }: SnapshotPackage): string {
  return `${name} ${version} ${architecture}`;
}

function twoPackages(a: SnapshotPackage, b: SnapshotPackage): string | undefined {
  if (a.sha256 === b.sha256) return undefined;
  return a.version === b.version
    ? `${nameOfPackage(b)} occurs twice, with different content`
    : `${b.package} ${b.architecture} has two versions, ${a.version} and ${b.version}; \`versions: N\` in the profile keeps the newest N`;
}

/**
 * Whether a package for every architecture takes the place of one for a single architecture, or the reverse: apt would
 * offer both. With several versions in the set, they may differ in it from version to version.
 */
function takesPlaceOf(one: SnapshotPackage, other: SnapshotPackage, several: boolean): boolean {
  const isAll = ({ architecture }: SnapshotPackage): boolean => architecture === 'all';
  return (
    one.package === other.package &&
    isAll(one) !== isAll(other) &&
    (!several || one.version === other.version)
  );
}

/** Packages that arrive for every architecture and for single ones. */
function shareName(packages: Iterable<Imported<SnapshotPackage>>, several: boolean): FaultPlace[] {
  return [...grouped([...packages], ({ entry }) => entry.package).values()].flatMap((group) =>
    group.flatMap(({ file, entry }) => {
      const other =
        entry.architecture === 'all'
          ? group.find((one) => takesPlaceOf(one.entry, entry, several))
          : undefined;
      if (other === undefined) return [];
      const { architecture } = other.entry;
      return [
        {
          file,
          message: `${entry.package} is for all architectures here and for ${architecture} in ${other.file}`,
        },
      ];
    }),
  );
}

/** Packages whose file in the pool would be that of another version, since file names have no epoch (Policy 5.6.12). */
function epochFaults(packages: Iterable<Imported<SnapshotPackage>>, previous: Snapshot | null): FaultPlace[] {
  const owners = new Map(previous?.manifest.packages.map((entry) => [entry.path, entry]));
  const faults: FaultPlace[] = [];
  for (const { file, entry } of packages) {
    const owner = owners.get(entry.path);
    if (owner === undefined) owners.set(entry.path, entry);
    else if (owner.sha256 !== entry.sha256) faults.push({ file, message: sharedName(entry, owner.version) });
  }
  return faults;
}

/** @param owner whose file name it is: a version */
export function sharedName(entry: SnapshotPackage, owner: string): string {
  return `${nameOfPackage(entry)} would have the file name of ${owner}, because file names have no epoch; it needs a version that differs in more than the epoch`;
}

function twoSources(a: SnapshotSource, b: SnapshotSource): string | undefined {
  const hashes = (source: SnapshotSource): string =>
    source.files
      .map(({ name, sha256 }) => `${name} ${sha256}`)
      .sort()
      .join();
  return hashes(a) === hashes(b)
    ? undefined
    : `the source ${sourceKey(b)} occurs twice, with different files`;
}

/**
 * Of the source packages before: those that a package of the set was built from, and those that nothing was built from,
 * which are there for themselves, until another version of them comes.
 */
function sourcesThatStay(
  packages: readonly SnapshotPackage[],
  read: ReadonlyMap<string, Imported<SnapshotSource>>,
  previous: Snapshot | null,
  gone: ReadonlySet<SnapshotSource>,
): SnapshotSource[] {
  const builtFrom = (entries: readonly SnapshotPackage[]): Set<string> =>
    new Set(entries.map(({ source, sourceVersion }) => `${source} ${sourceVersion}`));
  const needed = builtFrom(packages);
  const neededBefore = builtFrom(previous?.manifest.packages ?? []);
  const names = new Set([...read.values()].map(({ entry }) => entry.package));
  return (previous?.manifest.sources ?? []).filter((entry) => {
    const key = sourceKey(entry);
    if (read.has(key) || gone.has(entry)) return false;
    return needed.has(key) || (!neededBefore.has(key) && !names.has(entry.package));
  });
}

/**
 * What changes for a machine, by package and architecture: another highest version. New lower versions are
 * reported too; the removal of the oldest ones is not.
 */
function changesBetween(
  before: readonly SnapshotPackage[],
  after: readonly SnapshotPackage[],
): ImportChange[] {
  const [old, now] = [newestByKey(before), newestByKey(after)];
  const changes: ImportChange[] = [];
  for (const key of [...new Set([...old.keys(), ...now.keys()])].sort()) {
    const [from, to] = [old.get(key), now.get(key)];
    if (from?.sha256 === to?.sha256) continue;
    const { package: name, architecture } = (to ?? from)!;
    changes.push({ package: name, architecture, from: from?.version ?? null, to: to?.version ?? null });
  }
  if (now.size === after.length) return joined(changes);
  const there = new Set(before.map(versionKey));
  for (const entry of after) {
    const { package: name, architecture, version } = entry;
    if (now.get(packageKey(entry)) === entry || there.has(versionKey(entry))) continue;
    changes.push({ package: name, architecture, from: null, to: version });
  }
  return joined(changes);
}

/** A package that goes for one architecture and comes for all, or the reverse, is one change and not two. */
function joined(changes: readonly ImportChange[]): ImportChange[] {
  return [...grouped(changes, (change) => change.package).values()].flatMap((group) => {
    const gone = group.filter(({ to }) => to === null);
    const isAll = ({ architecture }: ImportChange): boolean => architecture === 'all';
    const before = (come: ImportChange): ImportChange[] =>
      come.from === null ? gone.filter((one) => isAll(one) !== isAll(come)) : [];
    const followed = new Set(group.flatMap(before));
    return group.flatMap((change) => {
      const from = highestOf(before(change).flatMap((one) => one.from ?? []));
      return followed.has(change) ? [] : [{ ...change, from: from ?? change.from }];
    });
  });
}
