/**
 * The folders of the cache: every kind of thing in it, and what one of them is
 * made of. A path in the cache begins here, so that nothing can be put into it
 * that `lockstep gc --cache` does not know how to take away.
 */
import { join } from 'node:path';

/**
 * How the things of a folder are used and taken away:
 * - `file`: each file by itself, however deep; losing one costs time only
 * - `folder`: each folder in it as a whole, which may hold files of other users' ids
 * - `blob`: the content store's files, of which those that a workspace refers to stay
 * - `address`: where workspaces are; they go when their workspace has long been gone
 */
export type CacheUnit = 'file' | 'folder' | 'blob' | 'address';

/** By the folder's name below the cache. */
export const cacheFolders = {
  store: { unit: 'blob', holds: 'the content store: verified files, by their hash' },
  roots: { unit: 'folder', holds: 'build roots' },
  tmp: { unit: 'folder', holds: 'scratch space of runs' },
  builds: { unit: 'file', holds: 'what was built of which inputs' },
  closures: { unit: 'file', holds: 'which packages a build root needs' },
  facts: { unit: 'file', holds: 'what sources were found to say' },
  'file-lists': { unit: 'file', holds: 'which files packages hold' },
  installability: { unit: 'file', holds: 'which sets were found to install, over which base' },
  'package-contents': { unit: 'file', holds: 'what is inside of packages that were compared' },
  schemas: { unit: 'file', holds: 'which database schemas packages have' },
  'snapshot-summaries': { unit: 'file', holds: 'summaries of manifests' },
  sources: { unit: 'file', holds: 'how sources were unpacked and repacked' },
  vetting: { unit: 'file', holds: 'which sets passed the rules' },
  workspaces: { unit: 'address', holds: 'which workspaces share the cache' },
} as const satisfies Record<string, { unit: CacheUnit; holds: string }>;

export type CacheFolder = keyof typeof cacheFolders;

export const cacheFolderNames = Object.keys(cacheFolders) as readonly CacheFolder[];

/** A path in a folder of the cache. @param cache absolute path of the cache */
export function inCache(cache: string, folder: CacheFolder, ...below: readonly string[]): string {
  return join(cache, folder, ...below);
}
