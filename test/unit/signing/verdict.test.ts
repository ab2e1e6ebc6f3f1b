import assert from 'node:assert/strict';
import { LockstepError } from '../../../src/errors.js';
import type { JudgedSignature, SignatureResult } from '../../../src/signing/verdict.js';
import { assertGood, combineJudgements } from '../../../src/signing/verdict.js';

const signature = (result: SignatureResult): JudgedSignature => ({
  result,
  reason: `it is ${result}`,
  keyId: '0123456789ABCDEF',
  engine: 'openpgp',
});

describe('the verdict over several signatures', () => {
  const over = (...results: SignatureResult[]): SignatureResult =>
    combineJudgements(results.map(signature)).result;

  it('is good where one is good and the others are of other keys, old or weak', () => {
    assert.equal(over('unknown-key', 'good', 'unverifiable', 'weak', 'expired', 'revoked'), 'good');
  });

  it('is bad where one does not hold', () => {
    assert.equal(over('good', 'bad'), 'bad');
  });

  it('is never good without a good one', () => {
    assert.equal(over('weak', 'unknown-key'), 'weak');
    assert.equal(over('unknown-key', 'expired'), 'expired');
    assert.equal(over('unknown-key', 'unverifiable'), 'unverifiable');
    assert.equal(over('unknown-key'), 'unknown-key');
    assert.equal(over(), 'unverifiable');
  });

  it('becomes an error of its kind', () => {
    const codeOf = (...results: SignatureResult[]): string => {
      try {
        assertGood(combineJudgements(results.map(signature)), 'InRelease');
        return 'none';
      } catch (error) {
        assert.ok(error instanceof LockstepError);
        assert.match(error.message, /InRelease/);
        return error.code;
      }
    };
    assert.equal(codeOf('good'), 'none');
    assert.equal(codeOf('weak'), 'VERIFY_WEAK_SIGNATURE');
    assert.equal(codeOf('expired'), 'VERIFY_BAD_SIGNATURE');
    assert.equal(codeOf('revoked'), 'VERIFY_BAD_SIGNATURE');
    assert.equal(codeOf('bad', 'good'), 'VERIFY_BAD_SIGNATURE');
    assert.equal(codeOf('unknown-key'), 'VERIFY_UNKNOWN_KEY');
    assert.equal(codeOf(), 'VERIFY_BAD_SIGNATURE');
  });
});
