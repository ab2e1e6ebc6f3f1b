/**
 * Merges the sets of two snapshots that were cut at the same time, each after a common one: what only one side changed
 * is taken from that side, and of what both changed the newer one. It says for each change which side it is from. Pure.
 */
import { compareVersions, isValidVersion } from '../deb/version.js';
import { LockstepError } from '../errors.js';
import { canonicalJson } from '../io/canonical-json.js';
import { byText } from '../io/keyed.js';
import type { Pin } from '../source/pin.js';
import { planChangelogs } from './changelog-plan.js';
import type { Snapshot, SnapshotManifest, SnapshotPackage, SnapshotSource } from './manifest.js';
import { packageKey, versionKey } from './several-versions.js';
import { sourceKey } from './source-steps.js';

/** One thing that differs from the common snapshot, and the side it was taken from. */
export interface MergeStep {
  /** A component, or a package and its architecture. */
  name: string;
  /** The version in the common snapshot; null if that has none. */
  from: string | null;
  /** The version in the merged set; null if it is no longer there. */
  to: string | null;
  /** Id of the snapshot that it is from; null if both sides say the same. */
  side: string | null;
  /** The version that the other side has, where both changed it. */
  instead?: string | null | undefined;
}

/** The snapshots to merge: `base` is the last one that both follow, or null. */
export interface Sides {
  base: Snapshot | null;
  first: Snapshot;
  second: Snapshot;
  /** The id of the side that is right where both changed something; the newer version otherwise. */
  prefer?: string | undefined;
}

interface Things<T> {
  of(manifest: SnapshotManifest): ReadonlyMap<string, T>;
  /** Equal texts: the same thing. */
  identity(thing: T): string;
  version(thing: T): string;
  /** Above 0: the first one is newer. 0: nothing says which. */
  compare(a: T, b: T): number;
}

function threeWay<T>(
  { base, first, second, prefer }: Sides,
  things: Things<T>,
): { merged: Map<string, T>; steps: MergeStep[] } {
  const before = base === null ? new Map<string, T>() : things.of(base.manifest);
  const [a, b] = [things.of(first.manifest), things.of(second.manifest)];
  const [firstId, secondId] = [first.manifest.id, second.manifest.id];
  const idOf = (thing: T | undefined): string => (thing === undefined ? '' : things.identity(thing));
  const versionOf = (thing: T | undefined): string | null =>
    thing === undefined ? null : things.version(thing);
  const merged = new Map<string, T>();
  const steps: MergeStep[] = [];
  const undecided: string[] = [];
  for (const name of [...new Set([...before.keys(), ...a.keys(), ...b.keys()])].sort(byText)) {
    const [old, one, two] = [before.get(name), a.get(name), b.get(name)];
    const [isOfFirst, isOfSecond] = [idOf(one) !== idOf(old), idOf(two) !== idOf(old)];
    const isSame = idOf(one) === idOf(two);
    let takesFirst = isOfFirst;
    if (isOfFirst && isOfSecond && !isSame) {
      const order = one === undefined ? -1 : two === undefined ? 1 : things.compare(one, two);
      if (prefer !== undefined) takesFirst = prefer === firstId;
      else if (order !== 0) takesFirst = order > 0;
      else undecided.push(name);
    }
    const chosen = takesFirst ? one : two;
    if (chosen !== undefined) merged.set(name, chosen);
    if (!isOfFirst && !isOfSecond) continue;
    const isBoth = isOfFirst && isOfSecond && !isSame;
    const step = { name, from: versionOf(old), to: versionOf(chosen) };
    const side = isSame ? null : takesFirst ? firstId : secondId;
    steps.push({ ...step, side, ...(isBoth ? { instead: versionOf(takesFirst ? two : one) } : {}) });
  }
  if (undecided.length > 0) {
    throw new LockstepError('MERGE_IMPOSSIBLE', {
      message: `Both sides changed ${undecided.join(', ')}, and the versions do not show which one is newer`,
      hint: `Say which side is right: --prefer ${firstId} or --prefer ${secondId}`,
      where: undecided.map((path) => ({ path })),
    });
  }
  return { merged, steps };
}

/** The content of a pin without the proof of it, which is another one each day. */
function contentOfPin(pin: Pin): unknown {
  switch (pin.kind) {
    case 'apt-binary':
      return pin.packages.map(({ file }) => file.sha256).sort();
    case 'apt-source':
      return [pin.package, pin.version, pin.files.map(({ sha256 }) => sha256).sort()];
    case 'git':
      return [pin.url, pin.commit, pin.submodules];
    case 'within':
      return [pin.archive.sha256, pin.path];
    case 'tarball':
    case 'local':
      return pin.archive.sha256;
  }
}

const versionOfPin = (pin: Pin): string =>
  pin.kind === 'apt-source'
    ? pin.version
    : ('packages' in pin && pin.packages[0]?.version) || pin.upstreamVersion;

/** @throws LockstepError MERGE_IMPOSSIBLE */
export function mergePins(sides: Sides): { pins: Map<string, Pin>; steps: MergeStep[] } {
  const { merged, steps } = threeWay<Pin>(sides, {
    of: ({ components }) => new Map(Object.entries(components).map(([name, { pin }]) => [name, pin])),
    identity: (pin) => canonicalJson([pin.kind, contentOfPin(pin)]),
    version: versionOfPin,
    compare(a, b) {
      const [one, two] = [versionOfPin(a), versionOfPin(b)];
      const known = isValidVersion(one) && isValidVersion(two) ? compareVersions(one, two) : 0;
      return known === 0 ? a.date - b.date : known;
    },
  });
  return { pins: merged, steps };
}

/** The content of two imported sets. @throws LockstepError MERGE_IMPOSSIBLE */
export function mergeImports(sides: Sides, versions: number) {
  const keyOf = versions > 1 ? versionKey : packageKey;
  const packages = threeWay<SnapshotPackage>(sides, {
    of: (manifest) => new Map(manifest.packages.map((entry) => [keyOf(entry), entry])),
    identity: ({ sha256 }) => sha256,
    version: ({ version }) => version,
    compare: (a, b) => compareVersions(a.version, b.version),
  });
  const sources = threeWay<SnapshotSource>(sides, {
    of: (manifest) => new Map(manifest.sources.map((entry) => [sourceKey(entry), entry])),
    identity: ({ files }) =>
      files
        .map(({ name, sha256 }) => `${name} ${sha256}`)
        .sort()
        .join(),
    version: ({ version }) => version,
    compare: () => 0,
  });
  const entries = [...packages.merged.values()];
  const known = [sides.first, sides.second].flatMap(({ manifest }) => manifest.sourceChangelogs ?? []);
  return {
    packages: entries,
    sources: [...sources.merged.values()],
    sourceChangelogs: planChangelogs(entries, known).kept,
    steps: packages.steps,
  };
}
