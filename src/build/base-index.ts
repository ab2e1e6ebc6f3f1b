/**
 * The Packages indices of the base release, proven by src/source, as whole
 * files: a closure of dependencies looks at thousands of paragraphs. What is
 * chosen from them is base-closure.ts's.
 */
import { LockstepError } from '../errors.js';
import { collect } from '../io/bytes.js';
import { decompressByName } from '../io/compress.js';
import type { Phase } from '../io/progress.js';
import { packagesIndices, type AptIndex } from '../source/apt-index.js';
import { allOrNone, sessionOf, signalOf, type SourceContext } from '../source/context.js';
import { openRelease } from '../source/in-release.js';
import { suitesOf } from '../source/mirror.js';

/** One index of the base. */
export interface BaseIndex {
  suite: string;
  /** Root of the archive. */
  uri: string;
  /** Of the index as it is served: names its content. */
  sha256: string;
  /** All of it, decompressed and proven. */
  read(): Promise<Buffer>;
}

/**
 * The indices of every suite of the base for one architecture. Only their InRelease files are asked
 * for; an index is fetched when it is read.
 * @throws LockstepError as openRelease; `read`: NET_*, SOURCE_HASH_MISMATCH, DATA_DAMAGED
 */
export async function baseIndices(
  context: SourceContext,
  architecture: string,
  phase: Phase,
): Promise<BaseIndex[]> {
  const places = suitesOf(context.mirror, context.base);
  const releases = await sessionOf(context).once('releases for the build root', () =>
    allOrNone(context, (inner) => places.map((place) => openRelease(place, inner, phase))),
  );
  return releases.flatMap((release) =>
    packagesIndices(release, architecture, context).map((index) => ({
      suite: release.suite,
      uri: release.uri,
      sha256: index.hash.sha256,
      read: () => readWhole(index, context, phase),
    })),
  );
}

async function readWhole(index: AptIndex, context: SourceContext, phase: Phase): Promise<Buffer> {
  const { store } = context;
  const unpack = (): Promise<Buffer> =>
    collect(decompressByName(index.path, store.open(index.hash.sha256), signalOf(context)));
  if ((await store.size(index.hash.sha256)) === index.hash.size) {
    try {
      return await unpack();
    } catch (error) {
      // Damaged on our own disk: it was set aside, and is fetched anew
      if (!(error instanceof LockstepError) || error.code !== 'STORE_CORRUPT') throw error;
    }
  }
  await fetchIndex(index, context, phase);
  return await unpack();
}

async function fetchIndex(index: AptIndex, context: SourceContext, phase: Phase): Promise<void> {
  const { release, path, hash } = index;
  const folder = `${release.uri}/dists/${release.suite}`;
  const item = phase.item(`${release.suite} ${path}`, { totalBytes: hash.size });
  const fetch = (url: string): Promise<unknown> =>
    context.http.download(url, context.store, hash, { item, ...signalOf(context) });
  try {
    await sessionOf(context).limit(async () => {
      const byHash = `${folder}/${path.slice(0, path.lastIndexOf('/'))}/by-hash/SHA256/${hash.sha256}`;
      if (!release.release.acquireByHash) return await fetch(`${folder}/${path}`);
      return await fetch(byHash).catch((error: unknown) => {
        // Some mirrors leave by-hash out; the hash is checked either way
        if (!(error instanceof LockstepError) || error.code !== 'NET_NOT_FOUND') throw error;
        return fetch(`${folder}/${path}`);
      });
    });
    item.done();
  } catch (error) {
    item.fail(error instanceof Error ? error.message : String(error));
    throw error;
  }
}
