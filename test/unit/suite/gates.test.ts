import assert from 'node:assert/strict';
import type { LockstepError } from '../../../src/errors.js';
import type { Evidence } from '../../../src/snapshot/evidence.js';
import { evidenceWithin } from '../../../src/snapshot/manifest-v1.js';
import {
  assertGates,
  installability,
  isMoveUnproven,
  provenMoves,
  readability,
  type GateFacts,
} from '../../../src/suite/gates.js';

const now = new Date('2026-02-01T00:00:00Z');
const [one, two, three] = ['20260101T000000Z', '20260102T000000Z', '20260103T000000Z'];
const passed = (more: Partial<Evidence> = {}): Evidence => ({
  gate: installability,
  state: 'passed',
  parameters: {},
  facts: { from: [] },
  recorded: '2026-01-01T00:00:00.000Z',
  key: 'A'.repeat(40),
  ...more,
});
const read = passed({ gate: readability });
/** apt reads its packages, whatever else was found. */
const facts = (id: string, { evidence = [passed()], ...more }: Partial<GateFacts> = {}): GateFacts => ({
  id,
  profile: 'set',
  evidence: [read, ...evidence],
  imported: false,
  supersedes: null,
  ...more,
});
const superseding = {
  content: { id: one, sha256: 'a'.repeat(64) },
  above: { id: two, sha256: 'b'.repeat(64) },
};

describe('gates', () => {
  const refusal = (evidence: Evidence[]): LockstepError => {
    try {
      assertGates(facts(one, { evidence }), 'set-unstable', now);
    } catch (error) {
      return error as LockstepError;
    }
    throw new Error('was let in');
  };

  it('let in what passed or was waived', () => {
    assertGates(facts(one), 'set-unstable', now);
    assertGates(facts(one, { evidence: [passed({ state: 'waived' })] }), 'set-unstable', now);
  });

  it('tell what is missing or pending from what failed', () => {
    const missing = refusal([passed({ gate: 'vetting' })]);
    assert.equal(missing.code, 'GATE_MISSING');
    assert.match(missing.message, /set-unstable cannot take 20260101T000000Z/);
    assert.match(missing.hint!, /lockstep cut set/);
    assert.equal(refusal([]).where[0]!.value, 'missing');
    const pending = refusal([passed({ state: 'pending' })]);
    assert.deepEqual([pending.code, pending.where[0]!.value], ['GATE_MISSING', 'pending']);
    const failed = refusal([passed({ state: 'failed' })]);
    assert.deepEqual([failed.code, failed.where[0]!.value], ['GATE_FAILED', 'failed']);
  });

  it('go by the newest record, and by none that has ended', () => {
    assertGates(facts(one, { evidence: [passed({ state: 'failed' }), passed()] }), 'x', now);
    assert.equal(refusal([passed(), passed({ state: 'failed' })]).code, 'GATE_FAILED');
    const until = now.toISOString();
    assert.equal(refusal([passed({ state: 'waived', until })]).code, 'GATE_MISSING');
    // An older record does not come back when the newest one ends
    assert.equal(refusal([passed(), passed({ state: 'waived', until })]).code, 'GATE_MISSING');
    assertGates(facts(one, { evidence: [passed({ until: '2026-02-01T00:00:01Z' })] }), 'x', now);
  });

  it('demand of every set that apt reads it', () => {
    for (const imported of [true, false]) {
      const unread = { ...facts(one, { imported }), evidence: [passed()] };
      assert.throws(() => assertGates(unread, 'x', now), {
        code: 'GATE_MISSING',
        message: /no proof that apt can read its packages$/,
        hint: imported ? /lockstep import set$/ : /lockstep cut set$/,
      });
      const refused = { ...unread, evidence: [passed(), { ...read, state: 'failed' as const }] };
      assert.throws(() => assertGates(refused, 'x', now), { code: 'GATE_FAILED' });
    }
  });

  it('of installing do not hold for what is imported, but for content that is issued again', () => {
    assertGates(facts(one, { evidence: [], imported: true }), 'x', now);
    assertGates(facts(one, { supersedes: superseding }), 'x', now);
    const unproven = facts(one, { evidence: [], supersedes: superseding });
    assert.throws(() => assertGates(unproven, 'x', now), { code: 'GATE_MISSING' });
  });

  it('know from which snapshots machines were shown to come', () => {
    const from = { from: [one, two] };
    assert.deepEqual(provenMoves([passed({ facts: from })], now), [one, two]);
    assert.deepEqual(provenMoves([passed({ facts: from, state: 'failed' })], now), []);
    assert.deepEqual(provenMoves([passed({ facts: { from: 'all' } })], now), []);
  });

  it('read the sentences of manifests of format 1, and take no other id out of them', () => {
    const within = (result: string, detail: string): Evidence[] =>
      evidenceWithin({ evidence: [{ gate: installability, result, detail }] });
    const detail = `apt 2.6.1: fresh install of x; upgrade from and way back to ${one}, ${two}; no file in two packages (noted: no upgrade from ${three} was tried)`;
    assert.deepEqual(provenMoves(within('passed', detail), now), [one, two]);
    assert.deepEqual(provenMoves(within('failed', detail), now), []);
    assert.deepEqual(provenMoves(within('passed', `no way: ${three}`), now), []);
    assertGates(facts(one, { evidence: within('passed', detail) }), 'x', now);
  });

  it('ask for a proof of a move once, in either direction', () => {
    const proven = (from: string[]): Partial<GateFacts> => ({ evidence: [passed({ facts: { from } })] });
    assert.equal(isMoveUnproven(facts(one), facts(two), now), true);
    assert.equal(isMoveUnproven(facts(one), facts(two, proven([one])), now), false);
    assert.equal(isMoveUnproven(facts(one, proven([two])), facts(two), now), false);
    assert.equal(isMoveUnproven(facts(one), facts(three, proven([two])), now), true);
    assert.equal(isMoveUnproven(null, facts(one), now), false, 'an empty suite');
    assert.equal(isMoveUnproven(facts(one), facts(one), now), false, 'the same');
    assert.equal(isMoveUnproven(facts(one), facts(two, { imported: true }), now), false);
    assert.equal(isMoveUnproven(facts(one), facts(two, { supersedes: superseding }), now), false);
  });
});
