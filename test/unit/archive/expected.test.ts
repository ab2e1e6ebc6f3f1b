import assert from 'node:assert/strict';
import { recordedParagraph } from '../../../src/deb/one-paragraph.js';
import { ExpectedFiles, paragraphHash } from '../../../src/archive/expected.js';
import type { Snapshot, SnapshotPackage } from '../../../src/snapshot/manifest.js';

function entry(name: string, version: string, options: Partial<SnapshotPackage> = {}): SnapshotPackage {
  const architecture = options.architecture ?? 'all';
  return {
    package: name,
    version,
    architecture,
    component: name,
    source: name,
    sourceVersion: version,
    area: 'main',
    path: `pool/main/${name}_${version}.deb`,
    size: 1,
    sha256: 'a'.repeat(64),
    stanza: recordedParagraph(`Package: ${name}\nVersion: ${version}\nArchitecture: ${architecture}\n`),
    ...options,
  };
}

const snapshot = (id: string, packages: SnapshotPackage[]): Snapshot =>
  ({ manifest: { id, packages, sources: [] }, sha256: '' }) as unknown as Snapshot;

describe('what the archive must hold', () => {
  const names = (expected: ExpectedFiles, ids: string[], architecture: string, area = 'main'): string[] =>
    [...expected.paragraphs(ids, { kind: 'packages', area, architecture }).values()].sort();

  it('is what the listed snapshots have, in the index of its area and architecture', () => {
    const expected = new ExpectedFiles();
    expected.add(
      snapshot('1', [
        entry('a', '1'),
        entry('b', '1', { architecture: 'amd64' }),
        entry('c', '1', { architecture: 'arm64' }),
        entry('d', '1', { area: 'contrib' }),
      ]),
    );
    expected.add(snapshot('2', [entry('a', '2'), entry('b', '1', { architecture: 'amd64' })]));
    assert.deepEqual(names(expected, ['1'], 'amd64'), ['a 1 all', 'b 1 amd64']);
    assert.deepEqual(names(expected, ['1'], 'arm64'), ['a 1 all', 'c 1 arm64']);
    assert.deepEqual(names(expected, ['1'], 'amd64', 'contrib'), ['d 1 all']);
    assert.deepEqual(names(expected, ['2', '1'], 'amd64'), ['a 1 all', 'a 2 all', 'b 1 amd64']);
    assert.deepEqual(names(expected, ['3'], 'amd64'), []);
    assert.deepEqual([expected.has('1'), expected.has('3')], [true, false]);
  });

  it('has the paragraph of the newest snapshot where two say different things of one version', () => {
    const expected = new ExpectedFiles();
    const other = entry('a', '1', {
      stanza: recordedParagraph('Package: a\nVersion: 1\nArchitecture: all\nSection: web\n'),
    });
    expected.add(snapshot('1', [entry('a', '1')]));
    expected.add(snapshot('2', [other]));
    const [hash] = expected
      .paragraphs(['2', '1'], { kind: 'packages', area: 'main', architecture: 'amd64' })
      .keys();
    assert.equal(
      hash,
      paragraphHash(`${other.stanza}Filename: ${other.path}\nSize: 1\nSHA256: ${other.sha256}\n`),
    );
  });

  it('knows every file that a name of the pool may stand for', () => {
    const expected = new ExpectedFiles();
    expected.add(snapshot('1', [entry('a', '1'), entry('b', '1')]));
    expected.add(snapshot('2', [entry('a', '1', { sha256: 'b'.repeat(64) }), entry('b', '1')]));
    assert.equal(expected.poolFile('pool/main/a_1.deb').length, 2);
    assert.equal(expected.poolFile('pool/main/b_1.deb').length, 1);
    assert.deepEqual(expected.poolFile('pool/none'), []);
    assert.deepEqual(
      expected.poolOf('2').map(({ path, sha256 }) => [path, sha256[0]]),
      [
        ['pool/main/a_1.deb', 'b'],
        ['pool/main/b_1.deb', 'a'],
      ],
    );
  });
});
