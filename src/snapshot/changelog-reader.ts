/**
 * Reads the Debian changelog of an untrusted package: its size is bounded, and an invalid changelog is
 * ignored.
 */
import { gunzipSync } from 'node:zlib';
import { isChangelogText } from '../deb/changelog.js';
import { readDeb } from '../deb/deb-file.js';
import type { TarEntry, TarHeader } from '../deb/tar.js';
import { decompressByName } from '../io/compress.js';
import type { ContentStore, StoredBlob } from '../io/content-store.js';

/** Bytes, packed and unpacked; the largest of Debian have 10 MiB. */
const largest = 16 * 1024 * 1024;

/** By Policy 12.7; a native package has the other names, under which upstream's may be as well. */
const names = ['changelog.Debian.gz', 'changelog.Debian', 'changelog.gz', 'changelog'];

/** How good a member is as the changelog of a package: 0 is best; undefined for anything else. */
export function changelogRank(
  { kind, path, size }: Pick<TarHeader, 'kind' | 'path' | 'size'>,
  packageName: string,
): number | undefined {
  const at = path.lastIndexOf('/changelog');
  // Most members end here: there may be 250,000
  if (at < 0 || kind !== 'file' || size > largest) return undefined;
  const folder = `usr/share/doc/${packageName}/`;
  const rank = path.startsWith(folder) ? names.indexOf(path.slice(folder.length)) : -1;
  return rank < 0 ? undefined : rank;
}

/**
 * The text of a member that {@link changelogRank} knows, in a separate buffer; undefined if it is not a
 * changelog.
 */
export function changelogText(path: string, body: Buffer): Buffer | undefined {
  let text: Buffer;
  try {
    text = path.endsWith('.gz') ? gunzipSync(body, { maxOutputLength: largest }) : Buffer.from(body);
  } catch {
    return undefined;
  }
  return isChangelogText(text) ? text : undefined;
}

/** The best of the changelogs that come by. */
export class ChangelogSearch {
  #rank = Infinity;
  text: Buffer | undefined;

  constructor(private readonly packageName: string) {}

  /** Whether nothing better can come. */
  get isOver(): boolean {
    return this.#rank === 0;
  }

  /** Whether a member's bytes are of interest. */
  wants(header: TarHeader): boolean {
    return (changelogRank(header, this.packageName) ?? Infinity) < this.#rank;
  }

  /** Collects the bytes of a requested member. */
  take(header: TarHeader, body: Buffer): void {
    const text = changelogText(header.path, body);
    if (text === undefined) return;
    this.text = text;
    this.#rank = changelogRank(header, this.packageName) ?? Infinity;
  }

  /** Looks at the member of a stream. */
  async lookAt({ header, body }: TarEntry): Promise<void> {
    if (!this.wants(header)) return;
    const pieces: Buffer[] = [];
    for await (const piece of body) pieces.push(Buffer.from(piece));
    this.take(header, Buffer.concat(pieces));
  }
}

/**
 * Puts a package's changelog into the store.
 *
 * @param deb in the store
 * @throws LockstepError STORE_MISSING, STORE_CORRUPT, DEB_ARCHIVE, DEB_UNSAFE_NAME, DISK_FULL, DISK_IO, INTERRUPTED
 */
export async function storeChangelog(
  store: ContentStore,
  deb: { package: string; path: string; sha256: string },
  signal: AbortSignal,
): Promise<StoredBlob | undefined> {
  // It is not read to its end, where the store would tell
  await store.verify(deb.sha256, { signal });
  const search = new ChangelogSearch(deb.package);
  const opened = await readDeb(store.path(deb.sha256), {
    file: deb.path,
    decompress: (name, input) => decompressByName(name, input, { signal }),
  });
  try {
    for await (const entry of opened.files) {
      await search.lookAt(entry);
      if (search.isOver) break;
    }
  } finally {
    await opened.close();
  }
  if (search.text === undefined) return undefined;
  return await store.put(search.text, {}, { name: `the changelog of ${deb.package}`, signal });
}
