import assert from 'node:assert/strict';
import fc from 'fast-check';
import { pathMatcher } from '../../../src/build/path-pattern.js';

function meant(patterns: string[], paths: string[]): string[] {
  return paths.filter(pathMatcher(patterns));
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

  it('mean nothing when there are none', () => {
    assert.deepEqual(meant([], paths), []);
  });
});
