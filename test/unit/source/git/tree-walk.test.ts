import assert from 'node:assert/strict';
import { assertLinksStayInside, inOrder } from '../../../../src/source/git/tree-walk.js';

const leaves = (links: Record<string, string>): boolean => {
  try {
    assertLinksStayInside(new Map(Object.entries(links)));
    return false;
  } catch {
    return true;
  }
};

describe('links of a tree', () => {
  it('may lead anywhere within it', () => {
    assert.ok(
      !leaves({ a: 'b/c', 'd/e': '../a', 'd/f': 'e/../x', self: '.', loop: 'loop', gone: 'nowhere' }),
    );
  });

  it('are followed as the kernel does, not read as text', () => {
    assert.ok(leaves({ 'deep/up': '..', out: 'deep/up/../x' }));
    assert.ok(leaves({ here: '.', out: 'here/here/../..' }));
    assert.ok(leaves({ 'a/b/c': '../../..' }));
    assert.ok(leaves({ a: '/etc' }));
  });
});

describe('paths of a tree', () => {
  it('have each folder before what is in it, all of that together', () => {
    const paths = ['a.b', 'a/c', 'a', 'a b', 'a/b/x', 'a/b'].map((path) => ({ path }));
    assert.deepEqual(
      inOrder(paths).map(({ path }) => path),
      ['a', 'a/b', 'a/b/x', 'a/c', 'a b', 'a.b'],
    );
  });
});
