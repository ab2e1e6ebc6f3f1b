/**
 * What nothing refers to, and since when: which files of the archive can go,
 * which must wait out the grace period for clients that are still reading by an
 * older InRelease. It decides and lists; who removes is workflows/upkeep/gc.ts.
 */
import { basename } from 'node:path';
import { isTemporaryName } from '../io/disk.js';
import { byHashPath, poolFolder } from './layout.js';
import type { PortFile } from './port.js';
import type { SignedView } from './signed-view.js';
import type { Note, Notes } from './unreferenced.js';
import { storedIndices } from './verify-index.js';
import { hashInName, isIndexName } from './verify-view.js';

/**
 * - `pool`: packages and sources
 * - `by-hash`: indices of earlier generations
 * - `index`: named indices that no Release lists
 * - `record`: data derived from removed manifests
 * - `store`: the content store
 * - `temporary`: incomplete files of killed runs
 */
export const garbageKinds = ['pool', 'by-hash', 'index', 'record', 'store', 'temporary'] as const;
export type GarbageKind = (typeof garbageKinds)[number];

/** Something that nothing refers to. */
export interface Garbage {
  kind: GarbageKind;
  /** Below the root of what is published; of the other kinds an absolute path. */
  path: string;
  /** Bytes. */
  size: number;
  /** Since when, where that is known by anything but the notes. */
  since?: Date | undefined;
}

export interface GarbagePlan {
  remove: Garbage[];
  /** What must wait, and until when. */
  wait: (Garbage & { until: Date })[];
  /** The start of the grace period of files that wait, and of files that are being removed. */
  notes: Map<string, Note>;
}

/** Only files of the archive; for the others their own date is enough. */
const noted: ReadonlySet<GarbageKind> = new Set(['pool', 'by-hash', 'index']);

/** Files that were unreferenced for the grace period are removed; the rest waits. Pure. */
export function planGarbage(request: {
  garbage: readonly Garbage[];
  notes: Notes;
  now: Date;
  /** Seconds. */
  grace: number;
}): GarbagePlan {
  const { now, grace } = request;
  const plan: GarbagePlan = { remove: [], wait: [], notes: new Map() };
  for (const item of request.garbage) {
    const note = request.notes.get(item.path);
    const known = [note === undefined ? undefined : new Date(note.since), item.since];
    const times = known.flatMap((date) => (date === undefined ? [] : [date.getTime()]));
    const since = new Date(Math.min(now.getTime(), ...times));
    const until = new Date(since.getTime() + grace * 1000);
    if (until <= now) plan.remove.push(item);
    else plan.wait.push({ ...item, until });
    if (noted.has(item.kind)) plan.notes.set(item.path, { ...note, since: since.toISOString() });
  }
  return plan;
}

/** Files of the pool that no manifest names. `needed`: by path below `debian/`. Pure. */
export function poolGarbage(there: readonly PortFile[], needed: ReadonlySet<string>): Garbage[] {
  return there.flatMap(({ path, kind, size }): Garbage[] => {
    if (kind !== 'file' || !path.startsWith(`${poolFolder}/`) || isTemporaryName(path)) return [];
    return needed.has(path.slice('debian/'.length)) ? [] : [{ kind: 'pool', path, size }];
  });
}

/**
 * Indices in a view that its Release does not list. The date of the file that replaced a generation is the
 * time of the replacement (port.link sets it), so the previous one was unreferenced at the latest since then.
 * Pure.
 */
export function viewGarbage(there: readonly PortFile[], { view, release }: SignedView): Garbage[] {
  // What nobody vouches for lists nothing, and yet clients may be reading by it
  if (release === null) return [];
  const files = there.filter(({ path, kind }) => kind === 'file' && path.startsWith(`${view}/`));
  const stored = storedIndices(release);
  const needed = new Set(stored.map(([path, { sha256 }]) => byHashPath(view, path, sha256)));
  for (const path of release.sha256.keys()) needed.add(`${view}/${path}`);
  const replaced = new Map<string, number>();
  for (const { path, modified } of files) {
    if (!needed.has(path) || hashInName(path) === undefined) continue;
    const folder = path.slice(0, path.lastIndexOf('/'));
    replaced.set(folder, Math.max(replaced.get(folder) ?? 0, modified.getTime()));
  }
  return files.flatMap(({ path, size, modified }): Garbage[] => {
    if (needed.has(path)) return [];
    if (hashInName(path) === undefined) return isIndexName(path) ? [{ kind: 'index', path, size }] : [];
    const time = replaced.get(path.slice(0, path.lastIndexOf('/')));
    // One that is younger was placed by a publication that did not come to its end
    const since = time === undefined ? undefined : new Date(Math.max(time, modified.getTime()));
    return [{ kind: 'by-hash', path, size, since }];
  });
}

/** The order in which a view is removed: no remaining file lists a removed one. */
export function removalRank(path: string): number {
  const name = basename(path);
  const rank = ['InRelease', 'Release.gpg', 'Release'].indexOf(name);
  if (rank >= 0) return rank;
  return name === 'pool' ? 5 : hashInName(path) === undefined ? 3 : 4;
}
