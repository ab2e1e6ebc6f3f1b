/**
 * One thread's share of the packages to import, as messages that can be sent
 * from one thread to another. Must not know in which it runs.
 */
import { contentsPaths } from '../archive/contents-paths.js';
import { FileLists } from '../archive/file-lists.js';
import { ContentStore, type StoredBlob } from '../io/content-store.js';
import type { HandedOver } from '../io/file-batch.js';
import { judgedEntry, type Belonging } from '../snapshot/content.js';
import { keptForm, withKeptStanza, type BareEntry } from '../snapshot/kept-stanza.js';
import type { SnapshotPackage } from '../snapshot/manifest.js';
import { readForeign, type ForeignRequest } from './foreign-reader.js';

export interface Share extends Pick<ForeignRequest, 'files' | 'architectures' | 'budget'> {
  /** What a snapshot's entries of them say. */
  belonging: Belonging;
  /** Absolute paths of the cache and of the content store in it; left out if nothing must be written. */
  places?: { cache: string; store: string } | undefined;
}

/** What became of one file. */
export type ReadFile = ReadPackage | { file: string; faults: string[] };

/** A package that was read. */
export interface ReadPackage {
  file: string;
  entry: SnapshotPackage;
  /** On its way into the store, where the package brings one. */
  changelog?: StoredBlob | undefined;
}

/** The same on its way; the paragraph is a stretch of the message's bytes. */
type SentFile =
  | { file: string; entry: BareEntry; start: number; end: number; changelog?: StoredBlob | undefined }
  | { file: string; faults: string[] };

/** What was read. The memory of `stanzas` is the message's own, and may be handed over with it. */
export interface ReadMessage {
  files: SentFile[];
  stanzas: Uint8Array<ArrayBuffer>;
  arriving: HandedOver | undefined;
}

/** What a message says; paragraphs stay in its bytes. */
export function readFilesOf({ files, stanzas }: ReadMessage): ReadFile[] {
  const bytes = Buffer.from(stanzas.buffer, stanzas.byteOffset, stanzas.byteLength);
  return files.map((sent) => {
    if ('faults' in sent) return sent;
    const { file, entry, start, end, changelog } = sent;
    return { file, entry: withKeptStanza(entry, bytes, start, end), changelog };
  });
}

/** A message for so many files. */
const messageSize = 512;
/** So many lists are kept together: they go into 256 files. */
const listsAtOnce = 4096;
/** Paths in them: one package may have as many. */
const pathsAtOnce = 200_000;

/**
 * Reads a share. What is in `arriving` is the receiver's to place or to discard. Throws as {@link readForeign};
 * nothing is left then of what was not handed over.
 */
export async function* readShare(
  share: Share,
  signal: AbortSignal,
): AsyncGenerator<ReadMessage, void, undefined> {
  const { files, belonging, architectures, budget, places } = share;
  const store = places && new ContentStore(places.store);
  const taking = store && { store, batch: store.batch() };
  const lists = store && new FileLists(store, places.cache);
  const batch = taking?.batch;
  const paths = new Map<string, string[]>();
  let held = 0;
  const waiting = new Message();
  try {
    for await (const reading of readForeign({ files, architectures, budget, taking, signal })) {
      const { file } = reading;
      if ('faults' in reading) {
        waiting.add({ file, faults: reading.faults });
      } else {
        const { stanza, stored, members, changelog } = reading;
        if (lists !== undefined) {
          const own = contentsPaths(members);
          paths.set(stored.sha256, own);
          held += own.length;
        }
        waiting.add({ file, entry: judgedEntry({ stanza, file: stored }, belonging), changelog });
      }
      if (waiting.size >= messageSize) yield waiting.take(batch?.handOver());
      if (paths.size >= listsAtOnce || held >= pathsAtOnce) {
        held = 0;
        lists?.keep(paths);
        paths.clear();
      }
    }
    lists?.keep(paths);
    yield waiting.take(batch?.handOver());
  } finally {
    batch?.discard();
  }
}

/** A message that is being filled. */
class Message {
  #files: SentFile[] = [];
  #stanzas: string[] = [];
  #length = 0;

  get size(): number {
    return this.#files.length;
  }

  add(read: ReadFile): void {
    if ('faults' in read) {
      this.#files.push(read);
      return;
    }
    const { stanza, ...entry } = read.entry;
    const kept = keptForm(stanza);
    const start = this.#length;
    this.#length += Buffer.byteLength(kept);
    this.#stanzas.push(kept);
    this.#files.push({ file: read.file, entry, start, end: this.#length, changelog: read.changelog });
  }

  take(arriving: HandedOver | undefined): ReadMessage {
    const stanzas = new Uint8Array(this.#length);
    const bytes = Buffer.from(stanzas.buffer);
    let at = 0;
    for (const kept of this.#stanzas) at += bytes.write(kept, at);
    const message: ReadMessage = { files: this.#files, stanzas, arriving };
    [this.#files, this.#stanzas, this.#length] = [[], [], 0];
    return message;
  }
}
