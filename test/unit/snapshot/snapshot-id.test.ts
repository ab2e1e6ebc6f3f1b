import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  dateOfSnapshotId,
  isSnapshotId,
  nextSnapshotId,
  snapshotIdOf,
} from '../../../src/snapshot/snapshot-id.js';

describe('snapshot ids', () => {
  const now = new Date('2026-11-23T10:15:30.789Z');

  it('are the UTC time in the form of apt', () => {
    assert.equal(snapshotIdOf(now), '20261123T101530Z');
    assert.deepEqual(dateOfSnapshotId('20261123T101530Z'), new Date('2026-11-23T10:15:30Z'));
  });

  it('name a time that there is', () => {
    for (const text of ['20260231T000000Z', '20261323T101530Z', '20261123T101530', '../../etc', '']) {
      assert.equal(isSnapshotId(text), false, text);
    }
  });

  it('take the next free second', () => {
    assert.equal(nextSnapshotId(now, [], null), '20261123T101530Z');
    assert.equal(nextSnapshotId(now, ['20261123T101530Z', '20261123T101531Z'], null), '20261123T101532Z');
  });

  it('come after the last one, also where the clock ran backwards', () => {
    assert.equal(nextSnapshotId(now, [], '20270101T000000Z'), '20270101T000001Z');
    assert.equal(nextSnapshotId(now, ['20270101T000001Z'], '20270101T000000Z'), '20270101T000002Z');
  });

  it('are never one that is taken, and sort as they were given', () => {
    const times = fc.date({ min: new Date('2020-01-01'), max: new Date('2090-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(fc.array(times, { maxLength: 20 }), (dates) => {
        const given: string[] = [];
        for (const date of dates) given.push(nextSnapshotId(date, given, given.at(-1) ?? null));
        assert.deepEqual(given, [...new Set(given)].sort());
        assert.ok(given.every(isSnapshotId));
      }),
    );
  });
});
