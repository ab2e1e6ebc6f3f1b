/** Bringing an index that a verified Release lists into the store. */
import type { IndexHash } from '../deb/release-file.js';
import { LockstepError } from '../errors.js';
import type { Phase } from '../io/progress.js';
import { sessionOf, signalOf, type SourceContext } from './context.js';
import type { VerifiedRelease } from './in-release.js';

/** An index as its Release lists it. */
export interface ListedIndex {
  release: VerifiedRelease;
  /** Below the suite's folder: `main/binary-amd64/Packages.xz`. */
  path: string;
  hash: IndexHash;
}

/**
 * Fetches an index by its hash where the suite offers that, else by its name.
 * @throws LockstepError NET_*, SOURCE_HASH_MISMATCH, STORE_*, DISK_*, INTERRUPTED
 */
export async function fetchIndex(
  { release, path, hash }: ListedIndex,
  context: SourceContext,
  phase: Phase,
): Promise<void> {
  const folder = `${release.uri}/dists/${release.suite}`;
  const named = `${folder}/${path}`;
  const byHash = `${folder}/${path.slice(0, path.lastIndexOf('/'))}/by-hash/SHA256/${hash.sha256}`;
  const item = phase.item(`${release.suite} ${path}`, { totalBytes: hash.size });
  const fetch = (url: string): Promise<unknown> =>
    context.http.download(url, context.store, hash, { item, ...signalOf(context) });
  try {
    await sessionOf(context).limit(async () => {
      if (!release.release.acquireByHash) return await fetch(named);
      return await fetch(byHash).catch((error: unknown) => {
        // Some mirrors leave by-hash out; the hash is checked either way
        if (!(error instanceof LockstepError) || error.code !== 'NET_NOT_FOUND') throw error;
        return fetch(named);
      });
    });
    item.done();
  } catch (error) {
    item.fail(error instanceof Error ? error.message : String(error));
    throw error;
  }
}
