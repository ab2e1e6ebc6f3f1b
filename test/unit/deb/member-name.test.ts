import assert from 'node:assert/strict';
import {
  assertLinkStaysInside,
  assertSafeFileName,
  assertSafeMember,
  memberPath,
  shownName,
} from '../../../src/deb/member-name.js';
import { LockstepError } from '../../../src/errors.js';

const isUnsafe = (error: unknown): boolean =>
  error instanceof LockstepError && error.code === 'DEB_UNSAFE_NAME';

describe('deb/member-name', () => {
  for (const name of [
    '',
    '/etc/passwd',
    '..',
    'a/../b',
    './..',
    'a\nb',
    'a\0b',
    'a\x7fb',
    'a\u009bb',
    'a\uFFFDb',
    'x'.repeat(4097),
  ]) {
    it(`refuses the member ${shownName(name)}`, () => assert.throws(() => assertSafeMember(name), isUnsafe));
  }

  it('takes the members that packages have', () => {
    for (const name of ['./', './usr/share/a b', 'usr/..x/y..', '...', 'データ', '-rf', 'a\\b'])
      assertSafeMember(name);
    assert.equal(memberPath('./usr//share/./x/'), 'usr/share/x');
    assert.equal(memberPath('./'), '');
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
