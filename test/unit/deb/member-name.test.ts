import assert from 'node:assert/strict';
import {
  assertLinkStaysInside,
  assertSafeFileName,
  memberName,
  memberNameFault,
  pathFault,
  shownName,
} from '../../../src/deb/member-name.js';
import { LockstepError } from '../../../src/errors.js';

const isUnsafe = (error: unknown): boolean =>
  error instanceof LockstepError && error.code === 'DEB_UNSAFE_NAME';

describe('deb/member-name', () => {
  for (const name of [
    '',
    '..',
    './.',
    './/',
    '//',
    '././root/.ssh/authorized_keys',
    './var/./lib/dpkg/info/evil.postinst',
    './usr/./local/bin/sudo',
    './/etc/passwd',
    '//etc/passwd',
    '/./etc/passwd',
    'usr//share',
    'usr/share//',
    'usr/share/.',
    '../etc/passwd',
    '/../etc/passwd',
    'a/../b',
    './..',
    'a\nb',
    'a\0b',
    'a\x7fb',
    'a\u009bb',
    'a\uFFFDb',
    'x/'.repeat(2000),
    'é'.repeat(124),
  ]) {
    it(`refuses the member ${shownName(name)}`, () => {
      assert.throws(() => memberName(name), isUnsafe);
      assert.notEqual(memberNameFault(name), null);
    });
  }

  it('takes the members that packages have', () => {
    for (const name of ['usr/share/a b', 'usr/..x/y..', '...', 'データ', '-rf', 'a\\b', 'é'.repeat(123)]) {
      for (const raw of [name, `./${name}`, `/${name}`, `${name}/`, `./${name}/`])
        assert.equal(memberName(raw), name);
      assert.equal(pathFault(name), null);
      for (const raw of [`./${name}`, `/${name}`, `${name}/`]) assert.notEqual(pathFault(raw), null);
    }
    for (const root of ['./', '/', '.']) assert.equal(memberName(root), '');
  });

  it('takes plain file names only', () => {
    for (const name of ['mediawiki_1.39.17-1+deb12u2.dsc', 'a_1%3a2.deb', 'x~rc1.orig.tar.xz.asc'])
      assertSafeFileName(name);
    for (const name of ['a/b', '.hidden', '-o', 'a b', '..', '', 'ö', 'a;b', '$x']) {
      assert.throws(() => assertSafeFileName(name), isUnsafe, name);
    }
  });

  it('knows where links lead', () => {
    assertLinkStaysInside('./a/b', '../c');
    assertLinkStaysInside('a/b/c', '../../c');
    for (const [path, target] of [
      ['a', '../x'],
      ['./a/b', '../../x'],
      ['a/b', 'x/../../..'],
      ['a', '/etc'],
      ['a', ''],
    ] as const) {
      assert.throws(() => assertLinkStaysInside(path, target), isUnsafe, `${path} -> ${target}`);
    }
  });

  it('shows hostile names harmlessly', () => {
    assert.equal(shownName('a\u001b[31m\n\u009b\u2028'), '"a\\u001b[31m\\n\\u009b\\u2028"');
    assert.ok(shownName('x'.repeat(9999)).length <= 164);
  });
});
