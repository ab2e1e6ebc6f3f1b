/**
 * The folders of the cache: every kind of entry and its structure. Every path in the cache starts here, so
 * that `lockstep gc --cache` can remove every entry.
 */
import { join } from 'node:path';

/**
 * How the entries of a folder are used and removed:
 * - `file`: each file separately, at any depth; a loss costs only time
 * - `folder`: each folder as a whole, which may contain files with other user ids
 * - `blob`: the content store's files; files that a workspace refers to stay
 * - `address`: the paths of workspaces; a path is removed when its workspace was missing for a long time
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
