import assert from 'node:assert/strict';
import { memberName } from '../../../src/deb/member-name.js';
import type { TarHeader } from '../../../src/deb/tar.js';
import { judgeForeign, type ForeignContents } from '../../../src/vetting/foreign-package.js';

function member(path: string, more: Partial<TarHeader> = {}): TarHeader {
  const kind = path.endsWith('/') ? 'dir' : 'file';
  const owner = { uid: 0, gid: 0, uname: 'root', gname: 'root' };
  return {
    path: memberName(path),
    kind,
    mode: kind === 'dir' ? 0o755 : 0o644,
    size: 0,
    linkTarget: null,
    mtime: 0,
    ...owner,
    ...more,
  };
}

function contents(fields: Record<string, string> = {}, more: Partial<ForeignContents> = {}): ForeignContents {
  const control = { Package: 'hello', Version: '2.10-3', Architecture: 'amd64', Description: 'x', ...fields };
  const text = Object.entries(control).map(([name, value]) => `${name}: ${value}\n`);
  return { control: text.join(''), conffiles: undefined, members: [member('./usr/bin/hello')], ...more };
}

function faults(given: ForeignContents): string[] {
  const verdict = judgeForeign(given, ['amd64', 'arm64']);
  return 'faults' in verdict ? verdict.faults : [];
}

describe('a package of others', () => {
  it('is described by its control file', () => {
    const described = judgeForeign(contents({ Source: 'greetings (3:1.0)' }), ['amd64']);
    assert.ok('stanza' in described);
    const { stanza, ...said } = described.stanza;
    assert.deepEqual(said, {
      package: 'hello',
      version: '2.10-3',
      architecture: 'amd64',
      source: 'greetings',
      sourceVersion: '3:1.0',
      text: 'Package: hello\nVersion: 2.10-3\nArchitecture: amd64\nDescription: x\nSource: greetings (3:1.0)\n',
    });
    assert.equal(stanza.get('Description'), 'x');
    const alone = judgeForeign(contents({ Architecture: 'all' }), ['amd64']);
    assert.ok('stanza' in alone);
    assert.deepEqual([alone.stanza.source, alone.stanza.sourceVersion], ['hello', '2.10-3']);
  });

  it('is refused without the fields that name it, and with what is no control file', () => {
    const bare = { ...contents(), control: 'Source:\nDescription: x\n' };
    assert.deepEqual(faults(bare), [
      'control: Package "" is not a package name [control-field]',
      'control: Version "" is not a Debian version [control-field]',
      'control: Architecture "" is not an architecture [control-field]',
      'control: Source "" is not "name" or "name (version)" [control-field]',
    ]);
    assert.equal(faults({ ...contents(), control: 'Package hello\n' }).length, 1);
  });

  it('is refused with everything that is wrong with its control file', () => {
    assert.deepEqual(
      faults(contents({ Package: '../x', Version: 'one', Architecture: 'any/thing', Source: 'a b' })),
      [
        'control: Package "../x" is not a package name [control-field]',
        'control: Version "one" is not a Debian version [control-field]',
        'control: Architecture "any/thing" is not an architecture [control-field]',
        'control: Source "a b" is not "name" or "name (version)" [control-field]',
      ],
    );
    assert.deepEqual(faults(contents({ Architecture: 's390x' })), [
      'it is for s390x, but the profile is for amd64, arm64 [architecture]',
    ]);
    assert.match(faults(contents({ Source: '../../etc (1)' }))[0]!, /Source/);
    assert.match(faults(contents({ Package: 'a'.repeat(300) }))[0]!, /too long/);
    for (const control of ['', 'x', 'Package: a\nPackage: b\n', 'Package: a\n\nPackage: b\n']) {
      assert.equal(faults({ ...contents(), control }).length, 1, JSON.stringify(control));
    }
  });

  it('may not smuggle a second paragraph or a comment into an index', () => {
    const base = contents().control;
    for (const more of ['# Package: evil\n', 'X: a\n \t\n Y: b\n', 'X: a\0b\n']) {
      assert.equal(faults({ ...contents(), control: base + more }).length > 0, true, JSON.stringify(more));
    }
  });

  it('is held to the rules that make sense for it', () => {
    const bad = [
      member('./dev/sda', { kind: 'block-device' }),
      member('./usr/bin/all', { mode: 0o777 }),
      member('./usr/share/mine', { uid: 1000 }),
      member('./home/me/.profile'),
      member('./var/lib/dpkg/status'),
    ];
    const told = faults(contents({}, { members: bad, conffiles: '/etc/none\n' })).map(
      (text) => /\[(.*)\]/.exec(text)?.[1],
    );
    assert.deepEqual(told, [
      'special-file',
      'foreign-root',
      'world-writable',
      'owner',
      'foreign-root',
      'dpkg-state',
      'conffile',
    ]);
  });

  it('may be what a distribution has: set-user-id programs, the folders of the system, conffiles that go', () => {
    const members = [
      member('./tmp/', { mode: 0o1777 }),
      member('./home/'),
      member('./usr/local/share/'),
      member('./usr/bin/sudo', { mode: 0o4755 }),
      member('./usr/bin/wall', { mode: 0o2755, gid: 5 }),
    ];
    assert.deepEqual(faults(contents({}, { members, conffiles: 'remove-on-upgrade /etc/old\n\n' })), []);
  });
});
