/**
 * The suites of the base distribution, opened side by side, once for each
 * context, and the indices in them. It knows places and lookups; what a
 * package means to a component is for the source kinds.
 */
import type { Stanza } from '../deb/deb822.js';
import { LockstepError } from '../errors.js';
import type { Phase } from '../io/progress.js';
import { packagesIndices, sourcesIndices, type AptIndex } from './apt-index.js';
import { allOrNone, sessionOf, type SourceContext } from './source-context.js';
import { openRelease, type VerifiedRelease } from './in-release.js';
import { suitesOfBase } from './mirror.js';

/** A paragraph and the index that holds it. */
export interface IndexedStanza {
  stanza: Stanza;
  index: AptIndex;
}

interface OpenSuite {
  release: VerifiedRelease;
  sources: AptIndex[];
  packages: Map<string, AptIndex[]>;
}

async function suites(context: SourceContext, phase: Phase): Promise<OpenSuite[]> {
  return await sessionOf(context).once('suites', async () => {
    const places = suitesOfBase(context.mirror, context.base);
    const ignoredBy = [...new Set(places.flatMap((place) => place.datesIgnoredBy ?? []))];
    if (ignoredBy.length > 0) {
      phase.info(
        `This machine's apt is configured not to check dates (${ignoredBy.join(', ')}), so Lockstep does not check them either`,
      );
    }
    return await allOrNone(context, (inner) =>
      places.map(async (place) => {
        const release = await openRelease(place, inner, phase);
        const packages = new Map(
          context.base.architectures.map((name) => [name, packagesIndices(release, name, inner)]),
        );
        return { release, sources: sourcesIndices(release, inner), packages };
      }),
    );
  });
}

/** Names of the suites that are searched, for messages. */
export function suiteNames(context: SourceContext): string[] {
  return suitesOfBase(context.mirror, context.base).map(({ suite }) => suite);
}

/** The Packages indices of all suites that hold what an architecture can install. */
export async function indicesFor(
  architecture: string,
  context: SourceContext,
  phase: Phase,
): Promise<AptIndex[]> {
  const open = await suites(context, phase);
  return open.flatMap((suite) => suite.packages.get(architecture) ?? []);
}

async function lookUpIn(
  context: SourceContext,
  indices: readonly AptIndex[],
  names: readonly string[],
  phase: Phase,
): Promise<IndexedStanza[]> {
  const found = await allOrNone(context, () =>
    indices.map(async (index) => (await index.lookUp(names, phase)).map((stanza) => ({ stanza, index }))),
  );
  return found.flat();
}

/** Source packages of that name in all suites. */
export async function lookUpSources(
  name: string,
  context: SourceContext,
  phase: Phase,
): Promise<IndexedStanza[]> {
  const open = await suites(context, phase);
  return await lookUpIn(
    context,
    open.flatMap((suite) => suite.sources),
    [name],
    phase,
  );
}

/** Binary packages of these names in all suites that an architecture can install. */
export async function lookUpPackages(
  names: readonly string[],
  architecture: string,
  context: SourceContext,
  phase: Phase,
): Promise<IndexedStanza[]> {
  const open = await suites(context, phase);
  return await lookUpIn(
    context,
    open.flatMap((suite) => suite.packages.get(architecture) ?? []),
    names,
    phase,
  );
}

/** A package name that exists and is much like one that does not. Only for messages: it may cost a second. */
export async function nearestName(
  name: string,
  kind: 'source' | 'binary',
  context: SourceContext,
  phase: Phase,
): Promise<string | undefined> {
  const open = await suites(context, phase);
  const [first] = open.flatMap((suite) =>
    kind === 'source' ? suite.sources : [...suite.packages.values()].flat(),
  );
  try {
    return await first?.nearest(name, phase);
  } catch (error) {
    // The missing package is reported, not the failed search for a similar name
    if (error instanceof LockstepError && error.code !== 'INTERRUPTED') return undefined;
    throw error;
  }
}
