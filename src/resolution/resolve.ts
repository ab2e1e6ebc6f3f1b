/**
 * Candidates and ranges in, choices out, or an explanation: each component by
 * itself, before anything is known of what they demand of one another. Pure:
 * the same question has the same answer, in whatever order things were found
 * or written.
 */
import type { SkipsInForce } from '../profile/skip.js';
import type { Candidates, Choice } from '../source/candidate.js';
import { planChoices, planOptions, type Components } from './options.js';

/**
 * Chooses the newest version in its range for every component. Choices are in an order in which they can be
 * fetched: a component within another one comes after it, otherwise by name.
 * @param components those of a profile, by name
 * @param candidates the available versions, one entry per
 * component
 * @throws LockstepError SOURCE_UNKNOWN_PACKAGE, SOURCE_REF_UNKNOWN, RESOLVE_UNSATISFIABLE, RESOLVE_DEMAND:
 * one error for all components that cannot be resolved, `where` with the field of each; SOURCE_MISMATCH
 */
export function planResolution(
  components: Components,
  candidates: readonly Candidates[],
  skips: SkipsInForce = new Map(),
): Choice[] {
  const options = planOptions(components, candidates, skips);
  const newest = new Map(
    [...options].map(([name, { variable }]) => [name, variable.options.findIndex(({ inRange }) => inRange)]),
  );
  return planChoices(components, options, newest);
}
