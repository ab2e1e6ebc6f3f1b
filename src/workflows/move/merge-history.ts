/**
 * Merges the history of a suite that two people continued: a new line follows both ends, and says where the suite goes
 * on. It changes no existing line, and the suite's Release then knows the new one.
 */
import { readIfThere, writeFileAtomic } from '../../io/disk.js';
import { LockstepError } from '../../errors.js';
import type { Signer } from '../../signing/signer.js';
import { headsOf } from '../../snapshot/chained-lines.js';
import { sha256Of } from '../../io/disk.js';
import { moveTime } from '../../suite/move-rules.js';
import { historyPath } from '../../suite/history-file.js';
import type { HistoryEntry } from '../../suite/history.js';
import type { Context, Run } from '../workspace/context.js';
import { assertHistory } from './history-check.js';
import { publishWithLine } from './bridge-history.js';
import { namedSuite } from './target-suite.js';
import type { MergeRequest } from '../release/merge-request.js';
import type { MergeResult } from '../release/release-results.js';

/** The lines that git puts around two sides of a file. */
const marker = /^(?:<{7}|>{7}|={7}|\|{7})(?: .*)?$/;

/**
 * Where git left the conflict of two sides in a history, keeps the lines of both: each is signed, and none replaces
 * another.
 *
 * @throws LockstepError MERGE_IMPOSSIBLE, after it wrote the file, because git waits for a commit
 */
export async function repairConflict({ places }: Context, { name, dryRun }: MergeRequest): Promise<void> {
  const path = historyPath(places.snapshots, name);
  const text = (await readIfThere(path))?.toString('utf8');
  if (text === undefined) return;
  const lines = text.split('\n');
  if (!lines.some((line) => marker.test(line))) return;
  const kept = [...new Set(lines.filter((line) => !marker.test(line) && line !== ''))];
  if (!dryRun) await writeFileAtomic(path, kept.map((line) => `${line}\n`).join(''));
  throw new LockstepError('MERGE_IMPOSSIBLE', {
    message: `git left a conflict in ${path}. ${dryRun ? 'The lines of both sides belong in it' : 'It has the lines of both sides now'}`,
    hint: `Conclude git's merge, then run the command again: git add ${path} && git commit --no-edit && lockstep merge ${name}`,
    where: [{ file: path }],
  });
}

/** @throws LockstepError MERGE_IMPOSSIBLE, SUITE_UNKNOWN, HISTORY_CUT, SNAPSHOT_INVALID, those of a publication */
export async function mergeHistory(
  run: Run,
  { name, prefer, dryRun }: MergeRequest,
  signer: Signer,
): Promise<MergeResult> {
  const suite = namedSuite(run, name);
  await assertHistory(run, name, true);
  const ends = endsOf(run, name);
  if (ends.length < 2) {
    throw new LockstepError('MERGE_IMPOSSIBLE', {
      message: `The history of ${name} has one end: there is nothing to merge`,
    });
  }
  const wanted = prefer === undefined ? ends : ends.filter(({ entry }) => entry.to === prefer);
  // The last move of all, by its time: a rollback of one person is not undone by an earlier publication of another
  const chosen = wanted.sort((a, b) => Date.parse(a.entry.at) - Date.parse(b.entry.at)).at(-1);
  if (chosen === undefined) {
    throw new LockstepError('USAGE', {
      message: `--prefer ${prefer} is not where an end of the history leads: ${ends.map(({ entry }) => entry.to).join(', ')}`,
      where: [{ path: '--prefer', value: prefer }],
    });
  }
  const words = ends.map(({ entry }) => `${entry.action} of ${entry.to} by ${entry.by} at ${entry.at}`);
  const reason = `Merges ${words.join(' and ')}`;
  const { to, manifest, profile } = chosen.entry;
  const merged = ends.map(({ entry }) => entry.to);
  const told: MergeResult = { kind: 'history', name, id: to, merged, base: null, steps: [], reason, dryRun };
  if (dryRun) return told;
  const move = {
    suite: name,
    action: 'publish',
    from: to,
    to,
    manifest,
    profile,
    at: moveTime(run.ledger.history(name), run.clock.now()),
    by: run.actor,
    reason,
  } as const;
  await publishWithLine(
    run,
    suite,
    { move, after: chosen.hash, message: `Merge the history of ${name}` },
    signer,
  );
  return told;
}

function endsOf(run: Run, suite: string): { hash: string; entry: HistoryEntry }[] {
  const text = run.ledger.text(suite);
  const entries = run.ledger.history(suite);
  const hashes = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => sha256Of(line));
  return headsOf(text).map((hash) => ({ hash, entry: entries[hashes.indexOf(hash)]! }));
}
