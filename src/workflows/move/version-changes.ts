/**
 * The effects of a move on package versions, read from the records of snapshots. Of 100,000 packages it reads only the
 * blocks that differ.
 */
import { stretchesOf } from '../../archive/blocks.js';
import { BlockMissing, blockText, type IndexPlaces } from '../../archive/index-set.js';
import { versionsOf } from '../../archive/index-text.js';

import type { SnapshotRecord, ListedSnapshot } from '../../archive/snapshot-record.js';
import type { NamedSuite } from '../../profile/load.js';
import type { SnapshotRef } from '../../snapshot/manifest.js';
import { versionChanges, type NamedVersion, type VersionChanges } from '../../suite/version-steps.js';
import { listSnapshots } from '../../snapshot/snapshot-folder.js';
import { listedSnapshot } from '../workspace/snapshot-records.js';
import type { Run } from '../workspace/context.js';

/** The snapshots that a suite lists before and after a move. */
export interface ListedVersions {
  /** Ids that the suite lists, the current one first. */
  before: readonly string[];
  /** The same after the move. A snapshot that is not cut yet is given by its packages. */
  after: readonly (string | readonly NamedVersion[])[];
}

/**
 * The changes from the snapshots that a suite lists now to those that it lists after the move.
 *
 * @param manifests SHA-256 of known manifests, by snapshot id
 */
export async function readVersions(
  run: Run,
  {
    suite,
    from,
    before,
    after,
  }: ListedVersions & { suite: Pick<NamedSuite, 'name' | 'profile'>; from: string | null },
  manifests: ReadonlyMap<string, string>,
): Promise<VersionChanges> {
  const { profile } = suite;
  // If the archive on disk is gone, the history still shows what machines have
  const now = before.length > 0 || from === null ? before : [from];
  const there = new Set((await listSnapshots(run.places.snapshots, profile)).map(({ id }) => id));
  const listed = new Map<string, ListedSnapshot>();
  for (const id of [...now, ...after].filter((one) => typeof one === 'string')) {
    // Leave out dropped snapshots
    if (there.has(id) && !listed.has(id)) {
      listed.set(id, await listedSnapshot(run, { profile, id, sha256: manifests.get(id) }));
    }
  }
  const records = run.records;
  const read = async (): Promise<VersionChanges> => {
    const known = new Map<string, SnapshotRecord>();
    for (const [id, one] of listed) known.set(id, await records.of(one));
    const side = (snapshots: ListedVersions['after']): Side =>
      snapshots
        .map((one) => (typeof one === 'string' ? known.get(one) : one))
        .filter((one) => one !== undefined);
    return changesOf(side(now), side(after), records.places);
  };
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof BlockMissing)) throw error;
    // The derived files are damaged: make them again from the manifests
    for (const { load } of listed.values()) await records.make(await load());
    return await read();
  }
}

/**
 * The changes for a machine that follows a suite from one snapshot to another, by package.
 *
 * @throws LockstepError what reading the suite's history and the records of the two throws
 */
export async function versionSteps(
  run: Run,
  suite: Pick<NamedSuite, 'name' | 'profile'>,
  { from, to }: { from: SnapshotRef; to: SnapshotRef },
): Promise<VersionChanges['steps']> {
  const manifests = new Map([from, to].map(({ id, sha256 }) => [id, sha256]));
  const request = { suite, from: from.id, before: [from.id], after: [to.id] };
  return (await readVersions(run, request, manifests)).steps;
}

type Side = readonly (SnapshotRecord | readonly NamedVersion[])[];

/** Reads only the blocks that differ. A version that is the same on both sides is not a change. */
function changesOf(before: Side, after: Side, { blocks }: IndexPlaces): VersionChanges {
  const sides = [...before, ...after];
  const found: NamedVersion[][] = sides.map((one) => ('id' in one ? [] : [...one]));
  const whole = sides.some((one) => !('id' in one));
  const indices = sides.map((one) => {
    if (!('id' in one)) return [];
    return one.indices.find(({ path }) => path === 'versions')?.blocks ?? [];
  });
  for (const stretch of stretchesOf(indices)) {
    const everywhere = stretch.same !== undefined && stretch.blocks.every(({ length }) => length === 1);
    if (everywhere && !whole) continue;
    for (const [at, refs] of stretch.blocks.entries()) {
      for (const ref of refs) found[at]!.push(...versionsOf(blockText(ref, blocks)));
    }
  }
  return versionChanges(found.slice(0, before.length), found.slice(before.length));
}
