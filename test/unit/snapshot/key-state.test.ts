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

  it('says why a key cannot be given up, or come back', () => {
    const since = '2026-11-01T00:00:00.000Z';
    const lost = (key: string, compromised: string): KeyChange =>
      change('compromise', key, { compromised: compromised.repeat(40), since });
    const steps = [change('first', 'A'), change('announce', 'B'), change('both', 'B'), change('finish', 'B')];
    const moved = after(...steps, change('announce', 'C'));
    const says: [KeyChange, RegExp][] = [
      [change('announce', 'D'), /another next key is already announced/],
      [lost('D', 'E'), /is not a key of the archive/],
      [lost('B', 'B'), /cannot replace itself/],
      [lost('D', 'A'), /only the current key can declare another key compromised/],
      [lost('A', 'B'), /is an earlier key of the archive/],
      [change('accept', 'A'), /only the current key can confirm lines/],
    ];
    for (const [one, reason] of says) {
      const said = afterChange(moved, one);
      assert.ok(typeof said === 'string');
      assert.match(said, reason);
    }
    const former = afterChange(moved, lost('B', 'A'));
    assert.ok(typeof former !== 'string');
    assert.deepEqual([former.stage, former.next?.public], ['announced', 'C']);
    const coming = afterChange(moved, lost('B', 'C'));
    assert.ok(typeof coming !== 'string');
    assert.deepEqual([coming.stage, coming.next], ['steady', null]);
    const replaced = afterChange(moved, lost('C', 'B'));
    assert.ok(typeof replaced !== 'string');
    assert.deepEqual([replaced.current.public, names(signingKeys(replaced))], ['C', 'C']);
    const renewed = afterChange(moved, change('renew', 'C', { key: { ...keyOf('C'), public: 'new' } }));
    assert.ok(typeof renewed !== 'string');
    assert.equal(renewed.next?.public, 'new');
    const accepted = afterChange(moved, change('accept', 'B', { lines: [{ file: 'x', through: 'y' }] }));
    assert.ok(typeof accepted !== 'string');
    assert.deepEqual([...accepted.accepted], ['y']);
  });
});
