/**
 * The history of a suite: what it pointed at, when, by whom and why. An
 * append-only list of chained, signed lines (chained-lines.ts). It reads no
 * disk; history-file.ts keeps it.
 */
import { z } from 'zod';
import { chainedFields, parseChainedLines } from '../snapshot/chained-lines.js';
import { snapshotId } from '../snapshot/result-fields.js';
import { sha256 } from '../io/sha256.js';

/** A move in its written form. */
export const historyMoveSchema = z.object({
  suite: z.string(),
  action: z.enum(['publish', 'promote', 'rollback']),
  from: snapshotId.nullable().describe('The snapshot that the suite pointed at before'),
  to: snapshotId,
  manifest: sha256.describe('SHA-256 of the manifest of `to`'),
  profile: z.string(),
  at: z.iso.datetime().describe('ISO 8601, UTC'),
  by: z.string().describe('Who made the move: name <mail>, or user@host'),
  reason: z.string().optional(),
  fromSuite: z.string().optional().describe('The suite from which the snapshot was promoted'),
  reissues: snapshotId.optional().describe('The snapshot whose content `to` re-issues under higher versions'),
  security: z.array(z.string()).optional().describe('CVE ids that `to` fixes'),
});
export const historyEntrySchema = historyMoveSchema.extend(chainedFields);

/** What is known of a move before it is written down. */
export type HistoryMove = z.infer<typeof historyMoveSchema>;
/** One line of `snapshots/history/<suite>.jsonl`. */
export type HistoryEntry = z.infer<typeof historyEntrySchema>;
/** How a suite came to point at a snapshot. */
export type HistoryAction = HistoryMove['action'];

/**
 * Reads a history and checks its chain; what the chain does not show, lineFaults of chained-lines.ts does.
 *
 * @param file for messages
 * @throws LockstepError SNAPSHOT_INVALID with the line of every fault, SNAPSHOT_NEWER_FORMAT
 */
export function parseHistory(text: string, file: string): HistoryEntry[] {
  return parseChainedLines(text, file, historyEntrySchema);
}

/** What a suite points at, or null while it is empty. */
export function currentSnapshot(history: readonly HistoryEntry[]): string | null {
  return history.at(-1)?.to ?? null;
}

/**
 * The snapshots of a suite that are good, the one it points at first: what it pointed at before and was
 * not rolled back from. A rollback withdraws all that came after the one it goes back to
 * (docs/explanation/architecture.md, law 3).
 */
export function goodSnapshots(
  history: readonly Pick<HistoryEntry, 'action' | 'to' | 'reissues'>[],
): string[] {
  const stack: string[] = [];
  for (const { action, to, reissues } of history) {
    const at = stack.indexOf(to);
    if (action === 'rollback') {
      // What was re-issued is as good as before: its versions are lower than those of `to`
      const content = reissues ?? to;
      const back = stack.indexOf(content);
      if (back >= 0) stack.splice(reissues === undefined ? back : back + 1);
      // One that was never here, or withdrawn: what was cut before it stays good
      else stack.splice(0, stack.length, ...stack.filter((id) => id < content));
    } else if (at >= 0) stack.splice(at, 1);
    stack.push(to);
  }
  return stack.reverse();
}
