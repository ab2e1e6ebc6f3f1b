/** Profile -> pins: look at what there is, choose, fetch and prove. */
import { join } from 'node:path';
import { loadProfile } from '../profile/load.js';
import type { Profile } from '../profile/profile-schema.js';
import { planResolution } from '../resolution/resolve.js';
import { readAptConfiguration } from '../source/apt-configuration.js';
import { debianKeyring, type SourceContext } from '../source/context.js';
import { chooseMirror } from '../source/mirror.js';
import type { Pin } from '../source/pin.js';
import { allCandidates, fetchPins } from '../source/registry.js';
import type { Context } from './context.js';

export interface Resolution {
  profile: Profile;
  /** By component. */
  pins: Map<string, Pin>;
  /** What the sources were read with; the build root is made from the same mirror. */
  sources: SourceContext;
}

/**
 * @throws LockstepError PROFILE_UNKNOWN, PROFILE_INVALID, MIRROR_UNKNOWN, RESOLVE_UNSATISFIABLE, RESOLVE_DEMAND and
 * what fetching and verifying throw (src/source/registry.ts)
 */
export async function resolve(context: Context, profileName: string): Promise<Resolution> {
  const profile = await loadProfile(context.workspace, profileName);
  const sources = await sourceContext(context, profile);
  const candidates = await allCandidates(profile.components, sources);
  const choices = planResolution(profile.components, candidates);
  return { profile, pins: await fetchPins(choices, sources), sources };
}

async function sourceContext(context: Context, profile: Profile): Promise<SourceContext> {
  const { distribution, codename, architectures } = profile.base;
  const base = { distribution, codename, architectures };
  return {
    http: context.http,
    store: context.store,
    cacheDir: join(context.places.cache, 'facts'),
    keyring: context.env['LOCKSTEP_KEYRING'] || debianKeyring,
    mirror: chooseMirror({
      base,
      environment: context.env,
      configured: context.workspace.mirror,
      apt: await readAptConfiguration(),
    }),
    base,
    clock: context.clock,
    progress: context.progress,
    signal: context.signal,
  };
}
