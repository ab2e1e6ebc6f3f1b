/** Profile -> pins: look at what there is, choose what goes together, fetch and prove. */
import type { LockstepError } from '../errors.js';
import { phpPackagesOf } from '../metapackage/php-packages.js';
import { loadProfile } from '../profile/load.js';
import type { Profile } from '../profile/profile-schema.js';
import type { DemandRow } from '../resolution/facts.js';
import { planOptions } from '../resolution/options.js';
import { search } from '../resolution/search.js';
import type { SourceContext } from '../source/context.js';
import type { Pin } from '../source/pin.js';
import { allCandidates } from '../source/registry.js';
import { ComponentSearch } from './component-search.js';
import type { Context } from './context.js';
import { withLocalTrees, type LocalTrees } from './local-trees.js';
import { sourceContext } from './source-context.js';

export interface Resolution {
  profile: Profile;
  /** By component. */
  pins: Map<string, Pin>;
  /** Who demands what of whom. */
  demands: DemandRow[];
  /** Packages of the base release that the demands on PHP come to, sorted. */
  php: string[];
  /** What the sources were read with; the build root is made from the same mirror. */
  sources: SourceContext;
}

export interface ResolveOptions {
  trees?: LocalTrees;
}

/**
 * @throws LockstepError PROFILE_UNKNOWN, PROFILE_INVALID, MIRROR_UNKNOWN, USAGE (trees), RESOLVE_UNSATISFIABLE,
 * RESOLVE_DEMAND and what fetching and verifying throw (src/source/registry.ts)
 */
export async function resolve(
  context: Context,
  profileName: string,
  { trees = {} }: ResolveOptions = {},
): Promise<Resolution> {
  const profile = withLocalTrees(await loadProfile(context.workspace, profileName), trees);
  const sources = await sourceContext(context, profile);
  const candidates = await allCandidates(profile.components, sources);
  const options = planOptions(profile.components, candidates);
  const searching = new ComponentSearch(profile, options, sources);
  const phase = context.progress.phase('Fetching, checking and fitting sources');
  searching.phase = phase;
  try {
    const result = await search({
      variables: [...options.values()].map(({ variable }) => variable),
      lead: profile.metapackage.lead,
      clauses: () => searching.clauses(),
      load: (wanted) => searching.load(wanted),
    });
    if (result.kind === 'conflict') throw faultOf(searching) ?? result.error;
    const { chosen } = result;
    const pins = searching.pins(chosen);
    const demands = searching.table(chosen);
    const { platform } = searching;
    phase.done(`${pins.size} components, ${demands.length} demands met`);
    const php = platform === undefined ? [] : phpPackagesOf(searching.declared(chosen), platform);
    return { profile, pins, demands, php, sources };
  } catch (error) {
    phase.fail();
    throw error;
  }
}

/** What lies within a tree and does not fit it says itself what is wrong. */
function faultOf(searching: ComponentSearch): LockstepError | undefined {
  return searching.components.map((name) => searching.faultOf(name)).find((fault) => fault !== undefined);
}
