/**
 * The decision what an imported set holds: the packages that were read, alone
 * or over those of the snapshot before, and everything that speaks against it.
 * Pure; reading packages is src/vetting's.
 */
import type { FaultPlace } from '../errors.js';
import type { Snapshot, SnapshotPackage, SnapshotSource } from './manifest.js';

/** A package or source package and the file it was read from, for messages. */
export interface Imported<T> {
  file: string;
  entry: T;
}

export interface ImportRequest {
  packages: readonly Imported<SnapshotPackage>[];
  sources: readonly Imported<SnapshotSource>[];
  /** The newest snapshot of the profile, or null. */
  previous: Snapshot | null;
  /** Whether what is not replaced stays; else the set is what was read. */
  add: boolean;
}

/** What becomes of a package. */
export interface ImportChange {
  package: string;
  architecture: string;
  /** The version before; null for a new package. */
  from: string | null;
  /** The version now; null for one that is not in the set any more. */
  to: string | null;
}

export interface ImportedSet {
  packages: SnapshotPackage[];
  sources: SnapshotSource[];
  /** What differs from the snapshot before, by package. */
  changes: ImportChange[];
}

/** The set, or everything that speaks against it. */
export function planImportedSet(request: ImportRequest): ImportedSet | { faults: FaultPlace[] } {
  const faults: FaultPlace[] = [];
  const packages = once(request.packages, packageKey, twoPackages, faults);
  const sources = once(request.sources, sourceKey, twoSources, faults);
  const before = new Map(request.previous?.manifest.packages.map((entry) => [packageKey(entry), entry]));
  for (const { file, entry } of packages.values()) {
    const same = before.get(packageKey(entry));
    if (same === undefined || same.version !== entry.version || same.sha256 === entry.sha256) continue;
    faults.push({
      file,
      message: `${nameOf(entry)} is in snapshot ${request.previous!.manifest.id} with other bytes; a changed package needs a new version`,
    });
  }
  if (faults.length > 0) return { faults };
  const set = new Map(request.add ? before : []);
  for (const [key, { entry }] of packages) set.set(key, entry);
  const listed = [...set.values()];
  return {
    packages: listed,
    sources: sourcesFor(listed, sources, request),
    changes: changesBetween(before, set),
  };
}

function packageKey({ package: name, architecture }: SnapshotPackage): string {
  return `${name} ${architecture}`;
}

function sourceKey({ package: name, version }: SnapshotSource): string {
  return `${name} ${version}`;
}

/** Each package once. The same bytes twice are no fault; anything else of one name is. */
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

function nameOf({ package: name, version, architecture }: SnapshotPackage): string {
  return `${name} ${version} ${architecture}`;
}

function twoPackages(a: SnapshotPackage, b: SnapshotPackage): string | undefined {
  if (a.sha256 === b.sha256) return undefined;
  return a.version === b.version
    ? `${nameOf(b)} is there twice, with different bytes`
    : `${b.package} ${b.architecture} is there in two versions, ${a.version} and ${b.version}`;
}

function twoSources(a: SnapshotSource, b: SnapshotSource): string | undefined {
  const hashes = (source: SnapshotSource): string =>
    source.files
      .map(({ name, sha256 }) => `${name} ${sha256}`)
      .sort()
      .join();
  return hashes(a) === hashes(b)
    ? undefined
    : `the source ${sourceKey(b)} is there twice, with different files`;
}

/** Those that were read; of the ones before, those that a package of the set was built from. */
function sourcesFor(
  packages: readonly SnapshotPackage[],
  read: ReadonlyMap<string, Imported<SnapshotSource>>,
  { previous, add }: ImportRequest,
): SnapshotSource[] {
  const sources = new Map([...read].map(([key, { entry }]) => [key, entry]));
  const needed = new Set(packages.map(({ source, sourceVersion }) => `${source} ${sourceVersion}`));
  for (const entry of add ? (previous?.manifest.sources ?? []) : []) {
    const key = sourceKey(entry);
    if (needed.has(key) && !sources.has(key)) sources.set(key, entry);
  }
  return [...sources.values()];
}

function changesBetween(
  before: ReadonlyMap<string, SnapshotPackage>,
  after: ReadonlyMap<string, SnapshotPackage>,
): ImportChange[] {
  const changes: ImportChange[] = [];
  for (const key of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const [old, now] = [before.get(key), after.get(key)];
    if (old?.sha256 === now?.sha256) continue;
    const { package: name, architecture } = (now ?? old)!;
    changes.push({ package: name, architecture, from: old?.version ?? null, to: now?.version ?? null });
  }
  return changes;
}
