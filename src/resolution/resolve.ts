/**
 * Candidates and ranges in, choices out, or an explanation. Pure: the same
 * question has the same answer, in whatever order things were found or
 * written.
 */
import { LockstepError } from '../errors.js';
import type { ComponentSource } from '../profile/profile-schema.js';
import type { Candidates, Choice } from '../source/candidate.js';
import { chooseBinaries } from './binaries.js';
import { chooseSource } from './sources.js';
import { asError, type Unsatisfied } from './unsatisfied.js';

/**
 * Chooses a version for every component. Choices come in an order in which
 * they can be fetched (what is within another comes after it), else by name.
 * @param components those of a profile, by name
 * @param candidates what there is, one for each component
 * @throws LockstepError SOURCE_UNKNOWN_PACKAGE, RESOLVE_UNSATISFIABLE, RESOLVE_DEMAND, SOURCE_MISMATCH: all
 * components that cannot be resolved in one error, `where` with the field of each
 */
export function planResolution(
  components: Readonly<Record<string, { source: ComponentSource }>>,
  candidates: readonly Candidates[],
): Choice[] {
  const byComponent = new Map(candidates.map((candidate) => [candidate.component, candidate]));
  const choices: Choice[] = [];
  const reasons: Unsatisfied[] = [];
  for (const name of inOrder(components)) {
    const chosen = choose(name, components[name]!.source, byComponent.get(name));
    if (Array.isArray(chosen)) reasons.push(...chosen);
    else choices.push(chosen);
  }
  if (reasons.length > 0) throw asError(reasons);
  return choices;
}

function choose(
  component: string,
  source: ComponentSource,
  candidates: Candidates | undefined,
): Choice | Unsatisfied[] {
  if (source.kind === 'within') {
    const { library, version: range } = source;
    return { kind: 'within', component, parent: source.component, path: source.path, library, range };
  }
  if (candidates === undefined || candidates.kind !== source.kind) {
    throw new TypeError(`no candidates of kind ${source.kind} for ${component}`);
  }
  if (candidates.kind === 'apt-binary') return chooseBinaries(candidates, source.version);
  if (candidates.kind !== 'apt-source') throw new TypeError(`unexpected candidates for ${component}`);
  const choice = chooseSource(candidates, source.version);
  return 'code' in choice ? [choice] : choice;
}

/** Component names: parents first, then by name. */
function inOrder(components: Readonly<Record<string, { source: ComponentSource }>>): string[] {
  const ordered: string[] = [];
  const visit = (name: string, trail: readonly string[]): void => {
    if (ordered.includes(name)) return;
    const source = components[name]?.source;
    if (source?.kind === 'within') {
      const known = Object.hasOwn(components, source.component);
      if (!known || trail.includes(name)) {
        throw new LockstepError('PROFILE_INVALID', {
          message: known
            ? `The component ${name} is within itself: ${[...trail, name].join(', ')}`
            : `The component ${name} is within ${source.component}, which the profile does not have`,
          where: [{ path: `components.${name}.source.component`, value: source.component }],
        });
      }
      visit(source.component, [...trail, name]);
    }
    ordered.push(name);
  };
  for (const name of Object.keys(components).sort()) visit(name, []);
  return ordered;
}
