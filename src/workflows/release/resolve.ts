/** Profile -> pins: list the candidates, choose versions that fit together, fetch and verify them. */
import { counted } from '../../counted.js';
import { LockstepError, type FaultPlace } from '../../errors.js';
import { phpPackagesByComponent, phpPackagesOf } from '../../metapackage/php-packages.js';
import { noComponent, placeOfWords } from '../../profile/load.js';
import { assertFilledIn } from '../../profile/placeholder.js';
import type { Profile } from '../../profile/profile-schema.js';
import { skippedSentence, type SkippedOf } from '../../profile/skip.js';
import { skipsOf } from '../../profile/skips-in-force.js';
import { whyNot } from '../../resolution/explain-choice.js';
import type { DemandRow } from '../../resolution/demand-shape.js';
import { exactOptions } from '../../resolution/exact-options.js';
import { planOptions } from '../../resolution/options.js';
import type { Problem } from '../../resolution/problem.js';
import { search } from '../../resolution/search.js';
import { skippedVersions } from '../../resolution/skips.js';
import type { SourceContext } from '../../source/source-context.js';
import type { Pin } from '../../source/pin.js';
import { allCandidates } from '../../source/registry.js';
import { ComponentSearch } from './component-search.js';
import type { Context } from '../workspace/context.js';
import { openRun } from '../workspace/run.js';
import { withLocalTrees, type LocalTrees } from './local-trees.js';
import { withKnownFixes } from '../workspace/known-skips.js';
import { sourceContext } from './profile-sources.js';
import { inPhase, type Phase } from '../../io/progress.js';
import type { ChoiceExplanation } from '../../resolution/choice-shape.js';

export interface Resolution {
  /** The profile, with local trees in place of components if there are any. */
  profile: Profile;
  /** The profile as in its file: the places of faults refer to it. */
  written: Profile;
  /** By component. */
  pins: Map<string, Pin>;
  /** The demands of all components, and what meets them. */
  demands: DemandRow[];
  /** Newer versions that the profile's skips excluded. */
  skipped: SkippedOf[];
  /** Why the requested component has this version and not a newer one. */
  explanation?: ChoiceExplanation | undefined;
  /** Packages of the base release that satisfy the demands on PHP and its extensions, sorted. */
  php: string[];
  /** The same for each component, by name. */
  phpOf: Record<string, string[]>;
  /** The context that read the sources. The build root comes from the same mirror. */
  sources: SourceContext;
}

/** What the sources may be besides what the profile says, for one run. */
export interface SourceChoices {
  /** Local trees that replace components, by component name. */
  trees: LocalTrees;
  /** Whether Release files of the base may be older than those of the profile's last snapshot. */
  olderBase: boolean;
}

export interface ResolveOptions extends Partial<SourceChoices> {
  /** Pins of an earlier resolution, by component: nothing else is chosen. */
  exactly?: ReadonlyMap<string, Pin>;
  /** A component whose version the command explains. */
  explain?: string | undefined;
}

/**
 * @throws LockstepError PROFILE_UNKNOWN, PROFILE_INVALID, PROFILE_PLACEHOLDER, MIRROR_UNKNOWN, USAGE (trees),
 * RESOLVE_UNSATISFIABLE, RESOLVE_DEMAND and what fetching and verifying throw (src/source/registry.ts)
 */
export async function resolve(
  context: Context,
  profile: string,
  options: ResolveOptions = {},
): Promise<Resolution> {
  const { profiles } = await openRun(context);
  return await resolveProfile(context, profiles.withComponents(profile), options);
}

/** As {@link resolve}, for a profile that was read already. */
export async function resolveProfile(
  context: Context,
  written: Profile,
  { trees = {}, explain, olderBase, exactly }: ResolveOptions = {},
): Promise<Resolution> {
  const profile = withLocalTrees(written, trees);
  assertFilledIn(profile);
  if (explain !== undefined && !Object.hasOwn(profile.components, explain)) {
    throw noComponent(profile, explain, { path: '--explain' });
  }
  const sources = await sourceContext(context, profile, olderBase);
  const candidates = await allCandidates(profile.components, sources);
  const { inForce, ended } = skipsOf(written, context.clock.now());
  const options = withPlaces(written, () => {
    const found = planOptions(profile.components, candidates, exactly === undefined ? inForce : new Map());
    return exactly === undefined ? found : exactOptions(found, exactly);
  });
  const searching = new ComponentSearch(profile, options, sources);
  const fit = async (phase: Phase): Promise<Resolution> => {
    searching.phase = phase;
    const problem = {
      variables: [...options.values()].map(({ variable }) => variable),
      lead: rootOf(profile, profile.metapackage.lead),
    };
    const result = await search({
      ...problem,
      clauses: () => searching.clauses(),
      load: (wanted) => searching.load(wanted),
    });
    // A fault of a component within a tree explains more than the conflict
    if (result.kind === 'conflict') throw placed(searching.fault() ?? result.error, written);
    const { chosen } = result;
    const pins = searching.pins(chosen);
    const demands = searching.table(chosen);
    const { platform } = searching;
    const asked = { ...problem, clauses: searching.clauses() };
    const found = skippedVersions(problem.variables, chosen);
    const skipped = await withKnownFixes(context, profile.name, found);
    for (const one of skipped) phase.info(skippedSentence(one));
    for (const sentence of [...ended, ...passedOver(asked, chosen), ...preReleases(asked, chosen)])
      phase.info(sentence);
    const declared = searching.declared(chosen);
    const php = platform === undefined ? [] : phpPackagesOf(declared, platform);
    const phpOf = platform === undefined ? {} : phpPackagesByComponent(declared, platform);
    const explanation = explain === undefined ? undefined : explainChoice(profile, asked, chosen, explain);
    return { profile, written, pins, demands, skipped, explanation, php, phpOf, sources };
  };
  return await inPhase(
    context.progress,
    'Fetching, verifying and resolving sources',
    fit,
    ({ pins, demands }) => `${counted(pins.size, 'component')}, ${counted(demands.length, 'demand')} met`,
  );
}

function withPlaces<T>(profile: Profile, plan: () => T): T {
  try {
    return plan();
  } catch (error) {
    throw error instanceof LockstepError ? placed(error, profile) : error;
  }
}

/** Adds the line in the profile to a fault of one of its fields. */
function placed(error: LockstepError, profile: Profile): LockstepError {
  const where = error.where.map((place): FaultPlace => {
    const isField = place.file === undefined && place.path?.startsWith('components.') === true;
    return isField ? { ...placeOfWords(profile, place.path!), ...place } : place;
  });
  return error.with({ where });
}

/**
 * Reports versions in range that were not chosen: one of them may have a security fix, so a person must see it without
 * asking.
 */
function passedOver(problem: Problem, chosen: ReadonlyMap<string, number>): string[] {
  return problem.variables
    .filter(({ component, options }) => {
      const newest = options.findIndex(({ inRange }) => inRange);
      return newest >= 0 && newest < (chosen.get(component) ?? 0);
    })
    .flatMap(({ component }) =>
      whyNot(problem, chosen, component)
        .newer.filter(({ why }) => why === 'barred')
        .map(({ sentence }) => `Not chosen: ${component} ${sentence}`),
    );
}

/** Reports a pre-release that was chosen because the base has no release in the range. */
function preReleases(problem: Problem, chosen: ReadonlyMap<string, number>): string[] {
  return problem.variables
    .filter(({ preReleasesOnly }) => preReleasesOnly === true)
    .map(
      ({ component, range, options }) =>
        `A pre-release is used, ${component} ${options[chosen.get(component)!]!.label}: the base has no release in ${range}`,
    );
}

/** The outermost component that contains a component. Its options decide the version. */
function rootOf({ components }: Pick<Profile, 'components'>, component: string): string {
  const source = components[component]?.source;
  return source?.kind === 'within' ? rootOf({ components }, source.component) : component;
}

function explainChoice(
  profile: Profile,
  problem: Problem,
  chosen: ReadonlyMap<string, number>,
  component: string,
): ChoiceExplanation {
  const root = rootOf(profile, component);
  const told = whyNot(problem, chosen, root);
  return root === component
    ? told
    : { ...told, sentence: `${component} is part of ${root}; ${told.sentence}` };
}
