import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CoreQuestion, leanCore, smallestCore } from '../../../src/resolution/explain-core.js';
import { conflictError } from '../../../src/resolution/conflict-error.js';
import { explainConflict } from '../../../src/resolution/explain-conflict.js';
import type { Problem } from '../../../src/resolution/problem.js';
import { Encoding, finerWishes, wishesOf, type Wish } from '../../../src/resolution/solver-encoding.js';
import { solve } from '../../../src/resolution/solver.js';
import { demandingSet } from '../../fixtures/demanding-set.js';
import { firstGranting, randomProblem, smallestContradiction } from './random-problem.js';

/** The seed is fixed: a build that fails today fails tomorrow. */
const many = { seed: 20261123, numRuns: 4000 };
const some = { seed: 20261123, numRuns: 800 };

function chosenIn(problem: Problem): [string, number][] | undefined {
  const decision = solve(problem);
  return decision.kind === 'found' ? [...decision.chosen].sort() : undefined;
}

/** Decides as {@link solve} does, and looks at the work that it took. */
function assertEasy(problem: Problem, kind: 'found' | 'none'): void {
  const encoding = new Encoding(problem);
  for (const wish of wishesOf(problem)) encoding.require(wish, problem);
  assert.equal(encoding.solve([], []).kind, kind);
  const { conflicts, steps } = encoding.engine;
  assert.ok(conflicts < 200 && steps < 50_000, `${conflicts} conflicts, ${steps} steps`);
}

function coreOf(problem: Problem): { wishes: Wish[]; smallest: boolean } | undefined {
  const wishes = wishesOf(problem);
  const core = smallestCore(new CoreQuestion(problem, wishes), [...wishes.keys()]);
  return core && { wishes: core.wishes.map((index) => wishes[index]!), smallest: core.smallest };
}

/** The same question with everything in another order. */
function shuffled(problem: Problem): fc.Arbitrary<Problem> {
  const all = <T>(items: readonly T[]): fc.Arbitrary<T[]> =>
    fc.shuffledSubarray([...items], { minLength: items.length });
  return fc.tuple(all(problem.variables), all(problem.clauses)).map(([variables, clauses]) => ({
    ...problem,
    variables,
    clauses: clauses.map((clause) => ({
      ...clause,
      met: [...clause.met].reverse().map(({ component, options }) => ({
        options: [...options].reverse(),
        component,
      })),
    })),
  }));
}

describe('the search for what goes together', () => {
  it('finds what trying everything finds first, or nothing where that finds nothing', () => {
    let conflicts = 0;
    fc.assert(
      fc.property(randomProblem, (problem) => {
        const expected = firstGranting(problem, wishesOf(problem));
        if (expected === undefined) conflicts++;
        assert.deepEqual(chosenIn(problem), expected && [...expected].sort());
      }),
      many,
    );
    // Both answers are common among the random problems
    assert.ok(conflicts > many.numRuns / 10 && conflicts < (many.numRuns * 9) / 10, `${conflicts}`);
  });

  it('does not depend on the order in which anything is written', () => {
    fc.assert(
      fc.property(
        randomProblem.chain((problem) => fc.tuple(fc.constant(problem), shuffled(problem))),
        ([problem, other]) => {
          assert.deepEqual(chosenIn(other), chosenIn(problem));
          const told = (one: Problem): unknown =>
            coreOf(one)?.wishes.map(({ kind, component }) => [kind, component]);
          assert.deepEqual(told(other), told(problem));
          if (chosenIn(problem) !== undefined) return;
          const [one, another] = [problem, other].map((asked) => conflictError(explainConflict(asked)));
          assert.deepEqual([another!.message, another!.hint], [one!.message, one!.hint]);
        },
      ),
      some,
    );
  });

  it('looks back as far as the fault lies: a hard set takes few conflicts', () => {
    // 40 components of 50 versions. Blind back-tracking takes more steps here than there are atoms
    for (const seed of [1, 2, 3]) {
      for (const coreSeries of [undefined, 3]) {
        const shape = {
          seed,
          components: 40,
          versions: 50,
          ...(coreSeries === undefined ? {} : { coreSeries }),
        };
        assertEasy(demandingSet(shape), 'found');
      }
      assertEasy(demandingSet({ seed, components: 40, versions: 50, coreSeries: 8 }), 'none');
    }
  });

  it('proves that nothing fits where every two components get in each other’s way', () => {
    // Six components share five places: the classic that no look at single demands can refute
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const options = Array.from({ length: 5 }, (_, index) => ({
      version: `${index}`,
      label: `${index}`,
      inRange: true,
    }));
    const problem: Problem = {
      lead: 'a',
      variables: names.map((component) => ({ component, range: '*', path: '', options })),
      clauses: names.flatMap((component) =>
        names
          .filter((other) => other !== component)
          .flatMap((other) =>
            options.map((_, option) => ({
              component,
              option,
              demand: { thing: other, constraint: `not ${option}`, by: component, file: '', field: '' },
              met: [{ component: other, options: [0, 1, 2, 3, 4].filter((one) => one !== option) }],
              instead: null,
            })),
          ),
      ),
    };
    assert.equal(solve(problem).kind, 'conflict');
  });
});

describe('the smallest set that contradicts itself', () => {
  it('does so, can spare nothing, and no other is smaller', () => {
    let found = 0;
    fc.assert(
      fc.property(randomProblem, (problem) => {
        const core = coreOf(problem);
        assert.equal(core === undefined, solve(problem).kind === 'found');
        if (core === undefined) return;
        found++;
        assert.ok(core.smallest);
        assert.equal(firstGranting(problem, core.wishes), undefined);
        for (const wish of core.wishes) {
          assert.ok(
            firstGranting(
              problem,
              core.wishes.filter((other) => other !== wish),
            ),
          );
        }
        assert.equal(core.wishes.length, smallestContradiction(problem, wishesOf(problem)));
      }),
      some,
    );
    assert.ok(found > some.numRuns / 10);
  });

  it('is cut down to those of the demands on one thing that matter', () => {
    fc.assert(
      fc.property(randomProblem, (problem) => {
        const core = coreOf(problem);
        if (core === undefined) return;
        const lean = leanCore(problem, core.wishes.flatMap(finerWishes));
        assert.equal(firstGranting(problem, lean), undefined);
        for (const wish of lean) {
          assert.ok(
            firstGranting(
              problem,
              lean.filter((other) => other !== wish),
            ),
          );
        }
      }),
      some,
    );
  });

  it('is irreducible, and says that it may not be the smallest, where the search is cut short', () => {
    const problem = demandingSet({ seed: 4, components: 12, versions: 20, coreSeries: 2, eager: 1 });
    const wishes = wishesOf(problem);
    const core = smallestCore(new CoreQuestion(problem, wishes), [...wishes.keys()], 0);
    assert.ok(core !== undefined && !core.smallest);
    const own = core.wishes.map((index) => wishes[index]!);
    const still = (left: Wish[]): boolean =>
      smallestCore(new CoreQuestion(problem, left), [...left.keys()]) !== undefined;
    assert.ok(still(own));
    for (const wish of own) assert.ok(!still(own.filter((other) => other !== wish)));
  });
});
