/** Which source packages came to a set, left it, or are there in another version. Pure. */
import { compareVersions } from '../deb/version.js';
import { grouped } from '../io/keyed.js';
import type { SnapshotSource } from './manifest.js';

/** A source package in another version. Null: it is not in that set. */
export interface SourceStep {
  package: string;
  from: string | null;
  to: string | null;
}

/** The key of a source package: a set may have several versions of one. */
export function sourceKey({ package: name, version }: SnapshotSource): string {
  return `${name} ${version}`;
}

/** By name: removed and added versions next to each other, highest first. Linear in both. */
export function sourceSteps(
  before: readonly SnapshotSource[],
  after: readonly SnapshotSource[],
): SourceStep[] {
  const [left, came] = [versionsOnlyIn(before, after), versionsOnlyIn(after, before)];
  return [...new Set([...left.keys(), ...came.keys()])].sort().flatMap((name) => {
    const [from, to] = [left.get(name) ?? [], came.get(name) ?? []];
    return Array.from({ length: Math.max(from.length, to.length) }, (_, index) => ({
      package: name,
      from: from[index] ?? null,
      to: to[index] ?? null,
    }));
  });
}

/** Of each source package, the highest first. */
function versionsOnlyIn(
  entries: readonly SnapshotSource[],
  others: readonly SnapshotSource[],
): Map<string, string[]> {
  const there = new Set(others.map(sourceKey));
  const own = entries.filter((entry) => !there.has(sourceKey(entry)));
  const only = [...grouped(own, (entry) => entry.package)].map(([name, sources]) => {
    const versions = sources.map(({ version }) => version);
    return [name, versions.sort((a, b) => compareVersions(b, a))] as const;
  });
  return new Map(only);
}
