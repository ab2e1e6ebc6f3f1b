import assert from 'node:assert/strict';
import fc from 'fast-check';
import { pathMatcher, starExpression } from '../../../src/profile/path-pattern.js';

function meant(patterns: string[], paths: string[]): string[] {
  return paths.filter(pathMatcher(patterns));
}

/** Whether the pattern is about this very path: by trying everything. */
function search([part, ...parts]: string[], [wanted, ...others]: string[]): boolean {
  if (wanted === undefined) return part === undefined;
  if (wanted === '**') {
    const isLast = others.length === 0;
    if (part === undefined) return false;
    return isLast || search([part, ...parts], others) || search(parts, [wanted, ...others]);
  }
  return part !== undefined && letters(part, wanted) && search(parts, others);
}

function letters(text: string, wanted: string): boolean {
  if (wanted === '') return text === '';
  if (wanted[0] === '*')
    return letters(text, wanted.slice(1)) || (text !== '' && letters(text.slice(1), wanted));
  return (wanted[0] === '?' ? text !== '' : text[0] === wanted[0]) && letters(text.slice(1), wanted.slice(1));
}

describe('patterns of paths in a tree', () => {
  const paths = [
    'README.md',
    'src/a.php',
    'src/tests/x.php',
    'tests/a/b.php',
    'tests',
    'docs/README.md',
    'tests2/c',
  ];

  it('mean a folder with all that is in it', () => {
    assert.deepEqual(meant(['tests/**'], paths), ['tests/a/b.php']);
    assert.deepEqual(meant(['tests'], paths), ['tests/a/b.php', 'tests']);
    assert.deepEqual(meant(['tests/'], paths), ['tests/a/b.php', 'tests']);
  });

  it('begin at the top of the tree unless they say otherwise', () => {
    assert.deepEqual(meant(['*.md'], paths), ['README.md']);
    assert.deepEqual(meant(['**/*.md'], paths), ['README.md', 'docs/README.md']);
    assert.deepEqual(meant(['**/tests/**'], paths), ['src/tests/x.php', 'tests/a/b.php']);
    assert.deepEqual(meant(['src/*.php'], paths), ['src/a.php']);
    assert.deepEqual(meant(['?ocs'], paths), ['docs/README.md']);
  });

  it('take every other character for itself', () => {
    assert.deepEqual(meant(['a+b(1).[x]'], ['a+b(1).[x]', 'aab1.x']), ['a+b(1).[x]']);
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z.+()[\]{}^$|\\-]{1,12}$/), (name) => {
        fc.pre(!['.', '..'].includes(name));
        return (
          pathMatcher([name])(name) &&
          pathMatcher([name])(`${name}/below`) &&
          !pathMatcher([name])(`x${name}`)
        );
      }),
    );
  });

  it('mean the same as a search through all possibilities', () => {
    const part = fc.stringMatching(/^[ab]{1,3}$/);
    const wanted = fc.oneof(fc.constant('**'), fc.stringMatching(/^[ab*?]{1,4}$/));
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 5 }),
        fc.array(wanted, { maxLength: 4 }),
        (path, pattern) => {
          const expected = path.some((_, end) => search(path.slice(0, end + 1), pattern));
          assert.equal(pathMatcher([pattern.join('/')])(path.join('/')), expected);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('take no longer over a hostile name than over another one', () => {
    const name = 'a'.repeat(2000);
    const began = performance.now();
    assert.equal(pathMatcher([`${'*a'.repeat(200)}*b`])(name), false);
    assert.equal(pathMatcher([`${'**/a/'.repeat(200)}b`])('a/'.repeat(2000)), false);
    assert.equal(starExpression(`${'*a'.repeat(200)}*a`).test(name), true);
    assert.ok(performance.now() - began < 2000);
  });

  it('mean nothing when there are none', () => {
    assert.deepEqual(meant([], paths), []);
  });
});
