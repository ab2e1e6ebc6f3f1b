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
 * Chooses the newest version in its range for every component. Choices come in an order in which they can be fetched
 * (what is within another comes after it), else by name.
 * @param components those of a profile, by name
 * @param candidates what there is, one for each component
 * @throws LockstepError SOURCE_UNKNOWN_PACKAGE, SOURCE_REF_UNKNOWN, RESOLVE_UNSATISFIABLE, RESOLVE_DEMAND: all
 * components that cannot be resolved in one error, `where` with the field of each; SOURCE_MISMATCH
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
