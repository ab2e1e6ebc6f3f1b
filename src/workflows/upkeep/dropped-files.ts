/**
 * Finds the files of a dropped snapshot, and removes them in an order that is always safe: InRelease first,
 * so that clients stop using it, and the manifest last. The caller records the drop before.
 */
import { join } from 'node:path';
import { manifestPoolFiles } from '../../archive/expected.js';
import type { PoolFile } from '../../archive/index-text.js';
import { poolFilePath } from '../../archive/layout.js';
import { readNotes, writeNotes } from '../../archive/unreferenced.js';
import { removalRank } from '../../archive/garbage.js';
import { exists, removeFile } from '../../io/disk.js';
import { onDisk } from '../../io/disk-fault.js';
import { throwIfInterrupted } from '../../io/interrupt.js';
import type { Signer } from '../../signing/signer.js';
import { appendDropped, droppedPath, readDropped, type DroppedSnapshot } from '../../snapshot/dropped.js';
import type { Snapshot } from '../../snapshot/manifest.js';
import { snapshotFiles, type SnapshotPlace } from '../../snapshot/snapshot-folder.js';
import type { LineTrust } from '../../snapshot/chained-lines.js';
import { verifySnapshots, type SnapshotsReading } from '../../suite/verify-records.js';
import type { Context, Run } from '../workspace/context.js';
import { commitSnapshotFiles } from '../workspace/commit-files.js';
import { inPhase } from '../../io/progress.js';

/** Path of the notes of `gc` and `drop`. */
export function notesPath({ places }: Pick<Context, 'places'>): string {
  return join(places.state, 'unreferenced.json');
}

/** A file or folder of a dropped snapshot. */
export interface DroppedFile {
  /** Path relative to the workspace, for messages. */
  shown: string;
  remove: () => Promise<void>;
}

/** The files of a snapshot in the order of their removal: InRelease first, its manifest last. */
export async function filesOf(
  context: Context,
  dropped: SnapshotPlace & { manifest: string },
): Promise<DroppedFile[]> {
  const { archive: port, places, signal } = context;
  const views = await port.list(`snapshot/${dropped.id}`, { signal });
  const sorted = views.sort((a, b) => removalRank(a.path) - removalRank(b.path));
  const published = sorted.map(({ path }) => ({
    shown: `public/${path}`,
    remove: () => port.remove(path, { signal }),
  }));
  const { manifest, evidence, signature } = snapshotFiles(places.snapshots, dropped);
  const own: DroppedFile[] = [];
  // The signature is removed last: a manifest without a signature would be a fault
  for (const file of [manifest, evidence, signature]) {
    if (!(await exists(file))) continue;
    const shown = `snapshots/${file.slice(places.snapshots.length + 1)}`;
    own.push({ shown, remove: () => removeFile(file) });
  }
  return [...published, ...own];
}

/**
 * Reads all snapshots to find the pool files that only one of them needs.
 *
 * @returns the snapshot if it is valid, and the pool files that no other valid snapshot has; the faults of the others
 * are in `reading`
 * @throws LockstepError as verifySnapshots
 */
export async function onlyIn(
  context: Context,
  place: SnapshotPlace,
  trust: LineTrust,
): Promise<{ reading: SnapshotsReading; snapshot: Snapshot | undefined; left: PoolFile[] }> {
  let snapshot: Snapshot | undefined;
  const own = new Map<string, PoolFile>();
  const others = new Set<string>();
  const reading = await verifySnapshots({
    root: context.places.snapshots,
    trust,
    onSnapshot: (each) => {
      const isIt = each.manifest.id === place.id;
      if (isIt) snapshot = each;
      for (const file of manifestPoolFiles(each.manifest)) {
        if (isIt) own.set(file.path, file);
        else others.add(file.path);
      }
    },
    signal: context.signal,
  });
  return { reading, snapshot, left: [...own.values()].filter(({ path }) => !others.has(path)) };
}

/**
 * Records that a snapshot is dropped, then removes it.
 *
 * @param left the pool files that no other snapshot has
 *
 * @throws LockstepError as appendDropped and {@link takeAway}
 */
export async function dropSnapshot(
  run: Run,
  { manifest, sha256 }: Snapshot,
  { left, signer, reason }: { left: readonly PoolFile[]; signer: Signer; reason?: string | undefined },
): Promise<void> {
  const { clock, actor: by, places } = run;
  const { id, profile, parent, merges, builds } = manifest;
  const at = clock.now().toISOString();
  const told = reason === undefined ? {} : { reason };
  const also = merges === undefined ? {} : { alsoAfter: merges };
  const drop = { id, profile, manifest: sha256, parent, ...also, builds, at, by, ...told };
  await noteLeft(run, left);
  await appendDropped(places.snapshots, drop, { signer, date: clock.now() });
  await takeAway(
    run,
    (await readDropped(places.snapshots)).find((one) => one.id === id)!,
  );
}

/**
 * Removes the snapshot's files. It can be interrupted at any point: the next run continues.
 *
 * @throws LockstepError DISK_IO, INTERRUPTED, SNAPSHOT_COMMIT
 */
export async function takeAway(run: Run, dropped: DroppedSnapshot): Promise<void> {
  const { id, profile, reason } = dropped;
  const { snapshots } = run.places;
  const takeFiles = async (): Promise<void> => {
    for (const file of await filesOf(run, dropped)) {
      throwIfInterrupted(run.signal);
      await file.remove();
    }
    await removeFile(run.records.path(dropped.manifest));
    const why = reason === undefined ? '' : `\n\n${reason}\n`;
    const message = `Drop ${id} of ${profile}${why}`;
    // All removed files, including those of earlier drops: a kill may have prevented their commit
    const removed: string[] = [];
    for (const each of await readDropped(snapshots)) {
      const gone = snapshotFiles(snapshots, each);
      removed.push(gone.manifest, gone.evidence, gone.signature);
    }
    await commitSnapshotFiles(run, [droppedPath(snapshots)], message, removed);
  };
  await inPhase(run.progress, `Dropping ${id} of ${profile}`, () =>
    onDisk('remove from', run.archive.place, takeFiles),
  );
}

/** A drop that this run finished, and the files that were left of it. */
export interface FinishedDrop extends SnapshotPlace {
  files: string[];
}

/**
 * Finishes drops of killed runs. The caller holds the workspace's lock. A snapshot's own files are removed last, so only
 * those that are there need a look at the archive.
 */
export async function finishDrops(
  run: Run,
  there: (place: SnapshotPlace) => boolean,
): Promise<FinishedDrop[]> {
  const finished: FinishedDrop[] = [];
  for (const dropped of await readDropped(run.places.snapshots)) {
    const { id, profile } = dropped;
    if (!there(dropped)) continue;
    const files = (await filesOf(run, dropped)).map(({ shown }) => shown);
    await takeAway(run, dropped);
    finished.push({ id, profile, files });
  }
  return finished;
}

/**
 * Notes pool files that are no longer referenced, so that `verify` knows them and `gc` knows since when. A missing file
 * does not matter.
 */
async function noteLeft(context: Context, left: readonly PoolFile[]): Promise<void> {
  const notes = await readNotes(notesPath(context));
  const since = context.clock.now().toISOString();
  for (const { path, size, sha256 } of left) notes.set(poolFilePath(path), { since, size, sha256 });
  if (left.length > 0) await writeNotes(notesPath(context), notes);
}
