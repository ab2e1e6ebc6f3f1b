/**
 * Finds the bytes of a snapshot's package in the content store or in the archive's pool, and reads its
 * contents. The result is cached under the hash of the bytes; the cache may be deleted at any time and is
 * used only for display. It changes nothing else, and skips a damaged file.
 */
import { LockstepError, type ErrorCode } from '../errors.js';
import { collect } from '../deb/bytes.js';
import { gunzip, gzip } from '../io/compress.js';
import type { ContentStore } from '../io/content-store.js';
import { exists, hashFile, readIfThere, sha256Of, writeFileAtomic } from '../io/disk.js';
import type { SnapshotPackage } from '../snapshot/manifest.js';
import {
  contentsFromJson,
  contentsToJson,
  readPackageContents,
  type ContentsReading,
  type PackageContents,
} from './package-contents.js';
import { inCache } from '../io/cache-folders.js';

export interface PackageReaderOptions {
  store: Pick<ContentStore, 'path'>;
  /** Absolute path of the cache folder. */
  cache: string;
  /** A file of the archive's pool, given its path in the manifest; undefined where there is none. */
  readPool: (path: string) => Promise<Uint8Array | undefined>;
}

/** What is inside, or why that could not be seen. */
export type PackageReading = { contents: PackageContents } | { why: string };

/** Raised whenever package-contents.ts would say something else of the same bytes. */
const cacheVersion = 1;

/** Faults of the package itself: the comparison goes on without it. */
const ofThePackage = new Set<ErrorCode>([
  'DEB_ARCHIVE',
  'DEB_SYNTAX',
  'DEB_UNSAFE_NAME',
  'DATA_DAMAGED',
  'TOOL_MISSING',
]);

export class PackageReader {
  readonly #options: PackageReaderOptions;

  constructor(options: PackageReaderOptions) {
    this.#options = options;
  }

  /** @throws LockstepError DISK_IO, DISK_FULL, INTERRUPTED */
  async read(
    entry: SnapshotPackage,
    reading: Pick<ContentsReading, 'texts' | 'signal'>,
  ): Promise<PackageReading> {
    const { sha256 } = entry;
    const place = inCache(
      this.#options.cache,
      'package-contents',
      sha256.slice(0, 2),
      `${sha256}.${reading.texts}.${cacheVersion}.json.gz`,
    );
    const kept = await readKept(place);
    if (kept !== undefined) return { contents: kept };
    const file = await this.#find(entry, reading.signal);
    if (file === undefined) return { why: 'its file is neither in the content store nor in the pool' };
    try {
      const contents = await readPackageContents(file, {
        ...reading,
        name: `${entry.package} ${entry.version}`,
      });
      const bytes = await collect(gzip(JSON.stringify(contentsToJson(contents)), { level: 6 }));
      await writeFileAtomic(place, bytes, { fsync: false });
      return { contents };
    } catch (error) {
      if (error instanceof LockstepError && ofThePackage.has(error.code)) return { why: error.message };
      throw error;
    }
  }

  /** A file, or bytes, that are the promised ones. */
  async #find(
    entry: SnapshotPackage,
    signal: AbortSignal | undefined,
  ): Promise<string | Uint8Array | undefined> {
    const { store, readPool } = this.#options;
    const path = store.path(entry.sha256);
    if (await exists(path)) {
      const found = await hashFile(path, signal === undefined ? {} : { signal });
      if (found.sha256 === entry.sha256) return path;
    }
    const bytes = await readPool(entry.path);
    return bytes !== undefined && sha256Of(bytes) === entry.sha256 ? bytes : undefined;
  }
}

async function readKept(place: string): Promise<PackageContents | undefined> {
  const bytes = await readIfThere(place);
  if (bytes === undefined) return undefined;
  try {
    return contentsFromJson(JSON.parse((await collect(gunzip(bytes))).toString('utf8')));
  } catch {
    // Damaged: it is rebuilt
    return undefined;
  }
}
