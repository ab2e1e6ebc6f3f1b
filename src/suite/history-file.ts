/**
 * `snapshots/history/<suite>.jsonl` on disk. It adds a line by rewriting the file atomically, so that a crash
 * never leaves an incomplete line. The caller holds the workspace's lock.
 */
import { join } from 'node:path';
import { namesEnding, readIfThere, writeFileAtomic } from '../io/disk.js';
import { nextChainedLine, type LineSigner } from '../snapshot/chained-lines.js';
import { parseHistory, type HistoryMove } from './history.js';
import { historyFolder } from '../snapshot/snapshot-folder.js';

/** Absolute path of a suite's history; `root` is the path of `snapshots/`. */
export function historyPath(root: string, suite: string): string {
  return join(root, historyFolder, `${suite}.jsonl`);
}

/** The text of a suite's history; undefined where there is none. @throws LockstepError DISK_IO */
export async function readHistoryText(root: string, suite: string): Promise<string | undefined> {
  return (await readIfThere(historyPath(root, suite)))?.toString('utf8');
}

/** The suites that have a history, sorted. */
export async function listHistories(root: string): Promise<string[]> {
  return (await namesEnding('.jsonl', join(root, historyFolder))).sort();
}

/** Who signs a line; `date` is our clock's. */
export type HistorySigner = Pick<LineSigner, 'signer' | 'date'>;

/**
 * Adds a move to its suite's history. It checks the history first, and adds nothing to a history that was
 * altered.
 *
 * @param text the current file, which the caller, who holds the lock, has read; undefined if there is none
 * @param sign signs the line, so that later changes are detected
 * @param after SHA-256 of the line that it follows first; the last one otherwise
 * @returns the new text
 */
export async function appendHistory(
  root: string,
  move: HistoryMove,
  { text, sign, after }: { text: string | undefined; sign?: HistorySigner; after?: string | undefined },
): Promise<string> {
  const path = historyPath(root, move.suite);
  if (text !== undefined) parseHistory(text, path);
  const before = text ?? '';
  const by =
    sign === undefined ? undefined : { ...sign, what: `history of ${move.suite}: ${move.action} ${move.to}` };
  const whole = before + (await nextChainedLine(before, move, by, after));
  await writeFileAtomic(path, whole);
  return whole;
}
