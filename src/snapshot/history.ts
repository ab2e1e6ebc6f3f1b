/**
 * The history of a suite: what it pointed at, when, by whom and why. An
 * append-only list of lines, each with the hash of the line before. Pure;
 * history-file.ts keeps it.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { LockstepError, type FaultPlace } from '../errors.js';
import { canonicalLine } from './canonical-json.js';
import { isSnapshotId } from './snapshot-id.js';

/** How a suite came to point at a snapshot. */
export type HistoryAction = 'publish' | 'promote' | 'rollback';

/** What is known of a move before it is written down. */
export interface HistoryMove {
  suite: string;
  action: HistoryAction;
  /** The snapshot the suite pointed at before, or null. */
  from: string | null;
  to: string;
  /** SHA-256 of the manifest of `to`. */
  manifest: string;
  profile: string;
  /** ISO 8601, UTC. */
  at: string;
  /** Who did it, as `name <mail>` or `user@host`. */
  by: string;
  reason?: string | undefined;
  /** The suite a promoted snapshot came from. */
  fromSuite?: string | undefined;
  /** The earlier snapshot whose content `to` re-issues under higher versions (`rollback --supersede`). */
  reissues?: string | undefined;
  /** CVE ids that `to` fixes. */
  security?: readonly string[] | undefined;
}

/** One line of `snapshots/history/<suite>.jsonl`. */
export interface HistoryEntry extends HistoryMove {
  format: 1;
  /** SHA-256 of the line before, without its newline; null for the first. */
  previous: string | null;
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const id = z.string().refine(isSnapshotId, { error: 'must be a snapshot id' });
const entrySchema = z.object({
  format: z.literal(1),
  suite: z.string(),
  action: z.enum(['publish', 'promote', 'rollback']),
  from: id.nullable(),
  to: id,
  manifest: sha256,
  profile: z.string(),
  at: z.iso.datetime(),
  by: z.string(),
  reason: z.string().optional(),
  fromSuite: z.string().optional(),
  reissues: id.optional(),
  security: z.array(z.string()).optional(),
  previous: sha256.nullable(),
});

/** The line that follows `text`, the history so far, with its newline. */
export function nextHistoryLine(text: string, move: HistoryMove): string {
  const last = text.trimEnd().split('\n').at(-1) ?? '';
  return canonicalLine({ ...move, format: 1, previous: last === '' ? null : hashOf(last) });
}

/**
 * Reads a history and checks its chain.
 *
 * @param file for messages
 * @throws LockstepError SNAPSHOT_INVALID with the line of every fault, SNAPSHOT_NEWER_FORMAT
 */
export function parseHistory(text: string, file: string): HistoryEntry[] {
  const lines = text.split('\n');
  const faults: FaultPlace[] = [];
  // A text that does not end in a newline ends in the middle of a line.
  if (lines.pop() !== '') faults.push({ file, line: lines.length + 1, message: 'the last line is cut off' });
  const entries = lines.flatMap((line, index): HistoryEntry[] => {
    const place = { file, line: index + 1 };
    const entry = parseLine(line, place);
    if (typeof entry === 'string') {
      faults.push({ ...place, message: entry });
      return [];
    }
    const before = lines[index - 1];
    if (entry.previous !== (before === undefined ? null : hashOf(before))) {
      const message =
        index === 0
          ? 'the lines before it are missing'
          : 'the line before it is not the one it was written after';
      faults.push({ ...place, message });
    }
    return [entry];
  });
  if (faults.length > 0) {
    throw new LockstepError('SNAPSHOT_INVALID', {
      message: `${file} was changed: ${faults.map(({ line, message }) => `line ${line}: ${message}`).join('; ')}`,
      hint: 'A history is only ever added to; restore it from version control or a backup',
      where: faults,
    });
  }
  return entries;
}

function parseLine(line: string, place: FaultPlace): HistoryEntry | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'it is not JSON';
  }
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined;
  if (typeof format === 'number' && format > 1) {
    throw new LockstepError('SNAPSHOT_NEWER_FORMAT', {
      message: `${place.file}, line ${place.line}, has format ${format}; this Lockstep reads up to 1`,
      hint: 'Use the Lockstep that wrote it, or a newer one',
      where: [place],
    });
  }
  const parsed = entrySchema.safeParse(value);
  if (parsed.success) return parsed.data;
  return parsed.error.issues
    .map((issue) => `${issue.path.map(String).join('.')}: ${issue.message}`)
    .join(', ');
}

function hashOf(line: string): string {
  return createHash('sha256').update(line).digest('hex');
}

/** What a suite points at, or null while it is empty. */
export function currentSnapshot(history: readonly HistoryEntry[]): string | null {
  return history.at(-1)?.to ?? null;
}

/**
 * The snapshots of a suite that are good, the one it points at first: what it pointed at before and was
 * not rolled back from. A rollback withdraws all that came after the one it goes back to (DESIGN.md, law 3).
 */
export function goodSnapshots(
  history: readonly Pick<HistoryEntry, 'action' | 'to' | 'reissues'>[],
): string[] {
  const stack: string[] = [];
  for (const { action, to, reissues } of history) {
    const at = stack.indexOf(to);
    // What was re-issued is as good as before, and its versions are lower than those of `to`
    if (action === 'rollback' && reissues !== undefined) stack.splice(stack.indexOf(reissues) + 1);
    else if (action === 'rollback') stack.splice(at < 0 ? 0 : at);
    else if (at >= 0) stack.splice(at, 1);
    stack.push(to);
  }
  return stack.reverse();
}
