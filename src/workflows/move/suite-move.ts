/**
 * The move of a suite to another snapshot, shared by publish, promote and rollback. planMove reads and
 * decides, and writes nothing. applyMove executes the plan and adds it to the suite's history. The callers
 * choose the snapshot and the messages before the move.
 */
import type { PublicationPlan } from '../../archive/publication-plan.js';
import type { SnapshotRecord } from '../../archive/snapshot-record.js';
import { listedIn, readReleaseFiles, type ReleaseFiles } from '../../archive/release.js';
import type { NamedSuite } from '../../profile/load.js';
import type { Signer } from '../../signing/signer.js';
import type { HistoryAction, HistoryMove } from '../../suite/history.js';
import type { LineHead } from '../../snapshot/chained-lines.js';
import type { SnapshotBase } from '../../snapshot/manifest.js';
import {
  assertNotLower,
  assertSameBase,
  assertSchemaAllowed,
  moveTime,
  schemaChangeOf,
  secondsBehind,
  type SchemaMove,
  type SnapshotFacts,
} from '../../suite/move-rules.js';
import { isMoveUnproven } from '../../suite/gates.js';
import { lowerSteps, type LowerStep } from '../../suite/version-steps.js';
import type { LeftOnReissue } from '../../suite/highest-versions.js';
import { assertHistory, headAfter } from './history-check.js';
import { ensureKeyringSuite } from '../keys/keyring-settle.js';
import { applyPublish, planPublish } from './suite-publication.js';
import { beginMove, endMove, recoverMove } from './recover.js';
import { assertMayEnter, gateFacts } from './suite-entry.js';
import { leftOnReissue } from './versions-on-machines.js';
import { recordOf, type SnapshotTarget } from '../workspace/snapshot-records.js';
import { versionSteps } from './version-changes.js';
import type { PublishResult } from './move-results.js';
import type { Run } from '../workspace/context.js';

export interface MoveRequest {
  action: HistoryAction;
  suite: NamedSuite;
  /** The snapshot that the suite will point at. */
  target: SnapshotTarget;
  reason?: string | undefined;
  /** For a promotion: the suite that the snapshot comes from. */
  fromSuite?: string | undefined;
  /** The snapshot whose content `target` re-issues under higher versions. */
  reissues?: string | undefined;
  /** Whether the database schema may change. A publication only reports a change. */
  schemaChange: boolean;
  /** Whether packages may get lower versions. A rollback always may. */
  lower: boolean;
  /** The suite's current Release files, if its history was compared with them already. */
  standing?: ReleaseFiles | undefined;
}

export interface MovePlan extends Omit<MoveRequest, 'lower'> {
  /** The snapshot that the suite points at now, by its history. */
  from: string | null;
  to: SnapshotFacts;
  schema: SchemaMove | null;
  /** Packages that get a lower version; empty for a rollback, which reports them itself. */
  lower: LowerStep[];
  /** The suite's current Release files. */
  standing: ReleaseFiles;
  /** The snapshots that the published Release lists now, the current one first. */
  listedBefore: string[];
  /** What machines without the pin keep if they do not follow; null if they follow. */
  left: LeftOnReissue | null;
  /** How far this machine's clock is behind the suite's last Release, if clients do not tolerate it. */
  clockBehind: number;
  /** The line for the suite's history; null if it says all that already. */
  line: HistoryMove | null;
  /** Where the history will stand. */
  head: LineHead | undefined;
  publication: PublicationPlan;
}

/**
 * Plans a move: its effects, and what it would write.
 *
 * @throws LockstepError MOVE_BASE, MOVE_TRUST, MOVE_LOWER, MOVE_SCHEMA, GATE_MISSING, GATE_FAILED, INSTALL_*, what
 * planPublish throws, and what reading the suite's history and its current snapshot throws
 */
export async function planMove(run: Run, request: MoveRequest): Promise<MovePlan> {
  const { clock } = run;
  const { action, suite, target, reissues } = request;
  const standing = request.standing ?? (await assertHistory(run, suite.name));
  const to = await recordOf(run, target);
  const has = await presentFacts(run, suite);
  const from = has?.id ?? null;
  assertSameBase(suite, has, { what: `The snapshot ${to.id}`, base: to.base });
  const entering = await assertMayEnter(run, to, request);
  const schema = schemaChangeOf(has, to);
  const lower =
    action === 'rollback' || has === null
      ? []
      : lowerSteps(await versionSteps(run, suite, { from: has, to }));
  assertNotLower(lower, { suite: suite.name, from, to: to.id, allowed: request.lower });
  if (action !== 'rollback' && entering !== null && has !== null) {
    const left = await gateFacts(run, has);
    // Loaded here because few moves need a proof
    if (isMoveUnproven(left, entering, clock.now())) {
      const { proveMove } = await import('../release/install-gate.js');
      await proveMove(run, { from: left, to: entering });
    }
  }
  const allowed = request.schemaChange;
  assertSchemaAllowed(schema, { action, suite: suite.name, from, to: to.id, allowed });
  const there = readReleaseFiles(standing);
  const history = run.ledger.history(suite.name);
  const line =
    from === to.id
      ? null
      : historyMoveOf({ ...request, from, to }, { at: moveTime(history, clock.now()), by: run.actor });
  const head = headAfter(run, suite.name, line);
  const publication = await planPublish(run, to, suite, { action, reissues, there, history: head });
  return {
    ...request,
    from,
    to,
    schema,
    lower,
    standing,
    listedBefore: listedIn(there.release),
    clockBehind: secondsBehind(clock.now(), there.latestDate),
    left: reissues === undefined ? await leftOnReissue(run, suite.name, to) : null,
    line,
    head,
    publication,
  };
}

/**
 * The facts of the snapshot that a suite points at, or null if it points at none.
 *
 * @throws LockstepError what reading its history and that snapshot throws
 */
export async function presentFacts(
  run: Run,
  suite: Pick<NamedSuite, 'name' | 'profile'>,
): Promise<SnapshotRecord | null> {
  const last = run.ledger.history(suite.name).at(-1);
  if (last === undefined) return null;
  return await recordOf(run, { profile: last.profile, id: last.to, sha256: last.manifest });
}

/**
 * Refuses a snapshot for another base release than the suite's, before anything is built.
 *
 * @throws LockstepError MOVE_BASE
 */
export async function assertSuiteTakesBase(
  run: Run,
  suite: NamedSuite,
  base: Omit<SnapshotBase, 'architectures'>,
): Promise<void> {
  const has = await presentFacts(run, suite);
  assertSameBase(suite, has, { what: `The profile ${suite.profile}`, base });
}

/**
 * Executes the plan: first the archive, then the history's line, both while the journal exists. If it fails,
 * the archive returns to the state of its InRelease. If it is killed, the next run does that or completes the
 * move (recover.ts). The caller holds the workspace's lock.
 */
export async function applyMove(run: Run, plan: MovePlan, signer: Signer): Promise<PublishResult> {
  const { standing, head } = plan;
  const history = run.ledger.history(plan.suite.name);
  const move = plan.line ?? historyMoveOf(plan, { at: moveTime(history, run.clock.now()), by: run.actor });
  const message = commitMessageOf(plan);
  const journal = await beginMove(run, { move, head, date: plan.publication.date, message, standing });
  try {
    const report = await applyPublish(run, plan.publication, plan.suite, signer);
    await endMove(run, journal, signer);
    await ensureKeyringSuite(run, signer);
    return report;
  } catch (error) {
    // The original fault is the one to report. What this recovery cannot undo, the next run undoes
    await recoverMove(run, () => Promise.resolve(signer)).catch(() => undefined);
    throw error;
  }
}

/** The line that a move adds to its suite's history. */
export function historyMoveOf(
  plan: Omit<MoveRequest, 'lower'> & Pick<MovePlan, 'from' | 'to'>,
  when: Pick<HistoryMove, 'at' | 'by'>,
): HistoryMove {
  const { action, suite, from, to, reason, fromSuite, reissues } = plan;
  return {
    ...when,
    suite: suite.name,
    action,
    from,
    to: to.id,
    manifest: to.sha256,
    profile: suite.profile,
    ...(reason === undefined ? {} : { reason }),
    ...(fromSuite === undefined ? {} : { fromSuite }),
    ...(reissues === undefined ? {} : { reissues }),
    ...(to.security.length === 0 ? {} : { security: [...to.security] }),
  };
}

function commitMessageOf({ action, suite, to, fromSuite, reason }: MovePlan): string {
  switch (action) {
    case 'publish':
      return `Publish ${to.id} in ${suite.name}`;
    case 'promote':
      return `Promote ${to.id} from ${fromSuite} to ${suite.name}`;
    case 'rollback':
      return `Roll back ${suite.name} to ${to.id}${reason === undefined ? '' : `\n\n${reason}\n`}`;
  }
}
