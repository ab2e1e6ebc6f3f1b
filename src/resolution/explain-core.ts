/**
 * The smallest set of wishes that contradict each other. Every wish gets a
 * switch; sets of switches are tried until the smallest that cannot all be on
 * is known. By implicit hitting sets: whatever contradicts itself must have
 * something of every set of wishes whose loss was seen to cure everything, so
 * the smallest set that has something of each of them is a lower bound, and
 * often the answer.
 */
import type { Problem } from './problem.js';
import { Encoding, isGranted, type Wish } from './solver-encoding.js';
import type { Literal } from './solver-engine.js';

type Numbers = readonly number[];

/** Work after which the smallest set found so far has to do, in literals propagated: some seconds at most. */
const mostSteps = 4_000_000;

/** Maximum nodes of the search for a hitting set; beyond it, the current bound is used. */
const mostNodes = 200_000;

/** Asks whether some wishes can be granted together; what was learned on the way stays for the next question. */
export class CoreQuestion {
  readonly #encoding: Encoding;
  readonly #switches: Literal[];
  readonly #order: { component: string; options: number[] }[];

  /** @param wishes in the order by which ties are decided: the earlier are the likelier to be told */
  constructor(
    private readonly problem: Problem,
    readonly wishes: readonly Wish[],
  ) {
    this.#encoding = new Encoding(problem);
    this.#switches = wishes.map((wish) => {
      const literal = this.#encoding.engine.add();
      this.#encoding.require(wish, problem, literal);
      return literal;
    });
    // What is in range first: such answers grant the most
    this.#order = this.#encoding.ordered.map(({ component, options }) => ({
      component,
      options: options
        .map((option, index) => ({ index, rank: option.inRange ? 0 : 1 }))
        .sort((a, b) => a.rank - b.rank || a.index - b.index)
        .map(({ index }) => index),
    }));
  }

  get steps(): number {
    return this.#encoding.engine.steps;
  }

  /** Those of `among` that the answer grants, or those of `indices` that contradict each other. */
  ask(
    indices: Numbers,
    among: Numbers,
  ): { kind: 'found'; granted: Set<number> } | { kind: 'none'; core: number[] } {
    const outcome = this.#encoding.solve(
      indices.map((index) => this.#switches[index]!),
      this.#order,
    );
    if (outcome.kind === 'none') {
      const core = new Set(outcome.core);
      return { kind: 'none', core: indices.filter((index) => core.has(this.#switches[index]!)) };
    }
    const chosen = this.#encoding.chosen();
    const granted = new Set(indices);
    for (const index of among) {
      if (!granted.has(index) && isGranted(this.wishes[index]!, chosen, this.problem)) granted.add(index);
    }
    return { kind: 'found', granted };
  }
}

/**
 * @param all indices of the wishes to look among
 * @param steps limit of work
 * @returns their indices, ascending, and whether no smaller set contradicts itself. Where the limit of work was reached
 * before that was known, the set is still irreducible: without any one of its wishes the others fit together. Undefined
 * where the wishes can all be granted
 */
export function smallestCore(question: CoreQuestion, all: Numbers, steps = mostSteps) {
  const whole = question.ask(all, all);
  if (whole.kind === 'found') return undefined;
  const last = question.steps + steps;
  const best = irreducible(question, whole.core);
  const cures: Numbers[] = [];
  for (;;) {
    const bound = smallestHittingSet(cures, best.length);
    if (bound === 'unknown') return { wishes: best, smallest: false };
    // Nothing smaller than what is known can have something of each cure
    if (bound === undefined) return { wishes: best, smallest: true };
    const answer = question.ask(bound, all);
    if (answer.kind === 'none') return { wishes: [...bound].sort((a, b) => a - b), smallest: true };
    if (question.steps > last) return { wishes: best, smallest: false };
    cures.push(cureBeside(question, answer.granted, all));
  }
}

/** A set of wishes that contradicts itself, without what can be left out: see {@link irreducible}. */
export function leanCore(problem: Problem, wishes: readonly Wish[]): Wish[] {
  // Of what no wish speaks any option will do
  const spoken = new Set(
    wishes.flatMap((wish) => [
      wish.component,
      ...(wish.kind === 'demand'
        ? wish.clauses.flatMap(({ met }) => met.map(({ component }) => component))
        : []),
    ]),
  );
  const variables = problem.variables.filter(({ component }) => spoken.has(component));
  const question = new CoreQuestion({ ...problem, variables }, wishes);
  const answer = question.ask([...wishes.keys()], []);
  if (answer.kind === 'found') throw new TypeError('the wishes do not contradict each other');
  return irreducible(question, answer.core).map((index) => wishes[index]!);
}

/** Leaves out one wish after the other while the rest still contradicts itself. The last are tried first. */
function irreducible(question: CoreQuestion, core: Numbers): Numbers {
  let kept = [...core].sort((a, b) => a - b);
  for (const index of [...kept].reverse()) {
    if (!kept.includes(index)) continue;
    const answer = question.ask(
      kept.filter((other) => other !== index),
      [],
    );
    if (answer.kind === 'none') kept = answer.core.sort((a, b) => a - b);
  }
  return kept;
}

/** Adds as many wishes to `granted` as possible; the rest is a set whose removal resolves every conflict. */
function cureBeside(question: CoreQuestion, granted: Set<number>, all: Numbers): Numbers {
  const lost: number[] = [];
  let kept = granted;
  for (const index of all) {
    if (kept.has(index)) continue;
    const answer = question.ask([...[...kept].sort((a, b) => a - b), index], all);
    if (answer.kind === 'found') kept = answer.granted;
    else lost.push(index);
  }
  return lost;
}

/**
 * The first of the smallest sets that have something of every set; of fewer than `below` members, or undefined.
 */
function smallestHittingSet(sets: readonly Numbers[], below: number): Numbers | undefined | 'unknown' {
  let nodes = 0;
  const search = (chosen: Numbers, room: number): Numbers | undefined => {
    nodes++;
    const open = sets.filter((set) => !set.some((one) => chosen.includes(one)));
    if (open.length === 0) return chosen;
    if (disjoint(open) > room || nodes > mostNodes) return undefined;
    const branch = open.reduce((a, b) => (b.length < a.length ? b : a));
    for (const one of branch) {
      const found = search([...chosen, one], room - 1);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  for (let size = 0; size < below; size++) {
    const found = search([], size);
    if (found !== undefined) return found;
    if (nodes > mostNodes) return 'unknown';
  }
  return undefined;
}

/** How many of the sets, taken greedily, have nothing in common: so many members are needed at least. */
function disjoint(sets: readonly Numbers[]): number {
  const taken = new Set<number>();
  let count = 0;
  for (const set of sets) {
    if (set.some((one) => taken.has(one))) continue;
    for (const one of set) taken.add(one);
    count++;
  }
  return count;
}
