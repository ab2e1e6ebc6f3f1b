/**
 * Other copies of files that the content store has lost: the pool of this workspace, and the pools of the workspaces that
 * share the cache. It finds candidates by manifests, which it does not verify; the store takes only bytes with the hash
 * that it asked for.
 */
import { join } from 'node:path';
import { manifestPoolFiles } from '../../archive/expected.js';
import { poolFilePath } from '../../archive/layout.js';
import { LockstepError } from '../../errors.js';
import { listSnapshots, readSnapshot } from '../../snapshot/snapshot-folder.js';
import { otherWorkspaces } from '../upkeep/shared-cache.js';
import type { Context } from './context.js';

/** Finds the absolute paths at which a file may be. The manifests are read when the first file is missing, once. */
export function otherCopies(context: Context): (sha256: string) => Promise<readonly string[]> {
  let known: Promise<Map<string, string[]>> | undefined;
  return async (sha256) => (await (known ??= allCopies(context))).get(sha256) ?? [];
}

async function allCopies(context: Context): Promise<Map<string, string[]>> {
  const { snapshots, public: published } = context.places;
  const copies = new Map<string, string[]>();
  await addCopies(copies, snapshots, published);
  for await (const { workspace } of otherWorkspaces(context)) {
    await addCopies(copies, join(workspace, 'snapshots'), join(workspace, 'public'));
  }
  return copies;
}

async function addCopies(copies: Map<string, string[]>, snapshots: string, published: string): Promise<void> {
  for (const place of await listSnapshots(snapshots)) {
    try {
      const { manifest } = await readSnapshot(snapshots, place);
      for (const { path, sha256 } of manifestPoolFiles(manifest)) {
        const file = join(published, poolFilePath(path));
        const there = copies.get(sha256);
        if (there === undefined) copies.set(sha256, [file]);
        else if (!there.includes(file)) there.push(file);
      }
    } catch (error) {
      // What cannot be read offers nothing; `verify` reports it
      if (!(error instanceof LockstepError) || error.code === 'INTERRUPTED') throw error;
    }
  }
}
