import assert from 'node:assert/strict';
import {
  afterChange,
  endsOf,
  signingKeys,
  type KeyChange,
  type KeyState,
} from '../../../src/snapshot/key-state.js';

const keyOf = (letter: string): KeyChange['key'] => ({ fingerprint: letter.repeat(40), public: letter });
const change = (step: KeyChange['step'], letter: string, more: Partial<KeyChange> = {}): KeyChange => ({
  step,
  key: keyOf(letter),
  at: '2026-11-23T10:15:30.000Z',
  by: 'ops@host',
  ...more,
});

function after(...changes: KeyChange[]): KeyState {
  return changes.reduce<KeyState | null>((state, one) => {
    const next = afterChange(state, one);
    assert.ok(typeof next !== 'string', one.step);
    return next;
  }, null)!;
}

const names = (keys: readonly { public: string }[]): string => keys.map((key) => key.public).join('');

describe('what the record of keys says', () => {
  it('is handed from one key to the next', () => {
    const both = after(change('first', 'A'), change('announce', 'B'), change('both', 'B'));
    assert.equal(names(signingKeys(both)), 'AB');
    const done = afterChange(both, change('finish', 'B'));
    assert.ok(typeof done !== 'string');
    assert.deepEqual([done.current.public, done.next, done.stage], ['B', null, 'steady']);
    assert.deepEqual([...endsOf(done).keys()], ['A'.repeat(40)]);
  });

  it('leaves out a next key that is abandoned, and takes a renewed one', () => {
    const announced = after(change('first', 'A'), change('announce', 'B'));
    const gone = after(change('first', 'A'), change('announce', 'B'), change('abandon', 'B'));
    assert.equal(names(announced.keys) + names(gone.keys), 'ABA');
    const renewed = { ...keyOf('A'), public: 'new' };
    assert.equal(after(change('first', 'A'), change('renew', 'A', { key: renewed })).current.public, 'new');
  });

  it('refuses steps that are not the next one', () => {
    const first = after(change('first', 'A'));
    assert.equal(afterChange(null, change('announce', 'B')), 'the record does not start with a first key');
    const refused: KeyChange[] = [
      change('first', 'B'),
      change('announce', 'A'),
      change('both', 'B'),
      change('finish', 'B'),
      change('abandon', 'B'),
      change('renew', 'B'),
      change('accept', 'B'),
      change('compromise', 'B'),
    ];
    for (const one of refused) assert.equal(typeof afterChange(first, one), 'string', one.step);
  });

  it('does not believe a compromised key from the day on that is named', () => {
    const since = '2026-11-01T00:00:00.000Z';
    const lost = change('compromise', 'B', { compromised: 'A'.repeat(40), since });
    const state = after(change('first', 'A'), lost);
    assert.equal(state.current.public, 'B');
    assert.deepEqual(endsOf(state).get('A'.repeat(40)), new Date(since));
  });
});
