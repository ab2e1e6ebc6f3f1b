import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LockstepError } from '../../../src/errors.js';
import type { Clause, Problem } from '../../../src/resolution/problem.js';
import { search, type SearchResult } from '../../../src/resolution/search.js';
import { wishesOf } from '../../../src/resolution/solver-encoding.js';
import { solve } from '../../../src/resolution/solver.js';
import { demandingSet } from '../../fixtures/demanding-set.js';
import { firstGranting, randomProblem } from './random-problem.js';

/** A problem of which each option's demands come to light only when its tree is read. */
class Unfolding {
  readonly read: string[] = [];
  readonly #known = new Set<string>();
  readonly #problem: Problem;
  readonly #fails: string | undefined;

  constructor(problem: Problem, fails?: string) {
    this.#problem = problem;
    this.#fails = fails;
  }

  search(): Promise<SearchResult> {
    const { variables, lead } = this.#problem;
    return search({
      variables,
      lead,
      clauses: () => this.#clauses(),
      load: (wanted) => {
        for (const [component, option] of wanted) {
          const key = `${component} ${option}`;
          if (key === this.#fails) {
            return Promise.reject(new LockstepError('NET_STALLED', { message: 'no byte came' }));
          }
          this.read.push(key);
          this.#known.add(key);
        }
        return Promise.resolve();
      },
    });
  }

  /** What is known by now: the options that were not read demand nothing, and supply whatever is asked. */
  #clauses(): Clause[] {
    const isRead = (component: string, option: number): boolean => this.#known.has(`${component} ${option}`);
    return this.#problem.clauses
      .filter(({ component, option }) => isRead(component, option))
      .map((clause) => ({
        ...clause,
        met: clause.met.map(({ component, options }) => ({
          component,
          options: this.#problem.variables
            .find((one) => one.component === component)!
            .options.flatMap((_, option) =>
              options.includes(option) || !isRead(component, option) ? [option] : [],
            ),
        })),
      }));
  }
}

function chosenIn(result: SearchResult): [string, number][] | undefined {
  return result.kind === 'found' ? [...result.chosen].sort() : undefined;
}

describe('the search that reads trees as it goes', () => {
  it('comes to what is found with everything read', async () => {
    await fc.assert(
      fc.asyncProperty(randomProblem, async (problem) => {
        const unfolding = new Unfolding(problem);
        const expected = firstGranting(problem, wishesOf(problem));
        assert.deepEqual(chosenIn(await unfolding.search()), expected && [...expected].sort());
        assert.equal(new Set(unfolding.read).size, unfolding.read.length, 'nothing is read twice');
      }),
      { seed: 20261123, numRuns: 1500 },
    );
  });

  it('reads little of a large set', async () => {
    const problem = demandingSet({ seed: 1, components: 40, versions: 50, coreSeries: 3 });
    const unfolding = new Unfolding(problem);
    const result = await unfolding.search();
    const decision = solve(problem);
    assert.ok(decision.kind === 'found');
    assert.deepEqual(chosenIn(result), [...decision.chosen].sort());
    // All that was chosen, and the newer ones that turned out not to fit
    assert.ok(unfolding.read.length < 1000, `${unfolding.read.length} of 2000`);
  });

  it('looks into what would help, so that it can be said for sure', async () => {
    const problem = demandingSet({ seed: 1, components: 4, versions: 10, coreSeries: 1, eager: 1 });
    const unfolding = new Unfolding(problem);
    const result = await unfolding.search();
    assert.ok(result.kind === 'conflict');
    const [help] = result.conflict.contradictions[0]!.helps;
    assert.deepEqual([help?.version, help?.cures, help?.proven], ['1.50.4', 'all', true]);
    assert.ok(unfolding.read.includes('mediawiki 0'));
    assert.equal(result.error.code, 'RESOLVE_DEMAND');
  });

  it('says less for sure where what would help cannot be read', async () => {
    const problem = demandingSet({ seed: 1, components: 4, versions: 10, coreSeries: 1, eager: 1 });
    const result = await new Unfolding(problem, 'mediawiki 0').search();
    assert.ok(result.kind === 'conflict');
    assert.match(result.error.hint ?? '', /mediawiki 1\.50\.4 may fit \(not all/);
  });

  it('hands on a fault of what it cannot do without', async () => {
    const problem = demandingSet({ seed: 1, components: 4, versions: 10 });
    await assert.rejects(new Unfolding(problem, 'mediawiki 0').search(), { code: 'NET_STALLED' });
  });
});
