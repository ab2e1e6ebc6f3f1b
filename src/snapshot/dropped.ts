/**
 * `snapshots/dropped.jsonl`: which snapshots were dropped, when, by whom and why. It distinguishes a chain
 * with dropped snapshots from one that lost its start, and keeps what must outlive a manifest: its id, and
 * the versions that it assigned. Chained, signed lines (chained-lines.ts).
 */
import { join } from 'node:path';
import { z } from 'zod';
import { readIfThere, writeFileAtomic } from '../io/disk.js';
import type { Signer } from '../signing/signer-port.js';
import { chainedFields, nextChainedLine, parseChainedLines, type ChainedLine } from './chained-lines.js';
import { parentsOf, type SnapshotRef } from './manifest.js';
import { listSnapshots } from './snapshot-folder.js';
import { isSnapshotId } from './snapshot-id.js';
import { sha256 } from '../io/sha256.js';

const id = z.string().refine(isSnapshotId, { error: 'must be a snapshot id' });
const lineSchema = z.object({
  ...chainedFields,
  profile: z.string().regex(/^[a-z0-9][a-z0-9.+-]*$/),
  id,
  /** SHA-256 of its manifest. */
  manifest: sha256,
  parent: z.object({ id, sha256 }).nullable(),
  /** Other snapshots that it followed. `merges` of a line are other lines. */
  alsoAfter: z.array(z.object({ id, sha256 })).optional(),
  /** Versions that it assigned: none of them may ever have another content. */
  builds: z.array(z.object({ package: z.string(), version: z.string(), inputs: sha256 })),
  /** UTC. */
  at: z.iso.datetime(),
  /** Who did it, as `name <mail>` or `user@host`. */
  by: z.string(),
  reason: z.string().optional(),
});

/** The record of a dropped snapshot. */
export type DroppedSnapshot = z.infer<typeof lineSchema>;
type Drop = Omit<DroppedSnapshot, keyof ChainedLine>;

/** The snapshots that a dropped one followed. */
export function parentsOfDropped({ parent, alsoAfter }: DroppedSnapshot): SnapshotRef[] {
  return parentsOf({ parent, merges: alsoAfter });
}

/** Absolute path of the file; `root` is the path of `snapshots/`. */
export function droppedPath(root: string): string {
  return join(root, 'dropped.jsonl');
}

/** Reads the text of the file. SNAPSHOT_INVALID with the line of every fault, SNAPSHOT_NEWER_FORMAT. */
export function parseDropped(text: string, file: string): DroppedSnapshot[] {
  return parseChainedLines(text, file, lineSchema);
}

/** What was dropped, the first one first; empty where nothing was. Throws as {@link parseDropped}. */
export async function readDropped(root: string): Promise<DroppedSnapshot[]> {
  const path = droppedPath(root);
  const bytes = await readIfThere(path);
  return bytes === undefined ? [] : parseDropped(bytes.toString('utf8'), path);
}

/**
 * Notes a drop. The caller holds the workspace's lock.
 *
 * @returns the absolute path written
 * @throws LockstepError SNAPSHOT_INVALID when the file was tampered with; what the signer and the disk throw
 */
export async function appendDropped(
  root: string,
  drop: Drop,
  sign: { signer: Signer; date: Date },
): Promise<string> {
  const path = droppedPath(root);
  const before = (await readIfThere(path))?.toString('utf8');
  if (before !== undefined) parseDropped(before, path);
  const text = before ?? '';
  const line = await nextChainedLine(text, drop, { ...sign, what: `drop of ${drop.id}` });
  await writeFileAtomic(path, text + line);
  return path;
}

/** Every id that was ever assigned, also of dropped snapshots: `snapshot/<id>` must not mean another one. */
export async function takenIds(root: string): Promise<string[]> {
  const there = await listSnapshots(root);
  return [...there, ...(await readDropped(root))].map((place) => place.id);
}
