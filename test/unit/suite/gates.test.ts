import assert from 'node:assert/strict';
import type { LockstepError } from '../../../src/errors.js';
import {
  assertGates,
  gatesOf,
  installability,
  isMoveUnproven,
  movesSentence,
  provenMoves,
  type GateFacts,
} from '../../../src/suite/gates.js';

const [one, two, three] = ['20260101T000000Z', '20260102T000000Z', '20260103T000000Z'];
const facts = (id: string, more: Partial<GateFacts> = {}): GateFacts => ({
  id,
  profile: 'set',
  gates: ['vetting', installability],
  provenMoves: [],
  imported: false,
  supersedes: null,
  ...more,
});
const superseding = {
  content: { id: one, sha256: 'a'.repeat(64) },
  above: { id: two, sha256: 'b'.repeat(64) },
};

describe('gates', () => {
  it('let in what was proven to install, and nothing else', () => {
    assertGates(facts(one), 'set-unstable');
    assert.throws(
      () => assertGates(facts(one, { gates: ['vetting'] }), 'set-unstable'),
      ({ code, message, hint }: LockstepError) =>
        code === 'GATE_MISSING' &&
        message.includes('set-unstable cannot take 20260101T000000Z') &&
        hint!.includes('lockstep cut set'),
    );
  });

  it('do not hold for what is imported, nor for content that is issued again', () => {
    assertGates(facts(one, { gates: [], imported: true }), 'x');
    assertGates(facts(one, { gates: [], supersedes: superseding }), 'x');
  });

  it('count only what was passed', () => {
    const evidence = [
      { gate: installability, result: 'failed', detail: movesSentence([one]) },
      { gate: 'vetting', result: 'passed', detail: '' },
    ];
    assert.deepEqual(gatesOf(evidence), ['vetting']);
    assert.deepEqual(provenMoves(evidence), []);
  });

  it('know from which snapshots machines were shown to come, and no other id of the sentence', () => {
    const detail = `apt 2.6.1: fresh install of x; ${movesSentence([one, two])}; no file in two packages (noted: no upgrade from ${three} was tried)`;
    assert.deepEqual(provenMoves([{ gate: installability, result: 'passed', detail }]), [one, two]);
    assert.deepEqual(
      provenMoves([{ gate: installability, result: 'passed', detail: `no way: ${three}` }]),
      [],
    );
  });

  it('want a move tried that neither end was tried with', () => {
    assert.equal(isMoveUnproven(facts(one), facts(two)), true);
    assert.equal(isMoveUnproven(facts(one), facts(two, { provenMoves: [one] })), false);
    assert.equal(isMoveUnproven(facts(two, { provenMoves: [one] }), facts(one)), false, 'the way back');
    assert.equal(isMoveUnproven(facts(one), facts(three, { provenMoves: [two] })), true);
    assert.equal(isMoveUnproven(null, facts(one)), false, 'an empty suite');
    assert.equal(isMoveUnproven(facts(one), facts(one)), false, 'the same');
    assert.equal(isMoveUnproven(facts(one), facts(two, { imported: true })), false);
    assert.equal(isMoveUnproven(facts(one), facts(two, { supersedes: superseding })), false);
  });
});
