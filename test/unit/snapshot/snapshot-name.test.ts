import assert from 'node:assert/strict';
import { nearestSnapshotId, parseSnapshotName } from '../../../src/snapshot/snapshot-name.js';

describe('the name of a snapshot', () => {
  it('is an id or a suite, with steps back', () => {
    const parsed = (text: string): unknown[] => Object.values(parseSnapshotName(text));
    assert.deepEqual(parsed('20261123T101530Z'), ['id', '20261123T101530Z', 0]);
    assert.deepEqual(parsed('20261123T101530Z~2'), ['id', '20261123T101530Z', 2]);
    assert.deepEqual(parsed('mediawiki-1.39-stable'), ['suite', 'mediawiki-1.39-stable', 0]);
    assert.deepEqual(parsed('mediawiki-1.39-stable~1'), ['suite', 'mediawiki-1.39-stable', 1]);
    assert.deepEqual(parsed('mediawiki-1.39-stable~'), ['suite', 'mediawiki-1.39-stable', 1]);
    assert.deepEqual(parsed('stable~0'), ['suite', 'stable', 0]);
  });

  it('counts as an id where it was meant to be one', () => {
    assert.equal(parseSnapshotName('20261123T101530').kind, 'id');
    assert.equal(parseSnapshotName('20261123t101530z').kind, 'id');
    assert.equal(parseSnapshotName('2026-stable').kind, 'suite');
  });

  it('is refused where its steps are no number', () => {
    for (const text of ['', '~1', 'stable~x', 'stable~1~2', 'stable~-1', 'stable~99999'])
      assert.throws(() => parseSnapshotName(text), { code: 'USAGE' }, text);
  });
});

describe('the nearest id', () => {
  const known = ['20261001T080000Z', '20261123T101530Z', '20261201T090000Z'];

  it('is the one with a slip in it', () => {
    assert.equal(nearestSnapshotId('20261123T101503Z', known), '20261123T101530Z');
    assert.equal(nearestSnapshotId('20261123t101530z', known), '20261123T101530Z');
  });

  it('is the newest that begins so', () => {
    assert.equal(nearestSnapshotId('202612', known), '20261201T090000Z');
  });

  it('is the nearest in time for another id', () => {
    assert.equal(nearestSnapshotId('20261120T235959Z', known), '20261123T101530Z');
    assert.equal(nearestSnapshotId('20200101T000000Z', known), '20261001T080000Z');
  });

  it('is none where nothing is near, or nothing is there', () => {
    assert.equal(nearestSnapshotId('1234567890', known), undefined);
    assert.equal(nearestSnapshotId('20261123T101530Z', []), undefined);
  });
});
