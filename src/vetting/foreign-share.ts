/**
 * One thread's share of the packages to import, as messages that can be sent
 * from one thread to another. Must not know in which it runs.
 */
import { contentsPaths } from '../archive/contents-paths.js';
import { FileLists } from '../archive/file-lists.js';
import type { BuiltPackage } from '../build/built.js';
import type { ErrorCode, FaultPlace } from '../errors.js';
import { ContentStore } from '../io/content-store.js';
import type { ArrivingFiles } from '../io/store-batch.js';
import { readForeign } from './foreign-reader.js';

export interface Share {
  /** Absolute paths. */
  files: readonly string[];
  architectures: readonly string[];
  /** Absolute paths of the cache and of the content store in it; left out where nothing is to be written. */
  places?: { cache: string; store: string } | undefined;
}

/** What became of one file. */
export type ReadFile = { file: string; package: BuiltPackage } | { file: string; faults: string[] };

export type ShareMessage =
  | { kind: 'read'; files: ReadFile[]; arriving: ArrivingFiles }
  | { kind: 'fault'; code: ErrorCode; message: string; hint: string | undefined; where: FaultPlace[] };

/** A message for so many files. */
const messageSize = 512;
/** So many lists are kept together: they go into 256 files. */
const listsAtOnce = 4096;

/**
 * Reads a share. What is in `arriving` is the receiver's to place or to discard. Throws as {@link readForeign};
 * nothing is left then of what was not handed over.
 */
export async function* readShare(
  share: Share,
  signal: AbortSignal,
): AsyncGenerator<ShareMessage & { kind: 'read' }, void, undefined> {
  const { files, architectures, places } = share;
  const store = places === undefined ? undefined : new ContentStore(places.store);
  const lists = store === undefined ? undefined : new FileLists(store, places!.cache);
  const batch = store?.batch();
  const paths = new Map<string, string[]>();
  let read: ReadFile[] = [];
  const message = (): ShareMessage & { kind: 'read' } => {
    const made = { kind: 'read' as const, files: read, arriving: batch?.handOver() ?? [] };
    read = [];
    return made;
  };
  const taking = store === undefined || batch === undefined ? undefined : { store, batch };
  try {
    for await (const reading of readForeign({ files, architectures, taking, signal })) {
      if ('faults' in reading) {
        read.push(reading);
      } else {
        const { file, package: found, members } = reading;
        if (lists !== undefined) paths.set(found.file.sha256, contentsPaths(members));
        read.push({ file, package: found });
      }
      if (read.length >= messageSize) yield message();
      if (paths.size >= listsAtOnce) {
        lists?.keep(paths);
        paths.clear();
      }
    }
    lists?.keep(paths);
    yield message();
  } finally {
    batch?.discard();
  }
}
