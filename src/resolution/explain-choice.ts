/**
 * Why this version of a component and not a newer one: for each newer version
 * that there is, that the profile's range leaves it out, or the smallest set of
 * demands that bars it. Pure.
 */
import { leanCore, CoreQuestion, smallestCore } from './explain-core.js';
import { skipWords } from '../profile/skip.js';
import { joined, nameOfOption, spanOf } from './explain-words.js';
import { withPlace } from './conflict-error.js';
import { reasonsOf } from './explain-conflict.js';
import type { Problem, Variable } from './problem.js';
import { decisionOrder, finerWishes, wishesOf, type Wish } from './solver-encoding.js';
import type { ChoiceExplanation, PassedOver } from './choice-shape.js';

/** The search for one of many newer versions has a smaller bound than the search if nothing fits. */
const mostSteps = 1_500_000;

/**
 * @param chosen what the search came to, of the same problem
 */
export function whyNot(
  problem: Problem,
  chosen: ReadonlyMap<string, number>,
  component: string,
): ChoiceExplanation {
  const variable = problem.variables.find((one) => one.component === component)!;
  const own = chosen.get(component)!;
  const newer = passedOver(problem, chosen, variable);
  const option = variable.options[own]!;
  return {
    component,
    version: nameOfOption(option),
    label: option.label,
    range: variable.range,
    path: variable.path,
    sentence: `${component} ${nameOfOption(option)} ${whyThis(variable, own)}`,
    newer,
  };
}

function whyThis({ range, options }: Variable, own: number): string {
  if (options.length === 1) return 'is the only version that is known';
  if (own === 0) return 'is the newest version';
  const passed = options.slice(0, own).some(({ inRange }) => inRange);
  const skipped = options.slice(0, own).some((option) => option.skipped !== undefined);
  const that = [...(skipped ? ['is not skipped'] : []), ...(passed ? ['fits the rest of the set'] : [])];
  return `is the newest in ${range}${that.length === 0 ? '' : ` that ${that.join(' and ')}`}`;
}

function passedOver(problem: Problem, chosen: ReadonlyMap<string, number>, variable: Variable): PassedOver[] {
  const { component, range, options } = variable;
  const candidates = options.slice(0, chosen.get(component)).map((_, index) => index);
  const barredOnes = candidates.filter((index) => options[index]!.inRange);
  const order = decisionOrder(problem).map((one) => one.component);
  const kept = (name: string, option: number): Wish => ({ kind: 'kept', component: name, option });
  const shared = [
    ...wishesOf(problem),
    // What is decided before has its newest version first; told only where ranges and demands do not bar it alone
    ...order.slice(0, order.indexOf(component)).map((name) => kept(name, chosen.get(name)!)),
  ];
  const wishes = [...shared, ...barredOnes.map((option) => kept(component, option))];
  const question = new CoreQuestion(problem, wishes);
  const groups: { key: string; indices: number[]; core: Wish[]; smallest: boolean }[] = [];
  for (const index of candidates) {
    let core: Wish[] = [];
    let smallest = true;
    if (options[index]!.inRange) {
      const asked = [...shared.keys(), shared.length + barredOnes.indexOf(index)];
      const found = smallestCore(question, asked, mostSteps);
      smallest = found?.smallest ?? true;
      core =
        found === undefined
          ? []
          : leanCore(
              problem,
              found.wishes.flatMap((one) => finerWishes(wishes[one]!)),
            );
    }
    // The version itself is what is in question
    const told = core.filter((wish) => wish.kind !== 'kept' || wish.component !== component);
    const { inRange, skipped } = options[index]!;
    const key = `${skipped?.path ?? String(inRange)} ${told.map(keyOf).join('\n')}`;
    const last = groups.at(-1);
    if (last?.key === key) last.indices.push(index);
    else groups.push({ key, indices: [index], core: told, smallest });
  }
  return groups.map(({ indices, core, smallest }): PassedOver => {
    const { skipped } = options[indices[0]!]!;
    if (skipped !== undefined) {
      const versions = indices.map((index) => options[index]!.skipped!.version);
      const sentence = `${skipWords({ ...skipped, version: spanOf(versions) })} (${skipped.path})`;
      return { versions, why: 'skipped', reasons: [], smallest: true, sentence };
    }
    const versions = indices.map((index) => nameOfOption(options[index]!));
    const span = spanOf(versions);
    if (!options[indices[0]!]!.inRange) {
      const sentence = `${span} ${versions.length === 1 ? 'is' : 'are'} outside ${range}`;
      return { versions, why: 'out-of-range', reasons: [], smallest: true, sentence };
    }
    const reasons = reasonsOf(core, problem, { component, options: new Set(indices) });
    const words = reasons.length === 0 ? 'nothing excludes it' : joined(reasons.map(withPlace));
    return { versions, why: 'barred', reasons, smallest, sentence: `${span}: ${words}` };
  });
}

function keyOf(wish: Wish): string {
  if (wish.kind !== 'demand') return `${wish.kind} ${wish.component}`;
  const { by, thing, constraint } = wish.clauses[0]!.demand;
  return [wish.kind, wish.component, by, thing, constraint].join(' ');
}
