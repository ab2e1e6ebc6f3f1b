/**
 * The door of a suite: what its trust level demands of a snapshot that enters it, by whatever way. The demands
 * themselves are decided in src/suite.
 */
import type { SnapshotRecord } from '../../archive/snapshot-record.js';
import type { NamedSuite } from '../../profile/load.js';
import { assertGates, type GateFacts } from '../../suite/gates.js';
import type { HistoryAction } from '../../suite/history.js';
import { assertOrigins, type OriginFacts } from '../../suite/origins.js';
import type { Run } from '../workspace/context.js';
import { evidenceOf } from '../workspace/snapshot-records.js';

/** What decides whether a move takes something in that the suite did not have. */
export interface Entering {
  action: HistoryAction;
  suite: NamedSuite;
  /** The snapshot whose content the entering one re-issues under higher versions. */
  reissues?: string | undefined;
}

/**
 * Demands of a snapshot what the trust level of a suite demands. A rollback to content that the suite had is free: what
 * machines had once they may have again, whatever is demanded now.
 *
 * @returns the facts by which it was let in; null if nothing enters
 * @throws LockstepError MOVE_TRUST, GATE_MISSING, GATE_FAILED
 */
export async function assertMayEnter(
  run: Run,
  record: SnapshotRecord,
  { action, suite, reissues }: Entering,
): Promise<(GateFacts & OriginFacts) | null> {
  const content = reissues ?? record.id;
  const had = run.ledger.history(suite.name).some((one) => one.to === content || one.reissues === content);
  if (action === 'rollback' && had) return null;
  const [facts, now] = [await gateFacts(run, record), run.clock.now()];
  assertOrigins(facts, suite, run.workspace, now);
  assertGates(facts, suite.name, now);
  return facts;
}

/** The results of gates for a snapshot, and the other facts that decide whether those results are valid for it. */
export async function gateFacts(run: Run, record: SnapshotRecord): Promise<GateFacts & OriginFacts> {
  return { ...record, evidence: await evidenceOf(run, record) };
}
