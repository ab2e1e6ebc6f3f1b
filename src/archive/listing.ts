/**
 * Which packages a suite lists: those of the snapshot that it points at, and those of the last good snapshots before
 * it, so that older versions stay installable. It compares blocks of indices, and reads only the blocks that differ.
 */
import { z } from 'zod';
import { compareVersions } from '../deb/version.js';
import { highestVersions } from '../suite/highest-versions.js';
import { LockstepError } from '../errors.js';
import { sha256 } from '../io/sha256.js';
import { isChangelog } from '../snapshot/pool-path.js';
import type { BlockRef } from './blocks.js';
import { stretchesOf } from './blocks.js';
import { assembleIndex, mergeIndices, blockText, type IndexFile, type IndexPlaces } from './index-set.js';
import { poolFilesOf, versionsOf, type PoolFile } from './index-text.js';
import type { SnapshotRecord } from './snapshot-record.js';

/** The shape of a {@link Listing}. */
export const listingSchema = z.object({
  /** Ids of the listed snapshots, the current one first. */
  snapshots: z.array(z.string()).min(1),
  /** Earlier snapshots that were left out, and why. */
  left: z.array(z.object({ id: z.string(), reason: z.string() })),
  areas: z.array(z.string()),
  architectures: z.array(z.string()),
  /** The suite's indices, sorted by path. The bytes of stored indices are in the content store. */
  files: z.array(
    z.object({
      path: z.string(),
      size: z.number().int().nonnegative(),
      sha256,
      stored: z.boolean(),
    }),
  ),
});

/** What a suite lists. Its shape is {@link listingSchema}. */
export type Listing = z.infer<typeof listingSchema>;

/**
 * The listing of a suite that points at `current`.
 *
 * An earlier snapshot with a higher version of any current package is left out completely: apt installs the highest
 * listed version, so machines would not get the current one (docs/explanation/architecture.md, law 3).
 *
 * @param earlier good snapshots before it, the newest first; snapshots with the id of `current` are skipped
 * @param retain how many snapshots are listed at most, including the current one
 * @throws LockstepError ARCHIVE_CONFLICT when two snapshots have the same name for different bytes; BlockMissing,
 * DISK_FULL, DISK_IO, INTERRUPTED
 */
export async function listingOf(
  current: SnapshotRecord,
  earlier: readonly SnapshotRecord[],
  retain: number,
  places: IndexPlaces,
): Promise<Listing> {
  const listed = [current];
  const left: Listing['left'] = [];
  for (const record of earlier) {
    if (listed.length >= Math.max(1, retain)) break;
    if (listed.some(({ id }) => id === record.id)) continue;
    const reason = higherVersion(current, record, places);
    if (reason === undefined) listed.push(record);
    else left.push({ id: record.id, reason });
  }
  const { architectures } = current;
  const snapshots = listed.map(({ id }) => id);
  if (listed.length === 1)
    return { snapshots, left, areas: current.areas, architectures, files: current.files };
  assertNoConflict(listed, places);
  const areas = [...new Set(listed.flatMap((record) => record.areas))].sort();
  return { snapshots, left, areas, architectures, files: await mergedFiles(listed, places) };
}

/** Why an earlier snapshot cannot be listed together with the current one; undefined if it can. */
function higherVersion(
  current: SnapshotRecord,
  record: SnapshotRecord,
  { blocks }: IndexPlaces,
): string | undefined {
  for (const stretch of stretchesOf([indexOf(current, 'versions'), indexOf(record, 'versions')])) {
    if (stretch.same !== undefined) continue;
    const [now = [], then = []] = stretch.blocks.map((refs) =>
      refs.flatMap((ref) => versionsOf(blockText(ref, blocks))),
    );
    const highest = highestVersions([now]);
    for (const { package: name, version } of then) {
      const present = highest.get(name);
      if (present !== undefined && present !== version && compareVersions(version, present) > 0) {
        return `its ${name} ${version} is higher than ${present}`;
      }
    }
  }
  return undefined;
}

function assertNoConflict(listed: readonly SnapshotRecord[], { blocks }: IndexPlaces): void {
  for (const stretch of stretchesOf(listed.map((record) => indexOf(record, 'pool')))) {
    if (stretch.same !== undefined) continue;
    const claimed = new Map<string, { sha256: string; id: string }>();
    for (const [at, refs] of stretch.blocks.entries()) {
      const { id } = listed[at]!;
      for (const { path, sha256 } of refs.flatMap((ref) => poolFilesOf(blockText(ref, blocks)))) {
        if (isChangelog(path)) continue;
        const before = claimed.get(path);
        if (before === undefined) claimed.set(path, { sha256, id });
        else if (before.sha256 !== sha256) {
          throw new LockstepError('ARCHIVE_CONFLICT', {
            message: `The snapshots ${before.id} and ${id} have different files for ${path}`,
            hint: 'A changed package needs a new version. Cut a snapshot with a new version, or do not list both snapshots',
            where: [{ path, value: `${before.sha256}, ${sha256}` }],
          });
        }
      }
    }
  }
}

/**
 * Merges the indices of the listed snapshots. An index that the current snapshot does not have (of an architecture that
 * the profile no longer builds for) is not listed.
 */
async function mergedFiles(listed: readonly SnapshotRecord[], places: IndexPlaces): Promise<IndexFile[]> {
  const wanted = new Map(
    listed
      .toReversed()
      .flatMap(({ indices }) => indices)
      .map(({ path, kind }) => [path, kind]),
  );
  const architectures = new Set(listed[0]!.architectures);
  const files: IndexFile[] = [];
  for (const [path, kind] of wanted) {
    const architecture = /\/(?:binary|Contents)-([^/]+)/.exec(path)?.[1];
    if (kind === 'pool' || kind === 'versions') continue;
    if (architecture !== undefined && !architectures.has(architecture)) continue;
    const merged = await mergeIndices(
      kind,
      listed.map((record) => indexOf(record, path)),
      places,
    );
    files.push(...assembleIndex({ path, kind, ...merged }, places));
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * The pool files, by path, that only this snapshot has and none of the others.
 *
 * @throws BlockMissing; LockstepError DISK_IO
 */
export function poolBeyond(
  record: SnapshotRecord,
  others: readonly SnapshotRecord[],
  { blocks }: IndexPlaces,
): PoolFile[] {
  const files: PoolFile[] = [];
  const indices = [record, ...others].map((each) => indexOf(each, 'pool'));
  for (const { blocks: refs } of stretchesOf(indices)) {
    const [own = [], ...theirs] = refs;
    const known = new Set(theirs.flat().map(({ sha256 }) => sha256));
    const unknown = own.filter(({ sha256 }) => !known.has(sha256));
    if (unknown.length === 0) continue;
    const there = new Set(
      theirs
        .flat()
        .flatMap((ref) => poolFilesOf(blockText(ref, blocks)).map((file) => `${file.path} ${file.sha256}`)),
    );
    for (const file of unknown.flatMap((ref) => poolFilesOf(blockText(ref, blocks)))) {
      if (!there.has(`${file.path} ${file.sha256}`)) files.push(file);
    }
  }
  return files;
}

function indexOf(record: SnapshotRecord, path: string): readonly BlockRef[] {
  return record.indices.find((index) => index.path === path)?.blocks ?? [];
}
