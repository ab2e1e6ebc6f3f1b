import assert from 'node:assert/strict';
import { LockstepError } from '../../../src/errors.js';
import { assertDroppable, type DropQuestion } from '../../../src/snapshot/drop-rules.js';

const id = '20260101T000000Z';

describe('which snapshots may be dropped', () => {
  const refusal = (suites: DropQuestion['suites']): LockstepError => {
    try {
      assertDroppable({ place: { profile: 'p', id }, suites });
    } catch (error) {
      assert.ok(error instanceof LockstepError && error.code === 'SNAPSHOT_IN_USE');
      return error;
    }
    throw new Error('it was not refused');
  };

  it('are all that no suite lists', () => {
    assertDroppable({ place: { profile: 'p', id }, suites: [] });
  });

  it('are none that a suite lists, and each suite is named', () => {
    const listed = refusal([{ suite: 's', as: 'listed' }]);
    assert.match(listed.where[0]!.message!, /the suite lists it/);
    assert.match(listed.hint!, /retain/);
    const current = refusal([
      { suite: 's', as: 'current' },
      { suite: 't', as: 'listed' },
    ]);
    assert.equal(current.where.length, 2);
    assert.match(current.hint!, /publish, promote or rollback/);
  });
});
