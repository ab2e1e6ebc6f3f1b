/**
 * Gathers what a publication is decided over: the listing, its indices and what
 * is there. It writes nothing to the archive; rendered indices go to the
 * content store.
 */
import type { ContentStore } from '../io/content-store.js';
import type { Clock } from '../io/clock.js';
import type { Signer } from '../signing/signer-port.js';
import type { Snapshot } from '../snapshot/manifest.js';
import { FileLists } from './file-lists.js';
import { prepareIndices, type IndexSet } from './index-set.js';
import {
  byHashPath,
  frozenPool,
  frozenView,
  keyringFiles,
  liveView,
  poolFilePath,
  poolFolder,
  sourcesFilePath,
} from './layout.js';
import { listingOf, type Listing } from './listing.js';
import { planPublication, type PublicationPlan, type Standing } from './plan.js';
import type { ArchivePort } from './port.js';
import {
  readReleaseFiles,
  type ArchiveIdentity,
  type PublishedRelease,
  type SuiteIdentity,
} from './release.js';

export interface PublicationRequest {
  port: ArchivePort;
  store: ContentStore;
  /** Absolute path of the cache folder. */
  cache: string;
  /** The `archive` section of lockstep.yaml; `area` is there even when nothing is in it. */
  archive: ArchiveIdentity & { area: string };
  suite: SuiteIdentity;
  snapshot: Snapshot;
  /** Good snapshots of the suite before it, the newest first (goodSnapshots of its history). */
  earlier: readonly Snapshot[];
  /** Only its public key is used here. */
  signer: Pick<Signer, 'publicKey'>;
  clock: Pick<Clock, 'now'>;
  /** Whether Contents indices are made; each package is read once for them. Default true. */
  contents?: boolean;
  signal?: AbortSignal;
}

/**
 * Plans the publication of a snapshot in a suite. The same snapshot again plans nothing, unless its Release
 * is past half of its time.
 *
 * @throws LockstepError ARCHIVE_CONFLICT, STORE_MISSING, DEB_ARCHIVE, DISK_FULL, DISK_IO, INTERRUPTED
 */
export async function preparePublication(request: PublicationRequest): Promise<PublicationPlan> {
  const { archive, suite, snapshot, store, cache, signal } = request;
  const listing = listingOf(snapshot, request.earlier, suite.retain);
  const alone = listing.snapshots.length === 1 ? listing : listingOf(snapshot, [], 1);
  const common = {
    areas: [archive.area],
    store,
    cache,
    fileLists: request.contents === false ? undefined : new FileLists(store, cache),
    signal,
  };
  const { architectures } = snapshot.manifest.base;
  const frozen = await prepareIndices({ ...common, listing: alone, architectures });
  const live = alone === listing ? frozen : await prepareIndices({ ...common, listing, architectures });
  return planPublication({
    archive,
    suite,
    listing,
    live,
    frozen,
    publicKey: await request.signer.publicKey(),
    there: await readStanding(request, listing, { live, frozen }),
    now: request.clock.now(),
  });
}

async function readStanding(
  { port, suite, signal }: PublicationRequest,
  listing: Listing,
  indices: { live: IndexSet; frozen: IndexSet },
): Promise<Standing> {
  const { id } = listing.snapshots[0]!.manifest;
  const views = { live: liveView(suite.name), frozen: frozenView(suite.name, id) };
  const live = await readPublished(port, views.live);
  const frozen = await readPublished(port, views.frozen);
  const named = new Set<string>();
  const byHash = new Set<string>();
  for (const view of ['live', 'frozen'] as const) {
    const kept = view === 'frozen' ? [...(frozen.release?.sha256 ?? [])] : [];
    const listed = [
      ...indices[view].files.map(({ path, sha256 }) => [path, sha256] as const),
      ...kept.map(([path, { sha256 }]) => [path, sha256] as const),
    ];
    for (const [path, sha256] of listed.filter(([name]) => /\.(gz|xz)$/.test(name))) {
      named.add(`${views[view]}/${path}`);
      byHash.add(byHashPath(views[view], path, sha256));
    }
  }
  const pool = listing.pool.map(({ path }) => poolFilePath(path));
  const sizes = await port.sizes([...pool, ...byHash]);
  const digests = new Map<string, string>();
  const unknown = await unvouched(port, listing, sizes);
  for (const path of [...named, ...unknown]) {
    const digest = await port.digest(path, { signal });
    if (digest !== undefined) digests.set(path, digest.sha256);
  }
  const data = new Map<string, Buffer>();
  for (const path of [keyringFiles.binary, keyringFiles.armored, sourcesFilePath(suite.name)]) {
    const bytes = await port.read(path);
    if (bytes !== undefined) data.set(path, bytes);
  }
  return { live, frozen, sizes, digests, alias: await port.aliasTarget(frozenPool(id)), data };
}

/** What is there of the Release files of a view. */
export async function readPublished(port: ArchivePort, view: string): Promise<PublishedRelease> {
  const text = async (name: string): Promise<string | undefined> =>
    (await port.read(`${view}/${name}`))?.toString('utf8');
  return readReleaseFiles({
    plain: await text('Release'),
    signature: await text('Release.gpg'),
    inline: await text('InRelease'),
  });
}

/**
 * Pool files that are there under a name we want, put there by we know not whom: their bytes are read. Those
 * of a snapshot whose way to the pool is there were written whole before it (plan.ts), and a pool file never
 * changes; reading them all each time would cost more than the publication.
 */
async function unvouched(
  port: ArchivePort,
  listing: Listing,
  sizes: ReadonlyMap<string, number>,
): Promise<string[]> {
  const vouched = new Set<string>();
  for (const { manifest } of listing.snapshots) {
    if ((await port.aliasTarget(frozenPool(manifest.id))) !== poolFolder) continue;
    for (const { path } of manifest.packages) vouched.add(path);
    for (const { directory, files } of manifest.sources) {
      for (const { name } of files) vouched.add(`${directory}/${name}`);
    }
  }
  return listing.pool
    .filter(({ path }) => !vouched.has(path))
    .map(({ path }) => poolFilePath(path))
    .filter((path) => sizes.has(path));
}
