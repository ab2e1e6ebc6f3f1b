import assert from 'node:assert/strict';
import { evidenceSentence } from '../../../../src/cli/explain/evidence.js';
import { evidenceOf, statementOf, type EvidenceDraft } from '../../../../src/snapshot/evidence.js';
import { sampleSnapshot } from '../../../fixtures/sample-snapshot.js';

describe('evidence of installability', () => {
  const snapshot = sampleSnapshot([{ name: 'tiny', version: '1.0' }], '2026-11-01T00:00:00Z');
  const by = { key: 'A'.repeat(40), recorded: new Date('2026-11-01T00:00:00Z') };
  const test = 'no file in two packages';
  const draft = (checked: boolean): EvidenceDraft => ({
    gate: 'installability',
    state: 'passed',
    parameters: { apt: '3.0.3', base: 'Debian 13', architectures: ['amd64'], metapackage: 'tiny' },
    facts: {
      from: [],
      homonym: null,
      notes: checked ? [] : [{ kind: 'no-contents', architecture: 'amd64' }],
    },
    tests: { passed: checked ? [test] : [], warned: checked ? [] : [test], failed: [] },
  });
  const stated = (checked: boolean) => statementOf(draft(checked), snapshot, by);

  it('names a test that could not look at everything as warned, never as passed', () => {
    assert.equal(stated(true).predicate['result'], 'PASSED');
    const { predicate } = stated(false);
    assert.equal(predicate['result'], 'WARNED');
    assert.deepEqual([predicate.passedTests, predicate.warnedTests], [[], [test]]);
    assert.deepEqual(evidenceOf(stated(false)).tests, { passed: [], warned: [test], failed: [] });
  });

  it('is a sentence that says so', () => {
    assert.match(evidenceSentence(evidenceOf(stated(true))), /; no file in two packages$/);
    assert.match(
      evidenceSentence(evidenceOf(stated(false))),
      /; no file in two packages: not checked everywhere \(noted: Debian 13 has no Contents for amd64, so/,
    );
  });
});

describe('evidence of readability', () => {
  const sentence = (machine: string, before: string | null): string =>
    evidenceSentence({
      gate: 'readability',
      state: 'passed',
      parameters: { apt: '2.6.1', machine, base: 'debian 12', architectures: ['amd64'] },
      facts: { packages: 9, read: 1, before },
      recorded: null,
      key: null,
    });

  it('says what was read, by whose apt, and where the others were', () => {
    assert.equal(sentence('debian 12', null), 'apt 2.6.1 reads 1 paragraph of 9');
    assert.equal(
      sentence('debian 13', '20261101T000000Z'),
      'apt 2.6.1 reads 1 paragraph of 9, and 20261101T000000Z has the others; it is the apt of debian 13, not of debian 12',
    );
  });
});
