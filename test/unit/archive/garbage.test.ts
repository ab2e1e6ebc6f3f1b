import assert from 'node:assert/strict';
import {
  planGarbage,
  poolGarbage,
  removalRank,
  viewGarbage,
  type Garbage,
} from '../../../src/archive/garbage.js';
import type { PortFile } from '../../../src/archive/port.js';
import type { SignedView } from '../../../src/archive/signed-view.js';
import type { Note } from '../../../src/archive/unreferenced.js';
import { formatRelease, parseRelease } from '../../../src/deb/release-file.js';

const now = new Date('2026-11-23T10:00:00Z');
const days = (count: number): Date => new Date(now.getTime() - count * 86_400_000);
const file = (path: string, modified = days(100)): PortFile => ({ path, kind: 'file', size: 1, modified });
const item = (path: string, since?: Date): Garbage => ({ kind: 'pool', path, size: 1, since });
const grace = 14 * 86_400;

describe('what may be removed', () => {
  const plan = (garbage: Garbage[], notes: [string, Note][] = []) =>
    planGarbage({ garbage, notes: new Map(notes), now, grace });

  it('waits from when it was first seen needless, where nothing else is known', () => {
    const first = plan([item('a')]);
    assert.deepEqual(first.remove, []);
    assert.equal(first.wait[0]!.until.getTime() - now.getTime(), grace * 1000);
    assert.deepEqual(first.notes.get('a'), { since: now.toISOString() });
    assert.deepEqual(plan([item('a')], [['a', { since: days(13).toISOString() }]]).remove, []);
    assert.equal(plan([item('a')], [['a', { since: days(14).toISOString() }]]).remove.length, 1);
  });

  it('goes at once where it is known to have been needless for long, by whatever tells more', () => {
    assert.equal(plan([item('a', days(20))]).remove.length, 1);
    assert.equal(plan([item('a', days(20))], [['a', { since: days(1).toISOString() }]]).remove.length, 1);
    assert.equal(plan([item('a', days(1))], [['a', { since: days(20).toISOString() }]]).remove.length, 1);
  });

  it('is not needless since the future, and never forgets what a dropped snapshot said of it', () => {
    const note = { since: days(-5).toISOString(), size: 1, sha256: 'a'.repeat(64) };
    const { wait, notes } = plan([item('a', days(-9))], [['a', note]]);
    assert.equal(wait[0]!.until.getTime() - now.getTime(), grace * 1000);
    assert.deepEqual(notes.get('a'), { ...note, since: now.toISOString() });
  });

  it('forgets what is needed again', () => {
    assert.deepEqual([...plan([], [['a', { since: days(1).toISOString() }]]).notes], []);
  });
});

describe('what nothing refers to', () => {
  it('in the pool, is what no manifest names; not what is on its way', () => {
    const there = [
      file('debian/pool/main/a/a_1.deb'),
      file('debian/pool/main/a/a_2.deb'),
      file('debian/pool/main/a/.a_3.deb.0123456789abc.lockstep-tmp'),
      file('debian/dists/s/Release'),
      { ...file('debian/pool/link'), kind: 'alias' as const },
    ];
    const found = poolGarbage(there, new Set(['pool/main/a/a_1.deb']));
    assert.deepEqual(
      found.map(({ path }) => path),
      ['debian/pool/main/a/a_2.deb'],
    );
  });

  describe('in a view', () => {
    const hash = (letter: string): string => letter.repeat(64);
    const view = 'debian/dists/s';
    const folder = `${view}/main/binary-amd64`;
    const byHash = (letter: string): string => `${folder}/by-hash/SHA256/${hash(letter)}`;
    const release = parseRelease(
      formatRelease({
        fields: { Suite: 's' },
        date: 0,
        sha256: new Map([
          ['main/binary-amd64/Packages', { size: 1, sha256: hash('9') }],
          ['main/binary-amd64/Packages.gz', { size: 1, sha256: hash('a') }],
        ]),
      }),
    );
    const signed = { view, release } as SignedView;

    it('is what its Release does not list, since what replaced it was put in its place', () => {
      const there = [
        file(`${view}/InRelease`),
        file(`${folder}/Packages.gz`, days(3)),
        file(byHash('a'), days(3)),
        file(byHash('b'), days(50)),
        file(byHash('c'), days(1)),
        file(`${view}/main/binary-arm64/Packages.gz`),
        file(`${view}/main/binary-arm64/by-hash/SHA256/${hash('d')}`),
        file(`${view}/stray`),
        file('debian/dists/s2/main/binary-amd64/Packages.gz'),
      ];
      const found = viewGarbage(there, signed).map(({ path, kind, since }) => [path, kind, since]);
      assert.deepEqual(found, [
        // Replaced when `a` came
        [byHash('b'), 'by-hash', days(3)],
        // Younger than what is listed: of a publication that was undone
        [byHash('c'), 'by-hash', days(1)],
        [`${view}/main/binary-arm64/Packages.gz`, 'index', undefined],
        [`${view}/main/binary-arm64/by-hash/SHA256/${hash('d')}`, 'by-hash', undefined],
      ]);
    });

    it('is nothing where nobody vouches for what is listed', () => {
      assert.deepEqual(viewGarbage([file(byHash('b'))], { ...signed, release: null }), []);
    });
  });

  it('is taken away from the top: what lists goes before what is listed', () => {
    const paths = [
      'x/pool',
      'x/dists/s/main/by-hash/SHA256/' + 'a'.repeat(64),
      'x/dists/s/main/Contents-amd64.gz',
      'x/dists/s/Release',
      'x/dists/s/Release.gpg',
      'x/dists/s/InRelease',
    ];
    const sorted = paths.toSorted((a, b) => removalRank(a) - removalRank(b));
    assert.deepEqual(sorted, paths.toReversed());
  });
});
