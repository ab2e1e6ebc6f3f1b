/** The skips that a snapshot was made under. Pure. */
import type { SkippedOf } from '../profile/skip.js';
import type { SnapshotManifest } from './manifest.js';

/** Versions that were kept out of a set, by component. */
export function skippedIn({ components }: Pick<SnapshotManifest, 'components'>): SkippedOf[] {
  return Object.keys(components)
    .sort()
    .flatMap((component) =>
      (components[component]!.skipped ?? []).map((skipped) => ({ component, ...skipped })),
    );
}

/** What differs in skips between two snapshots. */
export function skippedChange(
  from: Pick<SnapshotManifest, 'components'>,
  to: Pick<SnapshotManifest, 'components'>,
) {
  const keyOf = ({ component, version }: SkippedOf): string => `${component} ${version}`;
  const [before, after] = [skippedIn(from), skippedIn(to)];
  const was = new Set(before.map(keyOf));
  const is = new Set(after.map(keyOf));
  return {
    ended: before.filter((one) => !is.has(keyOf(one))),
    added: after.filter((one) => !was.has(keyOf(one))),
    /** As the second has them. */
    kept: after.filter((one) => was.has(keyOf(one))),
  };
}

export type SkippedChange = ReturnType<typeof skippedChange>;
