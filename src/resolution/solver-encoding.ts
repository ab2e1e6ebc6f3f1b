/**
 * A problem of components and options as clauses for the engine. Two forms:
 * hard, to decide; and with a switch for every range and every demand, to find
 * out which of them contradict each other.
 */
import { byText, grouped, remembered } from '../io/keyed.js';
import { Engine, not, type Literal, type Outcome } from './solver-engine.js';
import type { Clause, Problem, Variable } from './problem.js';

/** What is asked of the set and could be asked otherwise: what an explanation is made of. */
export type Wish =
  /** That a component stays in the profile's range. */
  | { kind: 'range'; component: string }
  /** What one component, or one part of it, demands of one thing; each of its options may demand another version. */
  | { kind: 'demand'; component: string; clauses: readonly Clause[] }
  /** That a component keeps the option it has. */
  | { kind: 'kept'; component: string; option: number };

/** The lead first, then by name: the order of decisions. */
export function decisionOrder({ variables, lead }: Pick<Problem, 'variables' | 'lead'>): Variable[] {
  return [...variables].sort(
    (a, b) =>
      Number(b.component === lead) - Number(a.component === lead) || (a.component < b.component ? -1 : 1),
  );
}

/** Every wish of a problem, always in the same order: ranges, then demands, each by decision order. */
export function wishesOf(problem: Problem): Wish[] {
  const ordered = decisionOrder(problem);
  const position = new Map(ordered.map(({ component }, index) => [component, index]));
  for (const clause of problem.clauses) {
    if (!position.has(clause.component))
      throw new TypeError(`${clause.component} has demands, but is not a variable`);
  }
  const folded = grouped(problem.clauses, ({ component, demand: { by, thing } }) =>
    [component, by, thing].join('\n'),
  );
  const at = ([first]: readonly Clause[]): number => position.get(first!.component)!;
  const demands = [...folded.keys()]
    .sort()
    .map((key) => folded.get(key)!.sort(byOption))
    .sort((a, b) => at(a) - at(b));
  return [
    ...ordered.map(({ component }): Wish => ({ kind: 'range', component })),
    ...demands.map((clauses): Wish => ({ kind: 'demand', component: clauses[0]!.component, clauses })),
  ];
}

/** Clauses are reported in a fixed order, however they were written. */
function byOption(a: Clause, b: Clause): number {
  const wordsOf = ({ demand: { constraint, file, field } }: Clause): string =>
    [constraint, file, field].join('\n');
  return a.option - b.option || byText(wordsOf(a), wordsOf(b));
}

/** A demand as those that say the same: one for each constraint. Other wishes are themselves. */
export function finerWishes(wish: Wish): Wish[] {
  if (wish.kind !== 'demand') return [wish];
  const same = grouped(wish.clauses, ({ demand }) => demand.constraint);
  return [...same.values()].map((clauses) => ({ ...wish, clauses }));
}

/** Whether a choice of options grants a wish. */
export function isGranted(wish: Wish, chosen: ReadonlyMap<string, number>, problem: Problem): boolean {
  const own = chosen.get(wish.component);
  switch (wish.kind) {
    case 'range':
      return problem.variables.find((one) => one.component === wish.component)!.options[own!]!.inRange;
    case 'kept':
      return own === wish.option;
    case 'demand':
      return wish.clauses.every((clause) => clause.option !== own || isMet(clause, chosen));
  }
}

/** Whether one of those that could meet a demand is chosen. */
function isMet(clause: Clause, chosen: ReadonlyMap<string, number>): boolean {
  return clause.met.some(({ component, options }) => options.includes(chosen.get(component) ?? -1));
}

/** A problem inside an engine. */
export class Encoding {
  readonly engine = new Engine();
  readonly ordered: readonly Variable[];
  /** By component, by option. */
  readonly #literals = new Map<string, Literal[]>();
  /** One literal for each set of options that some demand can be met by. */
  readonly #sets = new Map<string, Literal | 'always' | 'never'>();

  constructor(problem: Pick<Problem, 'variables' | 'lead'>) {
    this.ordered = decisionOrder(problem);
    for (const { component, options } of this.ordered) {
      const literals = options.map(() => this.engine.add());
      this.#literals.set(component, literals);
      this.engine.atMostOne(literals);
      this.engine.clause(literals);
    }
  }

  literal(component: string, option: number): Literal {
    const literal = this.#literals.get(component)?.[option];
    if (literal === undefined) throw new TypeError(`${component} has no option ${option}`);
    return literal;
  }

  /** Makes a wish hold: always, or where `switchedOn` is true. */
  require(wish: Wish, problem: Problem, switchedOn?: Literal): void {
    const off = switchedOn === undefined ? [] : [not(switchedOn)];
    switch (wish.kind) {
      case 'range': {
        const { options } = problem.variables.find((one) => one.component === wish.component)!;
        for (const [index, { inRange }] of options.entries()) {
          if (!inRange) this.engine.clause([...off, not(this.literal(wish.component, index))]);
        }
        return;
      }
      case 'kept':
        this.engine.clause([...off, this.literal(wish.component, wish.option)]);
        return;
      case 'demand':
        for (const clause of wish.clauses) this.demand(clause, off);
    }
  }

  /** @param off literals with any of which the clause need not hold */
  demand(clause: Clause, off: readonly Literal[] = []): void {
    const met: Literal[] = [];
    for (const { component, options } of clause.met) {
      // What an option supplies to itself it has whenever it is chosen
      if (component === clause.component && options.includes(clause.option)) return;
      if (component === clause.component) continue;
      const set = this.#setOf(component, options);
      if (set === 'always') return;
      if (set !== 'never') met.push(set);
    }
    this.engine.clause([...off, not(this.literal(clause.component, clause.option)), ...met]);
  }

  /** @param first components to decide before all others, with their options in the order to try them */
  solve(
    assumptions: readonly Literal[],
    first: readonly { component: string; options: readonly number[] }[],
  ): Outcome {
    const ahead = new Set(first.map(({ component }) => component));
    const rows = [
      ...first.map(({ component, options }) => options.map((option) => this.literal(component, option))),
      ...this.ordered
        .filter(({ component }) => !ahead.has(component))
        .map(({ component }) => this.#literals.get(component)!),
    ];
    return this.engine.solve(rows, assumptions);
  }

  /** The options of the solution that was found, in decision order. */
  chosen(): Map<string, number> {
    return new Map(
      this.ordered.map(({ component }) => [
        component,
        this.#literals.get(component)!.findIndex((literal) => this.engine.isTrue(literal)),
      ]),
    );
  }

  /** A literal that is true exactly where one of these options is chosen. */
  #setOf(component: string, options: readonly number[]): Literal | 'always' | 'never' {
    return remembered(this.#sets, `${component} ${options.join(' ')}`, () =>
      this.#newSet(this.#literals.get(component) ?? [], new Set(options)),
    );
  }

  #newSet(literals: readonly Literal[], options: ReadonlySet<number>): Literal | 'always' | 'never' {
    const wanted = literals.filter((_, option) => options.has(option));
    if (wanted.length === 0) return 'never';
    if (wanted.length === literals.length) return 'always';
    if (wanted.length === 1) return wanted[0]!;
    const set = this.engine.add();
    for (const [option, literal] of literals.entries()) {
      this.engine.clause([not(literal), options.has(option) ? set : not(set)]);
    }
    // The other way round, so that a set of which every option is out is known to be out
    this.engine.clause([not(set), ...wanted]);
    return set;
  }
}
