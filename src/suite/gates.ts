/**
 * Which gates a snapshot must have passed before a suite may take it, by its
 * evidence. Pure; src/vetting proves, src/workflows asks.
 */
import { LockstepError } from '../errors.js';
import { lastOf, stateOf, type Evidence, type GateState } from '../snapshot/evidence.js';
import type { SnapshotFacts } from './move-rules.js';

/** The gate of src/vetting/install. */
export const installability = 'installability';

/** The gate of src/vetting/install/apt-reading.ts: apt reads every paragraph of the set. */
export const readability = 'readability';

/** What of a snapshot these rules go by. */
export interface GateFacts extends Pick<SnapshotFacts, 'id' | 'profile' | 'imported' | 'supersedes'> {
  /** All that gates said of it, the oldest first. */
  evidence: readonly Evidence[];
}

/** Whether a gate lets a snapshot through. */
export function isPassed(state: GateState): boolean {
  return state === 'passed' || state === 'waived';
}

/** Whether moves need no proof: what was imported has no metapackage, and re-issued content was proven as it was. */
function needsNoMoveProof({ imported, supersedes }: GateFacts): boolean {
  return imported || supersedes !== null;
}

/** The gates that a set must pass, and what is missing without them. What was imported has no metapackage to install. */
export function gatesOf({ imported }: Pick<GateFacts, 'imported'>): readonly [gate: string, proof: string][] {
  return [
    [readability, 'apt can read its packages'],
    ...(imported ? [] : [[installability, 'it can be installed'] as [string, string]]),
  ];
}

/** Whether every gate of a set is passed or waived. */
export function isProven(facts: Pick<GateFacts, 'imported' | 'evidence'>, now: Date): boolean {
  return gatesOf(facts).every(([gate]) => isPassed(stateOf(facts.evidence, gate, now)));
}

/**
 * Refuses a snapshot whose gates are not passed or waived. Re-issued content brings the evidence of the snapshot that
 * it re-issues.
 *
 * @throws LockstepError GATE_MISSING where nothing was proven yet, GATE_FAILED where the proof failed
 */
export function assertGates(facts: GateFacts, suite: string, now: Date): void {
  for (const [gate, proof] of gatesOf(facts)) assertGate(facts, { gate, proof }, suite, now);
}

function assertGate(
  facts: GateFacts,
  { gate, proof }: { gate: string; proof: string },
  suite: string,
  now: Date,
): void {
  const state = stateOf(facts.evidence, gate, now);
  if (isPassed(state)) return;
  const hint = facts.imported
    ? `Import the same packages again to prove it: lockstep import ${facts.profile}`
    : `Cut the set again to prove it: lockstep cut ${facts.profile}`;
  if (state === 'failed') {
    throw new LockstepError('GATE_FAILED', {
      message: `${suite} cannot take ${facts.id}: the gate ${gate} failed`,
      hint: `lockstep show ${facts.id} prints the findings. Correct them. ${hint}`,
      where: [{ path: 'evidence', value: 'failed', message: `the gate ${gate} failed` }],
    });
  }
  throw new LockstepError('GATE_MISSING', {
    message: `${suite} cannot take ${facts.id}: there is no proof that ${proof}`,
    hint,
    where: [{ path: 'evidence', value: state, message: `no valid evidence of the gate ${gate}` }],
  });
}

/** Ids of the snapshots between which and this one machines can move, as its evidence says. */
export function provenMoves(evidence: readonly Evidence[], now: Date): string[] {
  const proof = lastOf(evidence, installability, now);
  const from = proof?.state === 'passed' ? proof.facts['from'] : undefined;
  return Array.isArray(from) ? from.filter((id) => typeof id === 'string') : [];
}

/**
 * Whether it is still to be proven that machines can go from one snapshot to another. Each proof is of both
 * directions, so either's evidence will do.
 *
 * @param from what a suite points at, or null where it is empty
 */
export function isMoveUnproven(from: GateFacts | null, to: GateFacts, now: Date): boolean {
  if (from === null || from.id === to.id || needsNoMoveProof(to) || needsNoMoveProof(from)) return false;
  return !provenMoves(to.evidence, now).includes(from.id) && !provenMoves(from.evidence, now).includes(to.id);
}
