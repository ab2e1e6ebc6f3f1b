/**
 * The differences between two snapshots according to their manifests: components, packages, relations,
 * database schema, security. Pure, and linear in the number of packages. contents-diff.ts compares the
 * contents of changed packages.
 */
import { compareVersions, debianVersionOf } from '../deb/version.js';
import type { Pin } from '../source/pin.js';
import { canonicalLine } from '../io/canonical-json.js';
import { relationChanges } from './relation-changes.js';
import { skippedChange } from '../snapshot/skipped-versions.js';
import { sourceSteps } from '../snapshot/source-steps.js';
import type { SnapshotComponent, SnapshotManifest, SnapshotPackage } from '../snapshot/manifest.js';
import { newestByKey, packageKey, versionKey } from '../snapshot/several-versions.js';
import type {
  Change,
  ComponentChange,
  PackageChange,
  PackageSide,
  SchemaChange,
  SecurityChange,
  SnapshotDiff,
  SnapshotTotal,
} from './diff-shape.js';

/** Compares two snapshots, of one profile or of two. */
export function diffSnapshots(from: SnapshotManifest, to: SnapshotManifest): SnapshotDiff {
  const pairs = packagePairs(from, to);
  return {
    components: componentChanges(from.components, to.components),
    packages: pairs.flatMap(({ before, after }) => packageChange(before, after)),
    sources: sourceSteps(from.sources, to.sources),
    relations: pairs.flatMap(({ before, after }) =>
      before === null || after === null || before.stanza === after.stanza
        ? []
        : relationChanges(before, after),
    ),
    schema: schemaChange(from, to),
    security: securityChange(from.security ?? [], to.security ?? []),
    skipped: skippedChange(from, to),
    total: { from: totalOf(from), to: totalOf(to) },
  };
}

/** Whether nothing that a machine, or who fetches a source from it, would notice differs. */
export function isEmptyDiff(diff: SnapshotDiff): boolean {
  const { components, packages, sources, relations, schema, security } = diff;
  return (
    components.length + packages.length + sources.length + relations.length === 0 &&
    schema.changed !== 'yes' &&
    security.added.length + security.removed.length === 0
  );
}

export interface PackagePair {
  before: SnapshotPackage | null;
  after: SnapshotPackage | null;
}

/** Packages by name and architecture, those of one side only too, in the order of their names. */
export function packagePairs(from: SnapshotManifest, to: SnapshotManifest): PackagePair[] {
  const [before, after] = [newestByKey(from.packages), newestByKey(to.packages)];
  // What did not change is dropped here: of 10,000 packages mostly one is left
  const keys = [
    ...[...before].filter(([key, entry]) => !isSame(entry, after.get(key))).map(([key]) => key),
    ...[...after.keys()].filter((key) => !before.has(key)),
  ];
  const pairs = keys
    .sort()
    .map((key): PackagePair => ({ before: before.get(key) ?? null, after: after.get(key) ?? null }));
  const isSingle = before.size === from.packages.length && after.size === to.packages.length;
  return isSingle ? pairs : [...pairs, ...besidePairs(from.packages, to.packages, { before, after })];
}

/** Added and removed versions below the highest. */
function besidePairs(
  from: readonly SnapshotPackage[],
  to: readonly SnapshotPackage[],
  { before, after }: Record<'before' | 'after', ReadonlyMap<string, SnapshotPackage>>,
): PackagePair[] {
  const [had, has] = [new Set(from.map(versionKey)), new Set(to.map(versionKey))];
  return [
    ...to
      .filter((entry) => after.get(packageKey(entry)) !== entry && !had.has(versionKey(entry)))
      .map((entry): PackagePair => ({ before: null, after: entry })),
    ...from
      .filter((entry) => before.get(packageKey(entry)) !== entry && !has.has(versionKey(entry)))
      .map((entry): PackagePair => ({ before: entry, after: null })),
  ];
}

function isSame(before: SnapshotPackage, after: SnapshotPackage | undefined): boolean {
  return after !== undefined && before.sha256 === after.sha256 && before.stanza === after.stanza;
}

function packageChange(before: SnapshotPackage | null, after: SnapshotPackage | null): PackageChange[] {
  const entry = after ?? before;
  if (entry === null || before?.sha256 === after?.sha256) return [];
  return [
    {
      package: entry.package,
      architecture: entry.architecture,
      component: entry.component,
      change: changeOf(before?.version ?? null, after?.version ?? null, compareDebian),
      from: before === null ? null : sideOf(before),
      to: after === null ? null : sideOf(after),
      sizeChange: (after?.size ?? 0) - (before?.size ?? 0),
    },
  ];
}

function sideOf({ version, size, sha256 }: SnapshotPackage): PackageSide {
  return { version, size, sha256 };
}

/** -1, 0, 1, or undefined where the two cannot be compared. */
type Compare = (a: string, b: string) => number | undefined;

function changeOf(from: string | null, to: string | null, compare: Compare): Change {
  if (from === null) return 'added';
  if (to === null) return 'removed';
  const order = compare(from, to);
  if (order === undefined) return 'changed';
  return order < 0 ? 'up' : order > 0 ? 'down' : 'rebuilt';
}

function compareDebian(a: string, b: string): number | undefined {
  try {
    return compareVersions(a, b);
  } catch {
    return undefined;
  }
}

/** Versions as upstream writes them: `0.16.0-a17` is before `0.16.0`. */
export function compareUpstream(a: string, b: string): number | undefined {
  try {
    return compareVersions(debianVersionOf(a), debianVersionOf(b));
  } catch {
    return undefined;
  }
}

function componentChanges(
  from: SnapshotManifest['components'],
  to: SnapshotManifest['components'],
): ComponentChange[] {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
  return names.flatMap((name): ComponentChange[] => {
    const before = Object.hasOwn(from, name) ? from[name]! : null;
    const after = Object.hasOwn(to, name) ? to[name]! : null;
    if (before !== null && after !== null && isSameComponent(before, after)) return [];
    const commits = commitsOf(before?.pin, after?.pin);
    return [
      {
        component: name,
        change: componentChange(before?.pin ?? null, after?.pin ?? null),
        from: before === null ? null : pinVersion(before.pin),
        to: after === null ? null : pinVersion(after.pin),
        upstreamFrom: before?.pin.upstreamVersion ?? null,
        upstreamTo: after?.pin.upstreamVersion ?? null,
        method: (after ?? before)!.build.method,
        ...(commits === undefined ? {} : { commits }),
      },
    ];
  });
}

/**
 * A mirror signs its Release again every day, so the provenance of a pin is not part of its identity
 * (content.ts).
 */
function isSameComponent(a: SnapshotComponent, b: SnapshotComponent): boolean {
  const bare = ({ pin, build }: SnapshotComponent): string =>
    canonicalLine({ build, pin: { ...pin, provenance: undefined } });
  return bare(a) === bare(b);
}

function componentChange(before: Pin | null, after: Pin | null): Change {
  if (before === null || after === null) return before === null ? 'added' : 'removed';
  // Only two Debian versions can be compared as such; a source of another kind has upstream's numbering
  const debian =
    (before.kind === 'apt-source' && after.kind === 'apt-source') ||
    (before.kind === 'apt-binary' && after.kind === 'apt-binary');
  const change = debian
    ? changeOf(pinVersion(before), pinVersion(after), compareDebian)
    : changeOf(before.upstreamVersion, after.upstreamVersion, compareUpstream);
  return change;
}

/** The version that a component's source has, as people name it. */
export function pinVersion(pin: Pin): string {
  const debian = pin.kind === 'apt-binary' ? pin.packages[0] : pin.kind === 'apt-source' ? pin : undefined;
  return debian?.version ?? pin.upstreamVersion;
}

function commitsOf(before: Pin | undefined, after: Pin | undefined): ComponentChange['commits'] {
  if (before?.commit === undefined || after?.commit === undefined) return undefined;
  return before.commit === after.commit ? undefined : { from: before.commit, to: after.commit };
}

function schemaChange(from: SnapshotManifest, to: SnapshotManifest): SchemaChange {
  const versions = { from: from.schema?.version ?? null, to: to.schema?.version ?? null };
  if (from.schema === undefined || to.schema === undefined) return { changed: 'unknown', ...versions };
  const same = from.schema.component === to.schema.component && from.schema.digest === to.schema.digest;
  return { changed: same ? 'no' : 'yes', ...versions };
}

function securityChange(from: readonly string[], to: readonly string[]): SecurityChange {
  return { from: [...from], to: [...to], added: without(to, from), removed: without(from, to) };
}

/**
 * The same where the flags of the snapshots in between are known: what was fixed on the way stays fixed.
 *
 * @param between flags of the lower one's successors, up to the higher one
 * @param forward whether `to` is the higher one
 */
export function securityAlong(
  { from, to }: Pick<SecurityChange, 'from' | 'to'>,
  between: readonly string[],
  forward: boolean,
): SecurityChange {
  return {
    from,
    to,
    added: forward ? without(between, from) : [],
    removed: forward ? [] : without(between, to),
  };
}

function without(ids: readonly string[], others: readonly string[]): string[] {
  return [...new Set(ids)].filter((id) => !others.includes(id)).sort();
}

function totalOf(manifest: SnapshotManifest): SnapshotTotal {
  return {
    packages: manifest.packages.length,
    size: manifest.packages.reduce((sum, { size }) => sum + size, 0),
  };
}
