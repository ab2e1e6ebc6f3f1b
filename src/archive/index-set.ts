/**
 * The indices of one listing as files: rendered, compressed and kept in the
 * content store, and remembered by what they were made of, so that a move back
 * to a listing that was there before renders nothing. It does not place them
 * (apply.ts) and knows no suite: equal listings have equal indices everywhere.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { gzip, xzCompress } from '../io/compress.js';
import type { ContentStore, StoredBlob } from '../io/content-store.js';
import { readIfThere, sha256Of, writeFileAtomic } from '../io/disk.js';
import { throwIfInterrupted } from '../io/interrupt.js';
import { canonicalJson } from '../snapshot/canonical-json.js';
import type { FileLists } from './file-lists.js';
import { contentsText, packagesOf, packagesText, sectionOf, sourcesText } from './index-text.js';
import type { Listing } from './listing.js';

/** One index. `path` is below the suite's folder: `main/binary-amd64/Packages.xz`. */
export interface IndexFile extends StoredBlob {
  path: string;
  /** Whether it is a file; else it is only listed in Release (the uncompressed form, as in Debian). */
  stored: boolean;
}

/** All indices of a listing, sorted by path; the bytes of the stored ones are in the content store. */
export interface IndexSet {
  key: string;
  areas: string[];
  architectures: string[];
  files: IndexFile[];
}

export interface IndexRequest {
  listing: Listing;
  /** Areas that are there even when nothing is in them; those of the listed packages come to them. */
  areas: readonly string[];
  architectures: readonly string[];
  /** Without it no Contents is made. */
  fileLists?: FileLists | undefined;
  store: ContentStore;
  /** Absolute path of the cache folder; what is in it may be deleted at any time. */
  cache: string;
  signal?: AbortSignal | undefined;
}

/** To be raised when the same listing gets other bytes. */
const writerVersion = 1;

const recordSchema = z.object({
  areas: z.array(z.string()),
  architectures: z.array(z.string()),
  files: z.array(
    z.object({
      path: z.string(),
      size: z.number().int().nonnegative(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      stored: z.boolean(),
    }),
  ),
});

/**
 * The indices of a listing, rendered unless that was done before. The bytes depend on the listing alone.
 *
 * @throws LockstepError DISK_FULL, DISK_IO, INTERRUPTED; STORE_MISSING and DEB_ARCHIVE of Contents
 */
export async function prepareIndices(request: IndexRequest): Promise<IndexSet> {
  const { listing } = request;
  const all = [...listing.packages, ...listing.sources].map(({ area }) => area);
  const areas = [...new Set([...request.areas, ...all])].sort();
  const architectures = [...new Set(request.architectures)].filter((name) => name !== 'all').sort();
  const key = sha256Of(
    canonicalJson({
      writer: writerVersion,
      areas,
      architectures,
      contents: request.fileLists !== undefined,
      // The order counts: of two snapshots with one package, the first one's paragraph is listed.
      snapshots: listing.snapshots.map(({ sha256 }) => sha256),
    }),
  );
  const record = join(request.cache, 'indices', `${key}.json`);
  const kept = await readRecord(record, key, request.store);
  if (kept !== undefined) return kept;
  const files = await render(request, areas, architectures);
  const set = { areas, architectures, files };
  await writeFileAtomic(record, canonicalJson(set), { fsync: false });
  return { key, ...set };
}

/** What is remembered, if all its bytes are still in the store. */
async function readRecord(path: string, key: string, store: ContentStore): Promise<IndexSet | undefined> {
  const text = (await readIfThere(path))?.toString('utf8');
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = recordSchema.safeParse(value);
  if (!parsed.success) return undefined;
  for (const file of parsed.data.files) {
    if (file.stored && (await store.size(file.sha256)) !== file.size) return undefined;
  }
  return { key, ...parsed.data };
}

async function render(
  request: IndexRequest,
  areas: readonly string[],
  architectures: readonly string[],
): Promise<IndexFile[]> {
  const { listing, fileLists, signal } = request;
  const files: IndexFile[] = [];
  for (const area of areas) {
    throwIfInterrupted(signal);
    const sources = listing.sources.filter((entry) => entry.area === area);
    files.push(...(await compressed(`${area}/source/Sources`, sourcesText(sources), ['gz', 'xz'], request)));
    for (const architecture of architectures) {
      const packages = packagesOf(listing.packages, area, architecture);
      const path = `${area}/binary-${architecture}/Packages`;
      files.push(...(await compressed(path, packagesText(packages), ['gz', 'xz'], request)));
      if (fileLists === undefined) continue;
      const held = [];
      for (const entry of packages) {
        const list = await fileLists.of(entry.sha256, { name: entry.path, signal });
        held.push({ package: entry.package, section: sectionOf(entry.stanza), files: list });
      }
      files.push(
        ...(await compressed(`${area}/Contents-${architecture}`, contentsText(held), ['gz'], request)),
      );
    }
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Large indices get a faster preset: at 10,000 packages the last few percent cost seconds. By size alone, so that the bytes depend on nothing else. */
function presetFor(size: number): number {
  return size > 4 * 1024 * 1024 ? 2 : 6;
}

async function compressed(
  path: string,
  pieces: readonly Buffer[],
  endings: readonly ('gz' | 'xz')[],
  request: IndexRequest,
): Promise<IndexFile[]> {
  const hash = createHash('sha256');
  let size = 0;
  for (const piece of pieces) {
    hash.update(piece);
    size += piece.length;
  }
  const signal = request.signal === undefined ? {} : { signal: request.signal };
  const stored = endings.map(async (ending): Promise<IndexFile> => {
    const stream =
      ending === 'gz'
        ? gzip(pieces, { level: 6, ...signal })
        : xzCompress(pieces, { preset: presetFor(size), ...signal });
    const blob = await request.store.put(stream, {}, { name: `${path}.${ending}`, ...signal });
    return { path: `${path}.${ending}`, size: blob.size, sha256: blob.sha256, stored: true };
  });
  return [{ path, size, sha256: hash.digest('hex'), stored: false }, ...(await Promise.all(stored))];
}
