import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  compareVersions,
  debianVersionOf,
  formatVersion,
  isInRange,
  isValidVersion,
  parseVersion,
  semverOf,
  upstreamOf,
  withoutEpoch,
  withSuffix,
} from '../../../src/deb/version.js';
import { LockstepError } from '../../../src/errors.js';
import { versionText } from '../../fixtures/deb-arbitraries.js';

describe('deb/version', () => {
  it('takes a version apart', () => {
    assert.deepEqual(parseVersion('1:1.39.17-1+deb12u2'), {
      epoch: 1,
      upstream: '1.39.17',
      revision: '1+deb12u2',
    });
    assert.deepEqual(parseVersion('2.0-rc-1'), { epoch: 0, upstream: '2.0-rc', revision: '1' });
    assert.deepEqual(parseVersion('20230101'), { epoch: 0, upstream: '20230101', revision: null });
    assert.equal(upstreamOf('1:1.39.17-1+deb12u2'), '1.39.17');
    assert.equal(withoutEpoch('1:1.39.17-1+deb12u2'), '1.39.17-1+deb12u2');
  });

  it('writes back what it read', () => {
    fc.assert(
      fc.property(versionText, (text) => compareVersions(formatVersion(parseVersion(text)), text) === 0),
    );
  });

  for (const text of [
    '',
    ':1',
    'a1',
    '1-',
    '1:',
    'x:1',
    '1_2',
    '1 2',
    '3000000000:1',
    '1\n',
    '1-2/3',
    '-1',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.equal(isValidVersion(text), false);
      assert.throws(
        () => parseVersion(text),
        (error) => error instanceof LockstepError && error.code === 'DEB_VERSION',
      );
    });
  }

  it('says which part of a version is at fault', () => {
    const says = (text: string, fault: RegExp): void => assert.throws(() => parseVersion(text), fault);
    says('-1', /it has no upstream part/);
    says(':1', /its epoch is not a number/);
    says('1-', /its revision is empty/);
    assert.equal(parseVersion('2147483647:1').epoch, 2147483647);
    says('2147483648:1', /its epoch is too large/);
  });

  const ascending = [
    '0.9~~',
    '0.9~~a',
    '0.9~',
    '0.9-0~1',
    '0.9',
    '0.9-1',
    '0.9-1+deb12u1',
    '0.9-1+deb12u1+lockstep1',
    '0.9-1+deb12u2',
    '0.9a',
    '0.9+b',
    '0.9.0',
    '0.10',
    '1.0~rc1-1',
    '1.0-1',
    '00000000000000000000000000000000000010',
    '1:0.1',
  ];
  it('orders by the rules of deb-version(7)', () => {
    for (const [i, a] of ascending.entries()) {
      for (const [j, b] of ascending.entries()) {
        assert.equal(compareVersions(a, b), Math.sign(i - j), `${a} and ${b}`);
      }
    }
    assert.equal(compareVersions('1.0', '1.0-0'), 0);
    assert.equal(compareVersions('0:1.0', '1.00'), 0);
  });

  it('is an order: antisymmetric and transitive', () => {
    fc.assert(
      fc.property(versionText, versionText, versionText, (a, b, c) => {
        assert.equal(compareVersions(a, b) + compareVersions(b, a), 0);
        const [x, y, z] = [a, b, c].sort(compareVersions) as [string, string, string];
        assert.ok(compareVersions(x, y) <= 0 && compareVersions(y, z) <= 0 && compareVersions(x, z) <= 0);
      }),
    );
  });

  it('appends a suffix that makes the version higher', () => {
    assert.equal(withSuffix('1:1.39.17-1+deb12u2', '+lockstep1'), '1:1.39.17-1+deb12u2+lockstep1');
    fc.assert(
      fc.property(versionText, (text) => compareVersions(withSuffix(text, '+lockstep1'), text) === 1),
    );
    for (const suffix of ['-1', ':1', '', 'x', '+a b']) {
      assert.throws(() => withSuffix('1.0', suffix), LockstepError, suffix);
    }
  });

  it('turns upstream versions into Debian ones', () => {
    const pairs = {
      '0.16.0-a17': '0.16.0~a17',
      'v1.2.3': '1.2.3',
      '1.0.0-beta.1': '1.0.0~beta.1',
      '1.0.0-rc-1': '1.0.0~rc.1',
      '1.0.0-p2': '1.0.0+p2',
      '1.0.0-rc1+build-5': '1.0.0~rc1+build.5',
      '1.39.17': '1.39.17',
    };
    for (const [upstream, debian] of Object.entries(pairs)) assert.equal(debianVersionOf(upstream), debian);
    assert.throws(() => debianVersionOf('main'), LockstepError);
  });

  it('sees upstream versions as semver does', () => {
    const pairs: Record<string, string | null> = {
      '1.39.17': '1.39.17',
      '7.1': '7.1.0',
      '7': '7.0.0',
      '0.16.0~a17': '0.16.0-a17',
      '1.2.3+dfsg1': '1.2.3',
      '1.2.3~dfsg': '1.2.3',
      '2.1.0~rc1+dfsg': '2.1.0-rc1',
      '2023.01.05': '2023.1.5',
      '9.2p1': null,
      '1.2.3.4': null,
    };
    for (const [upstream, expected] of Object.entries(pairs)) {
      assert.equal(semverOf(upstream)?.version ?? null, expected, upstream);
    }
  });

  it('says whether an upstream version is in a range', () => {
    assert.ok(isInRange('1.39.17', '~1.39.0', 'any'));
    assert.ok(!isInRange('1.40.0', '~1.39.0', 'any'));
    assert.ok(isInRange('7.1.1', '>=7.1 <8', 'any'));
    assert.ok(isInRange('0.16.0~a17', '0.16.0-a17', 'any'));
    assert.ok(isInRange('0.16.0~a17', '>=0.16.0-a9', 'any'));
    assert.ok(!isInRange('0.16.0~a9', '>=0.16.0-a17', 'any'));
    assert.ok(!isInRange('9.2p1', '*', 'any'));
  });

  it('takes a pre-release into a range only where that names one of the same numbers', () => {
    const out = [
      ['2.0.0~alpha', '>=1.0'],
      ['1.2.0~rc.1', '^1'],
      ['1.1.1~rc1', '~1.1.0'],
      ['1.39.18~rc.0', '~1.39.0'],
      ['0.17.0~a1', '>=0.16.0-a9'],
      ['1.2.3.4~rc1', '^1.2.3'],
      ['0.16.0~a17', '*'],
    ] as const;
    for (const [version, range] of out) {
      assert.ok(!isInRange(version, range, 'named'), `${version} ${range}`);
      assert.ok(isInRange(version, range, 'any'), `${version} ${range}`);
    }
    assert.ok(isInRange('0.16.0~a17', '>=0.16.0-a9', 'named'));
    assert.ok(isInRange('2.0.0~beta', '>=2.0.0-alpha <3', 'named'));
    // The mark of a repacked tarball is none of a pre-release
    assert.ok(isInRange('1.2.3~dfsg1', '^1', 'named'));
    assert.ok(isInRange('1.2.3.4~ds1', '^1', 'named'));
  });
});
