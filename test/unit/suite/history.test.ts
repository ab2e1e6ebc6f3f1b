import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LockstepError } from '../../../src/errors.js';
import { nextChainedLine } from '../../../src/snapshot/chained-lines.js';
import {
  currentSnapshot,
  goodSnapshots,
  parseHistory,
  type HistoryAction,
  type HistoryMove,
} from '../../../src/suite/history.js';

const id = (day: number): string => `202601${String(day).padStart(2, '0')}T000000Z`;

function move(action: HistoryAction, to: number, from: number | null = null): HistoryMove {
  return {
    suite: 's',
    action,
    from: from === null ? null : id(from),
    to: id(to),
    manifest: 'a'.repeat(64),
    profile: 'p',
    at: '2026-01-01T00:00:00.000Z',
    by: 'me',
  };
}

describe('the history of a suite', () => {
  let text = '';

  before(async () => {
    for (const next of [
      move('publish', 1),
      move('publish', 2, 1),
      { ...move('rollback', 1, 2), reason: 'broke' },
    ]) {
      text += await nextChainedLine(text, next);
    }
  });

  it('is read back as it was written', () => {
    const history = parseHistory(text, 'h');
    assert.deepEqual(
      history.map(({ to }) => to),
      [id(1), id(2), id(1)],
    );
    assert.equal(history[2]!.reason, 'broke');
    assert.equal(history[0]!.previous, null);
    assert.equal(currentSnapshot(history), id(1));
    assert.equal(currentSnapshot([]), null);
  });

  it('shows every tampering, with its line', () => {
    const lines = text.trimEnd().split('\n');
    const tampered: [string, number][] = [
      [`${[lines[0], lines[2]].join('\n')}\n`, 2],
      [`${lines.slice(1).join('\n')}\n`, 1],
      [text.replace('"by":"me"', '"by":"you"'), 2],
      [text.trimEnd().slice(0, -5), 3],
      [`${text}nonsense\n`, 4],
    ];
    for (const [changed, line] of tampered) {
      assert.throws(
        () => parseHistory(changed, 'h'),
        (error: unknown) =>
          error instanceof LockstepError &&
          error.code === 'SNAPSHOT_INVALID' &&
          error.where.some((place) => place.line === line),
      );
    }
  });

  it('of a newer format is not guessed at', () => {
    assert.throws(() => parseHistory(text.replace('"format":1', '"format":3'), 'h'), {
      code: 'SNAPSHOT_NEWER_FORMAT',
    });
  });

  it('tells the good snapshots: a rollback withdraws what came after', () => {
    const steps = (...moves: [HistoryAction, number][]): string[] =>
      goodSnapshots(moves.map(([action, to]) => move(action, to)));
    assert.deepEqual(steps(['publish', 1], ['publish', 2], ['promote', 3]), [id(3), id(2), id(1)]);
    assert.deepEqual(steps(['publish', 1], ['publish', 2], ['publish', 3], ['rollback', 1]), [id(1)]);
    assert.deepEqual(steps(['publish', 1], ['publish', 2], ['rollback', 1], ['publish', 3]), [id(3), id(1)]);
    assert.deepEqual(steps(['publish', 1], ['publish', 2], ['rollback', 1], ['publish', 2]), [id(2), id(1)]);
    // Never there before: what was cut before it stays good, what came after does not
    assert.deepEqual(steps(['publish', 1], ['rollback', 9]), [id(9), id(1)]);
    assert.deepEqual(steps(['publish', 1], ['publish', 5], ['rollback', 3]), [id(3), id(1)]);
    assert.deepEqual(steps(['publish', 1], ['publish', 2], ['publish', 1]), [id(1), id(2)]);
  });

  it('always has the current snapshot as the first good one, each once', () => {
    const action = fc.constantFrom<HistoryAction>('publish', 'promote', 'rollback');
    fc.assert(
      fc.property(fc.array(fc.tuple(action, fc.integer({ min: 1, max: 9 })), { minLength: 1 }), (steps) => {
        const good = goodSnapshots(steps.map(([what, to]) => move(what, to)));
        assert.equal(good[0], id(steps.at(-1)![1]));
        assert.equal(new Set(good).size, good.length);
      }),
    );
  });
});
