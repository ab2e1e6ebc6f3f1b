import assert from 'node:assert/strict';
import { formatRelease, parseRelease } from '../../../src/deb/release-file.js';
import { LockstepError } from '../../../src/errors.js';

const hash = 'a'.repeat(64);
const text = `Origin: Debian
Label: Debian-Security
Suite: oldstable-security
Codename: bookworm-security
Date: Sat, 07 Jun 2025 09:07:33 UTC
Valid-Until: Sat, 14 Jun 2025 09:07:33 UTC
Acquire-By-Hash: yes
Architectures: amd64 arm64
Components: updates/main updates/contrib
MD5Sum:
 ${'b'.repeat(32)} 12 main/binary-amd64/Packages
SHA256:
 ${hash}        12 main/binary-amd64/Packages
 ${hash}         3 main/source/Sources.xz
`;

const refusal = (edited: string, code = 'DEB_SYNTAX'): LockstepError => {
  try {
    parseRelease(edited, 'Release');
  } catch (error) {
    if (error instanceof LockstepError && error.code === code) return error;
    throw error;
  }
  assert.fail('it was taken');
};

describe('deb/release-file', () => {
  it('reads a suite', () => {
    const release = parseRelease(text);
    assert.equal(release.suite, 'oldstable-security');
    assert.equal(release.codename, 'bookworm-security');
    assert.equal(release.date, Date.UTC(2025, 5, 7, 9, 7, 33) / 1000);
    assert.equal(release.validUntil, release.date + 7 * 86400);
    assert.deepEqual(release.architectures, ['amd64', 'arm64']);
    assert.deepEqual(release.areas, ['main', 'contrib']);
    assert.equal(release.acquireByHash, true);
    assert.deepEqual(release.sha256.get('main/source/Sources.xz'), { size: 3, sha256: hash });
    assert.equal(release.fields.get('label'), 'Debian-Security');
  });

  it('is content without what may be missing', () => {
    const release = parseRelease(`Date: Sat, 07 Jun 2025 09:07:33 UTC\nSHA256:\n`);
    assert.deepEqual(
      [release.fields.get('Origin'), release.validUntil, release.acquireByHash],
      [undefined, null, false],
    );
    assert.equal(release.sha256.size, 0);
  });

  it('refuses what it cannot rely on, every fault at once', () => {
    assert.match(refusal(text.replace(/SHA256:[^]*/, '')).message, /SHA256 is missing/);
    assert.equal(
      refusal(text.replace('Date: Sat', 'Date: ??').replace('  12 main', '  x main')).where.length,
      2,
    );
    refusal(text.replace(/^Date: .*\n/m, ''));
    refusal(text.replace('14 Jun', '14 Foo'));
    refusal(`${text} ${'c'.repeat(64)} 3 main/source/Sources.xz\n`);
    refusal(text.replace('main/source', '../../etc'), 'DEB_UNSAFE_NAME');
    refusal(text.replace('main/source', '/etc'), 'DEB_UNSAFE_NAME');
    refusal(`-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${text}`);
  });

  it('comes back as it was written', () => {
    const spec = {
      fields: { Origin: 'Lockstep', Suite: 's', Codename: 's', Components: 'main' },
      date: 1795428930,
      validUntil: 1795428931,
      sha256: new Map([
        ['main/z', { size: 1, sha256: hash }],
        ['main/a', { size: 22, sha256: hash }],
      ]),
    };
    const written = formatRelease(spec);
    const release = parseRelease(written);
    assert.deepEqual([release.date, release.validUntil], [spec.date, spec.validUntil]);
    assert.deepEqual([...release.sha256.keys()], ['main/a', 'main/z']);
    assert.deepEqual(new Map([...release.sha256].sort()), new Map([...spec.sha256].sort()));
    assert.equal(formatRelease({ ...spec, sha256: new Map([...spec.sha256].reverse()) }), written);
  });
});
