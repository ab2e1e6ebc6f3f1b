import assert from 'node:assert/strict';
import fc from 'fast-check';
import { recordedParagraph } from '../../../../src/deb/one-paragraph.js';
import type { SnapshotPackage } from '../../../../src/snapshot/manifest.js';
import {
  canonicalPath,
  mayShare,
  namedOf,
  overlapsWithin,
} from '../../../../src/vetting/install/overlaps.js';

const entry = (name: string, version = '1', fields = ''): SnapshotPackage => ({
  package: name,
  version,
  architecture: 'all',
  component: name,
  source: name,
  sourceVersion: version,
  area: 'main',
  path: `pool/main/x/${name}.deb`,
  size: 1,
  sha256: 'a'.repeat(64),
  stanza: recordedParagraph(`Package: ${name}\nVersion: ${version}\n${fields}`),
});

describe('files in two packages', () => {
  it('lie where usrmerge puts them', () => {
    assert.equal(canonicalPath('bin/sh'), 'usr/bin/sh');
    assert.equal(canonicalPath('lib64/ld.so'), 'usr/lib64/ld.so');
    assert.equal(canonicalPath('usr/lib/x'), 'usr/lib/x');
    for (const path of ['library/x', 'etc/bin/x', 'bin', 'opt/lib/x'])
      assert.equal(canonicalPath(path), path);
  });

  it('are allowed by Replaces or Conflicts of either, within their versions; not by Breaks', () => {
    const share = (fields: string, version = '1'): boolean =>
      mayShare(namedOf(entry('aa', '1', fields)), namedOf(entry('bb', version, 'Provides: virtual\n')));
    assert.ok(share('Replaces: bb (<< 2)\n'));
    assert.ok(!share('Replaces: bb (<< 2)\n', '2'));
    assert.ok(share('Conflicts: xx, bb\n'));
    assert.ok(share('Conflicts: virtual\n'));
    assert.ok(
      !share('Replaces: virtual\n'),
      'Replaces without Conflicts is for real packages (Policy 7.6.1)',
    );
    assert.ok(!share('Breaks: bb\n'));
    assert.ok(
      mayShare(namedOf(entry('bb')), namedOf(entry('aa', '1', 'Replaces: bb\n'))),
      'either way round',
    );
  });

  it('are found whatever the order of packages and files', () => {
    const names = fc.uniqueArray(fc.constantFrom('bin/x', 'usr/bin/x', 'usr/y', 'etc/z', 'lib/q'), {
      minLength: 1,
    });
    fc.assert(
      fc.property(names, names, (first, second) => {
        const a = { entry: entry('aa'), paths: first };
        const b = { entry: entry('bb'), paths: second };
        const clash = (one: typeof a, other: typeof b): string[] =>
          [...new Set(overlapsWithin([one, other]).map(({ path }) => canonicalPath(path)))].sort();
        const expected = [...new Set(first.map(canonicalPath))].filter((path) =>
          second.map(canonicalPath).includes(path),
        );
        assert.deepEqual(clash(a, b), expected.sort());
        assert.deepEqual(clash(b, a), expected.sort());
      }),
    );
  });
});
