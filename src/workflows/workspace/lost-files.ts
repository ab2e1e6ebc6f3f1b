/** Which files of a snapshot are in no place that publishing takes them from. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { manifestPoolFiles } from '../../archive/expected.js';
import type { PoolFile } from '../../archive/index-text.js';
import { frozenPool, poolFilePath } from '../../archive/layout.js';
import { LockstepError } from '../../errors.js';
import { counted } from '../../counted.js';
import type { SnapshotManifest } from '../../snapshot/manifest.js';
import type { Context } from './context.js';

/**
 * The files of a snapshot that are neither in the content store nor in the pool, nor in another workspace that shares
 * the cache. What another workspace has is taken into the store. It compares sizes; who uses a file compares its hash.
 *
 * @throws LockstepError DISK_FULL, DISK_IO
 */
export async function lostFiles(
  { store, places }: Context,
  manifest: Pick<SnapshotManifest, 'packages' | 'sources' | 'sourceChangelogs'>,
): Promise<PoolFile[]> {
  const lost: PoolFile[] = [];
  for (const file of manifestPoolFiles(manifest)) {
    const { path, sha256, size } = file;
    if (has(store.path(sha256), size) || has(join(places.public, poolFilePath(path)), size)) continue;
    if (!(await store.recover(sha256))) lost.push(file);
  }
  return lost;
}

/** Synchronous: there may be 100,000, and a trip through libuv for each would take ten times as long. */
function has(file: string, size: number): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found?.isFile() === true && found.size === size;
}

/**
 * Refuses a set that could not be published, before its snapshot is cut.
 *
 * @throws LockstepError STORE_MISSING with each file
 */
export async function assertAvailable(context: Context, manifest: SnapshotManifest): Promise<void> {
  const lost = await lostFiles(context, manifest);
  if (lost.length === 0) return;
  throw new LockstepError('STORE_MISSING', {
    message: `Nothing was cut: ${lostWords(lost)} in no place: not in the content store, not in the pool, and not in another workspace that shares the cache`,
    hint: 'Import these packages again, together with the new ones, or leave them out: --remove NAME',
    where: lost.map(({ path, sha256 }) => ({ path, value: sha256 })),
  });
}

/** `3 files of the set (a, b, c) are`. */
export function lostWords(lost: readonly PoolFile[]): string {
  const names = lost.slice(0, 3).map(({ path }) => path.slice(path.lastIndexOf('/') + 1));
  const more = lost.length > names.length ? ', ...' : '';
  return `${counted(lost.length, 'file')} of the set (${names.join(', ')}${more}) ${lost.length === 1 ? 'is' : 'are'}`;
}

/** Whether a snapshot's files were ever published here: `verify` compares those with the pool. */
export function isPublished({ places }: Context, id: string): boolean {
  return statSync(join(places.public, frozenPool(id)), { throwIfNoEntry: false }) !== undefined;
}
