/**
 * A port that fails at one chosen write, and leaves behind what a killed
 * process would.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type {
  ArchivePort,
  DatedOptions,
  FileHead,
  FolderPort,
  PlacedBlob,
  PortFile,
  PortOptions,
} from '../../../src/archive/port.js';
import type { ContentStore, StoredBlob } from '../../../src/io/content-store.js';
import { temporaryName } from '../../../src/io/disk.js';

/** `torn`: half a temporary file is there, the name is as before. `after`: the write is done, nothing after it. */
export type Failure = 'torn' | 'after';

export class FailingPort implements ArchivePort {
  readonly place: string;
  readonly folder?: FolderPort;
  readonly #inner: ArchivePort;
  readonly #at: number;
  readonly #failure: Failure;
  readonly #errno: string;
  /** How many writes were begun. */
  writes = 0;

  constructor(inner: ArchivePort, at: number, failure: Failure, errno = 'EIO') {
    this.place = inner.place;
    const { folder } = inner;
    if (folder !== undefined) {
      this.folder = {
        alias: (path, target) => this.#write(path, () => folder.alias(path, target)),
        aliasTarget: (path) => folder.aliasTarget(path),
        freeBytes: () => folder.freeBytes(),
        sweep: () => folder.sweep(),
      };
    }
    this.#inner = inner;
    this.#at = at;
    this.#failure = failure;
    this.#errno = errno;
  }

  async #write(path: string, work: () => Promise<void>): Promise<void> {
    const mine = this.writes++;
    if (mine > this.#at) throw new Error('a write after the one that failed');
    if (mine === this.#at && this.#failure === 'torn') {
      // An object store shows nothing of an upload that was cut off
      if (this.folder === undefined) throw this.#fault();
      const left = temporaryName(join(this.place, path));
      await mkdir(dirname(left), { recursive: true });
      await writeFile(left, 'half of w');
      throw this.#fault();
    }
    await work();
    if (mine === this.#at) throw this.#fault();
  }

  #fault(): Error {
    return Object.assign(new Error(`${this.#errno}: injected, write`), {
      code: this.#errno,
      errno: -5,
      syscall: 'write',
    });
  }

  read(path: string): Promise<Buffer | undefined> {
    return this.#inner.read(path);
  }
  head(paths: readonly string[]): Promise<Map<string, FileHead>> {
    return this.#inner.head(paths);
  }
  digest(path: string, options?: PortOptions): Promise<StoredBlob | undefined> {
    return this.#inner.digest(path, options);
  }
  put(path: string, data: string | Uint8Array, options?: DatedOptions): Promise<void> {
    return this.#write(path, () => this.#inner.put(path, data, options));
  }
  async putBlobs(blobs: readonly PlacedBlob[], store: ContentStore, options?: PortOptions): Promise<void> {
    for (const blob of blobs) {
      await this.#write(blob.path, () => this.#inner.putBlobs([blob], store, options));
    }
  }
  copy(path: string, from: string, options?: DatedOptions): Promise<void> {
    return this.#write(path, () => this.#inner.copy(path, from, options));
  }
  list(folder: string, options?: PortOptions): Promise<PortFile[]> {
    return this.#inner.list(folder, options);
  }
  remove(path: string, options?: PortOptions): Promise<void> {
    return this.#write(path, () => this.#inner.remove(path, options));
  }
}
