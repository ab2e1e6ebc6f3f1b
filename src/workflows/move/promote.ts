/** `lockstep promote`: publishes the snapshot of a suite, unchanged, in a suite of a higher trust level. */
import { suiteOf, type NamedSuite } from '../../profile/load.js';
import { promotedSnapshot } from '../../suite/move-rules.js';
import { findSnapshot } from '../../snapshot/snapshot-folder.js';
import { archiveSigner } from '../keys/archive-signer.js';
import type { Context } from '../workspace/context.js';
import { moveOutlook, outlookOf, type MoveOutlook } from './move-outlook.js';
import { applyMove, planMove, type MovePlan } from './suite-move.js';
import { reportOf, type PublishReport } from './suite-publication.js';
import { exclusively } from '../workspace/workspace-lock.js';
import { historyOf } from '../workspace/files-read.js';

export interface PromoteRequest {
  from: string;
  to: string;
  /** A snapshot that is or was good in `from`; what it points at otherwise. */
  id: string | undefined;
  reason: string | undefined;
  /** Whether the database schema may change. */
  schemaChange: boolean;
  /** Whether packages may go to lower versions. */
  lower: boolean;
  /** Only plan. */
  dryRun: boolean;
  /** Told what it will mean before anything is written. */
  onOutlook: (outlook: MoveOutlook) => void;
}

export interface MoveOutcome {
  outlook: MoveOutlook;
  /** Null where a snapshot had to be cut first, and was not. */
  plan: MovePlan | null;
  report: PublishReport | null;
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
  return await exclusively(context, request, async () => {
    const { id: wanted, reason, schemaChange, lower } = request;
    const history = await historyOf(context, from.name);
    if (wanted !== undefined) await findSnapshot(places.snapshots, wanted);
    const id = promotedSnapshot({ from, to: suite, trustLevels: workspace.trustLevels, history, wanted });
    const sha256 = history.findLast(({ to }) => to === id)?.manifest;
    const signer = await archiveSigner(context, request);
    const plan = await planMove(
      context,
      {
        action: 'promote',
        suite,
        target: { profile: suite.profile, id, sha256 },
        reason,
        fromSuite: from.name,
        schemaChange,
        lower,
      },
      signer,
    );
    const outlook = await moveOutlook(context, outlookOf(plan), signer);
    request.onOutlook(outlook);
    if (request.dryRun) return { outlook, plan, report: reportOf(plan.publication) };
    return { outlook, plan, report: await applyMove(context, plan, signer) };
  });
}

/** @throws LockstepError SUITE_UNKNOWN, with the nearest name */
export function namedSuite({ workspace }: Context, name: string): NamedSuite {
  return { ...suiteOf(workspace, name), name };
}
