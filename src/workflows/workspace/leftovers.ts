/**
 * What a killed run left below `snapshots/`: it finishes drops, and removes temporary files and the parts of a snapshot
 * whose manifest was never written (src/suite/record-kinds.ts). It removes no part of a snapshot that a record names.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { counted } from '../../counted.js';
import { LockstepError } from '../../errors.js';
import { isTemporaryName, namesIn, readIfThere, removeFile } from '../../io/disk.js';
import { notThere, onDisk } from '../../io/disk-fault.js';
import { historyFolder } from '../../snapshot/snapshot-folder.js';
import { isSnapshotId } from '../../snapshot/snapshot-id.js';
import { recordKinds } from '../../suite/record-kinds.js';
import { finishDrops, type FinishedDrop } from '../upkeep/dropped-files.js';
import type { Run } from './context.js';

const { commit, before } = recordKinds.snapshot;
/** The ending of a manifest. */
const manifestEnding = commit.slice(commit.lastIndexOf('.'));

/**
 * Finishes or removes what a killed run left. The caller holds the workspace's lock.
 *
 * @returns the drops that it finished
 * @throws LockstepError DISK_IO, INTERRUPTED, SNAPSHOT_INVALID (the list of drops), SNAPSHOT_COMMIT
 */
export async function finishRecords(run: Run): Promise<FinishedDrop[]> {
  const { snapshots } = run.places;
  const found = await filesBelow(snapshots);
  const ids = new Set(found.flatMap(({ profile, id }) => (id === undefined ? [] : [`${profile}/${id}`])));
  const dropped = await drops(run, ids);
  const gone = new Set(dropped.map(({ profile, id }) => `${profile}/${id}`));
  const committed = new Set(
    found.filter(({ ending }) => ending === manifestEnding).map(({ profile, id }) => `${profile}/${id}`),
  );
  const swept: string[] = [];
  for (const { folder, name, profile, id } of found) {
    const place = `${profile}/${id}`;
    if (id !== undefined && (committed.has(place) || gone.has(place))) continue;
    if (id !== undefined && (await isNamed(run, profile, id))) continue;
    await removeFile(join(folder, name));
    swept.push(id === undefined ? name : `${place}: ${name}`);
  }
  if (swept.length > 0) {
    const phase = run.progress.phase(
      `A killed run left ${counted(swept.length, 'file')} of records unfinished`,
    );
    phase.done(`removed: ${swept.join(', ')}`);
  }
  return dropped;
}

/** A list of drops that cannot be read stops only what needs it; `verify` reports it. */
async function drops(run: Run, ids: ReadonlySet<string>): Promise<FinishedDrop[]> {
  try {
    return await finishDrops(run, ({ profile, id }) => ids.has(`${profile}/${id}`));
  } catch (error) {
    if (error instanceof LockstepError && error.code === 'SNAPSHOT_INVALID') return [];
    throw error;
  }
}

interface Found {
  folder: string;
  name: string;
  profile: string;
  /** Undefined for a temporary file. */
  id: string | undefined;
  ending: string;
}

/** The files of snapshots, and temporary files of any record. */
async function filesBelow(root: string): Promise<Found[]> {
  const entries = await onDisk('list', root, () =>
    readdir(root, { withFileTypes: true }).catch(notThere([])),
  );
  const found: Found[] = [];
  const add = (folder: string, profile: string, name: string): void => {
    const at = name.indexOf('.');
    const [id, ending] = [name.slice(0, at), name.slice(at)];
    if (isTemporaryName(name)) found.push({ folder, name, profile, id: undefined, ending: '' });
    else if (isSnapshotId(id) && isPart(ending)) found.push({ folder, name, profile, id, ending });
  };
  for (const entry of entries) {
    if (!entry.isDirectory()) add(root, '', entry.name);
    else
      for (const name of await namesIn(join(root, entry.name))) add(join(root, entry.name), entry.name, name);
  }
  return found.filter(({ profile, id }) => id === undefined || (profile !== '' && profile !== historyFolder));
}

function isPart(ending: string): boolean {
  return ending === manifestEnding || (before as readonly string[]).includes(ending);
}

/**
 * Whether a record names a snapshot whose manifest is missing: a history, the list of drops or a manifest. Then the
 * manifest was lost after it had been written, and `verify` reports that.
 */
async function isNamed(run: Run, profile: string, id: string): Promise<boolean> {
  const { snapshots } = run.places;
  if (run.ledger.suites.some((suite) => run.ledger.text(suite).includes(id))) return true;
  const manifests = (await namesIn(join(snapshots, profile))).filter(
    (name) => name.endsWith(manifestEnding) && name > id,
  );
  for (const file of ['dropped.jsonl', ...manifests.map((name) => join(profile, name))]) {
    if ((await readIfThere(join(snapshots, file)))?.includes(id) === true) return true;
  }
  return false;
}
