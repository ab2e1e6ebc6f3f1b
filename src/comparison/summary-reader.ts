/**
 * Summaries of the existing snapshots. A manifest of 10,000 packages takes a second to read, and every
 * release has one. A summary depends only on the bytes of the manifest, so it is cached under their hash; the
 * cache may be deleted at any time. Signatures are not checked.
 */
import { LockstepError } from '../errors.js';
import { readIfThere, sha256Of, writeFileAtomic } from '../io/disk.js';
import { parseManifest, type Snapshot } from '../snapshot/manifest.js';
import { snapshotFiles, type SnapshotPlace } from '../snapshot/snapshot-folder.js';
import { snapshotSummary, summaryOf, type SnapshotSummary } from './summary.js';
import { inCache } from '../io/cache-folders.js';

/** Absolute paths. */
export interface SummaryPlaces {
  /** `snapshots/` of the workspace. */
  snapshots: string;
  /** The cache folder. */
  cache: string;
}

/** Reads summaries one after the other; best in the order of their ids. */
export class SummaryReader {
  readonly #places: SummaryPlaces;
  /** The last one that was read: mostly the next one's parent. */
  #last: Snapshot | undefined;

  constructor(places: SummaryPlaces) {
    this.#places = places;
  }

  /**
   * Undefined where there is no such snapshot.
   *
   * @throws LockstepError SNAPSHOT_INVALID, SNAPSHOT_NEWER_FORMAT, DISK_*
   */
  async read(place: SnapshotPlace): Promise<SnapshotSummary | undefined> {
    const file = snapshotFiles(this.#places.snapshots, place).manifest;
    const bytes = await readIfThere(file);
    if (bytes === undefined) return undefined;
    const sha256 = sha256Of(bytes);
    const kept = await this.#kept(sha256);
    if (kept !== undefined && kept.id === place.id && kept.profile === place.profile) return kept;
    const manifest = parseManifest(bytes.toString('utf8'), file);
    if (manifest.id !== place.id || manifest.profile !== place.profile) {
      throw new LockstepError('SNAPSHOT_INVALID', {
        message: `${file} holds the snapshot ${manifest.id} of ${manifest.profile}`,
      });
    }
    const snapshot = { manifest, sha256 };
    const parent = manifest.parent === null ? null : await this.#parent(snapshot);
    const summary = summaryOf(snapshot, parent);
    this.#last = snapshot;
    // Without its parent it says less than it could
    if (parent !== undefined) {
      await writeFileAtomic(this.#place(sha256), JSON.stringify(summary), { fsync: false });
    }
    return summary;
  }

  /** Undefined where it was dropped, or is not the one that was the parent. */
  async #parent({ manifest }: Snapshot): Promise<Snapshot | undefined> {
    const ref = manifest.parent!;
    if (this.#last?.sha256 === ref.sha256) return this.#last;
    const file = snapshotFiles(this.#places.snapshots, {
      profile: manifest.profile,
      id: ref.id,
    }).manifest;
    const bytes = await readIfThere(file);
    if (bytes === undefined || sha256Of(bytes) !== ref.sha256) return undefined;
    return { manifest: parseManifest(bytes.toString('utf8'), file), sha256: ref.sha256 };
  }

  #place(sha256: string): string {
    return inCache(this.#places.cache, 'snapshot-summaries', `${sha256}.json`);
  }

  async #kept(sha256: string): Promise<SnapshotSummary | undefined> {
    const bytes = await readIfThere(this.#place(sha256));
    if (bytes === undefined) return undefined;
    try {
      const parsed = snapshotSummary.safeParse(JSON.parse(bytes.toString('utf8')));
      return parsed.success && parsed.data.sha256 === sha256 ? parsed.data : undefined;
    } catch {
      // Damaged: it is rebuilt
      return undefined;
    }
  }
}
