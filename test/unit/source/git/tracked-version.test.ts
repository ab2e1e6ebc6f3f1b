import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compareVersions, debianVersionOf } from '../../../../src/deb/version.js';
import { trackedVersion } from '../../../../src/source/git/tracked-version.js';

const at = Date.UTC(2026, 10, 23, 10, 15, 30) / 1000;
const one = '1a2b3c4d'.padEnd(40, '0');
const two = 'ffffffff'.padEnd(40, '0');

const isHigher = (a: string, b: string): boolean =>
  compareVersions(debianVersionOf(a), debianVersionOf(b)) > 0;

describe('versions of commits', () => {
  it('say base, time and commit', () => {
    assert.equal(trackedVersion('1.47.0-wmf.9', at, one), '1.47.0-wmf.9+git20261123.101530.1a2b3c4d');
    assert.equal(trackedVersion('v2.0', at, one), '2.0+git20261123.101530.1a2b3c4d');
    assert.equal(trackedVersion(null, at, one), '0+git20261123.101530.1a2b3c4d');
    assert.equal(trackedVersion('not a version', at, one), '0+git20261123.101530.1a2b3c4d');
  });

  it('stay for the same commit', () => {
    const version = trackedVersion('1.0', at, one);
    assert.equal(trackedVersion('2.0', at + 9, one, { version, commit: one }), version);
  });

  it('go up though the clock stood still, or the base went down', () => {
    const before = { version: trackedVersion('1.47.0-wmf.9', at, two), commit: two };
    assert.equal(trackedVersion('1.47.0-wmf.9', at, one, before), '1.47.0-wmf.9+git20261123.101531.1a2b3c4d');
    assert.equal(
      trackedVersion('1.46.0', at - 86400, one, before),
      '1.47.0-wmf.9+git20261123.101531.1a2b3c4d',
    );
    assert.equal(trackedVersion('1.46.0', at + 60, one, before), '1.47.0-wmf.9+git20261123.101630.1a2b3c4d');
    const released = { version: '1.43.1', commit: null };
    assert.equal(trackedVersion('1.43.1-alpha', at, one, released), '1.43.1+git20261123.101530.1a2b3c4d');
  });

  it('always go up, whatever bases, clocks and commits come', () => {
    const base = fc.oneof(
      fc.constant(null),
      fc.stringMatching(/^v?\d{1,2}(\.\d{1,2}){0,2}(-(rc|wmf|a|alpha)\.?\d{0,2})?(\+git\d{0,3})?$/),
      fc.string(),
    );
    const step = fc.tuple(base, fc.integer({ min: 0, max: 4e9 }), fc.stringMatching(/^[0-9a-f]{40}$/));
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 12 }), (steps) => {
        let before: { version: string; commit: string } | undefined;
        for (const [base, time, commit] of steps) {
          const version = trackedVersion(base, time, commit, before);
          if (before !== undefined && before.commit !== commit) {
            assert.ok(isHigher(version, before.version), `${version} after ${before.version}`);
          }
          before = { version, commit };
        }
      }),
      { numRuns: 300 },
    );
  });
});
