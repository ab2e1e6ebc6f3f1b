import assert from 'node:assert/strict';
import { afterChange, type KeyState, type KeyStep } from '../../../../src/snapshot/key-state.js';
import { planRotation, type RotationFacts } from '../../../../src/workflows/keys/rotation-plan.js';

const day = 86_400_000;
const begun = new Date('2026-01-01T00:00:00Z');
const [old, next] = ['A', 'B'].map((letter) => ({ fingerprint: letter.repeat(40), public: letter }));

describe('the plan of a key rotation', () => {
  /** The record after these steps, the first of which is a year old. */
  const stateAfter = (...steps: KeyStep[]): KeyState => {
    let state: KeyState | null = null;
    for (const [index, step] of steps.entries()) {
      const at = new Date(begun.getTime() + index * 365 * day).toISOString();
      const after = afterChange(state, { step, key: step === 'first' ? old! : next!, at, by: 'a@b' });
      if (typeof after === 'string') assert.fail(after);
      state = after;
    }
    return state!;
  };
  const facts = (state: KeyState, more: Partial<RotationFacts> = {}): RotationFacts => ({
    state,
    nextAtHand: next!.fingerprint,
    suiteOutSince: begun,
    suitesBehind: [],
    package: 'good',
    now: new Date(state.stageSince.getTime() + 15 * day),
    ...more,
  });
  const obstacles = (state: KeyState, more: Partial<RotationFacts> = {}): string[] =>
    planRotation(facts(state, more)).obstacles.map(({ message, waits }) => `${waits} ${message}`);

  it('takes the three steps one after the other', () => {
    const steady = planRotation(facts(stateAfter('first')));
    assert.equal(steady.step, 'announce');
    assert.deepEqual([steady.current, steady.next], [old!.fingerprint, next!.fingerprint]);
    assert.deepEqual(steady.obstacles, []);
    assert.equal(planRotation(facts(stateAfter('first', 'announce'))).step, 'both');
    assert.equal(planRotation(facts(stateAfter('first', 'announce', 'both'))).step, 'finish');
  });

  it('asks for nothing where there is no next key, and says how to make one', () => {
    const plan = planRotation(facts(stateAfter('first'), { nextAtHand: null }));
    assert.deepEqual([plan.step, plan.next], [null, null]);
    assert.match(plan.does, /lockstep key generate --next/);
  });

  it('gives machines 14 days for each step', () => {
    const state = stateAfter('first', 'announce');
    const now = new Date(state.stageSince.getTime() + 13 * day);
    const plan = planRotation(facts(state, { now }));
    assert.equal(plan.notBefore, new Date(state.stageSince.getTime() + 14 * day).toISOString());
    assert.deepEqual(obstacles(state, { now }), [`true machines have time until ${plan.notBefore}`]);
  });

  it('names a next key that is not at hand any more', () => {
    assert.match(
      obstacles(stateAfter('first', 'announce'), { nextAtHand: null }).join(),
      /^false the key B{40} is not available/,
    );
  });

  it('does not begin before machines know the suite of the current key', () => {
    const state = stateAfter('first');
    assert.match(obstacles(state, { package: 'none' }).join(), /^false the archive has no keyring package/);
    assert.match(obstacles(state, { package: 'silent' }).join(), /^false the keyring package does not name/);
    assert.match(obstacles(state, { suiteOutSince: null }).join(), /^false the suite keyring-A{40} is not/);
    assert.equal(planRotation(facts(state, { suiteOutSince: null })).notBefore, null);
    assert.match(
      obstacles(state, { suitesBehind: ['wiki', 'tools'] }).join(),
      /^true machines that follow wiki, tools do not know keyring-A{40} yet/,
    );
  });
});
