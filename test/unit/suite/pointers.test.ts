import assert from 'node:assert/strict';
import type { HistoryAction, HistoryEntry } from '../../../src/suite/history.js';
import { suitePointers } from '../../../src/suite/pointers.js';

const a = '20261101T000000Z';
const b = '20261102T000000Z';
const c = '20261103T000000Z';

function history(...moves: [HistoryAction, string][]): HistoryEntry[] {
  return moves.map(([action, to]) => ({
    format: 1,
    suite: 's',
    action,
    from: null,
    to,
    manifest: 'a'.repeat(64),
    profile: 'set',
    at: '2026-11-01T00:00:00Z',
    by: 'me',
    previous: null,
  }));
}

describe('suites that have to do with a snapshot', () => {
  it('point at it, or list it as one of the last good ones', () => {
    const pointers = suitePointers([
      { suite: 'unstable', retain: 2, history: history(['publish', a], ['publish', b], ['publish', c]) },
      { suite: 'stable', retain: 3, history: history(['publish', a], ['publish', b], ['rollback', a]) },
      { suite: 'empty', retain: 3, history: [] },
    ]);
    assert.deepEqual(Object.fromEntries(pointers), {
      [a]: [{ suite: 'stable', as: 'current' }],
      [b]: [{ suite: 'unstable', as: 'listed' }],
      [c]: [{ suite: 'unstable', as: 'current' }],
    });
  });
});
