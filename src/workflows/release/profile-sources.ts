/** What a profile's sources are read with: mirror, caches, and what earlier snapshots said of the same sources. */
import type { Profile } from '../../profile/profile-schema.js';
import { listSnapshots, readSnapshot } from '../../snapshot/snapshot-folder.js';
import type { Http } from '../../io/http.js';
import { accessByApt } from '../../source/apt-access.js';
import {
  detectProxies,
  readAptConfiguration,
  type AptConfiguration,
} from '../../source/apt-configuration.js';
import { debianKeyring, type SourceContext } from '../../source/source-context.js';
import { addressesOfApt, chooseMirror, type Mirror } from '../../source/mirror.js';
import type { Pin } from '../../source/pin.js';
import type { BaseReleaseFile, ReleaseFloor } from '../../source/release-age.js';
import { isRemembered } from '../../source/pin-kinds.js';
import { newestOf } from '../workspace/ancestry.js';
import type { Context } from '../workspace/context.js';
import { inCache } from '../../io/cache-folders.js';

/** @param olderBase whether Release files may be older than those of the profile's last snapshot */
export async function sourceContext(
  context: Context,
  profile: Profile,
  olderBase = false,
): Promise<SourceContext> {
  const { distribution, codename, architectures } = profile.base;
  const base = { distribution, codename, architectures };
  const apt = await readAptConfiguration();
  const mirror = chooseMirror({ base, environment: context.env, configured: context.workspace.mirror, apt });
  return {
    http: await httpFor(context, mirror, apt),
    store: context.store,
    cacheDir: inCache(context.places.cache, 'facts'),
    keyring: context.env['LOCKSTEP_KEYRING'] || debianKeyring,
    mirror,
    base,
    clock: context.clock,
    progress: context.progress,
    signal: context.signal,
    workspaceRoot: context.workspace.root,
    env: context.env,
    floor: olderBase ? undefined : await releaseFloor(context, profile),
    ...(await earlierPins(context, profile)),
  };
}

/** A client that reaches mirrors of apt as apt does: through its proxies, with its accounts. */
async function httpFor({ http, env }: Context, mirror: Mirror, apt: AptConfiguration): Promise<Http> {
  const mirrors = addressesOfApt(mirror);
  if (mirrors.length === 0) return http;
  const access = await detectProxies(apt.access, mirrors);
  return http.via((other) => accessByApt(access, mirrors, other, env));
}

/**
 * The Release files of the profile's newest snapshot, or of both where two people cut one; of one that re-issues older
 * content, those of the snapshot before. The signature is not checked here: a cut verifies the last snapshot before it
 * signs the next.
 */
async function releaseFloor({ places }: Context, { name }: Profile): Promise<ReleaseFloor> {
  const floor = new Map<string, readonly BaseReleaseFile[]>();
  const there = new Set((await listSnapshots(places.snapshots, name)).map(({ id }) => id));
  const open = await newestOf(places, name);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const { manifest } = await readSnapshot(places.snapshots, { profile: name, id });
    if (manifest.supersedes === undefined) floor.set(id, manifest.baseReleaseFiles ?? []);
    else if (manifest.parent !== null && there.has(manifest.parent.id) && manifest.parent.id < id)
      open.push(manifest.parent.id);
  }
  return floor;
}

/**
 * Pins of all snapshots, which say what a tag stood for, and those of this profile's last one, below which nothing
 * that tracks may go.
 */
async function earlierPins(
  context: Context,
  profile: Profile,
): Promise<Pick<SourceContext, 'previous' | 'knownPins'>> {
  if (!Object.values(profile.components).some(({ source }) => isRemembered(source.kind))) return {};
  const { snapshots } = context.places;
  const known: Pin[] = [];
  let previous: ReadonlyMap<string, Pin> = new Map();
  let latest = '';
  for (const place of await listSnapshots(snapshots)) {
    const { manifest } = await readSnapshot(snapshots, place);
    const pins = Object.entries(manifest.components).map(([name, { pin }]) => [name, pin] as const);
    known.push(...pins.map(([, pin]) => pin).filter(({ kind }) => isRemembered(kind)));
    if (manifest.profile !== profile.name || manifest.id <= latest) continue;
    latest = manifest.id;
    previous = new Map(pins);
  }
  return { previous, knownPins: known };
}
