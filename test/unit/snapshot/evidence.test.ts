import assert from 'node:assert/strict';
import {
  evidenceOf,
  isAbout,
  stateOf,
  statementOf,
  statementSchema,
  type EvidenceDraft,
} from '../../../src/snapshot/evidence.js';

const subject = { manifest: { id: 'S', profile: 'wiki', packages: [] }, sha256: 'a'.repeat(64) };
const by = { key: 'A'.repeat(40), recorded: new Date('2026-11-23T10:15:30.000Z') };
const plain: EvidenceDraft = { gate: 'browser', state: 'pending', parameters: {}, facts: { page: 1 } };

describe('evidence', () => {
  it('comes back from its statement as it was given', () => {
    const tests = { passed: ['page'], warned: [], failed: [] };
    const of = { id: 'R', sha256: 'b'.repeat(64) };
    const drafts: EvidenceDraft[] = [
      plain,
      { ...plain, state: 'passed', tests, tools: ['pkg:deb/debian/apt@2.6.1'] },
      { ...plain, state: 'waived', until: '2026-12-01T00:00:00.000Z', of },
    ];
    for (const draft of drafts) {
      const statement = statementSchema.parse(statementOf(draft, subject, by));
      const recorded = by.recorded.toISOString();
      assert.deepEqual(evidenceOf(statement), { ...draft, recorded, key: by.key });
      assert.ok(isAbout(statement, subject.sha256));
    }
  });

  it('says the result of a test as in-toto does', () => {
    const resultOf = (state: 'passed' | 'failed', warned: string[]): unknown =>
      statementOf({ ...plain, state, tests: { passed: [], warned, failed: [] } }, subject, by).predicate[
        'result'
      ];
    assert.equal(resultOf('passed', []), 'PASSED');
    assert.equal(resultOf('passed', ['contents']), 'WARNED');
    assert.equal(resultOf('failed', ['contents']), 'FAILED');
  });

  it('names no packages of a set with more than a thousand', () => {
    const many = Array.from({ length: 1001 }, () => ({ path: 'pool/x.deb', sha256: 'c'.repeat(64) }));
    const count = (packages: typeof many): number =>
      statementOf(plain, { ...subject, manifest: { ...subject.manifest, packages } }, by).subject.length;
    assert.equal(count(many.slice(1)), 1001);
    assert.equal(count(many), 1);
  });

  it('counts until its end, the last record of a gate', () => {
    const until = '2026-11-24T00:00:00.000Z';
    const records = [
      evidenceOf(statementOf({ ...plain, state: 'failed' }, subject, by)),
      evidenceOf(statementOf({ ...plain, state: 'passed', until }, subject, by)),
    ];
    assert.equal(stateOf(records, 'browser', new Date('2026-11-23T12:00:00Z')), 'passed');
    assert.equal(stateOf(records, 'browser', new Date(until)), 'missing');
    assert.equal(stateOf(records, 'vetting', by.recorded), 'missing');
  });
});
