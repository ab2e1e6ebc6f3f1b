/**
 * Reads packages that were built elsewhere: once each, into the store and
 * through the rules. What is small and plain takes the quick readers; whatever
 * they leave takes the thorough one, which says what is wrong.
 */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { BuiltPackage } from '../build/built.js';
import type { BinaryStanza } from '../deb/binary-stanza.js';
import { readDeb } from '../deb/deb-file.js';
import type { DebBudget } from '../deb/deb-budget.js';
import { quickDeb, type UnpackSmall } from '../deb/quick-deb.js';
import { LockstepError } from '../errors.js';
import { decompressByName } from '../io/compress.js';
import type { ContentStore, StoredBlob } from '../io/content-store.js';
import { hashFile, sha256Of } from '../io/disk.js';
import { onDiskNow } from '../io/disk-fault.js';
import { throwIfInterrupted } from '../io/interrupt.js';
import { SmallDecoder } from '../io/small-decoder.js';
import type { StoreBatch } from '../io/store-batch.js';
import { ChangelogSearch } from '../snapshot/changelog-reader.js';
import { judgeForeign, type ForeignContents } from './foreign-package.js';
import { vettedMember } from './package-rules.js';

/** Bytes up to which a package is read at once. */
const smallDeb = 4 * 1024 * 1024;
/** Bytes up to which a member of it is unpacked at once. */
const smallMember = 16 * 1024 * 1024;
/** Between so many, others get their turn, and Ctrl-C is heard. */
const turnSize = 64;

/** What became of one file: the package and its members, or everything that is wrong with it. */
export type ForeignReading =
  | {
      file: string;
      stanza: BinaryStanza;
      /** What the store has of it. */
      stored: BuiltPackage['file'];
      members: ForeignContents['members'];
      /** In the batch, as the package is. */
      changelog?: StoredBlob | undefined;
    }
  | { file: string; faults: string[] };

export interface ForeignRequest {
  /** Absolute paths. */
  files: readonly string[];
  /** Those of the profile. */
  architectures: readonly string[];
  /** How much of each is read. */
  budget: DebBudget;
  /** Where good packages go; nothing is written where it is left out. */
  taking?: { store: ContentStore; batch: StoreBatch } | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Reads the files one after the other. Small ones are waiting in the batch when it ends.
 *
 * @throws LockstepError DISK_FULL, DISK_IO, INTERRUPTED; what is wrong with a package is in its reading
 */
export async function* readForeign(request: ForeignRequest): AsyncGenerator<ForeignReading, void, undefined> {
  const decoder = await SmallDecoder.withLimit(smallMember);
  const unpack: UnpackSmall = (name, packed) => decoder.unpack(name, packed);
  for (const [index, file] of request.files.entries()) {
    if (index % turnSize === 0) {
      await setImmediate();
      throwIfInterrupted(request.signal);
    }
    yield await readOne(file, unpack, request);
  }
}

async function readOne(file: string, unpack: UnpackSmall, request: ForeignRequest): Promise<ForeignReading> {
  const { taking, architectures, budget, signal } = request;
  const bytes = readSmall(file);
  // A large file is taken in first: what is judged must be what is kept
  const blob = bytes === undefined ? await takeLarge(file, taking?.store, signal) : undefined;
  const from = bytes ?? (taking === undefined || blob === undefined ? file : taking.store.path(blob.sha256));
  const contents =
    (bytes && readQuickly(bytes, unpack, budget)) ?? (await readThoroughly(file, from, { budget, signal }));
  if ('faults' in contents) return { file, ...contents };
  const verdict = judgeForeign(contents, architectures);
  if ('faults' in verdict) return { file, ...verdict };
  const take = (own: Buffer): StoredBlob =>
    taking?.batch.add(own) ?? { sha256: sha256Of(own), size: own.length };
  const stored = blob ?? take(bytes!);
  const name = file.slice(file.lastIndexOf('/') + 1);
  const changelog = contents.changelog && take(contents.changelog);
  const { members } = contents;
  return { file, stanza: verdict.stanza, stored: { name, ...stored }, members, changelog };
}

function readQuickly(bytes: Buffer, unpack: UnpackSmall, budget: DebBudget): ForeignContents | undefined {
  const deb = quickDeb(bytes, unpack, budget);
  if (deb === undefined) return undefined;
  const search = new ChangelogSearch(packageNamed(deb.control));
  for (const header of deb.members) if (search.wants(header)) search.take(header, deb.bodyOf(header));
  const { control, conffiles, members } = deb;
  return { control, conffiles, members, changelog: search.text };
}

/** Not judged yet. */
function packageNamed(control: string): string {
  return /^Package:[ \t]*(\S+)/im.exec(control)?.[1] ?? '';
}

/** The bytes of a small file; undefined for a large one. */
function readSmall(file: string): Buffer | undefined {
  return onDiskNow('read', file, () => {
    const fd = openSync(file, 'r');
    try {
      return fstatSync(fd).size > smallDeb ? undefined : readFileSync(fd);
    } finally {
      closeSync(fd);
    }
  });
}

async function takeLarge(
  file: string,
  store: ContentStore | undefined,
  signal: AbortSignal | undefined,
): Promise<StoredBlob> {
  return store === undefined ? await hashFile(file, { signal }) : await store.put({ file }, {}, { signal });
}

/** @param from the bytes, or the path that has them now */
async function readThoroughly(
  file: string,
  from: Buffer | string,
  { budget, signal }: Pick<ForeignRequest, 'budget' | 'signal'>,
): Promise<ForeignContents | { faults: string[] }> {
  try {
    const deb = await readDeb(from, {
      decompress: (name, input) => decompressByName(name, input, { signal }),
      file,
      budget,
      wanted: wantedControl,
    });
    const members = [];
    const control = deb.control.text();
    const search = new ChangelogSearch(packageNamed(control));
    for await (const entry of deb.files) {
      members.push(vettedMember(entry.header));
      await search.lookAt(entry);
    }
    return {
      control,
      conffiles: deb.members.get('conffiles')?.toString('utf8'),
      members,
      changelog: search.text,
    };
  } catch (error) {
    if (!(error instanceof LockstepError) || !ofThePackage.has(error.code)) throw error;
    const messages = error.where.flatMap(({ message }) => message ?? []);
    return { faults: messages.length > 0 ? messages : [error.message] };
  }
}

/** The files of the control archive that an import reads, or that dpkg may refuse. */
const wantedControl = new Set(['control', 'conffiles', 'triggers']);

/** Codes that say something of the bytes, and not of this machine. */
const ofThePackage = new Set([
  'DEB_ARCHIVE',
  'DEB_SYNTAX',
  'DEB_TOO_LARGE',
  'DEB_UNSAFE_NAME',
  'DATA_DAMAGED',
]);
