import assert from 'node:assert/strict';
import fc from 'fast-check';
import { supersedingVersion } from '../../../src/deb/really-version.js';
import { compareVersions } from '../../../src/deb/version.js';
import { planVersion, type VersionUse } from '../../../src/metapackage/revision.js';
import { versionText } from '../../fixtures/deb-arbitraries.js';
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

  it('are not given an earlier number again where their own profile has gone on since', () => {
    const history = [use(`${base}+lockstep1`, 'a'), use(`${base}+lockstep2`, 'b')];
    const own = history.map((one) => ({ ...one, isOwn: true }));
    assert.equal(planVersion(base, 'lockstep', 'a', own), `${base}+lockstep3`);
    const later = [...own, { ...use(`${base}+lockstep3`, 'a'), isOwn: true }];
    assert.equal(planVersion(base, 'lockstep', 'a', later), `${base}+lockstep3`);
    // Two profiles that differ, in turn
    const [first, second] = [history[0]!, { ...history[1]!, isOwn: true }];
    assert.equal(planVersion(base, 'lockstep', 'b', [first, second]), `${base}+lockstep2`);
    assert.equal(
      planVersion(base, 'lockstep', 'a', [{ ...first, isOwn: true }, history[1]!]),
      `${base}+lockstep1`,
    );
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

  describe('after older content was given out above it', () => {
    const above = supersedingVersion(`${base}+lockstep2`, '1:1.39.16-1+lockstep1');
    const before = [use(`${base}+lockstep1`, 'a'), use(`${base}+lockstep2`, 'b')];

    it('is a number above that, for the very same inputs too', () => {
      const history = [...before, use(above, 'of 1.39.16')];
      for (const inputs of ['a', 'b', 'new', 'of 1.39.16']) {
        const version = planVersion(base, 'lockstep', inputs, history);
        assert.equal(version, `${base}+lockstep3`);
        assert.equal(compareVersions(version, above), 1);
      }
      // ... once: from then on these inputs have that number
      const later = [...history, use(`${base}+lockstep3`, 'b')];
      assert.equal(planVersion(base, 'lockstep', 'b', later), `${base}+lockstep3`);
      assert.equal(planVersion(base, 'lockstep', 'a', later), `${base}+lockstep4`);
    });

    it('is so when the withdrawn snapshot was dropped and only the re-issue tells of it', () => {
      assert.equal(planVersion(base, 'lockstep', 'b', [use(above, 'x')]), `${base}+lockstep3`);
    });

    it('is so after several turns', () => {
      const twice = supersedingVersion(above, '1:1.39.15-1+lockstep4');
      const version = planVersion(base, 'lockstep', 'b', [...before, use(above, 'x'), use(twice, 'y')]);
      assert.equal(compareVersions(version, twice), 1);
    });

    it('leaves numbers alone that lie above a re-issue, other packages and other bases', () => {
      const low = supersedingVersion(`${base}+lockstep1`, '1:1.39.16-1+lockstep1');
      assert.equal(planVersion(base, 'lockstep', 'b', [...before, use(low, 'x')]), `${base}+lockstep2`);
      const other = use(above, 'x', 'parsoid');
      assert.equal(planVersion(base, 'lockstep', 'b', [...before, other], 'mediawiki'), `${base}+lockstep2`);
      const next = '1:1.39.17-1+deb12u3';
      assert.equal(planVersion(next, 'lockstep', 'b', [use(above, 'x')]), `${next}+lockstep1`);
      assert.equal(compareVersions(`${next}+lockstep1`, above), 1);
    });

    it('always exceeds what was re-issued above a version of the same base', () => {
      fc.assert(
        fc.property(
          versionText,
          fc.array(fc.record({ inputs: fc.constantFrom('a', 'b', 'c'), content: fc.option(versionText) }), {
            minLength: 1,
            maxLength: 12,
          }),
          (start, steps) => {
            const history: VersionUse[] = [];
            let highest: string | null = null;
            for (const { inputs, content } of steps) {
              const version = planVersion(start, 'lockstep', inputs, history);
              // A release after a re-issue reaches machines that have it
              const last = history.at(-1)?.version;
              if (last?.includes('+really') === true) assert.equal(compareVersions(version, last), 1);
              history.push(use(version, inputs));
              if (highest === null || compareVersions(version, highest) > 0) highest = version;
              if (content === null) continue;
              highest = supersedingVersion(highest, content);
              history.push(use(highest, 'a re-issue'));
            }
          },
        ),
      );
    });
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
