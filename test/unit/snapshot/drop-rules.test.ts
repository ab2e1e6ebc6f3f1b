import assert from 'node:assert/strict';
import { LockstepError } from '../../../src/errors.js';
import { assertDroppable, type DropQuestion } from '../../../src/snapshot/drop-rules.js';

const ids = ['20260101T000000Z', '20260102T000000Z', '20260103T000000Z'] as const;
const profile = ids.map((id) => ({ profile: 'p', id }));

describe('which snapshots may be dropped', () => {
  const question = (id: string, more: Partial<DropQuestion> = {}): DropQuestion => ({
    place: { profile: 'p', id },
    profile,
    isAlive: true,
    suites: [],
    superseding: [],
    ...more,
  });
  const refusal = (asked: DropQuestion): LockstepError => {
    try {
      assertDroppable(asked);
    } catch (error) {
      assert.ok(error instanceof LockstepError && error.code === 'SNAPSHOT_IN_USE');
      return error;
    }
    throw new Error('it was not refused');
  };

  it('are the oldest ones that nobody needs', () => {
    assertDroppable(question(ids[0]));
    assert.deepEqual(
      refusal(question(ids[1])).where.map(({ path }) => path),
      [ids[0]],
    );
    assert.match(refusal(question(ids[1])).hint!, /lockstep drop 20260101T000000Z/);
  });

  it('are none that a suite lists, whatever else', () => {
    const listed = refusal(question(ids[0], { suites: [{ suite: 's', as: 'listed' }] }));
    assert.match(listed.where[0]!.message!, /the suite lists it/);
    assert.match(listed.hint!, /retain/);
    const current = refusal(
      question(ids[0], {
        suites: [
          { suite: 's', as: 'current' },
          { suite: 't', as: 'listed' },
        ],
      }),
    );
    assert.equal(current.where.length, 2);
    assert.match(current.hint!, /publish, promote or rollback/);
  });

  it('are none that another one re-issues', () => {
    assert.match(refusal(question(ids[0], { superseding: [ids[2]] })).hint!, /Drop 20260103T000000Z first/);
  });

  it('are not the newest one, but where no more will be cut', () => {
    const only = [{ profile: 'p', id: ids[2] }];
    assert.match(refusal(question(ids[2], { profile: only })).hint!, /Cut a newer/);
    assertDroppable(question(ids[2], { profile: only, isAlive: false }));
  });
});
