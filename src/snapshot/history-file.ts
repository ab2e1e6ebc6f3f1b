/**
 * `snapshots/history/<suite>.jsonl` on disk. It adds a line by writing the
 * file anew, whole or not at all, so that a crash never leaves half a line. The
 * caller holds the workspace's lock.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { notThere, onDisk, readIfThere, writeFileAtomic } from '../io/disk.js';
import type { Signer } from '../signing/signer-port.js';
import { nextHistoryLine, parseHistory, type HistoryEntry, type HistoryMove } from './history.js';
import { historyFolder } from './snapshot-folder.js';

/** Absolute path of a suite's history; `root` is that of `snapshots/`. */
export function historyPath(root: string, suite: string): string {
  return join(root, historyFolder, `${suite}.jsonl`);
}

/** A suite's history, the oldest move first; empty where there is none. Throws as parseHistory. */
export async function readHistory(root: string, suite: string): Promise<HistoryEntry[]> {
  const path = historyPath(root, suite);
  const bytes = await readIfThere(path);
  return bytes === undefined ? [] : parseHistory(bytes.toString('utf8'), path);
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

/**
 * Adds a move to its suite's history, which is checked first: nothing is added to what was tampered with.
 *
 * @param sign signs the line, so that no later change of it goes unseen; `date` is our clock's
 * @returns the absolute path written
 */
export async function appendHistory(
  root: string,
  move: HistoryMove,
  sign?: { signer: Signer; date: Date },
): Promise<string> {
  const path = historyPath(root, move.suite);
  const text = (await readIfThere(path))?.toString('utf8') ?? '';
  if (text !== '') parseHistory(text, path);
  const by =
    sign === undefined ? undefined : { ...sign, what: `history of ${move.suite}: ${move.action} ${move.to}` };
  await writeFileAtomic(path, text + (await nextHistoryLine(text, move, by)));
  return path;
}
