import assert from 'node:assert/strict';
import fc from 'fast-check';
import semver from 'semver';
import { isPreRelease, parseUpstream, versionOfName } from '../../../src/deb/upstream-version.js';
import { compareUpstreamVersions, debianVersionOf, isInRange } from '../../../src/deb/version.js';
import { LockstepError } from '../../../src/errors.js';
import { compareKeys, knownPair } from '../../fixtures/upstream-arbitraries.js';

describe('deb/upstream-version', () => {
  it('becomes a Debian version', () => {
    const pairs = {
      '1.47.0-wmf.14': '1.47.0~wmf.14',
      '0.23.0-a18': '0.23.0~a18',
      '1.43.0-rc.1': '1.43.0~rc.1',
      '1.47.0-alpha+git20261123.101530.1a2b3c4d': '1.47.0~alpha+git20261123.101530.1a2b3c4d',
      '1.47.0-wmf.14+git20261123.101530.1a2b3c4d': '1.47.0~wmf.14+git20261123.101530.1a2b3c4d',
      REL1_43_2: '1.43.2',
      REL1_43_0RC1: '1.43.0~rc1',
      '1.0RC1': '1.0~rc1',
      '1.24wmf1': '1.24~wmf1',
      '1.0b2': '1.0~b2',
      '1.2.0.dev3': '1.2.0~dev3',
      '1.1.1w': '1.1.1w',
      '9.2p1': '9.2p1',
      '1.2.3.4-rc1': '1.2.3.4~rc1',
      '2026-11-23': '2026.11.23',
      '20261123': '20261123',
      '1.0.0-p2': '1.0.0+p2',
      '2.1.0~rc1+dfsg': '2.1.0~rc1+dfsg',
      '1.0.0-alpha.beta': '1.0.0~alpha.beta',
    };
    for (const [upstream, debian] of Object.entries(pairs)) {
      assert.equal(debianVersionOf(upstream), debian, upstream);
      assert.notEqual(parseUpstream(upstream), null, upstream);
    }
  });

  it('is ordered as its upstream means it', () => {
    const rows = [
      [
        '1.43.0-alpha',
        '1.43.0-beta.1',
        '1.43.0-rc.0',
        '1.43.0-rc.1',
        '1.43.0',
        '1.43.1',
        '1.43.10',
        '1.44.0-alpha',
      ],
      ['1.46.0-wmf.30', '1.46.0', '1.47.0-alpha', '1.47.0-wmf.9', '1.47.0-wmf.14', '1.47.0', '1.48.0-wmf.1'],
      ['0.22.1', '0.23.0-a9', '0.23.0-a18', '0.23.0-a18+git20261123.101530.1a2b3c4d', '0.23.0-a19', '0.23.0'],
      ['REL1_9', 'REL1_39', 'REL1_43', 'REL1_43_2', 'REL1_43_10', 'REL1_44'],
      ['1.2.3', '1.2.3.1', '1.2.3.4', '1.2.3.10', '1.2.4-rc1', '1.2.4'],
      ['2026-11-09', '2026-11-23', '2026-12-01', '2027-01-01'],
      ['1.0.2', '1.0.2a', '1.0.2b', '1.0.2w', '1.0.3'],
      ['9.1p1', '9.2', '9.2p1', '9.2p2', '9.3'],
      ['1.0-beta1', '1.0RC1', 'v1.0', '1.0-p1', '1.1'],
      // semver.org, item 11
      [
        '1.0.0-alpha',
        '1.0.0-alpha.1',
        '1.0.0-alpha.beta',
        '1.0.0-beta',
        '1.0.0-beta.2',
        '1.0.0-beta.11',
        '1.0.0-rc.1',
        '1.0.0',
      ],
    ];
    for (const row of rows) {
      for (const [i, a] of row.entries()) {
        for (const [j, b] of row.entries()) {
          assert.equal(compareUpstreamVersions(a, b), Math.sign(i - j), `${a} and ${b}`);
        }
      }
    }
  });

  it('is ordered by its numbers, then by its stage, then by its commit', () => {
    fc.assert(
      fc.property(knownPair, ([a, b]) => {
        assert.equal(
          compareUpstreamVersions(a.text, b.text),
          compareKeys(a.key, b.key),
          `${a.text} and ${b.text}`,
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('is ordered as semver orders it, where it is semver’s', () => {
    const identifier = fc.oneof(
      fc.nat({ max: 30 }).map(String),
      // semver compares words as text; a number inside of one is a number here
      fc.constantFrom('alpha', 'beta', 'rc', 'x', 'foo'),
    );
    const version = fc
      .tuple(fc.tuple(fc.nat(5), fc.nat(5), fc.nat(12)), fc.array(identifier, { maxLength: 3 }))
      .map(([numbers, pre]) => numbers.join('.') + (pre.length === 0 ? '' : `-${pre.join('.')}`));
    fc.assert(
      fc.property(version, version, (a, b) => {
        assert.equal(compareUpstreamVersions(a, b), semver.compare(a, b), `${a} and ${b}`);
      }),
      { numRuns: 3000 },
    );
  });

  it('gives a tracked branch a higher version for a newer commit', () => {
    const moment = fc.integer({ min: 1_000_000_000, max: 3_000_000_000 });
    const commit = fc.stringMatching(/^[0-9a-f]{8}$/);
    const suffix = (seconds: number, id: string): string =>
      `+git${new Date(seconds * 1000).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '.')}.${id}`;
    fc.assert(
      fc.property(
        moment,
        fc.integer({ min: 1, max: 100_000_000 }),
        commit,
        commit,
        (time, later, one, other) => {
          for (const base of ['1.47.0-alpha', '1.47.0-wmf.14', '1.43.5', '0']) {
            const [older, newer] = [base + suffix(time, one), base + suffix(time + later, other)];
            assert.equal(compareUpstreamVersions(newer, older), 1, `${newer} and ${older}`);
          }
        },
      ),
    );
  });

  for (const text of [
    'main',
    'nightly',
    '',
    '1..2',
    '1.2-',
    '.1',
    '1.2.3/4',
    '1 2',
    'v',
    'x1.2',
    '1.2.3-',
    '１.２',
    `1.${'0'.repeat(200)}`,
  ]) {
    it(`knows no order of ${JSON.stringify(text.slice(0, 20))}, and says so`, () => {
      assert.equal(parseUpstream(text), null);
      assert.throws(
        () => compareUpstreamVersions('1.0', text),
        (error) =>
          error instanceof LockstepError && error.code === 'DEB_VERSION' && error.where[0]?.value === text,
      );
    });
  }

  it('makes no Debian revision of what it does not know', () => {
    assert.throws(() => debianVersionOf('1.0-a!b'), LockstepError);
    assert.throws(() => debianVersionOf('1.2-'), LockstepError);
  });

  it('ends on what is made to lead it astray', () => {
    const hostile = [
      `1${'-a1'.repeat(38)}!`,
      `1rc${'1'.repeat(100)}!`,
      `1${'.1'.repeat(55)}x!`,
      `1-${'rc.'.repeat(38)}`,
      `1-${'rc1-'.repeat(28)}!`,
      `1+${'a-'.repeat(58)}`,
    ];
    for (const text of hostile) assert.equal(parseUpstream(text), null, text);
  });

  it('knows what comes before a release', () => {
    for (const text of ['1.0-rc1', '1.0.0-a1', '1.47.0-wmf.1', '0.16.0~a17', '1.0b2'])
      assert.ok(isPreRelease(text), text);
    for (const text of ['1.0', '1.1.1w', '9.2p1', '1.0-p1', '1.0+git1', 'main'])
      assert.ok(!isPreRelease(text), text);
  });

  it('is found in names of tags and branches', () => {
    const pairs: Record<string, string | null> = {
      'wmf/1.47.0-wmf.9': '1.47.0-wmf.9',
      REL1_43: '1.43',
      REL1_43_2: '1.43.2',
      'v0.20.1': '0.20.1',
      'releases/2.0': '2.0',
      main: null,
      'fix/bug-12': null,
    };
    for (const [name, version] of Object.entries(pairs)) assert.equal(versionOfName(name), version, name);
  });

  it('of four numbers lies between its three and the next, in any range', () => {
    const inside = [
      '~1.2.3',
      '>1.2.3',
      '>=1.2.3 <1.2.4',
      '>1.2.3 <1.2.4-0',
      '*',
      '1.2.x',
      '<1 || ^1.2.3',
      '^1',
    ];
    const outside = ['1.2.3', '<=1.2.3', '>=1.2.4', '<1.2.3', '>=1.2.4-0', '~1.3', '1.2.4'];
    for (const range of inside) assert.ok(isInRange('1.2.3.4', range, 'named'), range);
    for (const range of outside) assert.ok(!isInRange('1.2.3.4', range, 'named'), range);
  });
});
