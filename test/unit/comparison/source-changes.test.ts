import assert from 'node:assert/strict';
import { formatChangelogEntry } from '../../../src/deb/changelog.js';
import { fixesIn } from '../../../src/comparison/security-fixes.js';
import { noContents } from '../../../src/comparison/contents-diff.js';
import { mergedChanges, sourceChanges } from '../../../src/comparison/source-changes.js';

const entry = (version: string, ...lines: string[]): string =>
  formatChangelogEntry('wiki', {
    version,
    distribution: 'bookworm',
    lines,
    maintainer: 'A <a@example.invalid>',
    date: 1_700_000_000,
  });

const documents = (files: Record<string, string>): typeof noContents => ({
  ...noContents,
  documents: new Map(Object.entries(files)),
});

const move = { source: 'wiki', component: 'wiki', from: '1:1.0-1+lockstep1', to: '1:1.2-1+lockstep1' };

describe('what changelogs tell between two versions', () => {
  const changelog = [
    entry('1:1.2-1+lockstep1', 'Built for the archive.'),
    entry('1:1.2-1', 'New upstream version 1.2, fixing CVE-2026-1111.'),
    entry('1:1.1-1', 'New upstream version 1.1.'),
    entry('1:1.0-1', 'First.'),
    'something that is no entry\n',
  ].join('\n');

  it('are the entries above the one and up to the other, our own marked', () => {
    const told = sourceChanges(
      { ...move, unsuffixed: '1:1.2-1' },
      documents({ '/usr/share/doc/wiki/changelog.Debian.gz': changelog }),
    )!;
    assert.deepEqual(
      told.packaging.map(({ version, own }) => [version, own]),
      [
        ['1:1.2-1+lockstep1', true],
        ['1:1.2-1', false],
        ['1:1.1-1', false],
      ],
    );
    assert.equal(told.direction, 'up');
    assert.deepEqual(told.fixes, [
      {
        id: 'CVE-2026-1111',
        line: 'New upstream version 1.2, fixing CVE-2026-1111.',
        where: 'wiki (1:1.2-1)',
      },
    ]);
  });

  it('are what is taken back on the way down', () => {
    const told = sourceChanges(
      { ...move, from: move.to, to: move.from },
      documents({ '/usr/share/doc/wiki/changelog.Debian.gz': changelog }),
    )!;
    assert.equal(told.direction, 'down');
    assert.equal(told.packaging.length, 3);
  });

  it('name upstream first, whose line says more', () => {
    const told = sourceChanges(
      { ...move, upstream: { from: '1.0', to: '1.2' } },
      documents({
        '/usr/share/doc/wiki/changelog.Debian.gz': changelog,
        '/usr/share/doc/wiki/RELEASE-NOTES-1.gz': '== Wiki 1.2 ==\n* (CVE-2026-1111) SECURITY: Escape.\n',
        '/usr/share/doc/wiki/NEWS.Debian.gz': entry('1:1.2-1', 'CVE-2026-9999'),
      }),
    )!;
    assert.deepEqual(told.fixes, [
      { id: 'CVE-2026-1111', line: '(CVE-2026-1111) SECURITY: Escape.', where: 'Wiki 1.2' },
    ]);
    assert.deepEqual(
      told.upstream.map(({ file, version }) => [file, version]),
      [['/usr/share/doc/wiki/RELEASE-NOTES-1.gz', '1.2']],
    );
  });

  it('of several packages are told once', () => {
    const one = sourceChanges(move, documents({ '/usr/share/doc/wiki/changelog.Debian.gz': changelog }))!;
    const notes = sourceChanges(
      move,
      documents({ '/usr/share/doc/wiki-x/NEWS.gz': '## 1.1\n\nCVE-2026-2222\n' }),
    )!;
    const told = mergedChanges([one, notes]);
    assert.equal(told.packaging.length, 3);
    assert.equal(told.upstream.length, 1);
    assert.deepEqual(
      told.fixes.map(({ id }) => id),
      ['CVE-2026-1111', 'CVE-2026-2222'],
    );
  });

  it('are nothing where nothing is told, and bounded where too much is', () => {
    assert.equal(sourceChanges(move, noContents), null);
    const long = `== Wiki 1.2 ==\n${'* x\n'.repeat(100_000)}`;
    const told = sourceChanges(move, documents({ '/usr/share/doc/wiki/NEWS.gz': long }))!;
    assert.equal(told.upstream[0]!.lines.length + told.omitted, 100_000);
    assert.ok(told.omitted > 90_000);
  });
});

describe('security fixes in a changelog', () => {
  it('come with the whole item, over its lines', () => {
    const lines = [
      '* (T406391) Nothing.',
      '* (T406664, CVE-2025-67475) SECURITY: Escape square brackets in',
      '  links.',
    ];
    assert.deepEqual(fixesIn(lines, 'X 1'), [
      {
        id: 'CVE-2025-67475',
        line: '(T406664, CVE-2025-67475) SECURITY: Escape square brackets in links.',
        where: 'X 1',
      },
    ]);
  });

  it('leave out what is said not to be affected, but not what is fixed beside it', () => {
    const lines = [
      '  * New upstream version, fixing CVE-2025-0001, CVE-2025-0002. This version is not affected by',
      '    CVE-2025-0002 or CVE-2025-0003.',
    ];
    assert.deepEqual(
      fixesIn(lines, 'x').map(({ id }) => id),
      ['CVE-2025-0001', 'CVE-2025-0002'],
    );
  });

  it('are shortened around the id', () => {
    const [fix] = fixesIn([`* ${'a '.repeat(400)}CVE-2026-1234 ${'b '.repeat(400)}`], 'x');
    assert.ok(fix!.line.length < 320 && fix!.line.includes('CVE-2026-1234'));
  });
});
