/**
 * The suites of the base distribution, opened side by side, once for each
 * context, and the indices in them. It knows places and lookups; what a
 * package means to a component is for the source kinds.
 */
import type { Stanza } from '../deb/deb822.js';
import { LockstepError } from '../errors.js';
import { packagesIndices, sourcesIndices, type AptIndex } from './apt-index.js';
import { allOrNone, sessionOf, type SourceContext } from './source-context.js';
import { openRelease, type VerifiedRelease } from './in-release.js';
import { suitesOfBase } from './mirror.js';
import { mixedDays } from './release-age.js';

/** A paragraph and the index that holds it. */
export interface IndexedStanza {
  stanza: Stanza;
  index: AptIndex;
}

/**
 * The verified Release of each suite of the base, the main one first.
 * @throws LockstepError as {@link openRelease}
 */
export async function openReleases(context: SourceContext): Promise<VerifiedRelease[]> {
  const places = suitesOfBase(context.mirror, context.base);
  return await sessionOf(context).once('releases', async () => {
    const opened = await allOrNone(context, (inner) => places.map((place) => openRelease(place, inner)));
    const mixed = mixedDays(
      opened.map(({ suite, release }) => ({ suite, date: release.date, validUntil: release.validUntil })),
    );
    if (mixed !== null) context.phase?.info(mixed);
    return opened;
  });
}

/** Names of the suites that are searched, for messages. */
export function suiteNames(context: SourceContext): string[] {
  return suitesOfBase(context.mirror, context.base).map(({ suite }) => suite);
}

/**
 * The indices of all suites that list sources, or what an architecture can install.
 * @param what `source`, or an architecture of the base
 */
export async function indicesFor(what: string, context: SourceContext): Promise<AptIndex[]> {
  const indices = await sessionOf(context).once('indices', async () => {
    const places = suitesOfBase(context.mirror, context.base);
    const ignoredBy = [...new Set(places.flatMap((place) => place.datesIgnoredBy ?? []))];
    if (ignoredBy.length > 0) {
      context.phase?.info(
        `This machine's apt is configured not to check dates (${ignoredBy.join(', ')}), so Lockstep does not check them either`,
      );
    }
    const releases = await openReleases(context);
    return new Map([
      ['source', releases.flatMap(sourcesIndices)],
      ...context.base.architectures.map(
        (name) => [name, releases.flatMap((release) => packagesIndices(release, name))] as const,
      ),
    ]);
  });
  return indices.get(what) ?? [];
}

/**
 * Packages of these names in all suites.
 * @param what as in {@link indicesFor}
 */
export async function lookUp(
  what: string,
  names: readonly string[],
  context: SourceContext,
): Promise<IndexedStanza[]> {
  const indices = await indicesFor(what, context);
  const found = await allOrNone(context, (inner) =>
    indices.map(async (index) => (await index.lookUp(names, inner)).map((stanza) => ({ stanza, index }))),
  );
  return found.flat();
}

/**
 * A package name that exists and is much like one that does not. Only for messages: it may cost a second.
 * @param what as in {@link indicesFor}
 */
export async function nearestName(
  name: string,
  what: string,
  context: SourceContext,
): Promise<string | undefined> {
  const [first] = await indicesFor(what, context);
  try {
    return await first?.nearest(name, context);
  } catch (error) {
    // The missing package is reported, not the failed search for a similar name
    if (error instanceof LockstepError && error.code !== 'INTERRUPTED') return undefined;
    throw error;
  }
}
