/**
 * Which packages a suite lists: those of the snapshot it points at, and of the
 * last good ones before it, so that an older version stays installable. Pure.
 */
import { compareVersions } from '../deb/version.js';
import { LockstepError } from '../errors.js';
import type { Snapshot, SnapshotPackage, SnapshotSource } from '../snapshot/manifest.js';

/** A file of the pool; `path` is below the archive's `debian/`. */
export interface PoolFile {
  path: string;
  size: number;
  sha256: string;
}

/** What a suite lists. */
export interface Listing {
  /** The snapshots it is made of, the current one first. */
  snapshots: Snapshot[];
  /** Earlier ones that were left out, and why. */
  left: { id: string; reason: string }[];
  /** By name, version, architecture. */
  packages: SnapshotPackage[];
  /** By name, version. */
  sources: SnapshotSource[];
  /** Every file that must be in the pool, by path. */
  pool: PoolFile[];
}

/**
 * The listing of a suite that points at `current`.
 *
 * An earlier snapshot that has a higher version of any of the current packages is left out whole: apt takes
 * the highest version that is listed, whatever the suite is meant to be at (DESIGN.md, law 3).
 *
 * @param earlier good snapshots before it, the newest first; those with its id are skipped
 * @param retain how many snapshots are listed at most, the current one among them
 * @throws LockstepError ARCHIVE_CONFLICT when two of them have one name for different bytes
 */
export function listingOf(current: Snapshot, earlier: readonly Snapshot[], retain: number): Listing {
  const highest = new Map<string, string>();
  for (const { package: name, version } of current.manifest.packages) {
    const before = highest.get(name);
    if (before === undefined || compareVersions(before, version) < 0) highest.set(name, version);
  }
  const snapshots = [current];
  const left: Listing['left'] = [];
  for (const snapshot of earlier) {
    if (snapshots.length >= Math.max(1, retain)) break;
    const { id } = snapshot.manifest;
    if (snapshots.some((listed) => listed.manifest.id === id)) continue;
    const higher = snapshot.manifest.packages.find(({ package: name, version }) => {
      const now = highest.get(name);
      return now !== undefined && now !== version && compareVersions(version, now) > 0;
    });
    if (higher === undefined) snapshots.push(snapshot);
    else {
      const now = highest.get(higher.package)!;
      left.push({ id, reason: `its ${higher.package} ${higher.version} is higher than ${now}` });
    }
  }
  return { snapshots, left, ...merged(snapshots) };
}

function merged(snapshots: readonly Snapshot[]): Pick<Listing, 'packages' | 'sources' | 'pool'> {
  const packages = new Map<string, SnapshotPackage>();
  const sources = new Map<string, SnapshotSource>();
  const pool = new Map<string, PoolFile & { id: string }>();
  const claim = (file: PoolFile, id: string): void => {
    const before = pool.get(file.path);
    if (before === undefined) pool.set(file.path, { ...file, id });
    else if (before.sha256 !== file.sha256) {
      throw new LockstepError('ARCHIVE_CONFLICT', {
        message: `The snapshots ${before.id} and ${id} have different files for ${file.path}`,
        hint: 'A changed package needs a new version; cut a snapshot with one, or do not list both',
        where: [{ path: file.path, value: `${before.sha256}, ${file.sha256}` }],
      });
    }
  };
  for (const { manifest } of snapshots) {
    for (const entry of manifest.packages) {
      claim({ path: entry.path, size: entry.size, sha256: entry.sha256 }, manifest.id);
      // A newer snapshot comes first, and its paragraph (an override of a section, say) counts.
      const key = `${entry.package} ${entry.version} ${entry.architecture}`;
      if (!packages.has(key)) packages.set(key, entry);
    }
    for (const entry of manifest.sources) {
      for (const { name, size, sha256 } of entry.files) {
        claim({ path: `${entry.directory}/${name}`, size, sha256 }, manifest.id);
      }
      const key = `${entry.package} ${entry.version}`;
      if (!sources.has(key)) sources.set(key, entry);
    }
  }
  return {
    packages: [...packages.values()].sort(
      (a, b) =>
        byName(a, b) || compareVersions(a.version, b.version) || inOrder(a.architecture, b.architecture),
    ),
    sources: [...sources.values()].sort((a, b) => byName(a, b) || compareVersions(a.version, b.version)),
    pool: [...pool.values()]
      .map(({ path, size, sha256 }) => ({ path, size, sha256 }))
      .sort((a, b) => inOrder(a.path, b.path)),
  };
}

function byName(a: { package: string }, b: { package: string }): number {
  return inOrder(a.package, b.package);
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
