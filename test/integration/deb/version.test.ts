import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { compareVersions, isValidVersion } from '../../../src/deb/version.js';
import { needs } from '../../fixtures/machine.js';
import { versionText } from '../../fixtures/deb-arbitraries.js';
import { output } from './machine.js';

/** Prints -1, 0 or 1 for each pair of arguments. */
const comparisons = `
while [ $# -gt 1 ]; do
  if dpkg --compare-versions "$1" lt "$2"; then echo -1
  elif dpkg --compare-versions "$1" eq "$2"; then echo 0
  else echo 1
  fi
  shift 2
done`;

/** Prints 1 for each argument that is a version, else 0. */
const validations = `
for version; do
  if dpkg --validate-version "$version" 2>/dev/null; then echo 1; else echo 0; fi
done`;

const perlComparisons = 'while (@ARGV) { print version_compare(shift, shift), "\\n" }';

/**
 * Many values and one spawn for them all, since a spawn for each would be slow;
 * so the values are sampled, and the seed is named in the failure.
 */
async function sampled<T>(
  values: fc.Arbitrary<T>,
  count: number,
  wrongOnes: (values: T[]) => Promise<string[]>,
): Promise<void> {
  const seed = randomInt(2 ** 31);
  const wrong = await wrongOnes(fc.sample(values, { numRuns: count, seed }));
  assert.deepEqual(wrong, [], `seed ${seed}`);
}

const pair = fc.tuple(versionText, versionText);

function disagreements(command: string, args: string[]) {
  return async (pairs: [string, string][]): Promise<string[]> => {
    const answers = (await output(command, [...args, ...pairs.flat()])).split('\n').map(Number);
    assert.equal(answers.length, pairs.length);
    return pairs.flatMap(([a, b], index) =>
      answers[index] === compareVersions(a, b) ? [] : [`${a} and ${b}: ${answers[index]}`],
    );
  };
}

describe('deb/version against Debian', () => {
  it('orders as dpkg --compare-versions does', async function () {
    await needs(this, { tools: ['dpkg'] });
    await sampled(pair, 200, disagreements('sh', ['-c', comparisons, 'sh']));
  });

  it('orders as Dpkg::Version does, over many more', async function () {
    await needs(this, { tools: ['perl', 'dpkg-source'] });
    await sampled(pair, 4000, disagreements('perl', ['-MDpkg::Version', '-e', perlComparisons]));
  });

  it('takes for a version what dpkg takes for one', async function () {
    await needs(this, { tools: ['dpkg'] });
    // dpkg trims blanks; what we read from files is exact already
    const near = fc.oneof(
      versionText,
      fc
        .string({
          unit: fc.constantFrom('0', '1', 'a', '.', '-', ':', '~', '+', '_', ' ', '/'),
          maxLength: 5,
        })
        .map((text) => `1${text}`)
        .filter((text) => text.trim() === text),
      fc.string({ unit: fc.constantFrom('0', '1', 'a', '-', ':', '~'), minLength: 1, maxLength: 4 }),
    );
    await sampled(near, 300, async (texts) => {
      const answers = (await output('sh', ['-c', validations, 'sh', ...texts])).split('\n');
      assert.equal(answers.length, texts.length);
      return texts.filter((text, index) => (answers[index] === '1') !== isValidVersion(text));
    });
  });
});
