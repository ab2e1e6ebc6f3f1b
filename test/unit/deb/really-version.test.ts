import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isReissueOf, supersedingVersion } from '../../../src/deb/really-version.js';
import { compareVersions, isValidVersion, parseVersion } from '../../../src/deb/version.js';
import { versionText } from '../../fixtures/deb-arbitraries.js';

const is = (a: string, order: '<' | '>', b: string): void =>
  assert.equal(compareVersions(a, b), order === '<' ? -1 : 1, `${a} ${order} ${b}`);

describe('deb/really-version', () => {
  it('names what is exceeded, with its epoch, and what comes back, without', () => {
    assert.equal(
      supersedingVersion('1:1.39.17-1+lockstep1', '1:1.39.16-1+lockstep1'),
      '1:1.39.17-1+lockstep1+really1.39.16+1+lockstep1',
    );
    assert.equal(supersedingVersion('2:1.0', '1:9.0'), '2:1.0+really9.0');
    assert.equal(
      supersedingVersion('0.16.5+lockstep1', '0.16.4+lockstep1'),
      '0.16.5+lockstep1+really0.16.4+lockstep1',
    );
    assert.equal(supersedingVersion('1.0', '1:1:2-1'), '1.0+really1+2+1');
  });

  it('lets the next revision and the next build win, which a hyphen in the tail would not', () => {
    const version = supersedingVersion('1.39.17-2+lockstep1', '1.39.16-1+lockstep1');
    for (const later of [
      '1.39.17-2+lockstep2',
      '1.39.17-2+lockstep10',
      '1.39.17-3+lockstep1',
      '1.39.18-1',
      '1.39.17.1-1',
    ])
      is(version, '<', later);
    is('1.39.17-2+really1.39.16-1', '>', '1.39.17-3');
  });

  it('replaces the tail of a version that is a re-issue already where that is higher, else adds one', () => {
    assert.equal(supersedingVersion('2.0+really1.0', '1.1'), '2.0+really1.1');
    assert.equal(supersedingVersion('2.0+really1.1', '1.0'), '2.0+really1.1+really1.0');
    assert.equal(supersedingVersion('2.0+really1.1+really1.0', '1.1'), '2.0+really1.1+really1.1');
    assert.equal(supersedingVersion('2.0+really1.1+really1.0', '1.2'), '2.0+really1.2');
    // Debian's own, with the mark in the upstream part
    assert.equal(supersedingVersion('2.0+really1.2-1', '1.1-1'), '2.0+really1.2-1+really1.1+1');
  });

  it('names what a re-issue really is, not the versions it once had to exceed', () => {
    assert.equal(supersedingVersion('3.0-1', '2.0-1+really1.0+1'), '3.0-1+really1.0+1');
    assert.equal(supersedingVersion('3.0-1', '2.0+dfsg+really-1'), '3.0-1+really+1');
    assert.equal(supersedingVersion('3.0-1', '2.0+really'), '3.0-1+really2.0+really');
  });

  it('knows its own', () => {
    const version = supersedingVersion('1:1.39.17-1', '1:1.39.16-1');
    assert.ok(isReissueOf(version, '1:1.39.16-1'));
    assert.ok(!isReissueOf(version, '1:1.39.15-1'));
    assert.ok(!isReissueOf('1:1.39.16-1', '1:1.39.16-1'));
  });

  it('is always higher than what it exceeds, valid, of the same epoch, and the same each time', () => {
    fc.assert(
      fc.property(versionText, versionText, (above, content) => {
        const version = supersedingVersion(above, content);
        assert.ok(isValidVersion(version), version);
        is(version, '>', above);
        assert.equal(parseVersion(version).epoch, parseVersion(above).epoch);
        assert.ok(isReissueOf(version, content));
        assert.equal(supersedingVersion(above, content), version);
      }),
      { numRuns: 2000 },
    );
  });

  it('goes up through any number of turns', () => {
    fc.assert(
      fc.property(versionText, fc.array(versionText, { minLength: 1, maxLength: 8 }), (first, contents) => {
        let above = first;
        for (const content of contents) {
          const next = supersedingVersion(above, content);
          is(next, '>', above);
          above = next;
        }
      }),
    );
  });

  it('is exceeded by whatever exceeded the version below it, unless that goes on where it ends', () => {
    fc.assert(
      fc.property(versionText, versionText, versionText, (above, content, later) => {
        fc.pre(compareVersions(later, above) > 0 && !goesOn(later, above));
        is(supersedingVersion(above, content), '<', later);
      }),
      { numRuns: 2000 },
    );
  });
});

/** Whether one version is the other and more: `1.0-1` and `1.0-1+deb12u1`. Zeros are not looked at. */
function goesOn(later: string, above: string): boolean {
  const plain = (version: string): string => version.replace(/^0:/, '').replace(/(?<![0-9])0+/g, '');
  return plain(later).startsWith(plain(above));
}
