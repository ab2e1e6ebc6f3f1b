import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { supersedingVersion } from '../../../src/deb/really-version.js';
import { compareVersions } from '../../../src/deb/version.js';
import { planVersion } from '../../../src/metapackage/revision.js';
import { needs } from '../../fixtures/machine.js';
import { versionText } from '../../fixtures/deb-arbitraries.js';
import { output } from './machine.js';

/** Names every argument that dpkg takes for no version, and every pair of which the second is not higher. */
const check = `
while [ $# -gt 1 ]; do
  dpkg --validate-version "$2" || echo "invalid $2"
  dpkg --compare-versions "$1" lt "$2" || echo "$1 is not below $2"
  shift 2
done`;

/** A few hundred in one spawn; the seed is named in the failure. */
async function ascending(pairs: fc.Arbitrary<[string, string][]>): Promise<void> {
  const seed = randomInt(2 ** 31);
  const all = fc.sample(pairs, { numRuns: 120, seed }).flat();
  assert.equal(await output('sh', ['-c', check, 'sh', ...all.flat()]), '', `seed ${seed}`);
}

describe('deb/really-version against dpkg', () => {
  it('makes versions that are valid and higher, turn after turn', async function () {
    await needs(this, { tools: ['dpkg'] });
    const turns = fc.array(versionText, { minLength: 1, maxLength: 4 });
    await ascending(
      fc.tuple(versionText, turns).map(([first, contents]) => {
        const pairs: [string, string][] = [];
        let above = first;
        for (const content of contents) {
          const next = supersedingVersion(above, content);
          pairs.push([above, next]);
          above = next;
        }
        return pairs;
      }),
    );
  });

  it('stays below the next build of the same version, and the next revision', async function () {
    await needs(this, { tools: ['dpkg'] });
    await ascending(
      fc.tuple(versionText, versionText, fc.integer({ min: 1, max: 12 })).map(([base, content, number]) => {
        const withdrawn = `${base}+lockstep${number}`;
        const reissue = supersedingVersion(withdrawn, content);
        const history = [{ package: 'x', version: reissue, inputs: 'a' }];
        return [[reissue, planVersion(base, 'lockstep', 'a', history)]];
      }),
    );
    const reissue = supersedingVersion('1:1.39.17-1~deb12u2+lockstep1', '1:1.39.16-1~deb12u1+lockstep3');
    const later = ['1:1.39.17-1~deb12u3+lockstep1', '1:1.39.17-1+lockstep1', '1:1.39.18-1~deb12u1+lockstep1'];
    assert.equal(await output('sh', ['-c', check, 'sh', ...later.flatMap((one) => [reissue, one])]), '');
    for (const one of later) assert.equal(compareVersions(reissue, one), -1);
  });
});
