/** A move that reports its effects before it writes: shared by promote and rollback. */
import type { Signer } from '../../signing/signer.js';
import { moveOutlook, outlookOf, type MoveOutlook } from './move-outlook.js';
import { applyMove, planMove, type MovePlan, type MoveRequest } from './suite-move.js';
import { reportOf } from './suite-publication.js';
import type { PublishResult } from './move-results.js';
import type { Run } from '../workspace/context.js';

export interface MoveTelling {
  /** Only plan; write nothing. */
  dryRun: boolean;
  /** Called with the effects of the move before anything is written. */
  onOutlook: (outlook: MoveOutlook) => void;
}

export interface MoveOutcome {
  outlook: MoveOutlook;
  /** Null if the move needs a new snapshot and the run did not cut it. */
  plan: MovePlan | null;
  report: PublishResult | null;
}

/** @throws LockstepError as planMove, and what writing the archive throws */
export async function carryOut(
  run: Run,
  move: MoveRequest,
  { dryRun, onOutlook }: MoveTelling,
  signer: Signer,
): Promise<MoveOutcome> {
  const plan = await planMove(run, move);
  const outlook = await moveOutlook(run, outlookOf(plan));
  onOutlook(outlook);
  const report = dryRun ? reportOf(plan.publication) : await applyMove(run, plan, signer);
  return { outlook, plan, report };
}
