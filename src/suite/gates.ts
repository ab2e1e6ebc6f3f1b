/**
 * Which gates a snapshot must have passed before a suite may take it, by the
 * evidence in its manifest. Pure; src/vetting proves, src/workflows asks.
 */
import { LockstepError } from '../errors.js';
import type { Evidence, Superseding } from '../snapshot/manifest.js';

/** The gate of src/vetting/install. */
export const installability = 'installability';

/** What of a snapshot these rules go by. */
export interface GateFacts {
  id: string;
  profile: string;
  /** Gates that it passed when it was cut. */
  gates: readonly string[];
  /** As {@link provenMoves} reads them. */
  provenMoves: readonly string[];
  /** Its packages were made elsewhere: it has no metapackage that could be installed. */
  imported: boolean;
  supersedes: Superseding | null;
}

/** Whether no gate of installing holds for it: re-issued content was proven under its own versions. */
function isExempt({ imported, supersedes }: GateFacts): boolean {
  return imported || supersedes !== null;
}

/**
 * Refuses a snapshot that lacks the evidence. Not for rollbacks: what machines had once they may have again,
 * whatever was demanded then.
 *
 * @throws LockstepError GATE_MISSING
 */
export function assertGates(facts: GateFacts, suite: string): void {
  if (isExempt(facts) || facts.gates.includes(installability)) return;
  throw new LockstepError('GATE_MISSING', {
    message: `${suite} cannot take ${facts.id}: there is no proof that it can be installed`,
    hint: `It was cut by an earlier Lockstep. Cut the set again to prove it: lockstep cut ${facts.profile}`,
    where: [{ path: 'evidence', message: `no evidence of the gate ${installability}` }],
  });
}

/** The gates that were passed, by the evidence. */
export function gatesOf(evidence: readonly Evidence[]): string[] {
  return evidence.filter(({ result }) => result === 'passed').map(({ gate }) => gate);
}

const movesSpec = /upgrade from and way back to ((?:\d{8}T\d{6}Z(?:, | and )?)+)/;

/** The words by which evidence names the snapshots that machines can come from and go back to. */
export function movesSentence(ids: readonly string[]): string {
  return `upgrade from and way back to ${ids.join(', ')}`;
}

/** Ids of the snapshots between which and this one machines can move, as its evidence says. */
export function provenMoves(evidence: readonly Evidence[]): string[] {
  const proof = evidence.find(({ gate, result }) => gate === installability && result === 'passed');
  const words = movesSpec.exec(proof?.detail ?? '')?.[1];
  return words === undefined ? [] : words.match(/\d{8}T\d{6}Z/g)!;
}

/**
 * Whether it is still to be proven that machines can go from one snapshot to another. Each proof is of both
 * directions, so either's evidence will do.
 *
 * @param from what a suite points at, or null where it is empty
 */
export function isMoveUnproven(from: GateFacts | null, to: GateFacts): boolean {
  if (from === null || from.id === to.id || isExempt(to) || isExempt(from)) return false;
  return !to.provenMoves.includes(from.id) && !from.provenMoves.includes(to.id);
}
