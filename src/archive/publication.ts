/**
 * Collects the inputs of a publication plan: the listing, its indices and the existing files. It writes
 * nothing to the archive; indices go to the content store and to `.lockstep/indices`.
 */
import { join } from 'node:path';
import type { Clock } from '../io/clock.js';
import type { ContentStore } from '../io/content-store.js';
import { sha256Of, writeFileAtomic } from '../io/disk.js';
import { readKept } from '../io/kept-json.js';
import { signingEnd } from '../signing/key-end.js';
import type { PublicHalf } from '../signing/signer-port.js';
import type { LineHead } from '../snapshot/chained-lines.js';
import { BlockMissing } from './index-set.js';
import type { PoolFile } from './index-text.js';
import {
  byHashPath,
  frozenView,
  keyringFiles,
  liveView,
  poolFilePath,
  poolFolder,
  sourcesFilePath,
} from './layout.js';
import { listingOf, listingSchema, poolBeyond, type Listing } from './listing.js';
import {
  planPublication,
  type PublicationPlan,
  type PresentFiles,
  type PlannedIndices,
} from './publication-plan.js';
import { wayOf } from './pool-way.js';
import { sameBytes, type ArchivePort } from './port.js';
import {
  readReleaseFiles,
  type ArchiveIdentity,
  type PublishedRelease,
  type ReleaseFiles,
  type SuiteIdentity,
} from './release.js';
import type { KeyringSuites } from './sources-file.js';
import { stored, type ListedSnapshot, type SnapshotRecord, type SnapshotRecords } from './snapshot-record.js';

export interface PublicationRequest {
  port: ArchivePort;
  store: ContentStore;
  records: SnapshotRecords;
  /** The `archive` section of lockstep.yaml. */
  archive: ArchiveIdentity;
  suite: SuiteIdentity;
  snapshot: ListedSnapshot;
  /** Good snapshots of the suite before it, the newest first (goodSnapshots of its history). */
  earlier: readonly ListedSnapshot[];
  /** What the suite's Release files say, where the caller has read them. */
  live?: PublishedRelease | undefined;
  /** The content of its key files; the signing key is the first. */
  publicKey: PublicHalf;
  keyring: KeyringSuites;
  /** Where the suite's history will stand. */
  history?: LineHead | undefined;
  /** The Release files that are there are not believed: others are written, whatever they say. */
  anew?: boolean | undefined;
  clock: Pick<Clock, 'now'>;
  signal?: AbortSignal | undefined;
}

/**
 * Plans the publication of a snapshot in a suite. The same snapshot again plans nothing, unless more than
 * half of the validity of its Release has passed.
 *
 * @throws LockstepError ARCHIVE_CONFLICT, STORE_MISSING, DEB_ARCHIVE, DISK_FULL, DISK_IO, INTERRUPTED, and what
 * loading a manifest throws
 */
export async function preparePublication(request: PublicationRequest): Promise<PublicationPlan> {
  try {
    return await prepare(request);
  } catch (error) {
    if (!(error instanceof BlockMissing)) throw error;
    // What was derived is damaged: it is made again from the manifests
    for (const { load } of [request.snapshot, ...request.earlier]) await request.records.make(await load());
    return await prepare(request);
  }
}

/** Makes the records and the listing that a publication needs. Throws as {@link preparePublication}. */
export async function prepareListing(request: PublicationRequest): Promise<void> {
  const { snapshot, records } = request;
  await listingFor(request, await records.of(snapshot));
}

async function prepare(request: PublicationRequest): Promise<PublicationPlan> {
  const { snapshot, records } = request;
  const frozen = await records.of(snapshot);
  const listing = await listingFor(request, frozen);
  const pool = await unvouchedPool(request, listing, frozen);
  const now = request.clock.now();
  return planPublication({
    ...request,
    listing,
    frozen,
    pool,
    keyEnds: await signingEnd(request.publicKey, now),
    there: await readStanding(request, { listing, frozen, pool }),
    anew: request.anew ?? false,
    now,
  });
}

/** To be raised when the same snapshots get another listing. */
const listingVersion = 1;

/** The listing, remembered by what it was made of: a move back to one that was there before renders nothing. */
async function listingFor(
  { suite, snapshot, earlier, records, store }: PublicationRequest,
  frozen: SnapshotRecord,
): Promise<Listing> {
  if (suite.retain === 1 || earlier.length === 0) return await listingOf(frozen, [], 1, records.places);
  const { contents, places } = records;
  const made = [snapshot, ...earlier].map(({ sha256 }) => sha256);
  const key = sha256Of(JSON.stringify([listingVersion, places.area, contents, suite.retain, ...made]));
  const path = join(records.folder, 'listings', `${key}.json`);
  const kept = await readKept(path, listingSchema);
  if (kept !== undefined && (await stored(kept.files, store))) return kept;
  const others: SnapshotRecord[] = [];
  for (const each of earlier) others.push(await records.of(each));
  const listing = await listingOf(frozen, others, suite.retain, records.places);
  await writeFileAtomic(path, JSON.stringify(listing), { fsync: false });
  return listing;
}

/**
 * The pool files that nothing vouches for. Those of a snapshot whose way to the pool is there were written
 * whole before it (publication-plan.ts), and a pool file never changes; looking at them all each time would cost more
 * than the publication.
 */
async function unvouchedPool(
  { port, snapshot, earlier, records }: PublicationRequest,
  listing: Listing,
  frozen: SnapshotRecord,
): Promise<PoolFile[]> {
  const known = [snapshot, ...earlier];
  const vouched: ListedSnapshot[] = [];
  const unvouched: ListedSnapshot[] = [];
  for (const id of [...new Set([...listing.snapshots, ...known.map((each) => each.id)])]) {
    const each = known.find((candidate) => candidate.id === id)!;
    const there = (await wayOf(port, id)) === poolFolder;
    if (there) vouched.push(each);
    else if (listing.snapshots.includes(id)) unvouched.push(each);
  }
  if (unvouched.length === 0) return [];
  const recordOf = async (each: ListedSnapshot): Promise<SnapshotRecord> =>
    each.id === frozen.id ? frozen : await records.of(each);
  const others: SnapshotRecord[] = [];
  for (const each of vouched) others.push(await recordOf(each));
  const pool = new Map<string, PoolFile>();
  for (const each of unvouched) {
    for (const file of poolBeyond(await recordOf(each), others, records.places)) pool.set(file.path, file);
  }
  return [...pool.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function readStanding(
  { port, suite, snapshot: { id }, live: known, signal }: PublicationRequest,
  indices: { listing: PlannedIndices; frozen: PlannedIndices; pool: readonly PoolFile[] },
): Promise<PresentFiles> {
  const views = { live: liveView(suite.name), frozen: frozenView(suite.name, id) };
  const live = known ?? (await readPublished(port, views.live));
  const frozen = await readPublished(port, views.frozen);
  const byHash = new Set<string>();
  const linked = new Set<string>();
  for (const view of ['live', 'frozen'] as const) {
    const own = view === 'live' ? indices.listing.files : indices.frozen.files;
    const kept = view === 'frozen' ? [...(frozen.release?.sha256 ?? [])] : [];
    const listed = [
      ...own.map(({ path, sha256 }) => [path, sha256] as const),
      ...kept.map(([path, { sha256 }]) => [path, sha256] as const),
    ];
    for (const [path, sha256] of listed.filter(([name]) => /\.(gz|xz)$/.test(name))) {
      const from = byHashPath(views[view], path, sha256);
      byHash.add(from);
      if (await sameBytes(port, `${views[view]}/${path}`, from, { signal }))
        linked.add(`${views[view]}/${path}`);
    }
  }
  const pool = indices.pool.map(({ path }) => poolFilePath(path));
  const heads = await port.head([...pool, ...byHash]);
  const sizes = new Map([...heads].map(([path, { size }]) => [path, size]));
  const digests = new Map<string, string>();
  for (const path of pool.filter((name) => sizes.has(name))) {
    const digest = await port.digest(path, { signal });
    if (digest !== undefined) digests.set(path, digest.sha256);
  }
  const data = new Map<string, Buffer>();
  for (const path of [keyringFiles.binary, keyringFiles.armored, sourcesFilePath(suite.name)]) {
    const bytes = await port.read(path);
    if (bytes !== undefined) data.set(path, bytes);
  }
  return { live, frozen, sizes, digests, linked, alias: await wayOf(port, id), data };
}

/** The existing Release files of a view. */
export async function readPublished(port: ArchivePort, view: string): Promise<PublishedRelease> {
  return readReleaseFiles(await readReleaseTexts(port, view));
}

/** The Release files of a view, as they were read. */
export type ReleaseBytes = Readonly<Record<keyof ReleaseFiles, Buffer | undefined>>;

/** The current Release files of a view. */
export async function readReleaseBytes(port: ArchivePort, view: string): Promise<ReleaseBytes> {
  const [plain, signature, inline] = await Promise.all(
    ['Release', 'Release.gpg', 'InRelease'].map((name) => port.read(`${view}/${name}`)),
  );
  return { plain, signature, inline };
}

/** Their texts. */
export function releaseTexts({ plain, signature, inline }: ReleaseBytes): ReleaseFiles {
  const text = (bytes: Buffer | undefined): string | undefined => bytes?.toString('utf8');
  return { plain: text(plain), signature: text(signature), inline: text(inline) };
}

/** The texts of the current Release files of a view. */
export async function readReleaseTexts(port: ArchivePort, view: string): Promise<ReleaseFiles> {
  return releaseTexts(await readReleaseBytes(port, view));
}
