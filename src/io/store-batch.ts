/**
 * Many small blobs into a content store at once. Owns nothing but the names of
 * what is on its way: where a blob lies is content-store.ts, how files get
 * into place together is file-batch.ts.
 */
import { readFileSync, statSync, utimesSync } from 'node:fs';
import { sha256Of } from './disk.js';
import { FileBatch, type HandedOver } from './file-batch.js';

/** What a batch needs of the store. */
interface Places {
  path(sha256: string): string;
}

/** Blobs on their way into a store: none is there before `commit`. Call `discard` when it is given up. */
export class StoreBatch {
  readonly #places: Places;
  readonly #files = new FileBatch();
  /** Hashes of what is waiting: packages of one source bring the same text. */
  readonly #added = new Set<string>();

  constructor(places: Places) {
    this.#places = places;
  }

  /** How many blobs are waiting. */
  get size(): number {
    return this.#files.size;
  }

  /**
   * Stores bytes. A complete blob that the store already has is not written again; a damaged one is replaced.
   * DISK_FULL, DISK_IO.
   *
   * @param sha256 of these bytes, if the caller already knows it
   */
  add(bytes: Uint8Array, sha256 = sha256Of(bytes)): { sha256: string; size: number } {
    const path = this.#places.path(sha256);
    if (this.#added.has(sha256)) return { sha256, size: bytes.length };
    this.#added.add(sha256);
    if (!holds(path, bytes)) this.#files.add(path, bytes, 0o444);
    return { sha256, size: bytes.length };
  }

  /** Hands over what is waiting, for `takeOver` of a batch in another thread; this one forgets it. */
  handOver(): HandedOver {
    this.#added.clear();
    return this.#files.handOver();
  }

  takeOver(handed: HandedOver): void {
    this.#files.takeOver(handed);
  }

  /** See {@link FileBatch.beginSync}. */
  beginSync(): void {
    this.#files.beginSync();
  }

  /** Puts the blobs into the store; a crash may still take them. Throws as {@link FileBatch.place}. */
  async place(signal?: AbortSignal): Promise<void> {
    this.#added.clear();
    await this.#files.place(signal);
  }

  /** From here on no crash takes what was placed. DISK_IO. */
  async settle(): Promise<void> {
    await this.#files.settle();
  }

  /** Puts the blobs into the store. Throws as {@link FileBatch.commit}. */
  async commit(signal?: AbortSignal): Promise<void> {
    this.#added.clear();
    await this.#files.commit(signal);
  }

  discard(): void {
    this.#added.clear();
    this.#files.discard();
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
