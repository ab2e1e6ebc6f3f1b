import assert from 'node:assert/strict';
import { memberName } from '../../../src/deb/member-name.js';
import type { TarHeader } from '../../../src/deb/tar.js';
import { vetOverlaps, vetPackage, type VettedPackage } from '../../../src/vetting/package-rules.js';

function member(path: string, change: Partial<TarHeader> = {}): TarHeader {
  return {
    path: memberName(path),
    kind: 'file',
    mode: 0o644,
    size: 1,
    linkTarget: null,
    mtime: 0,
    uid: 0,
    gid: 0,
    uname: 'root',
    gname: 'root',
    ...change,
  };
}

function contents(name: string, members: TarHeader[], change: Partial<VettedPackage> = {}): VettedPackage {
  return {
    package: name,
    members,
    conffiles: [],
    replaces: [],
    conflicts: [],
    ...change,
  };
}

const rulesOf = (found: { rule: string }[]): string[] => found.map(({ rule }) => rule);

describe('the rules for a package', () => {
  it('let an ordinary package through', () => {
    const ordinary = contents(
      'a',
      [
        member('./usr/share/a/x'),
        member('./etc/a.conf'),
        member('./var/lib/a/', { kind: 'dir', mode: 0o750 }),
        member('./var/lib/a/spool/', { kind: 'dir', mode: 0o1777 }),
        member('./usr/bin/a', { kind: 'symlink', mode: 0o777, linkTarget: '../share/a/x' }),
      ],
      { conffiles: ['/etc/a.conf'] },
    );
    assert.deepEqual(vetPackage(ordinary), []);
  });

  for (const [rule, bad] of Object.entries({
    setuid: member('./usr/bin/sudo', { mode: 0o4755 }),
    'world-writable': member('./usr/share/a/x', { mode: 0o666 }),
    'special-file': member('./usr/share/a/pipe', { kind: 'fifo' }),
    owner: member('./usr/share/a/x', { uid: 1000 }),
    'foreign-root': member('./home/user/.bashrc'),
    'dpkg-state': member('./var/lib/dpkg/info/other.postinst'),
  })) {
    it(`refuse: ${rule}`, () => {
      assert.deepEqual(rulesOf(vetPackage(contents('a', [bad]))), [rule]);
    });
  }

  it('refuse a conffile that is not shipped', () => {
    assert.deepEqual(rulesOf(vetPackage(contents('a', [], { conffiles: ['/etc/gone'] }))), ['conffile']);
  });
});

describe('the rules for a set', () => {
  const file = [member('./usr/share/shared')];

  it('refuse a file that two packages ship', () => {
    const found = vetOverlaps([contents('a', file), contents('b', file)]);
    assert.deepEqual(rulesOf(found), ['overlap']);
    assert.match(found[0]!.message, /also shipped by a/);
  });

  it('allow it where one replaces the other or conflicts with it', () => {
    assert.deepEqual(vetOverlaps([contents('a', file), contents('b', file, { replaces: ['a'] })]), []);
    assert.deepEqual(vetOverlaps([contents('a', file, { conflicts: ['b'] }), contents('b', file)]), []);
  });

  it('allow shared folders', () => {
    const folder = [member('./usr/share/', { kind: 'dir', mode: 0o755 })];
    assert.deepEqual(vetOverlaps([contents('a', folder), contents('b', folder)]), []);
  });
});
