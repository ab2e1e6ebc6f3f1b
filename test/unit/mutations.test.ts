import assert from 'node:assert/strict';
import { inOrderOf, mutated, mutationsOf } from '../fixtures/mutations.js';

const after = (text: string): string[] => mutationsOf(text).map((mutation) => mutated(text, mutation));

describe('the mutations of a text', () => {
  it('changes comparisons, and/or, and steps of one', () => {
    assert.deepEqual(after('a === b && c < 2'), [
      'a !== b && c < 2',
      'a === b || c < 2',
      'a === b && c <= 2',
    ]);
    assert.deepEqual(after('f(a + 1, b - 1, c + 2)'), ['f(a - 1, b - 1, c + 2)', 'f(a + 1, b + 1, c + 2)']);
  });

  it('negates a condition, and takes a negation away', () => {
    assert.deepEqual(after('if (a) b();'), ['if (!(a)) b();']);
    assert.deepEqual(after('if (!a) b();'), ['if (a) b();']);
    assert.deepEqual(after('const x = f(a) ? b : c;'), ['const x = !(f(a)) ? b : c;']);
  });

  it('takes away a throw and a continue', () => {
    assert.deepEqual(after('throw fault(a);'), ['void fault(a);']);
    assert.deepEqual(after('for (;;) { continue; }'), ['for (;;) { ; }']);
  });

  it('swaps booleans, some and every, and leaves types and texts alone', () => {
    assert.deepEqual(after('const a: true | false = true;'), ['const a: true | false = false;']);
    assert.deepEqual(after('a.some(b)'), ['a.every(b)']);
    assert.deepEqual(after("const some = 'a === b'; // a < b"), []);
  });

  it('names the line, and keeps its id when other lines change', () => {
    const [alone] = mutationsOf('a < b;');
    const [, below] = mutationsOf('c === d;\n\n  a < b;');
    assert.deepEqual(
      [below!.line, below!.before, below!.after, below!.id],
      [3, 'a < b;', 'a <= b;', alone!.id],
    );
    const twice = mutationsOf('a < b;\na < b;');
    assert.equal(new Set(twice.map(({ id }) => id)).size, 2);
  });

  it('has an order for each seed, in which what is added changes the place of nothing else', () => {
    const all = Array.from({ length: 50 }, (_, index) => ({ id: `id${index}` }));
    const order = inOrderOf(1, all);
    assert.deepEqual(
      inOrderOf(1, all.slice(5)),
      order.filter((one) => all.indexOf(one) >= 5),
    );
    assert.notDeepEqual(inOrderOf(2, all), order);
  });
});
