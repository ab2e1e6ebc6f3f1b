/**
 * Whether the history of a suite is the one that its signed Release knows: what every move compares before it adds a
 * line, and `verify` too. It decides nothing about snapshots and writes nothing.
 */
import { liveView } from '../../archive/layout.js';
import { historyIn, type ReleaseFiles } from '../../archive/release.js';
import { readReleaseBytes, releaseTexts } from '../../archive/publication.js';
import { judgeView } from '../../archive/signed-view.js';
import { counted } from '../../counted.js';
import type { Release } from '../../deb/release-file.js';
import { LockstepError } from '../../errors.js';
import {
  changedFile,
  contentHashes,
  headsOf,
  lineFaults,
  nextHead,
  type LineHead,
} from '../../snapshot/chained-lines.js';
import type { HistoryMove } from '../../suite/history.js';
import { historyPath } from '../../suite/history-file.js';
import { anyTime } from '../../suite/unbelieved.js';
import { archiveKeys, ownJudgement } from '../keys/archive-keys.js';
import type { Run } from '../workspace/context.js';

/** The fault of a history that lacks lines. */
export interface CutHistory {
  message: string;
  hint: string;
}

/**
 * Compares a history with the signed Release of its suite.
 *
 * @param text the history, which parseHistory took; empty if there is none
 * @returns null if the history has the line that the Release knows, or if the Release is older than that field
 */
export function cutHistory(suite: string, text: string, release: Release | null): CutHistory | null {
  const known = historyIn(release);
  if (known === undefined) return null;
  const hashes = contentHashes(text);
  if (hashes.includes(known.sha256)) return null;
  const date = new Date(release!.date * 1000).toISOString();
  return {
    message: `The history of ${suite} lacks its last moves: the signed Release of ${date} knows ${counted(known.count, 'move')}, and the file has ${hashes.length}`,
    hint: `Restore snapshots/history/${suite}.jsonl from version control or a backup: git checkout HEAD -- snapshots/history. lockstep verify --repair takes it from the last commit; if no copy is left, it adds a line that says what is lost`,
  };
}

/**
 * Refuses a history that is damaged, that lacks lines, or that two people continued. Every move calls it before it plans
 * anything.
 *
 * @param forked whether it may have been continued by two people
 * @returns the Release files that it compared the history with
 * @throws LockstepError HISTORY_CUT, HISTORY_FORKED, SNAPSHOT_INVALID
 */
export async function assertHistory(run: Run, suite: string, forked = false): Promise<ReleaseFiles> {
  const path = historyPath(run.places.snapshots, suite);
  const entries = run.ledger.history(suite);
  const text = run.ledger.text(suite);
  const trust = ownJudgement(await archiveKeys(run, []));
  const last = entries.at(-1);
  if (last?.signature !== undefined) {
    // The next line names the hash of this one: what is damaged in it could never be restored after that
    const line = text.trimEnd().split('\n').at(-1)!;
    const faults = await lineFaults(`${line}\n`, [last], path, anyTime(trust));
    const where = faults.map((fault) => ({ ...fault, line: entries.length }));
    if (where.length > 0) throw changedFile(path, where);
  }
  const view = liveView(suite);
  const standing = await readReleaseBytes(run.archive, view);
  const { release } = await judgeView(view, standing, trust);
  const cut = cutHistory(suite, text, release);
  if (cut !== null) throw new LockstepError('HISTORY_CUT', { ...cut, where: [{ file: path }] });
  const heads = headsOf(text);
  if (heads.length < 2 || forked) return releaseTexts(standing);
  throw new LockstepError('HISTORY_FORKED', {
    message: `Two people moved ${suite} at the same time: its history has ${heads.length} last lines`,
    hint: `See them with: lockstep history ${suite}. Then choose where the suite goes on: lockstep merge ${suite}`,
    where: [{ file: path }],
  });
}

/** Where a suite's history stands, or will stand after a move; undefined while there is none. */
export function headAfter(
  run: Run,
  suite: string,
  move: HistoryMove | null,
  after?: string,
): LineHead | undefined {
  const text = run.ledger.text(suite);
  if (move !== null) return nextHead(text, move, after);
  const hashes = contentHashes(text);
  const sha256 = hashes.at(-1);
  return sha256 === undefined ? undefined : { count: hashes.length, sha256 };
}
