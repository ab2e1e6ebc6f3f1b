/**
 * Explains why nothing fits: the smallest sets of ranges and demands that contradict each other, and for each
 * range the version outside it that would help. Pure. If unread trees could change the result, the
 * explanation says so.
 */
import { leanCore, CoreQuestion, smallestCore } from './explain-core.js';
import {
  demandSentence,
  isNamedAfter,
  keptSentence,
  nameOfOption,
  rangeSentence,
  thereIsSentence,
} from './explain-words.js';
import { grouped } from '../io/keyed.js';
import type { Problem, Variable } from './problem.js';
import { finerWishes, wishesOf, type Wish } from './solver-encoding.js';
import { decide } from './solver.js';
import type { Reason } from './choice-shape.js';

type DemandWish = Extract<Wish, { kind: 'demand' }>;

export interface MeantOptions {
  component: string;
  options: ReadonlySet<number>;
}

/** What would make it fit. */
export interface Help {
  component: string;
  /** Field of the profile that keeps the component where it is. */
  path: string;
  /** The nearest version out of the range with which the set fits; null where none that is known does. */
  version: string | null;
  /** Whether the other contradictions would be cured too; false where this one alone would be. */
  cures: 'all' | 'this' | 'none';
  /** Whether the trees of all that would be chosen then were read. */
  proven: boolean;
  /** The set that would fit then, by component. */
  chosen: Record<string, number>;
  sentence: string;
}

export interface Contradiction {
  reasons: Reason[];
  /**
   * Whether this is a smallest contradictory set of ranges and demands; otherwise it is a set of which none
   * can be left out.
   */
  smallest: boolean;
  helps: Help[];
}

export interface ConflictExplanation {
  contradictions: Contradiction[];
  /** Whether there are more than these. */
  more: boolean;
}

type IsKnown = (component: string, option: number) => boolean;

/** As many contradictions as somebody reads at once. */
const mostTold = 10;

/**
 * Explains a problem that has no solution.
 * @param isKnown whether an option's tree was read; all of them were where not given
 */
export function explainConflict(problem: Problem, isKnown: IsKnown = () => true): ConflictExplanation {
  const wishes = wishesOf(problem);
  const question = new CoreQuestion(problem, wishes);
  let left = wishes.map((_, index) => index);
  const cores: { wishes: readonly number[]; smallest: boolean }[] = [];
  let more = false;
  for (;;) {
    const core = smallestCore(question, left);
    if (core === undefined) break;
    more = cores.length === mostTold;
    if (more) break;
    cores.push(core);
    // Without its demands the next contradiction shows, of the same range or another
    const demands = core.wishes.filter((index) => wishes[index]!.kind === 'demand');
    const gone = new Set(demands.length > 0 ? demands : core.wishes);
    left = left.filter((index) => !gone.has(index));
  }
  return {
    contradictions: cores.map((core) => {
      const own = core.wishes.map((index) => wishes[index]!);
      // Of the demands on one thing, those that have no part in it are not told
      const told = leanCore(problem, own.flatMap(finerWishes));
      const others = new Set(cores.filter((other) => other !== core).flatMap((other) => other.wishes));
      for (const index of core.wishes) others.delete(index);
      return {
        reasons: reasonsOf(told, problem),
        smallest: core.smallest,
        helps: helpsFor(problem, wishes, {
          core: told,
          beside: wishes.filter((wish, index) => wish.kind === 'demand' && others.has(index)),
          isKnown,
        }),
      };
    }),
    more,
  };
}

/**
 * What contradicts itself, told: ranges first, then demands; those of one component on one thing together.
 * @param only the options of a component that are meant, where it is not all in question
 */
export function reasonsOf(core: readonly Wish[], problem: Problem, only?: MeantOptions): Reason[] {
  const demands = grouped(
    core.filter((wish) => wish.kind === 'demand'),
    ({ component, clauses: [first] }) => [component, first!.demand.by, first!.demand.thing].join('\n'),
  );
  const reasons = core.flatMap((wish): Reason[] => {
    const variable = variableOf(problem, wish.component);
    const { component, range, path } = variable;
    if (wish.kind === 'demand') return [];
    if (wish.kind === 'range')
      return [{ kind: 'range', component, range, path, sentence: rangeSentence(variable) }];
    const version = nameOfOption(variable.options[wish.option]!);
    return [{ kind: 'kept', component, version, sentence: keptSentence(variable, wish.option) }];
  });
  return [...reasons, ...[...demands.values()].map((wishes) => demandReason(wishes, core, problem, only))];
}

/** @param core all wishes that are explained together: they determine the versions of a component */
function demandReason(
  wishes: readonly DemandWish[],
  core: readonly Wish[],
  problem: Problem,
  only: MeantOptions | undefined,
): Reason {
  const { component, clauses } = wishes[0]!;
  const { options } = variableOf(problem, component);
  const ranged = core.some((other) => other.kind === 'range' && other.component === component);
  const kept = core.find((other) => other.kind === 'kept' && other.component === component);
  const isMeant = (option: number): boolean => {
    if (only?.component === component) return only.options.has(option);
    return kept?.kind === 'kept' ? option === kept.option : !ranged || options[option]!.inRange;
  };
  const askings = wishes
    .map(({ clauses: same }) => ({
      constraint: same[0]!.demand.constraint,
      meant: [...new Set(same.map(({ option }) => option))].filter(isMeant).sort((a, b) => a - b),
    }))
    .filter(({ meant }) => meant.length > 0)
    .sort((a, b) => a.meant[0]! - b.meant[0]!)
    .map(({ constraint, meant }) => ({
      constraint,
      versions: meant.map((option) => nameOfOption(options[option]!)),
    }));
  const { by, thing, file, field } = clauses[0]!.demand;
  const told = clauses.find((clause) => clause.instead !== null)?.instead ?? null;
  const hopeless = clauses.every(({ met }) => met.every((supplier) => supplier.options.length === 0));
  const holder = told === null && hopeless ? holderOf(thing, problem) : undefined;
  const instead = holder === undefined ? told : thereIsSentence(holder);
  const of = only?.component === component ? 'these' : [...options.keys()].filter(isMeant).length;
  return {
    kind: 'demand',
    component,
    by,
    thing,
    askings,
    file,
    field,
    sentence: demandSentence({ component, by, thing }, askings, of),
    instead,
  };
}

/** The component that supplies a thing in versions of which none will do: it says so, or its name does. */
function holderOf(thing: string, { variables, clauses, lead }: Problem): Variable | undefined {
  const name = thing.slice(thing.lastIndexOf('/') + 1);
  const [supplier] = clauses
    .filter((clause) => clause.demand.thing === thing)
    .flatMap((clause) => clause.met.map(({ component }) => component))
    .sort();
  const named = (component: string | undefined): Variable | undefined =>
    variables.find((variable) => variable.component === component);
  const like = variables.map(({ component }) => component).filter((one) => isNamedAfter(one, name));
  return named(supplier) ?? named(thing === 'mediawiki' ? lead : like.sort()[0]);
}

function helpsFor(
  problem: Problem,
  wishes: readonly Wish[],
  { core, beside, isKnown }: { core: readonly Wish[]; beside: readonly Wish[]; isKnown: IsKnown },
): Help[] {
  const ranged = new Set(core.filter(({ kind }) => kind === 'range').map(({ component }) => component));
  const concerned = new Set(core.map(({ component }) => component));
  return [...concerned].map((component): Help => {
    const variable = variableOf(problem, component);
    const { path } = variable;
    const none: Help = {
      component,
      path,
      version: null,
      cures: 'none',
      proven: true,
      chosen: {},
      sentence: helplessSentence(variable),
    };
    // If its range is not part of the contradiction, every known version has the demand
    if (!ranged.has(component)) return none;
    const first = [{ component, options: nearestFirst(variable) }];
    const relaxed = wishes.filter((wish) => wish.kind !== 'range' || wish.component !== component);
    let cures: Help['cures'] = 'all';
    let found = decide(problem, relaxed, first);
    if (found.kind === 'conflict' && beside.length > 0) {
      cures = 'this';
      found = decide(
        problem,
        relaxed.filter((wish) => !beside.includes(wish)),
        first,
      );
    }
    if (found.kind === 'conflict') return none;
    const chosen = Object.fromEntries(found.chosen);
    const option = variable.options[chosen[component]!]!;
    const version = nameOfOption(option);
    const proven = Object.entries(chosen).every(([name, option]) => isKnown(name, option));
    const fits = proven ? 'would fit' : 'may fit (not all of its combinations were checked)';
    const rest = cures === 'all' ? '' : ' here, but not with the rest of the set';
    return {
      component,
      path: option.skipped?.path ?? path,
      version,
      cures,
      proven,
      chosen,
      sentence: `${component} ${version} ${fits}${rest}: ${
        option.skipped === undefined ? `widen ${path} to include it` : `it is skipped; ${option.skipped.undo}`
      }`,
    };
  });
}

function helplessSentence({ component, options }: Variable): string {
  return options.length === 1
    ? `no other version of ${component} is known`
    : `no known version of ${component} would help`;
}

/**
 * What is out of range, the nearest series (X.Y) first and in each the newest first: the smallest step that helps,
 * at its best repaired version.
 */
function nearestFirst({ options }: Variable): number[] {
  const inside = options.flatMap((option, index) => (option.inRange ? [index] : []));
  const seriesOf = (index: number): string =>
    /^v?[0-9]+\.[0-9]+/i.exec(options[index]!.version ?? '')?.[0] ?? `#${index}`;
  const distances = new Map<string, number>();
  for (const index of options.keys()) {
    const distance = Math.min(...inside.map((other) => Math.abs(other - index)));
    const series = seriesOf(index);
    distances.set(series, Math.min(distances.get(series) ?? Infinity, distance));
  }
  const outside = [...options.keys()].filter((index) => !options[index]!.inRange);
  outside.sort((a, b) => distances.get(seriesOf(a))! - distances.get(seriesOf(b))! || a - b);
  return [...outside, ...inside];
}

function variableOf(problem: Problem, component: string): Variable {
  return problem.variables.find((one) => one.component === component)!;
}
