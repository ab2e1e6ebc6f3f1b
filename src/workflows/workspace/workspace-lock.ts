/** One run at a time in a workspace: whatever writes snapshots or the archive goes through here. */
import { join } from 'node:path';
import { ensureDir } from '../../io/disk.js';
import { withLock } from '../../io/lock.js';
import type { Context, Run } from './context.js';
import { openRun } from './run.js';
import { recoverMove } from '../move/recover.js';
import { recoverWithoutJournal } from '../move/recover-damaged.js';
import { finishRecords } from './leftovers.js';
import { registerWorkspace } from '../upkeep/shared-cache.js';

/**
 * Runs `work` exclusively. Before that, it finishes or removes what a killed run left: the parts of
 * a snapshot, a drop, the move of a suite.
 *
 * @param dryRun that the work leaves no records which refer to files of the shared content store
 * @throws LockstepError LOCK_HELD, naming who holds it; what recoverMove and `work` throw
 */
export async function exclusively<T>(
  context: Context,
  { dryRun }: { dryRun: boolean },
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const { clock, command, places } = context;
  await ensureDir(places.state);
  return await withLock(join(places.state, 'lock'), { clock, command }, async () => {
    // Under the lock: what is read from here on is changed by this run alone
    const opened = await openRun(context);
    const run = { ...opened, finishedDrops: dryRun ? [] : await finishRecords(opened) };
    const recovered = await recoverMove(run);
    if (recovered === 'damaged') await recoverWithoutJournal(run);
    else if (recovered !== undefined) {
      const { done, journal } = recovered;
      const { suite, to } = journal.move;
      const phase = run.progress.phase(`A killed run was moving ${suite} to ${to}`);
      phase.done(done === 'finished' ? 'the move is now complete' : 'the move was undone');
    }
    // So that another workspace's gc leaves what this one needs in the store that they share
    if (!dryRun) await registerWorkspace(run);
    return await work(run);
  });
}
