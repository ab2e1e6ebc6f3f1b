/** `lockstep promote`: what a suite points at enters a suite of a higher trust level, unchanged. */
import { promotedSnapshot } from '../../suite/move-rules.js';
import { findSnapshot } from '../../snapshot/snapshot-folder.js';
import { assertHistory } from './history-check.js';
import { archiveSigner } from '../keys/archive-signer.js';
import type { Context } from '../workspace/context.js';
import { carryOut, type MoveOutcome, type MoveTelling } from './told-move.js';
import { namedSuite } from './target-suite.js';
import { exclusively } from '../workspace/workspace-lock.js';

export interface PromoteRequest extends MoveTelling {
  from: string;
  to: string;
  /** A snapshot that is or was good in `from`; what it points at otherwise. */
  id: string | undefined;
  reason: string | undefined;
  /** Whether the database schema may change. */
  schemaChange: boolean;
  /** Whether packages may go to lower versions. */
  lower: boolean;
}

/**
 * Makes `to` point at a snapshot of `from`. Packages and indices are those that are there; nothing is built.
 *
 * @throws LockstepError SUITE_UNKNOWN, SNAPSHOT_UNKNOWN, MOVE_TRUST, MOVE_BASE, MOVE_LOWER, MOVE_SCHEMA, and what reading
 * snapshots and writing the archive do
 */
export async function promote(context: Context, request: PromoteRequest): Promise<MoveOutcome> {
  const { workspace, places } = context;
  const [from, suite] = [namedSuite(context, request.from), namedSuite(context, request.to)];
  return await exclusively(context, request, async (run) => {
    const { id: wanted, reason, schemaChange, lower } = request;
    await assertHistory(run, from.name);
    const history = run.ledger.history(from.name);
    if (wanted !== undefined) await findSnapshot(places.snapshots, wanted);
    const id = promotedSnapshot({ from, to: suite, trustLevels: workspace.trustLevels, history, wanted });
    const sha256 = history.findLast(({ to }) => to === id)?.manifest;
    const signer = await archiveSigner(run, request);
    const target = { profile: suite.profile, id, sha256 };
    return await carryOut(
      run,
      { action: 'promote', suite, target, reason, fromSuite: from.name, schemaChange, lower },
      request,
      signer,
    );
  });
}
