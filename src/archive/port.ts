/**
 * The port to the place where an archive is published: a folder here, an object store elsewhere (docs/decisions/0022).
 * It defines the operations that a publication needs and what they guarantee. It does not know suites or snapshots.
 * Paths are relative, with `/`, and are built only from checked names.
 */
import type { ContentStore, StoredBlob } from '../io/content-store.js';
import type { Stoppable } from '../io/interrupt.js';

/** A file of the content store and its path in the archive. */
export interface PlacedBlob extends StoredBlob {
  path: string;
}

export type PortOptions = Stoppable;

export interface DatedOptions extends PortOptions {
  modified?: Date;
}

/** One line of {@link ArchivePort.list}. */
export interface PortFile {
  /** Not checked: Lockstep did not create all names, so a name may contain anything. */
  path: string;
  /**
   * `alias`: made by {@link FolderPort.alias}. `other`: neither a file nor an alias, so it does not belong in an
   * archive.
   */
  kind: 'file' | 'alias' | 'other';
  /** Bytes. Only meaningful for files. */
  size: number;
  modified: Date;
}

/** What a place reports about a file without reading it. */
export interface FileHead {
  /** Bytes. */
  size: number;
  /**
   * Two files with the same tag have the same bytes. Different tags say nothing. For example an object store's ETag, or
   * an inode.
   */
  tag: string;
}

/**
 * What an archive needs from the place where it is published. An object store offers all of it. A write is atomic, and
 * durable when its promise resolves; a later read returns the new bytes. Faults are DISK_FULL, DISK_IO, INTERRUPTED and
 * those of the content store.
 */
export interface ArchivePort {
  /** For messages: a path or URL. */
  readonly place: string;
  /** A file's bytes, or undefined if it does not exist. */
  read(path: string): Promise<Buffer | undefined>;
  /** The heads of the files that exist. It does not read their bytes, so it is cheap for many paths. */
  head(paths: readonly string[]): Promise<Map<string, FileHead>>;
  /** Size and SHA-256 of a file's current bytes, or undefined if the file does not exist. */
  digest(path: string, options?: PortOptions): Promise<StoredBlob | undefined>;
  /**
   * Writes a file. `modified` becomes the Last-Modified that a server sends. Some places date files themselves, to the
   * second. There the adapter waits for the next second before it replaces a file that was written in this one: apt
   * asks with If-Modified-Since, and the server would answer that the file has not changed.
   */
  put(path: string, data: string | Uint8Array, options?: DatedOptions): Promise<void>;
  /** Writes files from the content store, and verifies them. It writes several at a time, in any order. */
  putBlobs(
    blobs: readonly PlacedBlob[],
    store: ContentStore,
    options?: PortOptions & { onWritten?: (blob: PlacedBlob) => void },
  ): Promise<void>;
  /** Copies an existing file to another name. A later `put` changes only one of the two. */
  copy(path: string, from: string, options?: DatedOptions): Promise<void>;
  /** Everything below a folder, by path; empty if the folder does not exist. Aliases are not followed. */
  list(folder: string, options?: PortOptions): Promise<PortFile[]>;
  /**
   * Removes a file or an alias, and then the folders that became empty. It is not an error if the path does not exist.
   * The target of an alias stays.
   */
  remove(path: string, options?: PortOptions): Promise<void>;
  /** Undefined if the place is not a folder of a file system. */
  readonly folder?: FolderPort;
}

/** The operations that only a folder of a file system has. */
export interface FolderPort {
  /** Makes everything below the folder `target` available below `path` too, including later changes. */
  alias(path: string, target: string): Promise<void>;
  /** The target of an alias, or undefined if there is no alias. */
  aliasTarget(path: string): Promise<string | undefined>;
  /** How many bytes can still be written; undefined if that is unknown. */
  freeBytes(): Promise<number | undefined>;
  /** Removes incomplete files of a killed writer and returns their paths. Only the holder of the lock may call it. */
  sweep(): Promise<string[]>;
}

/** Whether two files have the same bytes. It reads them only if their tags differ and their sizes are equal. */
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
