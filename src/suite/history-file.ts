/**
 * `snapshots/history/<suite>.jsonl` on disk. It adds a line by writing the
 * file anew, whole or not at all, so that a crash never leaves half a line. The
 * caller holds the workspace's lock.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { notThere, onDisk, readIfThere, removeFile, writeFileAtomic } from '../io/disk.js';
import type { Signer } from '../signing/signer-port.js';
import { nextHistoryLine, parseHistory, type HistoryMove } from './history.js';
import { historyFolder } from '../snapshot/snapshot-folder.js';

/** Absolute path of a suite's history; `root` is that of `snapshots/`. */
export function historyPath(root: string, suite: string): string {
  return join(root, historyFolder, `${suite}.jsonl`);
}

/** The text of a suite's history; empty where there is none. @throws LockstepError DISK_IO */
export async function readHistoryText(root: string, suite: string): Promise<string> {
  return (await readIfThere(historyPath(root, suite)))?.toString('utf8') ?? '';
}

/** The suites that have a history, sorted. */
export async function listHistories(root: string): Promise<string[]> {
  const folder = join(root, historyFolder);
  const names = await onDisk('list', folder, () => readdir(folder).catch(notThere<string[]>([])));
  return names
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => name.slice(0, -'.jsonl'.length))
    .sort();
}

/** Who signs a line; `date` is our clock's. */
export interface HistorySigner {
  signer: Signer;
  date: Date;
}

/**
 * Adds a move to its suite's history, which is checked first: nothing is added to what was tampered with.
 *
 * @param sign signs the line, so that no later change of it goes unseen
 * @param text the file as it is, where the caller, who holds the lock, has read it
 * @returns the file as it is then
 */
export async function appendHistory(
  root: string,
  move: HistoryMove,
  sign?: HistorySigner,
  text?: string,
): Promise<string> {
  const path = historyPath(root, move.suite);
  const before = text ?? (await readHistoryText(root, move.suite));
  if (before !== '') parseHistory(before, path);
  const by =
    sign === undefined ? undefined : { ...sign, what: `history of ${move.suite}: ${move.action} ${move.to}` };
  const after = before + (await nextHistoryLine(before, move, by));
  await writeFileAtomic(path, after);
  return after;
}

/** Takes away the history of a suite that is no more. @throws LockstepError DISK_IO */
export async function removeHistory(root: string, suite: string): Promise<void> {
  await removeFile(historyPath(root, suite));
}
