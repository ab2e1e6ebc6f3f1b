import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { debianVersionOf } from '../../../src/deb/version.js';
import { needs } from '../../fixtures/machine.js';
import { compareKeys, knownPair, styles, versionsOfProject } from '../../fixtures/upstream-arbitraries.js';
import { output } from './machine.js';

/** Prints `lt`, `eq` or `gt` for each pair of arguments, by dpkg itself. */
const comparisons = `
while [ $# -gt 1 ]; do
  if dpkg --compare-versions "$1" lt "$2"; then echo lt
  elif dpkg --compare-versions "$1" eq "$2"; then echo eq
  else echo gt
  fi
  shift 2
done`;

const answers = { '-1': 'lt', 0: 'eq', 1: 'gt' } as const;

describe('upstream versions as Debian ones', () => {
  it('are ordered by dpkg as their upstream means it', async function () {
    await needs(this, { tools: ['dpkg'] });
    const seed = randomInt(2 ** 31);
    const pairs = fc.sample(knownPair, { numRuns: 400, seed });
    const mapped = pairs.flatMap((pair) => pair.map(({ text }) => debianVersionOf(text)));
    const said = (await output('sh', ['-c', comparisons, 'sh', ...mapped])).split('\n');
    assert.equal(said.length, pairs.length);
    const wrong = pairs.flatMap(([a, b], index) => {
      const expected = answers[compareKeys(a.key, b.key)];
      return said[index] === expected ? [] : [`${a.text} ${expected} ${b.text}, dpkg: ${said[index]}`];
    });
    assert.deepEqual(wrong, [], `seed ${seed}`);
  });

  it('are sorted by Dpkg::Version as their upstream means it', async function () {
    await needs(this, { tools: ['perl', 'dpkg-source'] });
    const seed = randomInt(2 ** 31);
    for (const style of styles) {
      const versions = fc.sample(versionsOfProject(style), { numRuns: 600, seed });
      const sort = 'print join("\\n", sort { version_compare($a, $b) } @ARGV)';
      const sorted = await output('perl', [
        '-MDpkg::Version',
        '-e',
        sort,
        ...versions.map(({ text }) => debianVersionOf(text)),
      ]);
      const expected = [...versions]
        .sort((a, b) => compareKeys(a.key, b.key))
        .map(({ text }) => debianVersionOf(text));
      assert.deepEqual(sorted.split('\n'), expected, `seed ${seed}`);
    }
  });
});
