import assert from 'node:assert/strict';
import { formatDsc, listedFiles, parseChanges, parseDsc, sourcesStanza } from '../../../src/deb/dsc.js';
import { parseStanza } from '../../../src/deb/deb822.js';
import { LockstepError } from '../../../src/errors.js';

const a64 = 'a'.repeat(64);
const b64 = 'b'.repeat(64);
const md5 = 'c'.repeat(32);

const dscText = `-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

Format: 3.0 (quilt)
Source: mediawiki
Binary: mediawiki, mediawiki-classes
Architecture: all
Version: 1:1.39.17-1~deb12u1
Maintainer: A <a@example.org>
Package-List:
 mediawiki deb web optional arch=all
 mediawiki-classes deb web optional arch=all
Checksums-Sha1:
 ${'d'.repeat(40)} 10 mediawiki_1.39.17.orig.tar.xz
Checksums-Sha256:
 ${a64} 10 mediawiki_1.39.17.orig.tar.xz
 ${b64} 20 mediawiki_1.39.17-1~deb12u1.debian.tar.xz
Files:
 ${md5} 10 mediawiki_1.39.17.orig.tar.xz
 ${md5} 20 mediawiki_1.39.17-1~deb12u1.debian.tar.xz

-----BEGIN PGP SIGNATURE-----

x
-----END PGP SIGNATURE-----
`;

const hasCode =
  (code: string, message = /./) =>
  (error: unknown): boolean =>
    error instanceof LockstepError && error.code === code && message.test(error.message);

describe('deb/dsc', () => {
  it('reads a signed source package', () => {
    const dsc = parseDsc(dscText, 'x.dsc');
    assert.equal(dsc.source, 'mediawiki');
    assert.equal(dsc.version, '1:1.39.17-1~deb12u1');
    assert.deepEqual(dsc.binaries, ['mediawiki', 'mediawiki-classes']);
    assert.deepEqual(dsc.files[1], {
      name: 'mediawiki_1.39.17-1~deb12u1.debian.tar.xz',
      size: 20,
      sha256: b64,
    });
    assert.equal(dsc.stanza.get('Format'), '3.0 (quilt)');
  });

  const edits: [what: string, from: string | RegExp, to: string, code: string, message: RegExp][] = [
    ['without SHA-256', /Checksums-Sha256:\n.*\n.*\n/, '', 'DEB_SYNTAX', /no Checksums-Sha256/],
    [
      'with a file that has no SHA-256',
      ` ${b64} 20 mediawiki_1.39.17-1~deb12u1.debian.tar.xz\n`,
      '',
      'DEB_SYNTAX',
      /has no SHA-256/,
    ],
    ['with two sizes', `${md5} 20`, `${md5} 21`, 'DEB_SYNTAX', /two sizes/],
    ['with a climbing file name', /mediawiki_1\.39\.17\.orig\.tar\.xz/g, '../../x', 'DEB_UNSAFE_NAME', /./],
    [
      'with a file name that is an option',
      /mediawiki_1\.39\.17\.orig\.tar\.xz/g,
      '--to-command=x',
      'DEB_UNSAFE_NAME',
      /./,
    ],
    ['with a short hash', a64, 'abc', 'DEB_SYNTAX', /hash or size/],
    ['with a line of two words', `${a64} 10 `, `${a64} `, 'DEB_SYNTAX', /sha256 size name/],
    ['with a hostile source name', 'Source: mediawiki', 'Source: ../x', 'DEB_SYNTAX', /package name/],
    ['with a bad version', 'Version: 1:1', 'Version: one', 'DEB_SYNTAX', /not a Debian version/],
    ['without a version', /Version: .*\n/, '', 'DEB_SYNTAX', /Version is missing/],
  ];
  for (const [what, from, to, code, message] of edits) {
    it(`refuses one ${what}`, () => {
      assert.throws(() => parseDsc(dscText.replace(from, to), 'x.dsc'), hasCode(code, message));
    });
  }

  it('reads uploads', () => {
    const changes = parseChanges(
      `Format: 1.8\nSource: a1 (1.0)\nBinary: a1 b1\nArchitecture: all source\nVersion: 1.0+b1\nDistribution: bookworm\nChecksums-Sha256:\n ${a64} 1 a1_1.0+b1_all.deb\nFiles:\n ${md5} 1 web optional a1_1.0+b1_all.deb\n`,
    );
    assert.equal(changes.source, 'a1');
    assert.equal(changes.distribution, 'bookworm');
    assert.deepEqual(changes.binaries, ['a1', 'b1']);
    assert.deepEqual(changes.files, [{ name: 'a1_1.0+b1_all.deb', size: 1, sha256: a64 }]);
  });

  it('comes back as it was written', () => {
    const sha1 = 'c'.repeat(40);
    const files = [{ name: 'a1_1.0.tar.xz', size: 5, sha256: a64, md5, sha1 }];
    const text = formatDsc({
      fields: {
        Format: '3.0 (native)',
        Source: 'a1',
        Binary: 'a1',
        Architecture: 'all',
        Version: '1.0',
        Maintainer: 'A <a@example.org>',
      },
      files,
    });
    assert.match(text, /^Format: 3\.0 \(native\)\nSource: a1\n/);
    assert.match(text, new RegExp(`^Checksums-Sha1:\n ${sha1} 5 a1_1\\.0\\.tar\\.xz$`, 'm'));
    const dsc = parseDsc(text);
    assert.deepEqual(dsc.files, [{ name: 'a1_1.0.tar.xz', size: 5, sha256: a64 }]);
    assert.throws(
      () => formatDsc({ fields: { Source: 'a1' }, files }),
      hasCode('DEB_INVALID', /Version, Maintainer/),
    );
  });

  it('makes the paragraph of a Sources index', () => {
    const dscFile = { name: 'mediawiki_1.39.17-1~deb12u1.dsc', size: 7, sha256: b64, md5 };
    const stanza = parseStanza(
      sourcesStanza(parseDsc(dscText), dscFile, { Directory: 'pool/main/m/mediawiki' }),
    );
    assert.deepEqual(stanza.names()[0], 'Package');
    assert.equal(stanza.get('Package'), 'mediawiki');
    assert.equal(stanza.get('Directory'), 'pool/main/m/mediawiki');
    assert.ok(!stanza.has('Source') && !stanza.has('Checksums-Sha1'));
    assert.equal(stanza.lines('Package-List').length, 2);
    assert.deepEqual(
      listedFiles(stanza).map((file) => [file.name, file.size]),
      [
        ['mediawiki_1.39.17-1~deb12u1.dsc', 7],
        ['mediawiki_1.39.17.orig.tar.xz', 10],
        ['mediawiki_1.39.17-1~deb12u1.debian.tar.xz', 20],
      ],
    );
  });
});
