/**
 * Decides which option of each component to take: the newest combination in
 * which whatever one demands another supplies. A complete search: where it
 * finds nothing, there is nothing. Pure and deterministic: neither the order
 * in which components, options' suppliers or demands are written nor the clock
 * has a say.
 */
import type { Problem } from './problem.js';
import { Encoding, wishesOf, type Wish } from './solver-encoding.js';

export type Decision = { kind: 'found'; chosen: Map<string, number> } | { kind: 'conflict' };

/**
 * The first combination that fits, in this order: the newest option of the lead, then of the others by name. Only
 * options in range are taken. Why nothing fits is `explainConflict`'s to say (explain-conflict.ts).
 */
export function solve(problem: Problem): Decision {
  return decide(problem, wishesOf(problem));
}

/**
 * As {@link solve}, with some wishes alone.
 * @param first components to decide before all others, with their options in the order to try them
 */
export function decide(
  problem: Problem,
  wishes: readonly Wish[],
  first: readonly { component: string; options: readonly number[] }[] = [],
): Decision {
  const encoding = new Encoding(problem);
  for (const wish of wishes) encoding.require(wish, problem);
  const { kind } = encoding.solve([], first);
  return kind === 'found' ? { kind, chosen: encoding.chosen() } : { kind: 'conflict' };
}
