/**
 * Which files a .deb holds, for Contents. Read once for each package's bytes
 * and then kept by their hash in the cache, which may be deleted at any time.
 */
import { join } from 'node:path';
import { readDeb } from '../deb/deb-file.js';
import { memberPath } from '../deb/member-name.js';
import { decompressByName } from '../io/compress.js';
import type { ContentStore } from '../io/content-store.js';
import { readIfThere, writeFileAtomic } from '../io/disk.js';
import { throwIfInterrupted } from '../io/interrupt.js';

/** Gives the file list of packages that are in the content store. */
export class FileLists {
  readonly #store: ContentStore;
  readonly #folder: string;

  /** @param cache absolute path of the cache folder */
  constructor(store: ContentStore, cache: string) {
    this.#store = store;
    this.#folder = join(cache, 'file-lists');
  }

  /**
   * Paths of a package's files and links, without a leading slash, sorted; folders are left out.
   *
   * @throws LockstepError STORE_MISSING, STORE_CORRUPT, DEB_ARCHIVE, DEB_UNSAFE_NAME, DISK_IO
   */
  async of(sha256: string, options: { name: string; signal?: AbortSignal | undefined }): Promise<string[]> {
    throwIfInterrupted(options.signal);
    const path = join(this.#folder, sha256.slice(0, 2), sha256);
    const kept = await readIfThere(path);
    if (kept !== undefined) return kept.length === 0 ? [] : kept.toString('utf8').split('\n');
    const files = await this.#read(sha256, options.name);
    await writeFileAtomic(path, files.join('\n'), { fsync: false });
    return files;
  }

  async #read(sha256: string, name: string): Promise<string[]> {
    // What is kept by the hash must be of these bytes: the list may be done before the stream has ended.
    await this.#store.verify(sha256);
    const stream = this.#store.open(sha256);
    const files: string[] = [];
    try {
      const deb = await readDeb(stream, { file: name, decompress: decompressByName });
      for await (const { header } of deb.files) {
        if (header.kind !== 'dir') files.push(memberPath(header.path));
      }
    } finally {
      stream.destroy();
    }
    // Names are checked where the archive is read: none has a newline.
    return files.sort();
  }
}
