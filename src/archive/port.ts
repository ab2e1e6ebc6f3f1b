/**
 * The port to where an archive is published: a folder here, an object store
 * elsewhere. It owns the operations a publication needs and what they promise;
 * it knows nothing of suites or snapshots. Paths are relative, with `/`, and
 * come from checked names only.
 */
import type { ContentStore, StoredBlob } from '../io/content-store.js';

/** A file of the content store and where it goes. */
export interface PlacedBlob extends StoredBlob {
  path: string;
}

export interface PortOptions {
  signal?: AbortSignal | undefined;
}

/** One line of {@link ArchivePort.list}. */
export interface PortFile {
  /** Unchecked: names that Lockstep did not create may contain anything. */
  path: string;
  /** `other`: neither a file nor an alias, so nothing that belongs into an archive. */
  kind: 'file' | 'alias' | 'other';
  /** Bytes; of files only. */
  size: number;
  modified: Date;
}

/**
 * Every write is whole or not at all, and on the disk when its promise resolves: who reads sees the old
 * file or the new one. Faults are DISK_FULL, DISK_IO, INTERRUPTED and those of the content store.
 */
export interface ArchivePort {
  /** For people: a path or URL. */
  readonly place: string;
  /** A file's bytes, or undefined if it does not exist. */
  read(path: string): Promise<Buffer | undefined>;
  /** Sizes in bytes of the existing files. Cheap for many paths; it does not read their content. */
  sizes(paths: readonly string[]): Promise<Map<string, number>>;
  /** Size and SHA-256 of a file, or undefined if it does not exist. */
  digest(path: string, options?: PortOptions): Promise<StoredBlob | undefined>;
  /** Whether two files are there and have the same bytes. At once where one is a link to the other. */
  same(path: string, other: string, options?: PortOptions): Promise<boolean>;
  /** Writes a file. `modified` is what a server will say as Last-Modified. */
  put(path: string, data: string | Uint8Array, options?: PortOptions & { modified?: Date }): Promise<void>;
  /** Writes files out of the store, checked on the way; several at a time, in any order. */
  putBlobs(
    blobs: readonly PlacedBlob[],
    store: ContentStore,
    options?: PortOptions & { onWritten?: (blob: PlacedBlob) => void },
  ): Promise<void>;
  /** Adds another name for an existing file. `from` is never written again. */
  link(path: string, from: string, options?: PortOptions & { modified?: Date }): Promise<void>;
  /** Makes everything below the folder `target` reachable below `path`, now and later. */
  alias(path: string, target: string): Promise<void>;
  /** Where an alias leads, or undefined when there is none. */
  aliasTarget(path: string): Promise<string | undefined>;
  /** Everything below a folder, by path; nothing where there is no such folder. Aliases are not followed. */
  list(folder: string, options?: PortOptions): Promise<PortFile[]>;
  /**
   * Takes a file or an alias away, and the folders that are empty then; nothing there is fine. What an alias
   * leads to stays.
   */
  remove(path: string, options?: PortOptions): Promise<void>;
  /** Bytes that may still be written, or undefined where nobody knows. */
  freeBytes(): Promise<number | undefined>;
  /** Removes incomplete files of a killed writer; returns their paths. Only for the holder of the lock. */
  sweep(): Promise<string[]>;
}
