/**
 * Reads the versions that a snapshot assigned from the start of its manifest. A manifest of 100,000 packages
 * has 100 MB, and every assignment of a version reads all snapshots. It does not check signatures.
 */
import { z } from 'zod';
import { isGone } from '../io/damaged-blob.js';
import { readPieces } from '../io/disk.js';
import { buildsSchema, readFormats, type SnapshotBuild } from './manifest.js';
import { headOfManifest } from './manifest-text.js';
import { readSnapshot, snapshotFiles, type SnapshotPlace } from './snapshot-folder.js';

const head = z.object({ format: z.literal(readFormats), id: z.string(), builds: buildsSchema });

/** @throws LockstepError as {@link readSnapshot}, where the beginning does not say it */
export async function readBuilds(root: string, place: SnapshotPlace): Promise<readonly SnapshotBuild[]> {
  const bytes = await beginningOf(snapshotFiles(root, place).manifest);
  const found = head.safeParse(headOfManifest(bytes));
  // A reader of the complete manifest gets the error
  const isGood = found.success && found.data.id === place.id;
  return isGood ? found.data.builds : (await readSnapshot(root, place)).manifest.builds;
}

/** A file's first piece, 256 KiB: more than any manifest has before its packages. Empty where there is none. */
async function beginningOf(file: string): Promise<Buffer> {
  try {
    for await (const piece of readPieces(file)) return piece;
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  return Buffer.alloc(0);
}
