/** `lockstep resolve --explain COMPONENT`: why this version and not a newer one. */
import { LockstepError } from '../errors.js';
import { didYouMean } from '../profile/nearest.js';
import type { Profile } from '../profile/profile-schema.js';
import { whyNot, type ChoiceExplanation } from '../resolution/explain-choice.js';
import type { Problem } from '../resolution/problem.js';

/** What a search came to. */
export interface Decided {
  profile: Profile;
  problem: Problem;
  /** By component: index of its option. */
  chosen: ReadonlyMap<string, number>;
}

/**
 * Before anything is fetched for it.
 * @throws LockstepError USAGE with the nearest name
 */
export function assertComponent(profile: Profile, component: string): void {
  const names = Object.keys(profile.components).sort();
  if (names.includes(component)) return;
  throw new LockstepError('USAGE', {
    message: `The profile ${profile.name} has no component ${JSON.stringify(component)}${didYouMean(component, names)}`,
    hint: `It has ${names.join(', ')}.`,
    where: [{ path: '--explain', value: component }],
  });
}

/** Of what is within another component: why that one, which decides it. @throws LockstepError USAGE */
export function explainChoice({ profile, problem, chosen }: Decided, component: string): ChoiceExplanation {
  assertComponent(profile, component);
  let root = component;
  for (;;) {
    const { source } = profile.components[root]!;
    if (source.kind !== 'within') break;
    root = source.component;
  }
  const explanation = whyNot(problem, chosen, root);
  if (root === component) return explanation;
  return { ...explanation, sentence: `${component} comes with ${root}; ${explanation.sentence}` };
}
