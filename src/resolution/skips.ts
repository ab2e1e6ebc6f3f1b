/**
 * Which of a component's options a skip of the profile excludes, and the error if none remains. Pure.
 * src/profile/skips-in-force.ts decides which skips are in force.
 */
import { skipWords, type ActiveSkip, type SkippedOf, type SkippedVersion } from '../profile/skip.js';
import type { ComponentOptions, Skippable } from './component-options.js';
import type { Option, OptionSkip, Variable } from './problem.js';
import type { Unsatisfied } from './unsatisfied.js';

/** What options are made of. */
export type OptionsFound = Omit<Variable, 'options'> & Omit<ComponentOptions, 'variable'>;

/** The options, out of the range where a skip means them; or that skips exclude all that the range allows. */
export function optionsUnderSkips(
  { skippable, choiceOf, listed, ...of }: OptionsFound,
  skips: readonly ActiveSkip[],
): ComponentOptions | Unsatisfied[] {
  const variable = { ...of, options: skippable.map((one) => unlessSkipped(one, skips)) };
  if (!variable.options.some(({ inRange }) => inRange)) return [nothingButSkipped(variable)];
  return { variable, skippable, choiceOf, listed };
}

/** The option, out of the range where a skip means it: what the range leaves out anyway needs no skip. */
export function unlessSkipped({ option, names, security }: Skippable, skips: readonly ActiveSkip[]): Option {
  const skip = option.inRange ? skips.find(({ version }) => names.includes(version)) : undefined;
  if (skip === undefined) return option;
  return { ...option, inRange: false, skipped: { ...skip, version: names[0]!, security } };
}

/** Why nothing is left, where skips are the reason. */
function nothingButSkipped({ component, range, options }: Variable): Unsatisfied {
  const skipped = options.flatMap((option) => option.skipped ?? []);
  const [first] = skipped;
  if (first === undefined) throw new TypeError(`no version of ${component} is skipped`);
  const it = skipped.length === 1 ? 'the skip' : 'one of the skips';
  return {
    code: 'RESOLVE_UNSATISFIABLE',
    message: `${component}: skips exclude all versions in ${range}: ${skipped.map(skipWords).join('; ')}`,
    hint: `Remove ${it} (${skipped.map(({ undo }) => undo).join('; ')}), or widen the range.`,
    path: first.path,
    value: first.version,
  };
}

/** What skips kept out of a set: the versions above those that were chosen. By component, the newest first. */
export function skippedVersions(
  variables: readonly Variable[],
  chosen: ReadonlyMap<string, number>,
): SkippedOf[] {
  return variables.flatMap(({ component, options }) =>
    options
      .slice(0, chosen.get(component))
      .flatMap(({ skipped }) => (skipped === undefined ? [] : [{ component, ...recorded(skipped) }])),
  );
}

/** The data for messages and manifests. */
export function recorded({ version, reason, until, security }: OptionSkip): SkippedVersion {
  return { version, reason, until, security };
}
