import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { ChangelogSearch, changelogText } from '../../../src/snapshot/changelog-reader.js';
import { planChangelogs, type ChangedPackage } from '../../../src/snapshot/changelog-plan.js';
import { changelogPath, isChangelog } from '../../../src/snapshot/pool-path.js';
import { memberName } from '../../../src/deb/member-name.js';
import type { TarHeader } from '../../../src/deb/tar.js';

const tiny: ChangedPackage = { package: 'tiny', source: 'tiny', sourceVersion: '1:1.0-1', area: 'main' };
const of = (path: string, size: number): { path: string; size: number; sha256: string } => ({
  path,
  size,
  sha256: String(size).repeat(64),
});

describe('the changelogs of a set', () => {
  it('lie where apt looks for them', () => {
    assert.equal(changelogPath(tiny), 'pool/main/t/tiny/tiny_1.0-1_changelog');
    const library = { ...tiny, source: 'libtiny', area: 'contrib' };
    assert.equal(changelogPath(library), 'pool/contrib/libt/libtiny/libtiny_1.0-1_changelog');
    assert.ok(isChangelog(changelogPath(tiny)!));
  });

  it('are left out where their name would be too long', () => {
    assert.equal(changelogPath({ ...tiny, sourceVersion: `1.${'0'.repeat(300)}` }), undefined);
  });

  it('are looked for in the package that has the name of its source first', () => {
    const packages = ['tiny-data', 'tiny', 'a-tiny'].map((name) => ({ ...tiny, package: name }));
    const { wanted, kept } = planChangelogs(packages, []);
    assert.deepEqual(kept, []);
    assert.deepEqual(
      [...wanted].map(([path, found]) => [path, found.map(({ package: name }) => name)]),
      [['pool/main/t/tiny/tiny_1.0-1_changelog', ['tiny', 'a-tiny', 'tiny-data']]],
    );
  });

  it('are of the higher version where two differ in their epoch alone', () => {
    const { wanted } = planChangelogs([{ ...tiny, sourceVersion: '1.0-1' }, tiny], []);
    assert.deepEqual(
      [...wanted.values()].flat().map(({ sourceVersion }) => sourceVersion),
      ['1:1.0-1', '1.0-1'],
    );
  });

  it('stay as the first snapshot had them, as long as a package is of that version', () => {
    const [first, second] = [of(changelogPath(tiny)!, 1), of(changelogPath(tiny)!, 2)];
    const other = of('pool/main/t/tiny/tiny_0.9-1_changelog', 3);
    assert.deepEqual(planChangelogs([tiny], [first, second, other]), { kept: [first], wanted: new Map() });
  });
});

describe('the changelog of a package', () => {
  const text = 'tiny (1.0-1) unstable; urgency=low\n\n  * One.\n';
  const header = (path: string, kind: TarHeader['kind'] = 'file'): TarHeader => {
    const owner = { uid: 0, gid: 0, uname: 'root', gname: 'root' };
    return { path: memberName(path), kind, size: 100, mode: 0o644, mtime: 0, linkTarget: null, ...owner };
  };
  const found = (members: readonly [TarHeader, Buffer][]): string | undefined => {
    const search = new ChangelogSearch('tiny');
    for (const [member, body] of members) if (search.wants(member)) search.take(member, body);
    return search.text?.toString();
  };

  it("is Debian's before upstream's, in whichever order they come", () => {
    const upstream = [header('./usr/share/doc/tiny/changelog'), Buffer.from('tiny (0) x; y\n')] as const;
    const debian = [header('./usr/share/doc/tiny/changelog.Debian.gz'), gzipSync(text)] as const;
    assert.equal(found([[...upstream], [...debian]]), text);
    assert.equal(found([[...debian], [...upstream]]), text);
  });

  it('is that of a native package, and not what upstream calls so', () => {
    assert.equal(found([[header('usr/share/doc/tiny/changelog.gz'), gzipSync(text)]]), text);
    assert.equal(found([[header('usr/share/doc/tiny/changelog.gz'), gzipSync('Version 1.0\n')]]), undefined);
  });

  it('is no link, and of no other package', () => {
    assert.equal(found([[header('usr/share/doc/tiny/changelog.gz', 'symlink'), gzipSync(text)]]), undefined);
    assert.equal(found([[header('usr/share/doc/other/changelog.gz'), gzipSync(text)]]), undefined);
  });

  it('is not unpacked beyond measure', () => {
    const bomb = gzipSync(Buffer.concat([Buffer.from(text), Buffer.alloc(17 * 1024 * 1024, ' ')]));
    assert.equal(changelogText('changelog.gz', bomb), undefined);
    assert.equal(changelogText('changelog.gz', Buffer.from('no gzip')), undefined);
  });
});
