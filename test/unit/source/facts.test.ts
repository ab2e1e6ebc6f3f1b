import assert from 'node:assert/strict';
import { ArchiveRoots } from '../../../src/source/archive-roots.js';
import { addedFile } from '../../../src/source/source-facts.js';
import { upstreamVersionOf } from '../../../src/source/upstream-of-debian.js';

describe('the version a person knows', () => {
  it('is without epoch, revision and repack mark', () => {
    for (const [version, upstream] of [
      ['1:1.39.17-1+deb12u2', '1.39.17'],
      ['1:1.43.9+dfsg-1~deb13u1', '1.43.9'],
      ['1.2.3~ds1-1', '1.2.3'],
      ['1.6.18', '1.6.18'],
      ['0.16.0~a17-1', '0.16.0~a17'],
      ['2.0+really1.9-1', '2.0+really1.9'],
    ] as const) {
      assert.equal(upstreamVersionOf(version), upstream);
    }
  });
});

describe('an address in an archive', () => {
  it('keeps what Debian names are made of, and quotes the rest', () => {
    assert.deepEqual(
      new ArchiveRoots(['http://a.test/debian']).placesOf(['pool/main/g/g++/g++_1%3a2~rc1+b1_amd64.deb']),
      [['http://a.test/debian/pool/main/g/g++/g++_1%253a2~rc1+b1_amd64.deb']],
    );
    assert.deepEqual(new ArchiveRoots(['http://a.test']).placesOf(['a?b/c#d']), [
      ['http://a.test/a%3Fb/c%23d'],
    ]);
  });

  it('is one on every mirror, each with its other names', () => {
    const archive = new ArchiveRoots(['http://a.test/debian', 'file:///srv/debian']);
    assert.deepEqual(archive.placesOf(['by-hash/x', 'Packages.xz']), [
      ['http://a.test/debian/by-hash/x', 'http://a.test/debian/Packages.xz'],
      ['file:///srv/debian/by-hash/x', 'file:///srv/debian/Packages.xz'],
    ]);
  });

  it('never leaves the archive', () => {
    for (const path of ['../x', '/etc/passwd', 'a/../../x', 'a\nb'])
      assert.throws(() => new ArchiveRoots(['http://a.test']).placesOf([path]));
  });
});

describe('a file that a patch adds', () => {
  const diff = `--- foo-1.0.orig/debian/rules
+++ foo-1.0/debian/rules
@@ -0,0 +1 @@
+#!/usr/bin/make -f
--- foo-1.0.orig/debian/changelog
+++ foo-1.0/debian/changelog
@@ -0,0 +1,3 @@
+foo (1.0-1) unstable; urgency=low
+
+ -- A <a@b.invalid>  Mon, 01 Jan 2024 00:00:00 +0000
--- foo-1.0.orig/x
+++ foo-1.0/x
@@ -1 +1 @@
-a
+b
`;

  it('is read out of it', () => {
    assert.equal(
      addedFile(diff, 'debian/changelog'),
      'foo (1.0-1) unstable; urgency=low\n\n -- A <a@b.invalid>  Mon, 01 Jan 2024 00:00:00 +0000\n',
    );
  });

  it('is none where the patch changes it only, or has it not', () => {
    assert.equal(addedFile(diff, 'x'), null);
    assert.equal(addedFile(diff, 'debian/control'), null);
  });
});
