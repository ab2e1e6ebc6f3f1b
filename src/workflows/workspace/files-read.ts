/**
 * The records that a command goes by: histories of suites and profiles, each
 * read and checked once, however many steps ask for it, and again only where
 * its file is another one than before. Workflows read these files through here
 * and nowhere else (a lint rule sees to it). It decides nothing.
 */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { diskFault } from '../../io/disk.js';
import { loadAnyProfile, profileFile, withComponents } from '../../profile/load.js';
import type { ImportedProfile, Profile } from '../../profile/profile-schema.js';
import {
  appendHistory,
  historyPath,
  readHistoryFile,
  type HistoryFile,
  type HistorySigner,
} from '../../suite/history-file.js';
import type { HistoryEntry, HistoryMove } from '../../suite/history.js';
import { keyRecordPath, readKeyRecord } from '../../snapshot/key-record.js';
import type { KeyState } from '../../snapshot/key-state.js';
import { loadPublicKey, type PublicKey } from '../../signing/public-key.js';
import type { SigningConfig } from '../../signing/signer.js';
import type { Context } from './context.js';

interface Reading {
  /** What the file was when it was read; see {@link stampOf}. */
  stamp: string;
  value: Promise<unknown>;
}

/** By context, which is one command's, then by path. */
const readings = new WeakMap<Context, Map<string, Reading>>();

/** What `read` makes of a file, remembered as long as that is the same file. A fault is remembered too. */
async function once<T>(context: Context, path: string, read: () => Promise<T>): Promise<T> {
  const known = readings.get(context) ?? new Map<string, Reading>();
  readings.set(context, known);
  // Before it is read: one that changes meanwhile is read again next time
  const stamp = stampOf(path);
  const there = known.get(path);
  if (there?.stamp === stamp) return (await there.value) as T;
  const value = read();
  known.set(path, { stamp, value });
  return await value;
}

/** Tells a file from every other that was ever under its path: ours are replaced by a rename, which is a new inode. */
function stampOf(path: string): string {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (found === undefined) return 'missing';
    const { dev, ino, size, mtimeNs, ctimeNs } = found;
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    throw diskFault(error, 'look at', path);
  }
}

async function historyFileOf(context: Context, suite: string): Promise<HistoryFile> {
  const { snapshots } = context.places;
  return await once(context, historyPath(snapshots, suite), () => readHistoryFile(snapshots, suite));
}

/** A suite's history, the oldest move first; empty where there is none. Throws as parseHistory. */
export async function historyOf(context: Context, suite: string): Promise<readonly HistoryEntry[]> {
  return (await historyFileOf(context, suite)).entries;
}

/** Adds a move to its suite's history. Throws as appendHistory. */
export async function addToHistory(context: Context, move: HistoryMove, sign: HistorySigner): Promise<void> {
  const { snapshots } = context.places;
  await appendHistory(snapshots, move, sign, await historyFileOf(context, move.suite));
  readings.get(context)?.delete(historyPath(snapshots, move.suite));
}

/** A profile of either form. Throws as loadAnyProfile. */
export async function anyProfileOf(context: Context, name: string): Promise<Profile | ImportedProfile> {
  const { workspace } = context;
  return await once(context, join(workspace.root, profileFile(name)), () => loadAnyProfile(workspace, name));
}

/** A profile with components. Throws as loadProfile. */
export async function profileOf(context: Context, name: string): Promise<Profile> {
  return withComponents(await anyProfileOf(context, name));
}

/** The record of keys; null where there is none yet. Throws as readKeyRecord. */
export async function keyRecordOf(context: Context): Promise<{ state: KeyState; text: string } | null> {
  const { snapshots } = context.places;
  return await once(context, keyRecordPath(snapshots), () => readKeyRecord(snapshots));
}

/** A key that lockstep.yaml names, its public half. Throws as loadPublicKey. */
export async function publicKeyOf(context: Context, config: SigningConfig): Promise<PublicKey> {
  const { root } = context.workspace;
  // What gpg has of a key does not change while a command runs
  const path = config.method === 'openpgp' ? resolve(root, config.keyFile) : join(root, 'gpg', config.key);
  return await once(context, path, () => loadPublicKey(config, root));
}
