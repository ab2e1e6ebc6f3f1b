/**
 * The versions that skips kept out of sets, with the fixes that earlier snapshots show, and as snapshots and profiles
 * report them.
 */
import { LockstepError } from '../../errors.js';
import { isImported } from '../../profile/load.js';
import type { SkippedOf } from '../../profile/skip.js';
import { skipsOf } from '../../profile/skips-in-force.js';
import { pinVersion } from '../../comparison/snapshot-diff.js';
import type { SnapshotManifest } from '../../snapshot/manifest.js';
import { listSnapshots, readSnapshot } from '../../snapshot/snapshot-folder.js';
import type { HistoryEntry } from '../../suite/history.js';
import { SummaryReader } from '../../comparison/summary-reader.js';
import type { Context, Run } from './context.js';

/**
 * Adds fixes that earlier snapshots know. A skipped version that is in no security suite can still have security fixes:
 * an earlier snapshot of this profile had it and was flagged with them.
 *
 * @throws LockstepError SNAPSHOT_INVALID, SNAPSHOT_NEWER_FORMAT, DISK_IO
 */
export async function withKnownFixes(
  context: Context,
  profile: string,
  skipped: readonly SkippedOf[],
): Promise<SkippedOf[]> {
  if (skipped.every(({ security }) => security)) return [...skipped];
  const { snapshots } = context.places;
  const fixing = new Set<string>();
  const places = await listSnapshots(snapshots, profile);
  const reader = new SummaryReader(context.places);
  for (const [index, place] of places.entries()) {
    // Read only flagged snapshots: there are few, and manifests are large
    if (((await reader.read(place))?.security ?? []).length === 0) continue;
    const { manifest } = await readSnapshot(snapshots, place);
    const before = index === 0 ? undefined : (await readSnapshot(snapshots, places[index - 1]!)).manifest;
    for (const component of Object.keys(manifest.components)) {
      const version = versionIn(manifest, component)!;
      // A flagged snapshot fixes something only by a version that it introduced
      if (before === undefined || versionIn(before, component) !== version) {
        fixing.add(`${component} ${version}`);
      }
    }
  }
  return skipped.map((one) => ({
    ...one,
    security: one.security || fixing.has(`${one.component} ${one.version}`),
  }));
}

function versionIn({ components }: SnapshotManifest, component: string): string | undefined {
  return Object.hasOwn(components, component) ? pinVersion(components[component]!.pin) : undefined;
}

/** The skips in a snapshot. */
export interface SnapshotSkips {
  skipped: readonly SkippedOf[];
  /** Why the skips are unknown; null if they are known. */
  unread: string | null;
}

/** Skips of the profiles that no longer have an effect. Profiles with faults are left out; `check` reports them. */
export function endedSkips({ profiles, clock }: Run, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const profile = profiles.readable(name);
    if (profile === undefined || isImported(profile)) return [];
    return skipsOf(profile, clock.now()).ended.map((sentence) => `${sentence}.`);
  });
}

export const noSkips: SnapshotSkips = { skipped: [], unread: null };

/**
 * The skips of the snapshot that a suite points at. A damaged manifest becomes a note, so that it does not hide the
 * rest.
 */
export async function skipsIn(reader: SummaryReader, last: HistoryEntry | undefined): Promise<SnapshotSkips> {
  if (last === undefined) return noSkips;
  try {
    const summary = await reader.read({ profile: last.profile, id: last.to });
    return summary === undefined ? noSkips : { skipped: summary.skipped, unread: null };
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    return { skipped: [], unread: `The skips of ${last.to} are not known: ${error.message}` };
  }
}
