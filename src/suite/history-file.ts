/**
 * `snapshots/history/<suite>.jsonl` on disk. It adds a line by rewriting the file atomically, so that a crash
 * never leaves an incomplete line. The caller holds the workspace's lock.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { notThere, onDisk, readIfThere, writeFileAtomic } from '../io/disk.js';
import type { Signer } from '../signing/signer-port.js';
import { nextHistoryLine, parseHistory, type HistoryEntry, type HistoryMove } from './history.js';
import { historyFolder } from '../snapshot/snapshot-folder.js';

/** Absolute path of a suite's history; `root` is the path of `snapshots/`. */
export function historyPath(root: string, suite: string): string {
  return join(root, historyFolder, `${suite}.jsonl`);
}

/** A history as it was read, and what it says. */
export interface HistoryFile {
  text: string;
  /** The oldest move first; empty where there is no such file. */
  entries: HistoryEntry[];
}

/** Reads and checks a suite's history. Throws as parseHistory. */
export async function readHistoryFile(root: string, suite: string): Promise<HistoryFile> {
  const path = historyPath(root, suite);
  const text = (await readIfThere(path))?.toString('utf8') ?? '';
  return { text, entries: text === '' ? [] : parseHistory(text, path) };
}

/** A suite's history, the oldest move first; empty where there is none. Throws as parseHistory. */
export async function readHistory(root: string, suite: string): Promise<HistoryEntry[]> {
  return (await readHistoryFile(root, suite)).entries;
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
 * Adds a move to its suite's history. It checks the history first, and adds nothing to a history that was
 * altered.
 *
 * @param sign signs the line, so that later changes are detected
 * @param known the current file, if the
 * caller, who holds the lock, has read it
 * @returns the absolute path written
 */
export async function appendHistory(
  root: string,
  move: HistoryMove,
  sign?: HistorySigner,
  known?: HistoryFile,
): Promise<string> {
  const path = historyPath(root, move.suite);
  const { text } = known ?? (await readHistoryFile(root, move.suite));
  const by =
    sign === undefined ? undefined : { ...sign, what: `history of ${move.suite}: ${move.action} ${move.to}` };
  await writeFileAtomic(path, text + (await nextHistoryLine(text, move, by)));
  return path;
}
