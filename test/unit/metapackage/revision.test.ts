import assert from 'node:assert/strict';
import fc from 'fast-check';
import { planVersion } from '../../../src/metapackage/revision.js';
import type { LockstepError } from '../../../src/errors.js';

const base = '1:1.39.17-1+deb12u2';
const use = (version: string, inputs: string, name = 'mediawiki') => ({ package: name, version, inputs });

describe('the number of a version', () => {
  it('begins at 1', () => {
    assert.equal(planVersion(base, 'lockstep', 'a', []), `${base}+lockstep1`);
  });

  it('stays the same for the same inputs', () => {
    const history = [use(`${base}+lockstep1`, 'a'), use(`${base}+lockstep2`, 'b')];
    assert.equal(planVersion(base, 'lockstep', 'a', history), `${base}+lockstep1`);
    assert.equal(planVersion(base, 'lockstep', 'b', history), `${base}+lockstep2`);
  });

  it('is one more than the highest for other inputs, counted as a number', () => {
    const history = [2, 10, 9].map((n) => use(`${base}+lockstep${n}`, `x${n}`));
    assert.equal(planVersion(base, 'lockstep', 'new', history), `${base}+lockstep11`);
  });

  it('looks at this base, this suffix and, where named, this package only', () => {
    const history = [
      use('1:1.39.16-1+lockstep7', 'a'),
      use(`${base}+other7`, 'b'),
      use(`${base}+lockstep1.1`, 'c'),
      use(`${base}+lockstep8`, 'a', 'parsoid'),
    ];
    assert.equal(planVersion(base, 'lockstep', 'a', history, 'mediawiki'), `${base}+lockstep1`);
    assert.equal(planVersion(base, 'lockstep', 'z', history), `${base}+lockstep9`);
  });

  it('refuses a base that is no version', () => {
    assert.throws(
      () => planVersion('not a version', 'lockstep', 'a', []),
      (error: LockstepError) => error.code === 'DEB_VERSION',
    );
  });

  it('never gives one version to two inputs', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-e]$/), { maxLength: 30 }), (inputs) => {
        const history: { package: string; version: string; inputs: string }[] = [];
        for (const input of inputs) history.push(use(planVersion('1.0', 's', input, history), input));
        const owners = new Map<string, string>();
        for (const { version, inputs: input } of history) {
          assert.equal(owners.get(version) ?? input, input);
          owners.set(version, input);
        }
        assert.equal(owners.size, new Set(inputs).size);
      }),
    );
  });
});
