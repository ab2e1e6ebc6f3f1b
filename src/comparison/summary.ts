/**
 * A snapshot in a line, for lists: what it is, and in a few words what changed
 * since its parent. Pure.
 */
import { z } from 'zod';
import { diffSnapshots } from './snapshot-diff.js';
import type { Snapshot } from '../snapshot/manifest.js';
import { skippedIn } from '../snapshot/skipped-versions.js';
import type { SourceStep } from '../snapshot/source-steps.js';
import type { ComponentChange, PackageChange, SnapshotDiff } from './diff-shape.js';

/** Everything a list shows of a snapshot; made from its manifest and its parent's. */
export const snapshotSummary = z.object({
  id: z.string(),
  profile: z.string(),
  /** SHA-256 of the manifest. */
  sha256: z.string(),
  /** ISO 8601, UTC. */
  created: z.string(),
  parent: z.string().nullable(),
  packages: z.number(),
  /** Source packages. */
  sources: z.number(),
  /** Bytes of all packages. */
  size: z.number(),
  /** Versions by component. */
  components: z.record(z.string(), z.string()),
  /** What changed since its parent; null if the parent no longer exists. */
  change: z.string().nullable(),
  security: z.array(z.string()),
  /** Versions that skips of the profile kept out of it. */
  skipped: z.array(
    z.object({
      component: z.string(),
      version: z.string(),
      reason: z.string(),
      until: z.string(),
      security: z.boolean(),
    }),
  ),
  /** The snapshot whose content it re-issues under higher versions. */
  reissues: z.string().nullable(),
});
export type SnapshotSummary = z.infer<typeof snapshotSummary>;

/** @param parent null if there is none, undefined if it no longer exists */
export function summaryOf(
  { manifest, sha256 }: Snapshot,
  parent: Snapshot | null | undefined,
): SnapshotSummary {
  const diff = parent === null || parent === undefined ? undefined : diffSnapshots(parent.manifest, manifest);
  const reissues = manifest.supersedes?.content.id ?? null;
  return {
    id: manifest.id,
    profile: manifest.profile,
    sha256,
    created: manifest.created,
    parent: manifest.parent?.id ?? null,
    packages: manifest.packages.length,
    sources: manifest.sources.length,
    size: manifest.packages.reduce((sum, { size }) => sum + size, 0),
    components: Object.fromEntries(
      Object.entries(manifest.components).map(([name, { pin }]) => [name, pin.upstreamVersion]),
    ),
    change:
      reissues !== null
        ? `re-issues ${reissues}`
        : parent === null
          ? 'the first'
          : diff === undefined
            ? null
            : inAWord(diff),
    security: manifest.security ?? [],
    skipped: skippedIn(manifest),
    reissues,
  };
}

/** As many are named; the others are counted. */
const mostNamed = 2;

/** `mediawiki 1.39.17`, `mediawiki-full-config rebuilt`, `3 packages up`: the weightiest of what changed. */
export function inAWord(diff: SnapshotDiff): string {
  const moved = diff.components.filter(({ change }) => change !== 'rebuilt');
  const { added, ended } = diff.skipped;
  const skips = [
    ...added.map(({ component, version }) => `${component} ${version} skipped`),
    ...ended.map(({ component, version }) => `${component} ${version} no longer skipped`),
  ];
  const words =
    moved.length > 0
      ? named(moved, componentWord)
      : diff.packages.length > 0
        ? diff.packages.length <= mostNamed
          ? named(diff.packages, packageWord)
          : countWords(diff.packages)
        : diff.relations.length > 0
          ? ['relations']
          : diff.components.length > 0
            ? named(diff.components, ({ component }) => `${component} pinned again`)
            : diff.sources.length > 0
              ? named(diff.sources, sourceWord)
              : skips.length > 0
                ? skips
                : ['nothing in its packages'];
  return [...words, ...(diff.schema.changed === 'yes' ? ['database schema'] : [])].join(', ');
}

function named<T>(items: readonly T[], word: (item: T) => string): string[] {
  const more = items.length - mostNamed;
  return [...items.slice(0, mostNamed).map(word), ...(more > 0 ? [`${more} more`] : [])];
}

function sourceWord({ package: name, to }: SourceStep): string {
  return to === null ? `-${name} (source)` : `${name} ${to} (source)`;
}

function componentWord({ component, change, from, to, upstreamFrom, upstreamTo }: ComponentChange): string {
  switch (change) {
    case 'added':
      return `+${component}`;
    case 'removed':
      return `-${component}`;
    case 'up':
    case 'down':
    case 'changed':
    case 'rebuilt': {
      const version = upstreamFrom === upstreamTo ? to : upstreamTo;
      return `${component} ${change === 'down' ? 'back to ' : ''}${version ?? from ?? ''}`;
    }
  }
}

function packageWord({ package: name, change, from, to }: PackageChange): string {
  switch (change) {
    case 'added':
      return `+${name}`;
    case 'removed':
      return `-${name}`;
    case 'up':
    case 'down':
    case 'changed':
    case 'rebuilt':
      return isRebuild(from?.version ?? '', to?.version ?? '')
        ? `${name} rebuilt`
        : `${name} ${to?.version ?? ''}`;
  }
}

/** The same content built again: only Lockstep's number differs, `+lockstep2` for `+lockstep1`. */
function isRebuild(from: string, to: string): boolean {
  const plain = (version: string): string => version.replace(/\+[a-z]+\d+$/, '');
  return plain(from) === plain(to);
}

function countWords(packages: readonly PackageChange[]): string[] {
  const order = ['up', 'down', 'rebuilt', 'changed', 'added', 'removed'] as const;
  return order.flatMap((change) => {
    const count = packages.filter((item) => item.change === change).length;
    return count === 0 ? [] : [`${count} ${change}`];
  });
}
