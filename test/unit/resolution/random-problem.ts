/** Small random problems, and an answer to them by trying everything. */
import fc from 'fast-check';
import type { Clause, Problem, Variable } from '../../../src/resolution/problem.js';
import { decisionOrder, isGranted, type Wish } from '../../../src/resolution/solver-encoding.js';

export const letters = ['a', 'b', 'c', 'd'];

/** Up to four components of up to four options, and demands among them that often contradict each other. */
export const randomProblem: fc.Arbitrary<Problem> = fc
  .tuple(
    fc.array(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 4,
    }),
    fc.array(
      fc.record({
        from: fc.nat(3),
        option: fc.nat(3),
        thing: fc.constantFrom('x', 'y'),
        constraint: fc.constantFrom('1', '2'),
        met: fc.array(fc.record({ to: fc.nat(3), options: fc.uniqueArray(fc.nat(3), { maxLength: 3 }) }), {
          maxLength: 2,
        }),
      }),
      { maxLength: 14 },
    ),
    fc.nat(3),
  )
  .map(([shape, demands, lead]): Problem => {
    const variables = shape.map((marks, index): Variable => ({
      component: letters[index]!,
      range: '~1.0',
      path: `components.${letters[index]!}.source.version`,
      // One in four is out of range
      options: marks.map((mark, option) => ({
        version: `${marks.length - option}.0`,
        label: `${marks.length - option}.0`,
        inRange: mark > 0,
      })),
    }));
    const clauses = demands.map((one): Clause => {
      const variable = variables[one.from % variables.length]!;
      return {
        component: variable.component,
        option: one.option % variable.options.length,
        demand: {
          thing: one.thing,
          constraint: one.constraint,
          by: variable.component,
          file: 'extension.json',
          field: 'requires',
        },
        met: one.met.map(({ to, options }) => {
          const supplier = variables[to % variables.length]!;
          return {
            component: supplier.component,
            options: [...new Set(options.map((option) => option % supplier.options.length))],
          };
        }),
        instead: null,
      };
    });
    return { variables, clauses, lead: letters[lead % variables.length]! };
  });

/** Every choice, those of the newest first, in the order of decisions. */
export function* everyChoice(problem: Problem): Generator<Map<string, number>> {
  const ordered = decisionOrder(problem);
  const walk = function* (at: number, chosen: Map<string, number>): Generator<Map<string, number>> {
    const variable = ordered[at];
    if (variable === undefined) {
      yield new Map(chosen);
      return;
    }
    for (const option of variable.options.keys()) {
      chosen.set(variable.component, option);
      yield* walk(at + 1, chosen);
    }
  };
  yield* walk(0, new Map());
}

/** The first choice that grants all wishes. */
export function firstGranting(problem: Problem, wishes: readonly Wish[]): Map<string, number> | undefined {
  for (const chosen of everyChoice(problem)) {
    if (wishes.every((wish) => isGranted(wish, chosen, problem))) return chosen;
  }
  return undefined;
}

/** The size of the smallest set of wishes that contradicts itself. */
export function smallestContradiction(problem: Problem, wishes: readonly Wish[]): number {
  const granted = [...everyChoice(problem)].map((chosen) =>
    wishes.map((wish) => isGranted(wish, chosen, problem)),
  );
  const contradicts = (indices: readonly number[]): boolean =>
    !granted.some((row) => indices.every((index) => row[index]));
  const ofSize = function* (size: number, from: number): Generator<number[]> {
    if (size === 0) {
      yield [];
      return;
    }
    for (let index = from; index <= wishes.length - size; index++) {
      for (const rest of ofSize(size - 1, index + 1)) yield [index, ...rest];
    }
  };
  for (let size = 1; size <= wishes.length; size++) {
    for (const indices of ofSize(size, 0)) if (contradicts(indices)) return size;
  }
  throw new TypeError('the wishes can all be granted');
}
