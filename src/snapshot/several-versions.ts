/**
 * Sets with several versions of a package, as other archive tools keep them: which version represents the
 * package, and which versions stay. Pure.
 */
import { compareVersions, highestBy } from '../deb/version.js';
import { grouped } from '../io/keyed.js';
import type { SnapshotPackage } from './manifest.js';

type Versioned = Pick<SnapshotPackage, 'package' | 'version' | 'architecture'>;

/** A package's name and architecture. A space sorts before whatever a name may go on with: `wiki` before `wiki-config`. */
export function packageKey({
  package: name,
  architecture,
}: Pick<Versioned, 'package' | 'architecture'>): string {
  return `${name} ${architecture}`;
}

/** The same with its version: what a set has once at most. */
export function versionKey(entry: Versioned): string {
  return `${packageKey(entry)} ${entry.version}`;
}

/** Of each package on each architecture the highest version, which machines get; by {@link packageKey}. */
export function newestByKey<T extends Versioned>(packages: readonly T[]): Map<string, T> {
  return highestBy(packages, packageKey, ({ version }) => version);
}

/** The same as a list. */
export function newestOfEach<T extends Versioned>(packages: readonly T[]): T[] {
  return [...newestByKey(packages).values()];
}

/**
 * Of each package on each architecture the newest versions.
 *
 * @param versions how many stay
 */
export function newestVersions<T extends Versioned>(packages: readonly T[], versions: number): T[] {
  const groups = grouped(packages, packageKey);
  if (groups.size === packages.length) return [...packages];
  return [...groups.values()].flatMap((group) =>
    group.sort((a, b) => compareVersions(b.version, a.version)).slice(0, versions),
  );
}
