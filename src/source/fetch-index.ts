/** Bringing an index that a verified Release lists into the store. */
import type { IndexHash } from '../deb/release-file.js';
import type { SourceContext } from './source-context.js';
import { fetchAnew } from './fetch-file.js';
import type { VerifiedRelease } from './in-release.js';

/** An index as its Release lists it. */
export interface ListedIndex {
  release: VerifiedRelease;
  /** Below the suite's folder: `main/binary-amd64/Packages.xz`. */
  path: string;
  hash: IndexHash;
}

/**
 * Fetches an index by its hash where the suite offers that, and where the mirror leaves that out by its name: the
 * hash is checked either way.
 * @throws LockstepError as fetchFromArchive
 */
export async function fetchIndex(
  { release, path, hash }: ListedIndex,
  context: SourceContext,
): Promise<void> {
  const { archive, suite } = release;
  const folder = `dists/${suite}`;
  const named = `${folder}/${path}`;
  const byHash = `${folder}/${path.slice(0, path.lastIndexOf('/'))}/by-hash/SHA256/${hash.sha256}`;
  const paths = release.release.acquireByHash ? ([byHash, named] as const) : ([named] as const);
  const label = `${suite} ${path}`;
  await fetchAnew({ archive, paths, suite, name: path, label, ...hash }, context);
}
