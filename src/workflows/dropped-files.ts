/**
 * What is there of a snapshot that is dropped, and taking it away in an order
 * that is safe at any moment: InRelease first, so that clients stop asking, and
 * the manifest last. That the drop was noted before is the caller's.
 */
import { removalRank } from '../archive/garbage.js';
import { diskFault, exists, removeFile } from '../io/disk.js';
import { throwIfInterrupted } from '../io/interrupt.js';
import { droppedPath, readDropped, type DroppedSnapshot } from '../snapshot/dropped.js';
import { snapshotFiles, type SnapshotPlace } from '../snapshot/snapshot-folder.js';
import type { Context } from './context.js';
import { commitSnapshotFiles } from './publish.js';
import { snapshotRecords } from './records.js';

/** Something that is there of a snapshot that goes. */
export interface DroppedFile {
  /** Below the workspace, for people. */
  shown: string;
  remove: () => Promise<void>;
}

/** What is there of a snapshot, in the order in which it goes: InRelease first, its manifest last. */
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
  const { manifest, signature } = snapshotFiles(places.snapshots, dropped);
  const own: DroppedFile[] = [];
  // Last of all the signature: a manifest without one is a fault
  for (const file of [manifest, signature]) {
    if (!(await exists(file))) continue;
    const shown = `snapshots/${file.slice(places.snapshots.length + 1)}`;
    own.push({ shown, remove: () => removeFile(file) });
  }
  return [...published, ...own];
}

/**
 * Takes away what is there. It may be interrupted anywhere: the next run goes on.
 *
 * @throws LockstepError DISK_IO, INTERRUPTED, SNAPSHOT_COMMIT
 */
export async function takeAway(context: Context, dropped: DroppedSnapshot): Promise<void> {
  const { id, profile, reason } = dropped;
  const { snapshots } = context.places;
  const phase = context.progress.phase(`Dropping ${id} of ${profile}`);
  try {
    for (const file of await filesOf(context, dropped)) {
      throwIfInterrupted(context.signal);
      await file.remove();
    }
    await removeFile(snapshotRecords(context).path(dropped.manifest));
    const why = reason === undefined ? '' : `\n\n${reason}\n`;
    const message = `Drop ${id} of ${profile}${why}`;
    // All that ever went: the commit of an earlier one may be what a kill prevented
    const removed: string[] = [];
    for (const each of await readDropped(snapshots)) {
      const gone = snapshotFiles(snapshots, each);
      removed.push(gone.manifest, gone.signature);
    }
    await commitSnapshotFiles(context, [droppedPath(snapshots)], message, removed);
  } catch (error) {
    phase.fail();
    throw diskFault(error, 'remove from', context.archive.place);
  }
  phase.done();
}

/**
 * Finishes drops that a killed run began. The caller holds the workspace's lock.
 *
 * @returns the ids
 */
export async function finishDrops(context: Context): Promise<string[]> {
  const finished: string[] = [];
  for (const dropped of await readDropped(context.places.snapshots)) {
    if ((await filesOf(context, dropped)).length === 0) continue;
    await takeAway(context, dropped);
    finished.push(dropped.id);
  }
  return finished;
}
