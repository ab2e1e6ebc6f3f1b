/** A suite's history, as its lines tell it. */
import { lineFaults } from '../../snapshot/chained-lines.js';
import { historyPath } from '../../suite/history-file.js';
import type { Context } from '../workspace/context.js';
import { openRun } from '../workspace/run.js';
import { readingTrust, suiteHistory } from './named-snapshot.js';
import type { HistoryResult } from './reading-results.js';

/** @throws LockstepError SUITE_UNKNOWN with the nearest, SNAPSHOT_INVALID, SNAPSHOT_NEWER_FORMAT */
export async function history(context: Context, suite: string): Promise<HistoryResult> {
  const run = await openRun(context);
  const moves = await suiteHistory(run, suite);
  const { keyring, note, ...judged } = await readingTrust(run);
  const path = historyPath(run.places.snapshots, suite);
  const text = run.ledger.text(suite);
  const faults =
    text === '' || keyring === undefined ? [] : await lineFaults(text, moves, path, { keyring, ...judged });
  return {
    suite,
    moves: moves
      .toReversed()
      .map((move) => ({ ...move, security: move.security === undefined ? undefined : [...move.security] })),
    faults: faults.map(({ line, message }) => `Line ${line} of ${path}: ${message}`),
    note: moves.length === 0 ? null : note,
  };
}
