/** A move that people are told of before it is done: what promote and rollback share. */
import type { Signer } from '../../signing/signer.js';
import { moveOutlook, outlookOf, type MoveOutlook } from './move-outlook.js';
import { applyMove, planMove, type MovePlan, type MoveRequest } from './suite-move.js';
import { reportOf } from './suite-publication.js';
import type { PublishResult } from './move-results.js';
import type { Run } from '../workspace/context.js';

export interface MoveTelling {
  /** Only plan. */
  dryRun: boolean;
  /** Told what it will mean before anything is written. */
  onOutlook: (outlook: MoveOutlook) => void;
}

export interface MoveOutcome {
  outlook: MoveOutlook;
  /** Null where a snapshot had to be cut first, and was not. */
  plan: MovePlan | null;
  report: PublishResult | null;
}

/** @throws LockstepError as planMove, and what writing the archive does */
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
