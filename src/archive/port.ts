/**
 * The port to where an archive is published: a folder here, an object store
 * elsewhere (docs/decisions/0022). It owns the operations a publication needs
 * and what they promise; it knows nothing of suites or snapshots. Paths are
 * relative, with `/`, and come from checked names only.
 */
import type { ContentStore, StoredBlob } from '../io/content-store.js';
import type { Stoppable } from '../io/interrupt.js';

/** A file of the content store and where it goes. */
export interface PlacedBlob extends StoredBlob {
  path: string;
}

export type PortOptions = Stoppable;

export interface DatedOptions extends PortOptions {
  modified?: Date;
}

/** One line of {@link ArchivePort.list}. */
export interface PortFile {
  /** Unchecked: names that Lockstep did not create may contain anything. */
  path: string;
  /** `alias`: of a {@link FolderPort}. `other`: neither a file nor an alias, so nothing that belongs into an archive. */
  kind: 'file' | 'alias' | 'other';
  /** Bytes; of files only. */
  size: number;
  modified: Date;
}

/** What a place says of a file without reading it. */
export interface FileHead {
  /** Bytes. */
  size: number;
  /** Two files with the same tag have the same bytes; other tags say nothing. An object store's ETag, an inode. */
  tag: string;
}

/**
 * What an archive needs of the place it is published to: nothing that an object store does not have. Every write
 * is whole or not at all, and durable when its promise resolves; a read after it sees it. Faults are DISK_FULL,
 * DISK_IO, INTERRUPTED and those of the content store.
 */
export interface ArchivePort {
  /** For people: a path or URL. */
  readonly place: string;
  /** A file's bytes, or undefined if it does not exist. */
  read(path: string): Promise<Buffer | undefined>;
  /** The heads of those files that are there. Cheap for many paths; their bytes are not looked at. */
  head(paths: readonly string[]): Promise<Map<string, FileHead>>;
  /** Size and SHA-256 of a file's bytes as they are now, or undefined when it is not there. */
  digest(path: string, options?: PortOptions): Promise<StoredBlob | undefined>;
  /**
   * Writes a file. `modified` is what a server will say as Last-Modified. Where the place dates files itself, to
   * the second, an adapter waits for the next second before it replaces a file of this one: apt asks with
   * If-Modified-Since, and would be told that nothing has changed.
   */
  put(path: string, data: string | Uint8Array, options?: DatedOptions): Promise<void>;
  /** Writes files out of the store, checked on the way; several at a time, in any order. */
  putBlobs(
    blobs: readonly PlacedBlob[],
    store: ContentStore,
    options?: PortOptions & { onWritten?: (blob: PlacedBlob) => void },
  ): Promise<void>;
  /** Puts the bytes of a file that is there under another name too; a later `put` changes one of them only. */
  copy(path: string, from: string, options?: DatedOptions): Promise<void>;
  /** Everything below a folder, by path; nothing where there is no such folder. Aliases are not followed. */
  list(folder: string, options?: PortOptions): Promise<PortFile[]>;
  /**
   * Takes a file or an alias away, and the folders that are empty then; nothing there is fine. What an alias
   * leads to stays.
   */
  remove(path: string, options?: PortOptions): Promise<void>;
  /** Left out by what is no folder of a file system. */
  readonly folder?: FolderPort;
}

/** What a folder of a file system has beside that. */
export interface FolderPort {
  /** Makes everything below the folder `target` reachable below `path`, now and later. */
  alias(path: string, target: string): Promise<void>;
  /** Where an alias leads, or undefined when there is none. */
  aliasTarget(path: string): Promise<string | undefined>;
  /** Bytes that may still be written, or undefined where nobody knows. */
  freeBytes(): Promise<number | undefined>;
  /** Removes incomplete files of a killed writer; returns their paths. Only for the holder of the lock. */
  sweep(): Promise<string[]>;
}

/** Whether two files have the same bytes. At once where their tags agree or their sizes differ. */
export async function sameBytes(
  port: ArchivePort,
  path: string,
  other: string,
  options?: PortOptions,
): Promise<boolean> {
  const heads = await port.head([path, other]);
  const [one, two] = [heads.get(path), heads.get(other)];
  if (one === undefined || two?.size !== one.size) return false;
  if (one.tag === two.tag) return true;
  const digests = [await port.digest(path, options), await port.digest(other, options)];
  return digests[0]?.sha256 === digests[1]?.sha256;
}
