/**
 * The chain of a profile's snapshots: each names its parent and the parent's
 * hash, so none can be changed, dropped from the middle or slipped in unseen.
 * It finds faults; it repairs nothing.
 */
import { LockstepError, type ErrorCode } from '../errors.js';
import type { SnapshotRef } from './manifest.js';
import { listSnapshots, readSnapshot, snapshotFiles, type SnapshotTrust } from './snapshot-folder.js';

/** One thing that does not hold. */
export interface ChainFault {
  id: string;
  code: ErrorCode;
  message: string;
  file: string;
}

/** A link of the chain: what a snapshot is, and whom it names as the one before it. */
export interface ChainLink extends SnapshotRef {
  parent: SnapshotRef | null;
}

/**
 * Faults of the links in the order of their ids. A missing oldest part is no fault (`drop` takes old ones
 * away); a missing one in between, a changed one and a second beginning are.
 */
export function brokenLinks(links: readonly ChainLink[]): { id: string; message: string }[] {
  const byId = new Map(links.map((link) => [link.id, link]));
  return links.flatMap((link, index) => {
    const before = links[index - 1];
    const { parent } = link;
    if (parent === null) {
      return index === 0 ? [] : [{ id: link.id, message: `names no parent, though ${before!.id} is older` }];
    }
    const named = byId.get(parent.id);
    if (named === undefined) {
      return index === 0 ? [] : [{ id: link.id, message: `its parent ${parent.id} is missing` }];
    }
    if (named.sha256 !== parent.sha256) {
      return [{ id: link.id, message: `its parent ${parent.id} is not the one it was cut after` }];
    }
    return named === before
      ? []
      : [{ id: link.id, message: `its parent is ${parent.id}, not ${before!.id}` }];
  });
}

/** Reads and checks every snapshot of a profile: format, signature (with a keyring) and chain. */
export async function verifyChain(
  root: string,
  profile: string,
  trust: SnapshotTrust,
): Promise<{ ids: string[]; faults: ChainFault[] }> {
  const places = await listSnapshots(root, profile);
  const links: ChainLink[] = [];
  const faults: ChainFault[] = [];
  for (const place of places) {
    const file = snapshotFiles(root, place).manifest;
    try {
      const { manifest, sha256 } = await readSnapshot(root, place, trust);
      links.push({ id: manifest.id, sha256, parent: manifest.parent });
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      faults.push({ id: place.id, code: error.code, message: error.message, file });
    }
  }
  for (const { id, message } of brokenLinks(links)) {
    const file = snapshotFiles(root, { profile, id }).manifest;
    faults.push({ id, code: 'SNAPSHOT_INVALID', message: `${id}: ${message}`, file });
  }
  return { ids: places.map(({ id }) => id), faults };
}
