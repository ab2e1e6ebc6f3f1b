/**
 * Opens the run of a command: what it reads at its door. A command that writes
 * opens its run under the workspace's lock (workspace-lock.ts).
 */
import { join } from 'node:path';
import { BlockStore } from '../../archive/block-store.js';
import { FileLists } from '../../archive/file-lists.js';
import { SnapshotRecords } from '../../archive/snapshot-record.js';
import { Profiles } from '../../profile/profiles.js';
import { findKeysAtHand, type KeysAtHand } from '../keys/keys-at-hand.js';
import type { Context, Run } from './context.js';
import { otherCopies } from './other-copies.js';
import { Ledger } from './ledger.js';

/** @throws LockstepError DISK_IO */
export async function openRun(context: Context): Promise<Run> {
  const { places, store, workspace, signal } = context;
  const folder = join(places.state, 'indices');
  const records = new SnapshotRecords(folder, {
    area: workspace.archive.area,
    fileLists: new FileLists(store, places.cache),
    store,
    blocks: new BlockStore(join(folder, 'blocks')),
    signal,
  });
  store.elsewhere = otherCopies(context);
  let keys: Promise<KeysAtHand> | undefined;
  return {
    ...context,
    ledger: await Ledger.open(places.snapshots),
    profiles: await Profiles.read(workspace.root),
    records,
    finishedDrops: [],
    keysAtHand: () => (keys ??= findKeysAtHand(workspace)),
  };
}
