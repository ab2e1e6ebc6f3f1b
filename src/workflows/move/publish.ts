/** `lockstep publish`: a suite is made to point at a snapshot that is named. */
import { findSnapshot } from '../../snapshot/snapshot-folder.js';
import { archiveSigner } from '../keys/archive-signer.js';
import type { Context } from '../workspace/context.js';
import { applyMove, planMove, type MovePlan } from './suite-move.js';
import { reportOf } from './suite-publication.js';
import { suiteFor } from './target-suite.js';
import { exclusively } from '../workspace/workspace-lock.js';
import type { PublishResult } from './move-results.js';

export interface PublishRequest {
  id: string;
  suite: string;
  reason: string | undefined;
  /** Only plan. */
  dryRun: boolean;
  /** Whether packages may go to lower versions. */
  lower: boolean;
  /** Told of the plan before anything is written. */
  onPlan?: (plan: MovePlan) => void;
}

/**
 * Makes a suite point at a snapshot, or only says what that would write.
 *
 * @throws LockstepError SUITE_UNKNOWN and SNAPSHOT_UNKNOWN with the nearest name, MOVE_BASE, MOVE_LOWER, and what reading
 * the snapshot and writing the archive do
 */
export async function publish(
  context: Context,
  request: PublishRequest,
): Promise<{ report: PublishResult; plan: MovePlan }> {
  return await exclusively(context, request, async (run) => {
    // A wrong passphrase shows before anything else; a dry run needs none
    const signer = await archiveSigner(run, request);
    const target = await findSnapshot(run.places.snapshots, request.id);
    const suite = suiteFor(run, request.suite, target.profile);
    const { reason, lower } = request;
    const plan = await planMove(run, { action: 'publish', suite, target, reason, schemaChange: true, lower });
    request.onPlan?.(plan);
    if (request.dryRun) return { report: reportOf(plan.publication), plan };
    return { report: await applyMove(run, plan, signer), plan };
  });
}
