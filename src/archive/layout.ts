/**
 * Where things lie in what is published (DESIGN.md, "The archive"). Names only.
 */

/** The folder of a suite that machines follow. */
export function liveView(suite: string): string {
  return `debian/dists/${suite}`;
}

/** The folder of a suite as it was at a snapshot. */
export function frozenView(suite: string, id: string): string {
  return `snapshot/${id}/dists/${suite}`;
}

/** The pool as it is reached from a frozen view. */
export function frozenPool(id: string): string {
  return `snapshot/${id}/pool`;
}

export const poolFolder = 'debian/pool';

/** A file of the pool, given its path below `debian/`. */
export function poolFilePath(path: string): string {
  return `debian/${path}`;
}

/** Where an index is for clients that ask by its hash: beside it, `by-hash/SHA256/<hash>`. */
export function byHashPath(view: string, index: string, sha256: string): string {
  const folder = index.includes('/') ? `${view}/${index.slice(0, index.lastIndexOf('/'))}` : view;
  return `${folder}/by-hash/SHA256/${sha256}`;
}

export const keyringFiles = {
  binary: 'debian/archive-keyring.gpg',
  armored: 'debian/archive-keyring.asc',
} as const;

/** What a person puts into /etc/apt/sources.list.d. */
export function sourcesFilePath(suite: string): string {
  return `debian/${suite}.sources`;
}
