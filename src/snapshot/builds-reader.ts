/**
 * The versions that a snapshot gave out, out of the beginning of its manifest:
 * one of 100,000 packages has 100 MB, and whoever gives out a version asks all
 * snapshots that are there. Signatures are not looked at.
 */
import { open } from 'node:fs/promises';
import { z } from 'zod';
import { errnoOf, onDisk } from '../io/disk.js';
import { buildsSchema, type SnapshotBuild } from './manifest.js';
import { headOfManifest } from './manifest-text.js';
import { readSnapshot, snapshotFiles, type SnapshotPlace } from './snapshot-folder.js';

const head = z.object({ builds: buildsSchema });

/** Bytes before the packages, of a manifest with more builds than any that is known. */
const mostHead = 256 * 1024;

/** @throws LockstepError as {@link readSnapshot}, where the beginning does not say it */
export async function readBuilds(root: string, place: SnapshotPlace): Promise<readonly SnapshotBuild[]> {
  const bytes = await beginningOf(snapshotFiles(root, place).manifest);
  const found = head.safeParse(headOfManifest(bytes));
  return found.success ? found.data.builds : (await readSnapshot(root, place)).manifest.builds;
}

/** Empty where there is no such file. */
async function beginningOf(file: string): Promise<Buffer> {
  return await onDisk('read', file, async () => {
    const handle = await open(file).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (handle === undefined) return Buffer.alloc(0);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(mostHead), 0, mostHead, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  });
}
