import assert from 'node:assert/strict';
import { recordedParagraph } from '../../../src/deb/one-paragraph.js';
import { snapshotDiff, type SnapshotDiff } from '../../../src/comparison/diff-shape.js';
import * as comparing from '../../../src/comparison/snapshot-diff.js';
import { isEmptyDiff, securityAlong } from '../../../src/comparison/snapshot-diff.js';
import type { SnapshotManifest } from '../../../src/snapshot/manifest.js';
import { inAWord } from '../../../src/comparison/summary.js';
import { aptComponent, treeComponent } from '../../fixtures/snapshots.js';
import { sampleSnapshot, type PackageWish } from '../../fixtures/sample-snapshot.js';

function manifest(wishes: readonly PackageWish[], more: Partial<SnapshotManifest> = {}): SnapshotManifest {
  return { ...sampleSnapshot(wishes, '2026-11-01T00:00:00Z').manifest, ...more };
}

/** The same with fields in the paragraph of its only package. */
function withFields(wish: PackageWish, fields: string): SnapshotManifest {
  const made = manifest([wish]);
  const [entry] = made.packages;
  return { ...made, packages: [{ ...entry!, stanza: recordedParagraph(entry!.stanza + fields) }] };
}

/** Every comparison of these tests is what `diff --json` says that it is, with no field more. */
function diffSnapshots(from: SnapshotManifest, to: SnapshotManifest): SnapshotDiff {
  const found = comparing.diffSnapshots(from, to);
  assert.deepEqual(snapshotDiff.parse(found), found);
  return found;
}

const digest = (letter: string): string => letter.repeat(64);

describe('what lies between two snapshots', () => {
  it('is nothing for the same set', () => {
    const one = manifest([{ name: 'tiny', version: '1.0' }], {
      components: { wiki: aptComponent('wiki', '1-1', '1') },
    });
    const diff = diffSnapshots(one, structuredClone(one));
    assert.ok(isEmptyDiff(diff));
    assert.deepEqual(diff.packages, []);
    assert.deepEqual(diff.components, []);
  });

  it('is packages: added, removed, up, down, and the same version of other bytes', () => {
    const from = manifest([
      { name: 'gone', version: '1' },
      { name: 'higher', version: '1:1.9-1' },
      { name: 'lower', version: '2.0' },
      { name: 'other', version: '1', bytes: 'a' },
      { name: 'same', version: '1' },
    ]);
    const to = manifest([
      { name: 'higher', version: '1:1.10-1' },
      { name: 'lower', version: '2.0~rc1' },
      { name: 'new', version: '1' },
      { name: 'other', version: '1', bytes: 'b' },
      { name: 'same', version: '1' },
    ]);
    to.packages[0]!.size = 1500;
    assert.deepEqual(
      diffSnapshots(from, to).packages.map(({ package: name, change, sizeChange }) => [
        name,
        change,
        sizeChange,
      ]),
      [
        ['gone', 'removed', -1000],
        ['higher', 'up', 500],
        ['lower', 'down', 0],
        ['new', 'added', 1000],
        ['other', 'rebuilt', 0],
      ],
    );
  });

  it('is older versions beside the highest: those that came, and those that went', () => {
    const tool = (...versions: string[]): SnapshotManifest =>
      manifest(versions.map((version) => ({ name: 'tool', version, bytes: version })));
    const told = (from: SnapshotManifest, to: SnapshotManifest): unknown[] =>
      diffSnapshots(from, to).packages.map((one) => [one.change, one.from?.version, one.to?.version]);
    const [more, less] = [tool('1.0', '1.1', '2.0'), tool('1.1', '2.0')];
    assert.deepEqual(told(more, less), [['removed', '1.0', undefined]]);
    assert.deepEqual(told(less, more), [['added', undefined, '1.0']]);
  });

  it('tells a package of one architecture from that of another', () => {
    const from = manifest([{ name: 'lib', version: '1', architecture: 'amd64' }]);
    const to = manifest([
      { name: 'lib', version: '1', architecture: 'amd64' },
      { name: 'lib', version: '1', architecture: 'arm64' },
    ]);
    assert.deepEqual(
      diffSnapshots(from, to).packages.map(({ architecture, change }) => [architecture, change]),
      [['arm64', 'added']],
    );
  });

  it('is components, by their sources, whatever a mirror signed today', () => {
    const from = manifest([], {
      components: {
        gone: aptComponent('gone', '1-1', '1'),
        parsoid: treeComponent('parsoid', 'wiki', '0.16.0-a17'),
        same: aptComponent('same', '1-1', '1'),
        wiki: aptComponent('wiki', '1:1.39.9-1', '1.39.9'),
      },
    });
    const same = aptComponent('same', '1-1', '1');
    same.pin.provenance = [{ step: 'signature', subject: 'a later InRelease' }];
    const to = manifest([], {
      components: {
        parsoid: treeComponent('parsoid', 'wiki', '0.16.0'),
        same,
        wiki: aptComponent('wiki', '1:1.39.10-1', '1.39.10'),
      },
    });
    assert.deepEqual(
      diffSnapshots(from, to).components.map((item) => [item.component, item.change, item.from, item.to]),
      [
        ['gone', 'removed', '1-1', null],
        ['parsoid', 'up', '0.16.0-a17', '0.16.0'],
        ['wiki', 'up', '1:1.39.9-1', '1:1.39.10-1'],
      ],
    );
  });

  it('is the range of commits where both pins have one', () => {
    const at = (version: string, commit?: string): SnapshotManifest => {
      const component = treeComponent('skin', 'wiki', version);
      if (commit !== undefined) component.pin.commit = commit;
      return manifest([], { components: { skin: component } });
    };
    assert.deepEqual(diffSnapshots(at('1', 'aaa'), at('2', 'bbb')).components[0]!.commits, {
      from: 'aaa',
      to: 'bbb',
    });
    assert.equal(diffSnapshots(at('1'), at('2', 'bbb')).components[0]!.commits, undefined);
  });

  it('is relations, item by item, in whatever form they were written', () => {
    const from = withFields(
      { name: 'set', version: '1' },
      'Depends: wiki (= 1.0), nginx|apache2, php\nSuggests: a\n',
    );
    const to = withFields(
      { name: 'set', version: '2' },
      'Depends: php,\n nginx | apache2, wiki (=1.1)\nRecommends: varnish\nSuggests: a\n',
    );
    assert.deepEqual(
      diffSnapshots(from, to).relations.map(({ field, removed, added }) => [field, removed, added]),
      [
        ['Depends', ['wiki (= 1.0)'], ['wiki (= 1.1)']],
        ['Recommends', [], ['varnish']],
      ],
    );
  });

  it('is relations of the same bytes too, where an index says something else of them', () => {
    const from = withFields({ name: 'set', version: '1' }, 'Depends: a\n');
    const to = withFields({ name: 'set', version: '1' }, 'Depends: b\n');
    const diff = diffSnapshots(from, to);
    assert.deepEqual(diff.packages, []);
    assert.equal(diff.relations.length, 1);
  });

  it('shows a field that is not well-formed as it is', () => {
    const from = withFields({ name: 'set', version: '1' }, 'Depends: a\n');
    const to = withFields({ name: 'set', version: '2' }, 'Depends: a, ${misc:Depends}\n');
    assert.deepEqual(diffSnapshots(from, to).relations[0]!.added, ['${misc:Depends}']);
  });

  it('is the database schema: yes, no, or not known', () => {
    const schema = (letter: string | null): Partial<SnapshotManifest> =>
      letter === null ? {} : { schema: { component: 'wiki', version: '1.39', digest: digest(letter) } };
    const changed = (a: string | null, b: string | null): string =>
      diffSnapshots(manifest([], schema(a)), manifest([], schema(b))).schema.changed;
    assert.equal(changed('a', 'a'), 'no');
    assert.equal(changed('a', 'b'), 'yes');
    assert.equal(changed('a', null), 'unknown');
    assert.equal(changed(null, null), 'unknown');
  });

  it('is what was fixed on the way, and what a way back loses', () => {
    const own = { from: ['CVE-2026-0001'], to: [] };
    assert.deepEqual(securityAlong(own, ['CVE-2026-0002', 'CVE-2026-0001'], true).added, ['CVE-2026-0002']);
    assert.deepEqual(securityAlong(own, ['CVE-2026-0002', 'CVE-2026-0001'], false).removed, [
      'CVE-2026-0001',
      'CVE-2026-0002',
    ]);
  });

  it('takes no longer for the packages that are the same', () => {
    const wishes = Array.from({ length: 10_000 }, (_, n) => ({ name: `p${n}`, version: '1' }));
    const from = manifest(wishes);
    const to = { ...from, packages: from.packages.map((entry) => ({ ...entry })) };
    to.packages[5000] = { ...to.packages[5000]!, sha256: digest('b') };
    assert.equal(diffSnapshots(from, to).packages.length, 1);
  });
});

describe('a change in a few words', () => {
  const word = (from: SnapshotManifest, to: SnapshotManifest): string => inAWord(diffSnapshots(from, to));

  it('names the components that moved', () => {
    const at = (wiki: string, php: string): SnapshotManifest =>
      manifest([], {
        components: {
          php: aptComponent('php', php, php.split('-')[0]!),
          wiki: aptComponent('wiki', wiki, wiki.split('-')[0]!),
        },
      });
    assert.equal(word(at('1.0-1', '8-1'), at('1.1-1', '8-1')), 'wiki 1.1');
    assert.equal(word(at('1.0-1', '8-1'), at('1.0-2', '8-1')), 'wiki 1.0-2');
    assert.equal(word(at('1.1-1', '8-1'), at('1.0-1', '9-1')), 'php 9, wiki back to 1.0');
  });

  it('names or counts packages where no component moved', () => {
    const plain = (version: string): SnapshotManifest => manifest([{ name: 'config', version }]);
    assert.equal(word(plain('1+lockstep1'), plain('1+lockstep2')), 'config rebuilt');
    assert.equal(word(plain('1-1'), plain('1-2')), 'config 1-2');
    const many = (version: string): SnapshotManifest =>
      manifest(['a', 'b', 'c'].map((name) => ({ name: `p${name}`, version })));
    assert.equal(word(many('1'), many('2')), '3 up');
    assert.equal(word(many('1'), manifest([{ name: 'pa', version: '1' }])), '-pb, -pc');
  });

  it('tells of the database', () => {
    const at = (letter: string): SnapshotManifest =>
      manifest([{ name: 'config', version: letter === 'a' ? '1' : '2' }], {
        schema: { component: 'wiki', version: '1.39', digest: digest(letter) },
      });
    assert.equal(word(at('a'), at('b')), 'config 2, database schema');
  });
});
