/** `lockstep rollback`: a suite goes back to an earlier snapshot, and the machines that follow it go with it. */
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
import { assertHistory } from './history-check.js';
import { archiveSigner } from '../keys/archive-signer.js';
import type { Context, Run } from '../workspace/context.js';
import { moveOutlook, type OutlookRequest } from './move-outlook.js';
import { listedIn, readReleaseFiles, type ReleaseFiles } from '../../archive/release.js';
import { applyMove, planMove, type MoveRequest } from './suite-move.js';
import { assertMayEnter } from './suite-entry.js';
import { namedSuite, suiteFor } from './target-suite.js';
import { carryOut, type MoveOutcome, type MoveTelling } from './told-move.js';
import { recordOf, type SnapshotTarget } from '../workspace/snapshot-records.js';
import { exclusively } from '../workspace/workspace-lock.js';

export interface RollbackRequest extends MoveTelling {
  suite: string;
  /** A snapshot to go back to; the good one before the present one otherwise. */
  to: string | undefined;
  /** What went wrong, for the suite's history; only a plan needs none. */
  reason: string | undefined;
  /** Whether the database schema may change. */
  schemaChange: boolean;
  /** Re-issue the old content under higher versions, for machines that never go down. */
  supersede: boolean;
}

/**
 * Makes a suite point at an earlier snapshot.
 *
 * @throws LockstepError SUITE_UNKNOWN and SNAPSHOT_UNKNOWN with the nearest name, MOVE_NOWHERE, MOVE_BASE,
 * MOVE_SCHEMA, USAGE without a reason, and what reading snapshots and writing the archive do
 */
export async function rollback(context: Context, request: RollbackRequest): Promise<MoveOutcome> {
  const suite = namedSuite(context, request.suite);
  const reason = request.reason?.trim();
  if (reason === '' || (reason === undefined && !request.dryRun)) {
    throw new LockstepError('USAGE', {
      message:
        request.reason === undefined ? 'A rollback needs a reason' : 'The reason of a rollback is empty',
      hint: `State the reason in a few words, for the suite's history: ${withReason(request)}`,
    });
  }
  return await exclusively(context, request, async (run) => {
    const standing = await assertHistory(run, suite.name);
    const history = run.ledger.history(suite.name);
    const target = await targetOf(run, suite, history, request);
    const signer = await archiveSigner(run, request);
    const { schemaChange } = request;
    const asked = { action: 'rollback', suite, target, reason, schemaChange, lower: true } as const;
    const move = { ...asked, standing };
    if (request.supersede) return await goBackUp(run, { ...move, history }, request, signer);
    return await carryOut(run, move, request, signer);
  });
}

/** The command as it was meant, with the reason that it lacks. */
function withReason({ suite, to, schemaChange, supersede, dryRun }: RollbackRequest): string {
  const flags = [
    ...(to === undefined ? [] : [`--to ${to}`]),
    ...(supersede ? ['--supersede'] : []),
    ...(schemaChange ? ['--schema-change'] : []),
    ...(dryRun ? ['--dry-run'] : []),
  ];
  return ['lockstep rollback', suite, ...flags, '--reason TEXT'].join(' ');
}

/** The old content under higher versions: a snapshot is cut of it first, and that one is published. */
async function goBackUp(
  run: Run,
  move: MoveRequest & { history: readonly HistoryEntry[]; standing: ReleaseFiles },
  { dryRun, onOutlook }: MoveTelling,
  signer: Signer,
): Promise<MoveOutcome> {
  const { suite, target, reason, history } = move;
  const last = history.at(-1)!;
  const current = { profile: last.profile, id: last.to, sha256: last.manifest };
  const [has, back] = [await recordOf(run, current), await recordOf(run, target)];
  await assertMayEnter(run, back, move);
  const schema = schemaChangeOf(has, back);
  assertSchemaAllowed(schema, {
    action: 'rollback',
    suite: suite.name,
    from: has.id,
    to: back.id,
    allowed: move.schemaChange,
  });
  // Loaded here: a plain rollback repacks nothing, and must not wait for what could
  const { planSupersedeRollback, applySupersede } = await import('./supersede.js');
  const planned = await planSupersedeRollback(run, suite.name, current, target);
  const standing = readReleaseFiles(move.standing);
  const reissues = target.id;
  const [, ...kept] = goodSnapshots([...history, { action: 'rollback', to: 'the new one', reissues }]);
  const request: OutlookRequest = {
    action: 'rollback',
    suite,
    from: has.id,
    to: null,
    fromSuite: null,
    reason: reason ?? null,
    reissues,
    security: [],
    schema,
    hasDatabase: back.schema !== null || schema !== null,
    notes: planned.notes,
    keyWarnings: keyWarnings(await signingEnd(await signer.publicKey(), run.clock.now()), run.clock.now()),
    clockBehind: secondsBehind(run.clock.now(), standing.latestDate),
    listed: {
      before: listedIn(standing.release),
      after: [planned.packages, ...kept.slice(0, suite.retain - 1)],
    },
  };
  const outlook = await moveOutlook(run, request);
  onOutlook(outlook);
  if (dryRun) return { outlook, plan: null, report: null };
  const cut = await applySupersede(run, planned, signer);
  const plan = await planMove(run, { ...move, target: cut, reissues, schemaChange: true });
  const report = await applyMove(run, plan, signer);
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
