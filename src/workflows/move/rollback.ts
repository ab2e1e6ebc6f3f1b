/** `lockstep rollback`: a suite goes back to an earlier snapshot, and the machines that follow it go with it. */
import { liveView } from '../../archive/layout.js';
import { readPublished } from '../../archive/publication.js';
import { keyWarnings } from '../../archive/validity.js';
import { signingEnd } from '../../signing/key-end.js';
import { LockstepError } from '../../errors.js';
import type { NamedSuite } from '../../profile/load.js';
import type { Signer } from '../../signing/signer.js';
import { goodSnapshots, type HistoryEntry } from '../../suite/history.js';
import {
  assertSchemaAllowed,
  rollbackTarget,
  schemaChangeOf,
  secondsBehind,
} from '../../suite/move-rules.js';
import { findSnapshot, listSnapshots } from '../../snapshot/snapshot-folder.js';
import { archiveSigner } from '../keys/archive-signer.js';
import type { Context } from '../workspace/context.js';
import { moveOutlook, outlookOf, type MoveOutlook, type OutlookRequest } from './move-outlook.js';
import { applyMove, listedIn, planMove, type MoveRequest } from './suite-move.js';
import { namedSuite, type MoveOutcome } from './promote.js';
import { reportOf, suiteFor } from './suite-publication.js';
import { recordOf, type SnapshotTarget } from '../workspace/snapshot-records.js';
import { exclusively } from '../workspace/workspace-lock.js';
import { historyOf } from '../workspace/files-read.js';

export interface RollbackRequest {
  suite: string;
  /** A snapshot to go back to; the good one before the present one otherwise. */
  to: string | undefined;
  reason: string;
  /** Whether the database schema may change. */
  schemaChange: boolean;
  /** Re-issue the old content under higher versions, for machines that never go down. */
  supersede: boolean;
  /** Only plan. */
  dryRun: boolean;
  /** Told what it will mean before anything is written. */
  onOutlook: (outlook: MoveOutlook) => void;
}

/**
 * Makes a suite point at an earlier snapshot.
 *
 * @throws LockstepError SUITE_UNKNOWN and SNAPSHOT_UNKNOWN with the nearest name, MOVE_NOWHERE, MOVE_BASE,
 * MOVE_SCHEMA, USAGE for an empty reason, and what reading snapshots and writing the archive do
 */
export async function rollback(context: Context, request: RollbackRequest): Promise<MoveOutcome> {
  const suite = namedSuite(context, request.suite);
  const reason = request.reason.trim();
  if (reason === '') {
    throw new LockstepError('USAGE', {
      message: 'The reason of a rollback is empty',
      hint: "State the reason in a few words, for the suite's history: --reason TEXT",
    });
  }
  return await exclusively(context, request, async () => {
    const history = await historyOf(context, suite.name);
    const target = await targetOf(context, suite, history, request);
    const signer = await archiveSigner(context, request);
    const { schemaChange } = request;
    const move: MoveRequest = { action: 'rollback', suite, target, reason, schemaChange, lower: true };
    if (request.supersede) return await goBackUp(context, { ...move, history }, request, signer);
    return await goBack(context, move, request, signer);
  });
}

type Telling = Pick<RollbackRequest, 'dryRun' | 'onOutlook'>;

async function goBack(
  context: Context,
  move: MoveRequest,
  { dryRun, onOutlook }: Telling,
  signer: Signer,
): Promise<MoveOutcome> {
  const plan = await planMove(context, move, signer);
  const outlook = await moveOutlook(context, outlookOf(plan), signer);
  onOutlook(outlook);
  if (dryRun) return { outlook, plan, report: reportOf(plan.publication) };
  return { outlook, plan, report: await applyMove(context, plan, signer) };
}

/** The old content under higher versions: a snapshot is cut of it first, and that one is published. */
async function goBackUp(
  context: Context,
  move: MoveRequest & { history: readonly HistoryEntry[] },
  { dryRun, onOutlook }: Telling,
  signer: Signer,
): Promise<MoveOutcome> {
  const { suite, target, reason, history } = move;
  const last = history.at(-1)!;
  const current = { profile: last.profile, id: last.to, sha256: last.manifest };
  const [has, back] = [await recordOf(context, current, signer), await recordOf(context, target, signer)];
  const schema = schemaChangeOf(has, back);
  assertSchemaAllowed(schema, {
    action: 'rollback',
    suite: suite.name,
    from: has.id,
    to: back.id,
    allowed: move.schemaChange,
  });
  // Loaded here: a plain rollback repacks nothing, and must not wait for what could
  const { planSupersedeRollback } = await import('./supersede.js');
  const planned = await planSupersedeRollback(context, { suite: suite.name, current, target }, signer);
  const standing = await readPublished(context.archive, liveView(suite.name));
  const reissues = target.id;
  const [, ...kept] = goodSnapshots([...history, { action: 'rollback', to: 'the new one', reissues }]);
  const request: OutlookRequest = {
    action: 'rollback',
    suite,
    from: has.id,
    to: null,
    reason,
    reissues,
    security: [],
    schema,
    hasDatabase: back.schema !== null || schema !== null,
    notes: planned.notes,
    keyWarnings: keyWarnings(
      await signingEnd(await signer.publicKey(), context.clock.now()),
      context.clock.now(),
    ),
    clockBehind: secondsBehind(context.clock.now(), standing.latestDate),
    before: listedIn(standing),
    after: [planned.packages, ...kept.slice(0, suite.retain - 1)],
  };
  const outlook = await moveOutlook(context, request, signer);
  onOutlook(outlook);
  if (dryRun) return { outlook, plan: null, report: null };
  const cut = await planned.apply();
  const plan = await planMove(context, { ...move, target: cut, reissues, schemaChange: true }, signer);
  const report = await applyMove(context, plan, signer);
  return { outlook: { ...outlook, to: cut.id }, plan, report };
}

async function targetOf(
  context: Context,
  suite: NamedSuite,
  history: readonly HistoryEntry[],
  { to: wanted, supersede }: Pick<RollbackRequest, 'to' | 'supersede'>,
): Promise<SnapshotTarget> {
  const { snapshots } = context.places;
  if (wanted !== undefined) {
    const { profile } = await findSnapshot(snapshots, wanted);
    suiteFor(context, suite.name, profile);
  }
  const known = new Set((await listSnapshots(snapshots, suite.profile)).map(({ id }) => id));
  const there = (id: string): boolean => known.has(id);
  const id = rollbackTarget({ suite, history, wanted, there, reissue: supersede });
  const sha256 = history.findLast(({ to }) => to === id)?.manifest;
  return { profile: suite.profile, id, sha256 };
}
