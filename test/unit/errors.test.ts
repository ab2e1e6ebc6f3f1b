import assert from 'node:assert/strict';
import { faultOf, LockstepError, unlessFault } from '../../src/errors.js';

const fault = new LockstepError('USAGE', { message: 'not this way' });

function failing(error: Error): () => never {
  return () => {
    throw error;
  };
}

describe('work that may end with a fault', () => {
  it('has its own result, or what is made of the fault', () => {
    assert.equal(
      unlessFault(
        () => 1,
        () => 2,
      ),
      1,
    );
    assert.equal(
      unlessFault(failing(fault), ({ code }) => code),
      'USAGE',
    );
  });

  it('tells the fault it ends with, if any', async () => {
    assert.equal(await faultOf(Promise.resolve(1)), null);
    assert.equal(await faultOf(Promise.reject(fault)), fault);
  });

  it('never hides a bug of ours', async () => {
    const bug = new TypeError('a bug');
    assert.throws(() => unlessFault(failing(bug), () => 2), bug);
    await assert.rejects(faultOf(Promise.reject(bug)), bug);
  });
});
