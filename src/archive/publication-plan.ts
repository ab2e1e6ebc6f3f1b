/**
 * The decision what to write so that a suite points at a snapshot: an ordered
 * list of writes, such that stopping after any of them leaves clients the old
 * archive or the new one. Pure; apply.ts does it, publication.ts gathers what
 * it decides over.
 */
import { counted } from '../counted.js';
import { LockstepError } from '../errors.js';
import type { LineHead } from '../snapshot/chained-lines.js';
import { isChangelog } from '../snapshot/pool-path.js';
import type { IndexFile } from './index-set.js';
import type { PoolFile } from './index-text.js';
import {
  byHashPath,
  frozenPool,
  frozenView,
  keyringFiles,
  liveView,
  poolFilePath,
  poolFolder,
} from './layout.js';
import { keyFiles } from './key-file-data.js';
import type { Listing } from './listing.js';
import {
  assertSameIdentity,
  nextReleaseDate,
  releaseFields,
  releaseText,
  releaseVerdict,
  snapshotField,
  type ArchiveIdentity,
  type PublishedRelease,
  type ReleaseContent,
  type SuiteIdentity,
} from './release.js';
import type { KeyringSuites } from './sources-file.js';
import { keyWarnings, validUntilFor } from './validity.js';

/** The steps in the order they are done (docs/explanation/architecture.md, "Order of writes"). */
export const writeSteps = [
  'pool',
  'pool-alias',
  'key',
  'by-hash',
  'index',
  'release',
  'signature',
  'inrelease',
] as const;

export type WriteStep = (typeof writeSteps)[number];

/** One write; `path` is below the root of what is published, sizes are in bytes. */
export type Write =
  /** A file out of the content store. */
  | { kind: 'blob'; step: 'pool' | 'by-hash'; path: string; size: number; sha256: string }
  /** Another name for a file that exists by then. */
  | { kind: 'link'; step: 'index'; path: string; from: string; modified: Date }
  | { kind: 'alias'; step: 'pool-alias'; path: string; target: string }
  | { kind: 'data'; step: 'key'; path: string; data: string | Uint8Array }
  /** `date` is the date of the Release and of the signature. */
  | { kind: 'text'; step: 'release'; path: string; text: string; date: Date }
  | { kind: 'detached'; step: 'signature'; path: string; text: string; date: Date }
  | { kind: 'clearsigned'; step: 'inrelease'; path: string; text: string; date: Date };

/** The existing files. Maps contain only existing files. */
export interface PresentFiles {
  live: PublishedRelease;
  frozen: PublishedRelease;
  /** Sizes of pool files and of by-hash files. */
  sizes: ReadonlyMap<string, number>;
  /** SHA-256 of the pool files whose bytes nothing vouches for. */
  digests: ReadonlyMap<string, string>;
  /** The named indices that have the bytes they are to have. */
  linked: ReadonlySet<string>;
  /** Where `snapshot/<id>/pool` leads. */
  alias: string | undefined;
  /** The small files: keyring and sources. */
  data: ReadonlyMap<string, Buffer>;
}

/** The indices of a view. */
export type PlannedIndices = Pick<Listing, 'areas' | 'architectures' | 'files'>;

export interface PublicationInput {
  archive: ArchiveIdentity;
  suite: SuiteIdentity;
  listing: Listing;
  /** What the snapshot alone lists. */
  frozen: PlannedIndices;
  /** The pool files of the listed snapshots that may not be there yet. */
  pool: readonly PoolFile[];
  publicKey: { armored: string; binary: Uint8Array };
  /** End of the key that signs; null: it has none. */
  keyEnds: Date | null;
  keyring: KeyringSuites;
  there: PresentFiles;
  /** Where the suite's history will stand. */
  history?: LineHead | undefined;
  /** That nobody believes the Release files that are there. */
  anew: boolean;
  now: Date;
}

export interface PublicationPlan {
  suite: string;
  /** The snapshot the suite will point at. */
  snapshot: string;
  /** The one it points at now, or null. */
  before: string | null;
  /** Ids of the snapshots it will list, the current one first. */
  listed: string[];
  /** Earlier snapshots that it will not list, and why. */
  left: { id: string; reason: string }[];
  /** `refresh`: only Release files are rewritten. */
  verdict: 'publish' | 'refresh' | 'nothing';
  /** The Date of the suite's new Release, or null where it gets none. */
  date: Date | null;
  /** Its Valid-Until, or null where it gets none. */
  validUntil: Date | null;
  /** What people should know of the key that signs. */
  warnings: string[];
  writes: Write[];
}

/**
 * What to write.
 *
 * @throws LockstepError SUITE_IDENTITY; ARCHIVE_CONFLICT when a pool file is there with other bytes, or the frozen view of
 * the snapshot lists something else
 */
export function planPublication(input: PublicationInput): PublicationPlan {
  const { listing, suite, there } = input;
  const liveContent = contentOf(input, listing.files, listing, listing.snapshots, input.history);
  // What nobody believes is not what machines know it by
  if (!input.anew) assertSameIdentity(suite.name, there.live.release, liveContent.fields);
  const ids = listing.snapshots;
  const id = ids[0]!;
  const keys = planKeys(input);
  // A new key must sign what the old one signed: machines that got the new keyring know only it.
  const rekeyed =
    there.data.has(keyringFiles.binary) && keys.some(({ path }) => path === keyringFiles.binary);
  const resign = input.anew || rekeyed;
  // One date for both views: that of the frozen one must not be from before a clock that ran backwards.
  const latest = [there.live, there.frozen].flatMap(({ latestDate }) => latestDate ?? []);
  const seconds = nextReleaseDate(input.now, latest.length === 0 ? null : Math.max(...latest));
  const common = { seconds, input, resign };
  const frozen = planView({
    view: frozenView(suite.name, id),
    published: there.frozen,
    // Nothing re-signs a frozen view when its suite has moved on, and an expired one is a hard error to apt: what
    // never changes cannot become stale either.
    content: {
      ...contentOf(input, frozenFiles(input, id), input.frozen, [id]),
      validity: { validFor: null, keyEnds: input.keyEnds },
    },
    ...common,
  });
  const live = planView({
    view: liveView(suite.name),
    published: there.live,
    content: liveContent,
    ...common,
  });
  const pool = planPool(input.pool, there);
  const alias: Write[] =
    there.alias === poolFolder
      ? []
      : [{ kind: 'alias', step: 'pool-alias', path: frozenPool(id), target: poolFolder }];
  const writes = inOrder([...pool, ...alias, ...keys, ...frozen.writes, ...live.writes]);
  const releasesOnly = writes.every(({ kind }) => ['text', 'detached', 'clearsigned'].includes(kind));
  const published = frozen.verdict === 'publish' || live.verdict === 'publish' || !releasesOnly;
  return {
    suite: suite.name,
    snapshot: id,
    before: there.live.release?.fields.get(snapshotField) ?? null,
    listed: [...ids],
    left: listing.left,
    verdict: writes.length === 0 ? 'nothing' : published ? 'publish' : 'refresh',
    date: live.date,
    validUntil: live.validUntil,
    warnings: keyWarnings(input.keyEnds, input.now),
    writes,
  };
}

/** By step; within a step as they come, so the live view, which commits the publication, is last. */
function inOrder(writes: readonly Write[]): Write[] {
  return writeSteps.flatMap((step) => writes.filter((write) => write.step === step));
}

function contentOf(
  input: PublicationInput,
  files: readonly IndexFile[],
  indices: PlannedIndices,
  snapshots: readonly string[],
  history?: LineHead,
): ReleaseContent {
  const { areas, architectures } = indices;
  return {
    fields: releaseFields(input.archive, input.suite, { areas, architectures, snapshots, history }),
    files,
    validity: { validFor: input.suite.validFor, keyEnds: input.keyEnds },
  };
}

function planPool(pool: readonly PoolFile[], there: PresentFiles): Write[] {
  const conflicts: string[] = [];
  const writes = pool.flatMap((file): Write[] => {
    const path = poolFilePath(file.path);
    const size = there.sizes.get(path);
    if (size === undefined) {
      return [{ kind: 'blob', step: 'pool', path, size: file.size, sha256: file.sha256 }];
    }
    if (isChangelog(path)) return [];
    const digest = there.digests.get(path);
    if (size !== file.size || (digest !== undefined && digest !== file.sha256)) conflicts.push(file.path);
    return [];
  });
  if (conflicts.length > 0) {
    throw new LockstepError('ARCHIVE_CONFLICT', {
      message: `The pool has different bytes under ${conflicts.length === 1 ? 'the name' : counted(conflicts.length, 'name')} ${conflicts.slice(0, 5).join(', ')}`,
      hint: 'A file in the pool never changes: give the package a new version. If the file in the pool is damaged, remove it and publish again',
      where: conflicts.map((path) => ({ path: poolFilePath(path) })),
    });
  }
  return writes;
}

function planKeys({ archive, suite, publicKey, keyring, listing, there }: PublicationInput): Write[] {
  const { areas, architectures } = listing;
  const { baseUrl } = archive;
  const wanted = keyFiles({ baseUrl, suite: suite.name, areas, architectures, keyring }, publicKey);
  return wanted
    .filter(([path, data]) => there.data.get(path)?.equals(Buffer.from(data)) !== true)
    .map(([path, data]) => ({ kind: 'data', step: 'key', path, data }));
}

/**
 * The indices of the frozen view. Once it is there it never changes: its own are kept, also where a newer
 * compressor would write other bytes.
 */
function frozenFiles({ suite, frozen, there, anew }: PublicationInput, id: string): readonly IndexFile[] {
  const { release } = there.frozen;
  if (release === null || anew) return frozen.files;
  const view = frozenView(suite.name, id);
  for (const file of frozen.files) {
    const listed = release.sha256.get(file.path);
    if (!file.stored && /\/(Packages|Sources)$/.test(file.path) && listed?.sha256 !== file.sha256) {
      throw new LockstepError('ARCHIVE_CONFLICT', {
        message: `The ${file.path} of the frozen view of ${id} differs from the snapshot`,
        hint: 'A snapshot never changes. Either the archive or the manifest was altered, or two workspaces publish to the same archive',
        where: [{ path: `${view}/${file.path}`, value: listed?.sha256 }],
      });
    }
  }
  const kept = [...release.sha256].map(([path, { size, sha256 }]) => {
    return { path, size, sha256, stored: /\.(gz|xz)$/.test(path) };
  });
  const whole = kept.every(
    ({ path, size, sha256, stored }) => !stored || there.sizes.get(byHashPath(view, path, sha256)) === size,
  );
  return whole ? kept : frozen.files;
}

interface ViewRequest {
  view: string;
  published: PublishedRelease;
  /** Date of a new Release. */
  seconds: number;
  content: ReleaseContent;
  input: PublicationInput;
  resign: boolean;
}

function planView(request: ViewRequest): Pick<PublicationPlan, 'verdict' | 'date' | 'validUntil' | 'writes'> {
  const { view, published, seconds, content, input } = request;
  const { there, now } = input;
  const told = releaseVerdict(published, content, now);
  const modified = new Date(seconds * 1000);
  const writes: Write[] = [];
  for (const { path, size, sha256, stored } of content.files) {
    if (!stored) continue;
    const from = byHashPath(view, path, sha256);
    // One file may be the index of two folders' worth: only its name differs.
    if (there.sizes.get(from) !== size && !writes.some((write) => write.path === from)) {
      writes.push({ kind: 'blob', step: 'by-hash', path: from, size, sha256 });
    }
    const named = `${view}/${path}`;
    if (!there.linked.has(named)) {
      writes.push({ kind: 'link', step: 'index', path: named, from, modified });
    }
  }
  const verdict = told === 'nothing' && request.resign ? 'refresh' : told;
  if (verdict === 'nothing') return { verdict, date: null, validUntil: null, writes };
  const text = releaseText(content, seconds);
  const date = modified;
  writes.push(
    { kind: 'text', step: 'release', path: `${view}/Release`, text, date },
    { kind: 'detached', step: 'signature', path: `${view}/Release.gpg`, text, date },
    { kind: 'clearsigned', step: 'inrelease', path: `${view}/InRelease`, text, date },
  );
  const until = validUntilFor(seconds, content.validity);
  return { verdict, date, validUntil: until === null ? null : new Date(until * 1000), writes };
}
