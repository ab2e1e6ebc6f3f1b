/**
 * What publishing needs to know about a snapshot, derived once from its manifest: its indices as blocks, the files of
 * its frozen view, and the facts that decide moves. So a move does not read the manifest. Each snapshot has one file
 * below `.lockstep/`, named by the manifest's hash. It is safe to delete.
 */
import { join } from 'node:path';
import type { ContentStore } from '../io/content-store.js';
import { writeFileAtomic } from '../io/disk.js';
import { throwIfInterrupted } from '../io/interrupt.js';
import { readKept } from '../io/kept-json.js';
import type { Evidence } from '../snapshot/evidence.js';
import { otherSnapshot } from '../snapshot/snapshot-folder.js';
import type {
  Snapshot,
  SnapshotManifest,
  SnapshotPackage,
  SnapshotSchema,
  Superseding,
} from '../snapshot/manifest.js';
import { evidenceWithin } from '../snapshot/manifest-v1.js';
import { originsOf } from '../suite/origins.js';
import type { BlockRef, BlockItem } from './blocks.js';
import { manifestPoolFiles } from './expected.js';
import type { FileLists } from './file-lists.js';
import {
  assembleIndex,
  BlockMissing,
  blocksOf,
  type IndexFile,
  type IndexKind,
  type IndexPlaces,
} from './index-set.js';
import {
  ContentsOwners,
  packageItems,
  packagesOf,
  poolItems,
  sectionOf,
  sourceItems,
  versionItems,
  type PoolFile,
} from './index-text.js';

/** An index of a snapshot. Its name is the path of a published index in the suite's folder, or `pool` or `versions`. */
export interface SnapshotIndex {
  path: string;
  kind: IndexKind;
  blocks: BlockRef[];
}

type SnapshotOrigins = ReturnType<typeof originsOf>;

/** The content of one record file. */
export interface SnapshotRecord
  extends Pick<SnapshotManifest, 'profile' | 'id' | 'created' | 'base' | 'parent'>, SnapshotOrigins {
  /** SHA-256 of the manifest's text. */
  sha256: string;
  schema: SnapshotSchema | null;
  security: string[];
  supersedes: Superseding | null;
  /** The evidence inside the manifest: format 1 only. Newer evidence is in a file next to the manifest. */
  evidence: Evidence[];
  areas: string[];
  /** Without `all`, sorted. */
  architectures: string[];
  indices: SnapshotIndex[];
  /** The indices of the frozen view. The bytes of stored indices are in the content store. */
  files: IndexFile[];
}

/** What a record depends on in addition to the manifest. */
export interface RecordOptions extends IndexPlaces {
  /** The archive area that exists even without packages. */
  area: string;
  /** Without it, no Contents index is made. */
  fileLists: FileLists | undefined;
}

/** Raise it when the same snapshot gets other bytes, or when the shape of a record changes. */
const recordVersion = 3;

interface KeptRecord extends SnapshotRecord {
  version: number;
  area: string;
  contents: boolean;
}

/**
 * A snapshot by its profile, id and the hash of its manifest; the manifest is read only where nothing is known of it
 * yet.
 */
export interface ListedSnapshot extends Pick<SnapshotRecord, 'profile' | 'id' | 'sha256'> {
  /** Reads and verifies the manifest. */
  load: () => Promise<Snapshot>;
}

/** The records below one folder. */
export class SnapshotRecords {
  readonly places: RecordOptions;
  /** Records that this run has read: a move needs the same two or three several times. */
  readonly #known = new Map<string, SnapshotRecord>();

  /** Absolute path of the folder for derived files: records in `snapshots/`, listings in `listings/`. */
  readonly folder: string;

  /** @param folder absolute path; created together with the first record */
  constructor(folder: string, options: RecordOptions) {
    this.folder = folder;
    this.places = options;
  }

  /** The absolute path of a record, from its manifest's hash. */
  path(sha256: string): string {
    return join(this.folder, 'snapshots', `${sha256}.json`);
  }

  /** Whether Contents indices are made. */
  get contents(): boolean {
    return this.places.fileLists !== undefined;
  }

  /**
   * The record of a snapshot. A record says what its manifest's bytes say, so the names of another snapshot over the
   * same bytes are found here, whoever asks.
   *
   * @throws LockstepError SNAPSHOT_INVALID (it is the manifest of another snapshot); what `load` throws; DISK_FULL,
   * DISK_IO, INTERRUPTED; STORE_MISSING and DEB_ARCHIVE of packages that are read for Contents
   */
  async of({ profile, id, sha256, load }: ListedSnapshot): Promise<SnapshotRecord> {
    const record = this.#known.get(sha256) ?? (await this.#kept(sha256)) ?? (await this.make(await load()));
    if (record.id !== id || record.profile !== profile) {
      throw otherSnapshot(`The manifest of ${id} of ${profile}`, record, { value: sha256 });
    }
    this.#known.set(sha256, record);
    return record;
  }

  /** Makes and writes a snapshot's record. Throws as {@link SnapshotRecords.of}. */
  async make(snapshot: Snapshot): Promise<SnapshotRecord> {
    const record = await recordOf(snapshot, this.places);
    this.#known.delete(record.sha256);
    const { area } = this.places;
    const kept: KeptRecord = { ...record, version: recordVersion, area, contents: this.contents };
    await writeFileAtomic(this.path(record.sha256), JSON.stringify(kept), { fsync: false });
    return record;
  }

  async #kept(sha256: string): Promise<SnapshotRecord | undefined> {
    const kept = await readKept(this.path(sha256), { parse: (value) => value as KeptRecord });
    const fits =
      kept?.version === recordVersion &&
      kept.sha256 === sha256 &&
      kept.area === this.places.area &&
      kept.contents === this.contents;
    if (!fits) return undefined;
    if (await stored(kept.files, this.places.store)) return kept;
    try {
      return { ...kept, files: assembled(kept.indices, this.places) };
    } catch (error) {
      if (error instanceof BlockMissing) return undefined;
      throw error;
    }
  }
}

/** Whether the content store has the bytes of all files that have bytes. */
export async function stored(files: readonly IndexFile[], store: ContentStore): Promise<boolean> {
  for (const file of files) {
    if (file.stored && (await store.size(file.sha256)) !== file.size) return false;
  }
  return true;
}

function assembled(indices: readonly SnapshotIndex[], places: IndexPlaces): IndexFile[] {
  return indices.flatMap((index) => assembleIndex(index, places)).sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function recordOf(snapshot: Snapshot, options: RecordOptions): Promise<SnapshotRecord> {
  const { manifest, sha256 } = snapshot;
  const { profile, id, created, base, parent } = manifest;
  const entries = [...manifest.packages, ...manifest.sources];
  const areas = [...new Set([options.area, ...entries.map(({ area }) => area)])].sort();
  const architectures = [...new Set(manifest.base.architectures)].filter((name) => name !== 'all').sort();
  const indices: SnapshotIndex[] = [];
  const add = async (path: string, kind: IndexKind, items: Iterable<BlockItem>): Promise<void> => {
    throwIfInterrupted(options.signal);
    indices.push({ path, kind, blocks: await blocksOf(kind, items, options) });
  };
  await add('pool', 'pool', poolItems(poolFilesIn(snapshot)));
  await add('versions', 'versions', versionItems(manifest.packages));
  for (const area of areas) {
    const sources = manifest.sources.filter((entry) => entry.area === area);
    await add(`${area}/source/Sources`, 'sources', sourceItems(sources));
    for (const architecture of architectures) {
      const packages = packagesOf(manifest.packages, area, architecture);
      await add(`${area}/binary-${architecture}/Packages`, 'packages', packageItems(packages));
      if (options.fileLists === undefined) continue;
      const owners = await ownersOf(packages, options.fileLists, options.signal);
      await add(`${area}/Contents-${architecture}`, 'contents', owners.items());
    }
  }
  return {
    ...{ profile, id, sha256, created, base, parent },
    schema: manifest.schema ?? null,
    security: manifest.security ?? [],
    supersedes: manifest.supersedes ?? null,
    ...originsOf(manifest),
    evidence: evidenceWithin(manifest),
    areas,
    architectures,
    indices,
    files: assembled(indices, options),
  };
}

function* poolFilesIn({ manifest }: Snapshot): Generator<PoolFile, void, undefined> {
  // Two versions of a source can share a tarball; contradictions() has verified that its hash is the same
  const seen = new Set<string>();
  for (const file of manifestPoolFiles(manifest)) {
    if (!seen.has(file.path)) yield file;
    seen.add(file.path);
  }
}

async function ownersOf(
  packages: readonly SnapshotPackage[],
  fileLists: FileLists,
  signal: AbortSignal | undefined,
): Promise<ContentsOwners> {
  const owners = new ContentsOwners();
  // Sorted by hash, as the file lists are stored, so that only one file of them is in memory at a time
  const listed = packages.slice().sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
  for (const { package: name, path, sha256, stanza } of listed) {
    const files = await fileLists.of(sha256, { name: path, signal });
    owners.add({ package: name, section: sectionOf(stanza), files });
  }
  return owners;
}
