/**
 * The paths in a published archive (docs/reference/archive.md). Names only.
 */

/** The folder of a suite that machines follow. */
export function liveView(suite: string): string {
  return `debian/dists/${suite}`;
}

/** The folder of a suite as it was at a snapshot. */
export function frozenView(suite: string, id: string): string {
  return `snapshot/${id}/dists/${suite}`;
}

/** The path of the pool from a frozen view. */
export function frozenPool(id: string): string {
  return `snapshot/${id}/pool`;
}

export const poolFolder = 'debian/pool';

/** A file of the pool, given its path below `debian/`. */
export function poolFilePath(path: string): string {
  return `debian/${path}`;
}

/** Path of an index for clients that request it by hash: `by-hash/SHA256/<hash>` in the same folder. */
export function byHashPath(view: string, index: string, sha256: string): string {
  const folder = index.includes('/') ? `${view}/${index.slice(0, index.lastIndexOf('/'))}` : view;
  return `${folder}/by-hash/SHA256/${sha256}`;
}

export const keyringFiles = {
  binary: 'debian/archive-keyring.gpg',
  armored: 'debian/archive-keyring.asc',
} as const;

/**
 * The suite of one key: signed only by this key, without expiry, it offers the newest keyring package. So a
 * machine that knows no other key gets the next one from it, however late.
 */
export function keyringSuite(fingerprint: string): string {
  return `keyring-${fingerprint}`;
}

/** The fingerprint of the key that a suite is there for; undefined of any other suite. */
export function keyOfSuite(suite: string): string | undefined {
  return /^keyring-([0-9A-F]{40})$/.exec(suite)?.[1];
}

/** What a person puts into /etc/apt/sources.list.d. */
export function sourcesFilePath(suite: string): string {
  return `debian/${suite}.sources`;
}
