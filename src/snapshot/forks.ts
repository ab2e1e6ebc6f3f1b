/**
 * Snapshots that two people cut at the same time, each after the same one. That is allowed: the workspace is in version
 * control, and both pulled before either pushed. A merge is a new snapshot that follows both. Pure.
 */
import type { SnapshotRef } from './manifest.js';

/**
 * The ids that nothing follows, the oldest first.
 *
 * @param gone parents of dropped snapshots
 */
export function headsAmong(
  snapshots: readonly { id: string; parents: readonly SnapshotRef[] }[],
  gone: readonly (readonly SnapshotRef[])[] = [],
): string[] {
  const followed = new Set([...snapshots.map(({ parents }) => parents), ...gone].flat().map(({ id }) => id));
  return snapshots.map(({ id }) => id).filter((id) => !followed.has(id));
}

/** A snapshot and those it follows. */
export interface Ancestry {
  id: string;
  parents: SnapshotRef[];
  /** Whether it was dropped: what it followed is still known. */
  isDropped?: boolean;
}

/** The newest of these, the oldest of them first: more than one after people cut at the same time. */
export function newestAmong(all: readonly Ancestry[]): string[] {
  const [gone, there] = [all.filter((one) => one.isDropped), all.filter((one) => one.isDropped !== true)];
  return headsAmong(
    there,
    gone.map(({ parents }) => parents),
  );
}

/** The last snapshot that all of these follow, directly or not; undefined if there is none. */
export function commonAncestor(all: readonly Ancestry[], ids: readonly string[]): string | undefined {
  const byId = new Map(all.map((one) => [one.id, one]));
  const before = (id: string, seen = new Set<string>()): Set<string> => {
    for (const parent of byId.get(id)?.parents ?? []) {
      if (seen.has(parent.id)) continue;
      seen.add(parent.id);
      before(parent.id, seen);
    }
    return seen;
  };
  const [first = new Set<string>(), ...others] = ids.map((id) => before(id));
  const isThere = (id: string): boolean => byId.has(id) && byId.get(id)!.isDropped !== true;
  const common = [...first].filter((id) => isThere(id) && others.every((one) => one.has(id)));
  return common.sort().at(-1);
}
