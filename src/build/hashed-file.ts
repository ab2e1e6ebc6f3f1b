/**
 * Files of source packages with the hashes that a .dsc lists. dpkg-source still reads MD5 sums, and requires
 * SHA-1.
 */
import { createHash } from 'node:crypto';
import type { HashedFile } from '../deb/dsc.js';
import type { ContentStore } from '../io/content-store.js';

type WeakHashes = Pick<HashedFile, 'md5' | 'sha1'>;

class WeakHashing {
  readonly #md5 = createHash('md5');
  readonly #sha1 = createHash('sha1');

  update(piece: Uint8Array): void {
    this.#md5.update(piece);
    this.#sha1.update(piece);
  }

  digest(): WeakHashes {
    return { md5: this.#md5.digest('hex'), sha1: this.#sha1.digest('hex') };
  }
}

/** Puts a file into the store; all hashes are taken as its bytes go by. STORE_*, DISK_*. */
export async function putHashed(
  name: string,
  bytes: Uint8Array | AsyncIterable<Uint8Array>,
  store: ContentStore,
): Promise<HashedFile> {
  const weak = new WeakHashing();
  async function* watched(): AsyncGenerator<Uint8Array> {
    for await (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) {
      weak.update(piece);
      yield piece;
    }
  }
  const { size, sha256 } = await store.put(watched(), {}, { name });
  return { name, size, sha256, ...weak.digest() };
}

/** Of a file that the store has. STORE_*, DISK_*. */
export async function weakHashes(sha256: string, store: ContentStore): Promise<WeakHashes> {
  const weak = new WeakHashing();
  for await (const piece of store.open(sha256)) weak.update(piece as Buffer);
  return weak.digest();
}
