/**
 * Snapshots that two people cut at the same time, each after the same one. That is allowed: the workspace is in version
 * control, and both pulled before either pushed. A merge is a new snapshot that follows both. It decides and reads; it
 * writes nothing.
 */
import { z } from 'zod';
import { readPieces } from '../io/disk.js';
import { sha256 } from '../io/sha256.js';
import { parentsOfDropped, readDropped } from './dropped.js';
import { parentsOf, type Snapshot, type SnapshotRef } from './manifest.js';
import { headOfManifest } from './manifest-text.js';
import { listSnapshots, readSnapshot, snapshotFiles, type SnapshotTrust } from './snapshot-folder.js';

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

const ref = z.object({ id: z.string(), sha256 });
const head = z.object({ id: z.string(), parent: ref.nullable(), merges: z.array(ref).optional() });

/** A snapshot and those it follows. */
export interface Ancestry {
  id: string;
  parents: SnapshotRef[];
  /** Whether it was dropped: what it followed is still known. */
  isDropped?: boolean;
}

/** All snapshots of a profile and what they follow, dropped ones too. Signatures are not checked. */
export async function ancestryOf(root: string, profile: string): Promise<Ancestry[]> {
  const dropped = (await readDropped(root)).filter((one) => one.profile === profile);
  const all = dropped.map((one): Ancestry => ({
    id: one.id,
    parents: parentsOfDropped(one),
    isDropped: true,
  }));
  for (const place of await listSnapshots(root, profile)) {
    // A manifest of 100,000 packages has 100 MB, and the beginning says what it follows
    const found = head.safeParse(headOfManifest(await beginningOf(snapshotFiles(root, place).manifest)));
    const said = found.success ? found.data : (await readSnapshot(root, place)).manifest;
    all.push({ id: place.id, parents: parentsOf(said) });
  }
  return all;
}

async function beginningOf(file: string): Promise<Buffer> {
  for await (const piece of readPieces(file)) return piece;
  return Buffer.alloc(0);
}

/** The newest snapshots of a profile, the oldest of them first: more than one after people cut at the same time. */
export async function newestOf(root: string, profile: string): Promise<string[]> {
  const all = await ancestryOf(root, profile);
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

/** The newest snapshots of a profile, read and verified. Throws as readSnapshot. */
export async function readNewest(root: string, profile: string, trust: SnapshotTrust): Promise<Snapshot[]> {
  const found: Snapshot[] = [];
  for (const id of await newestOf(root, profile))
    found.push(await readSnapshot(root, { profile, id }, trust));
  return found;
}
