/**
 * Converts what the sources found to what the search decides on: the options of every component, newest first. It also
 * converts a chosen option back to what must be fetched. Pure.
 */
import { LockstepError } from '../errors.js';
import type { ComponentSource } from '../profile/profile-schema.js';
import type { ActiveSkip, SkipsInForce } from '../profile/skip.js';
import type { Candidates, Choice } from '../source/candidate.js';
import { binaryOptions } from './binaries.js';
import type { ComponentOptions } from './component-options.js';
import { sourceOptions } from './sources.js';
import { asError, type Unsatisfied } from './unsatisfied.js';
import { gitOptions, soleOption, tarballOptions } from './upstream-options.js';

export type Components = Readonly<Record<string, { source: ComponentSource }>>;

/**
 * The options of every component, by name. Components within another one have no separate choice and are left out.
 * @param components the profile's components, by name
 * @param candidates the available versions, one entry per component
 * @param skips the profile's skips; a tree that replaces a component (`--with`) is not a version, and is not skipped
 * @throws LockstepError SOURCE_UNKNOWN_PACKAGE, SOURCE_REF_UNKNOWN, RESOLVE_UNSATISFIABLE, RESOLVE_DEMAND: one error
 * for all components without a usable version, `where` with the field of each; PROFILE_INVALID
 */
export function planOptions(
  components: Components,
  candidates: readonly Candidates[],
  skips: SkipsInForce,
): Map<string, ComponentOptions> {
  const byComponent = new Map(candidates.map((candidate) => [candidate.component, candidate]));
  const options = new Map<string, ComponentOptions>();
  const reasons: Unsatisfied[] = [];
  for (const name of inOrder(components)) {
    const { source } = components[name]!;
    if (source.kind === 'within') continue;
    const found = optionsOf(name, source, byComponent.get(name), skips.get(name) ?? []);
    if (Array.isArray(found)) reasons.push(...found);
    else options.set(name, found);
  }
  if (reasons.length > 0) throw asError(reasons);
  return options;
}

/** A source with its own choice of versions. A component within another one has the choice of that one. */
export type OwnSource = Exclude<ComponentSource, { kind: 'within' }>;

interface OptionsOfKind<Found extends Candidates, Source extends OwnSource> {
  of(found: Found, source: Source, skips: readonly ActiveSkip[]): ComponentOptions | Unsatisfied[];
}

const kinds: {
  readonly [K in OwnSource['kind']]: OptionsOfKind<
    Extract<Candidates, { kind: K }>,
    Extract<OwnSource, { kind: K }>
  >;
} = {
  'apt-source': { of: (found, { version }, skips) => sourceOptions(found, version, skips) },
  'apt-binary': { of: (found, { version }, skips) => binaryOptions(found, version, skips) },
  git: { of: gitOptions },
  tarball: { of: tarballOptions },
  local: {
    of: ({ component }, config) =>
      soleOption({ kind: 'local', component, config }, null, `the tree ${config.typed}`),
  },
};

/** The available versions of one component, newest first, or the reason why none can be chosen. */
export function optionsOf(
  component: string,
  source: OwnSource,
  candidates: Candidates | undefined,
  skips: readonly ActiveSkip[],
): ComponentOptions | Unsatisfied[] {
  if (candidates?.kind !== source.kind) {
    throw new TypeError(`no candidates of kind ${source.kind} for ${component}`);
  }
  const kind: OptionsOfKind<Candidates, OwnSource> = kinds[source.kind];
  return kind.of(candidates, source, skips);
}

/**
 * The chosen options as pins to fetch. A component within another one comes after it; otherwise they are sorted by
 * name.
 * @param chosen index of the chosen option, by component
 * @throws LockstepError SOURCE_MISMATCH, PROFILE_INVALID
 */
export function planChoices(
  components: Components,
  options: ReadonlyMap<string, ComponentOptions>,
  chosen: ReadonlyMap<string, number>,
): Choice[] {
  return inOrder(components).map((component): Choice => {
    const { source } = components[component]!;
    if (source.kind !== 'within') return options.get(component)!.choiceOf(chosen.get(component)!);
    const { library, version: range } = source;
    return { kind: 'within', component, parent: source.component, path: source.path, library, range };
  });
}

/** Component names: parents first, then by name. */
function inOrder(components: Components): string[] {
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
