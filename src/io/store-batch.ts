/**
 * Many small blobs into a content store at once. Owns nothing but the names of
 * what is on its way: where a blob lies is content-store.ts, how files get
 * into place together is file-batch.ts.
 */
import { readFileSync, statSync, utimesSync } from 'node:fs';
import { sha256Of, temporaryName, type FileDigest } from './disk.js';
import { FileBatch, type HandedOver } from './file-batch.js';

/** What a batch needs of the store. */
interface Places {
  path(sha256: string): string;
}

/** Blobs on their way into a store: none is there before `place`. Call `discard` when it is given up. */
export class StoreBatch extends FileBatch {
  readonly #places: Places;
  /** Hashes of what is waiting: packages of one source bring the same text. */
  readonly #added = new Set<string>();

  constructor(places: Places) {
    super();
    this.#places = places;
  }

  /**
   * Stores bytes. A complete blob that the store already has is not written again; a damaged one is replaced.
   * DISK_FULL, DISK_IO.
   *
   * @param sha256 of these bytes, if the caller already knows it
   */
  add(bytes: Uint8Array, sha256 = sha256Of(bytes)): FileDigest {
    const path = this.#places.path(sha256);
    if (!this.#added.has(sha256)) {
      this.#added.add(sha256);
      if (!holds(path, bytes)) this.write(temporaryName(path), path, bytes, 0o444);
    }
    return { sha256, size: bytes.length };
  }

  override handOver(): HandedOver {
    this.#added.clear();
    return super.handOver();
  }

  override discard(): void {
    this.#added.clear();
    super.discard();
  }
}

/** Whether exactly these bytes are there; then they count as used now, as if they had been written. */
function holds(path: string, bytes: Uint8Array): boolean {
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isFile() !== true || there.size !== bytes.length || !readFileSync(path).equals(bytes))
      return false;
    const now = new Date();
    utimesSync(path, now, now);
    return true;
  } catch {
    // Any fault of the existing file: it is replaced
    return false;
  }
}
