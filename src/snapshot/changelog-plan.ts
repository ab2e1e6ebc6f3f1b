/**
 * The changelogs that `apt changelog` shows: one file in the pool for each
 * version of a source package, where a package of it brings one. They are
 * there to be read: nothing is decided by them, and no index names them. This
 * decides which there are; changelog-reader.ts takes them out of packages.
 */
import { compareVersions } from '../deb/version.js';
import { remembered } from '../io/keyed.js';
import type { SnapshotPackage, SourceChangelog } from './manifest.js';
import { changelogPath } from './pool-path.js';

/** A package as far as its changelog goes. */
export type ChangedPackage = Pick<SnapshotPackage, 'package' | 'source' | 'sourceVersion' | 'area'>;

/**
 * Decides where the changelogs of a set come from.
 *
 * @param before changelogs of earlier snapshots; the first one is used, because a published changelog never
 * changes
 * @returns the changelogs that are known, and those to look for
 */
export function planChangelogs<P extends ChangedPackage>(
  packages: readonly P[],
  before: readonly SourceChangelog[],
) {
  const known = new Map(before.toReversed().map((changelog) => [changelog.path, changelog]));
  const kept = new Map<string, SourceChangelog>();
  // By its path, the packages to look for one in, the likeliest first
  const wanted = new Map<string, P[]>();
  for (const entry of packages) {
    const path = changelogPath(entry);
    if (path === undefined || kept.has(path)) continue;
    const there = known.get(path);
    if (there !== undefined) kept.set(path, there);
    else remembered(wanted, path, () => []).push(entry);
  }
  for (const candidates of wanted.values()) candidates.sort(byLikelihood);
  return { kept: [...kept.values()], wanted };
}

/** Versions that differ in their epoch alone have one name: the higher one has it. */
function byLikelihood(a: ChangedPackage, b: ChangedPackage): number {
  const named = (entry: ChangedPackage): number => (entry.package === entry.source ? 0 : 1);
  return (
    compareVersions(b.sourceVersion, a.sourceVersion) ||
    named(a) - named(b) ||
    (a.package < b.package ? -1 : 1)
  );
}
