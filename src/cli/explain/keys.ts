/** How far a change of the key is, for people and for programs. Pure. */
import type { KeyState } from '../../snapshot/key-state.js';
import type { RotationPlan } from '../../workflows/keys/rotation-plan.js';
import { renderTable } from '../render/table.js';
import type { KeyStatusResult } from '../../workflows/keys/key-results.js';

export function keyStatusOf(state: KeyState, plan: RotationPlan): KeyStatusResult {
  return {
    stage: state.stage,
    stageSince: state.stageSince.toISOString(),
    keys: state.keys.map(({ fingerprint, state: kind, since, until }) => ({
      fingerprint,
      state: kind,
      since: since?.toISOString() ?? null,
      until: until?.toISOString() ?? null,
    })),
    plan,
  };
}

export function explainKeys({ keys }: KeyStatusResult, columns: number): string {
  return renderTable(
    ['key', 'state', 'since', 'until'],
    keys.map(({ fingerprint, state, since, until }) => [fingerprint, state, since ?? '-', until ?? '-']),
    columns,
  );
}

export function explainRotation({ step, does, obstacles, next }: RotationPlan): string {
  if (step === null) return `Next step: ${does}.`;
  const lines = [`Next step: ${step} ${next ?? ''}: ${does}.`];
  for (const { message, waits } of obstacles)
    lines.push(`  ${waits ? 'Not yet' : 'Not possible'}: ${message}.`);
  if (obstacles.length === 0) lines.push('  Machines are ready for this step. Run: lockstep key rotate');
  return lines.join('\n');
}
