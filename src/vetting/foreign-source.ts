/**
 * Source packages and uploads from elsewhere: compares the files in the folder with their .dsc and .changes,
 * byte for byte. It checks signatures only if a keyring is given: hashes show that files match their
 * description, not who made it.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { BuiltPackage, BuiltSource } from '../build/built.js';
import {
  parseChanges,
  parseDsc,
  sourcesStanza,
  type Changes,
  type Dsc,
  type SourceFile,
} from '../deb/dsc.js';
import { counted } from '../counted.js';
import { utf8Text } from '../deb/utf8.js';
import { LockstepError, type FaultPlace } from '../errors.js';
import type { ContentStore } from '../io/content-store.js';
import { hashFile, sha256Of } from '../io/disk.js';
import { onDisk } from '../io/disk-fault.js';
import { largestText, readWhole } from '../io/whole-file.js';
import { isOtherPackage } from './foreign-files.js';
import { verifyClearsigned, type Taken } from '../signing/verifier.js';

export interface DescriptionReading {
  /** Public keys, binary or armored; without it, signatures are not checked. */
  keyring: Uint8Array | undefined;
  taken: Taken;
  signal: AbortSignal;
}

/** What an upload says that it is: it covers the packages of its source that it names, and no others. */
export interface UploadFacts {
  source: string;
  /** Of the source package: a rebuild names it in parentheses. */
  sourceVersion: string;
  /** Names of packages: those of the upload that its source package lists too, where it comes with one. */
  binaries: ReadonlySet<string>;
  /** `amd64`, `all`, `source`. */
  architectures: ReadonlySet<string>;
  distribution: string;
}

/** What is wrong with a description or with what it names; told together with everything else. */
export type Faulty = { faults: FaultPlace[] };

/** A file that a description promises. */
export interface PromisedFile extends SourceFile {
  /** Absolute path. */
  path: string;
}

/** Codes that say something of the file, and not of this machine. */
const ofTheFile = new Set([
  'DEB_INVALID',
  'DEB_SYNTAX',
  'DEB_UNSAFE_NAME',
  'FILE_TOO_LARGE',
  'VERIFY_NO_SIGNATURE',
  'VERIFY_MALFORMED',
  'VERIFY_BAD_SIGNATURE',
  'VERIFY_WEAK_SIGNATURE',
  'VERIFY_UNKNOWN_KEY',
]);

/**
 * Reads a .changes and looks whether its files match it. Its packages are not checked yet: they are hashed when they
 * are read.
 *
 * @returns also fingerprints of who signed it; none where nobody asked
 * @throws LockstepError DISK_IO, KEYRING_INVALID, INTERRUPTED
 */
export async function readUpload(path: string, reading: DescriptionReading) {
  return await orFaults(path, async () => {
    const { text, signers } = await signedText(await readText(path), path, reading);
    const changes = parseChanges(text, path);
    const promised = changes.files.map((file) => ({ ...file, path: join(dirname(path), file.name) }));
    const faults: FaultPlace[] = [];
    for (const { name } of promised.filter((file) => isOtherPackage(file.name))) {
      const message = `it names ${name}, and no suite has a place for packages of the installer (.udeb) or of debug symbols (.ddeb)`;
      faults.push({ file: path, message });
    }
    for (const file of promised) {
      // Packages are hashed when they are read
      const later = file.name.endsWith('.deb');
      const fault = later ? sizeFault(file) : await hashFault(file, reading.signal);
      if (fault !== undefined) faults.push({ file: path, message: fault });
    }
    if (faults.length > 0) return { faults };
    const named = (ending: string): PromisedFile[] => promised.filter(({ name }) => name.endsWith(ending));
    const facts = await factsOf(changes, named('.dsc'));
    return 'faults' in facts ? facts : { debs: named('.deb'), dscs: named('.dsc'), signers, facts };
  });
}

/** @param dscs the source packages that it names; their hashes were checked */
async function factsOf(changes: Changes, dscs: readonly PromisedFile[]): Promise<UploadFacts | Faulty> {
  const { source, version, distribution } = changes;
  const file = changes.stanza.file ?? '';
  const [, sourceVersion = version] = /\((\S+)\)/.exec(changes.stanza.get('Source') ?? '') ?? [];
  let binaries = changes.binaries;
  for (const { path, name } of dscs) {
    const dsc = parseDsc(utf8Text(await readText(path), path), path);
    if (dsc.source !== source || dsc.version !== sourceVersion) {
      return faultOf(
        file,
        `it is of ${source} ${sourceVersion}, but ${name} is of ${dsc.source} ${dsc.version}`,
      );
    }
    const listed = new Set(dsc.binaries);
    binaries = binaries.filter((one) => listed.has(withoutDbgsym(one)));
  }
  const architectures = new Set(changes.architecture.split(/\s+/));
  return { source, sourceVersion, binaries: new Set(binaries), architectures, distribution };
}

/** The package that the debug symbols of a build are of; debian/control does not list those (dh_strip(1)). */
function withoutDbgsym(name: string): string {
  return name.replace(/-dbgsym$/, '');
}

/** Why an upload does not cover a package that it names, or null. */
export function uncovered(
  entry: Pick<BuiltPackage, 'package' | 'source' | 'sourceVersion' | 'architecture'>,
  facts: UploadFacts,
): string | null {
  const of = `${facts.source} ${facts.sourceVersion}`;
  if (`${entry.source} ${entry.sourceVersion}` !== of)
    return `names the source package ${entry.source} ${entry.sourceVersion}, but its .changes names ${of}`;
  if (!facts.binaries.has(entry.package) && !facts.binaries.has(withoutDbgsym(entry.package)))
    return `is the package ${entry.package}, which the source package ${of} does not name`;
  return facts.architectures.has(entry.architecture)
    ? null
    : `is for ${entry.architecture}, which its .changes does not name`;
}

/**
 * Reads a .dsc and imports its files; files that the store already has may be absent.
 *
 * @param promised the hash of the .dsc in an upload that names it; the .dsc then needs no signature
 * @param store left out if nothing must be written
 * @throws LockstepError DISK_IO, DISK_FULL, KEYRING_INVALID, INTERRUPTED
 */
export async function readSource(
  path: string,
  promised: SourceFile | undefined,
  store: { store: ContentStore; take: boolean },
  reading: DescriptionReading,
): Promise<{ source: BuiltSource; signers: string[] } | Faulty> {
  return await orFaults(path, async () => {
    const bytes = await readText(path);
    const own = { name: basename(path), size: bytes.length, sha256: sha256Of(bytes) };
    if (promised !== undefined && promised.sha256 !== own.sha256)
      return faultOf(path, 'is not the file that its .changes names');
    const keyring = promised === undefined ? reading.keyring : undefined;
    const { text, signers } = await signedText(bytes, path, { ...reading, keyring });
    const dsc = parseDsc(text, path);
    // An index calls it Package what a .dsc calls Source: with both, it would be listed under the wrong one
    if (dsc.stanza.has('Package')) return faultOf(path, 'has a field Package, which a .dsc cannot have');
    const faults: FaultPlace[] = [];
    for (const file of dsc.files) {
      const fault = await takeIn({ ...file, path: join(dirname(path), file.name) }, store, reading.signal);
      if (fault !== undefined) faults.push({ file: path, message: fault });
    }
    if (faults.length > 0) return { faults };
    if (store.take) await store.store.put(bytes, own, { name: path, signal: reading.signal });
    return { source: { package: dsc.source, version: dsc.version, ...described(dsc, own, bytes) }, signers };
  });
}

function described(dsc: Dsc, own: SourceFile, bytes: Buffer): Pick<BuiltSource, 'stanza' | 'files'> {
  const md5 = createHash('md5').update(bytes).digest('hex');
  return { stanza: sourcesStanza(dsc, { ...own, md5 }), files: [own, ...dsc.files] };
}

/** Puts a promised file into the store, or only looks at it; what is wrong with it. */
async function takeIn(
  file: PromisedFile,
  { store, take }: { store: ContentStore; take: boolean },
  signal: AbortSignal,
): Promise<string | undefined> {
  if (sizeOf(file.path) === undefined && (await store.holds(file.sha256, { signal }))) return undefined;
  const fault = sizeFault(file);
  if (fault !== undefined || !take) return fault ?? (await hashFault(file, signal));
  try {
    const { sha256, size } = file;
    await store.put({ file: file.path }, { sha256, size }, { name: file.name, signal });
    return undefined;
  } catch (error) {
    if (error instanceof LockstepError && error.code === 'SOURCE_HASH_MISMATCH') return error.message;
    throw error;
  }
}

function sizeOf(path: string): number | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true ? found.size : undefined;
}

function sizeFault({ name, path, size }: PromisedFile): string | undefined {
  const there = sizeOf(path);
  if (there === undefined) return `it names ${name}, which is not in the same folder`;
  return there === size ? undefined : `${name} has ${counted(there, 'byte')} instead of ${size}`;
}

async function hashFault(file: PromisedFile, signal: AbortSignal): Promise<string | undefined> {
  const fault = sizeFault(file);
  if (fault !== undefined) return fault;
  const { sha256 } = await hashFile(file.path, { signal });
  return sha256 === file.sha256 ? undefined : `${file.name} has SHA-256 ${sha256} instead of ${file.sha256}`;
}

/** The signed text if a keyring is given, otherwise the text inside the file. */
async function signedText(
  bytes: Buffer,
  path: string,
  { keyring, taken }: DescriptionReading,
): Promise<{ text: string; signers: string[] }> {
  const whole = utf8Text(bytes, path);
  if (keyring === undefined) return { text: whole, signers: [] };
  const { text, signers } = await verifyClearsigned(bytes, keyring, { taken, subject: path });
  return { text, signers: signers.map(({ fingerprint }) => fingerprint) };
}

async function readText(path: string): Promise<Buffer> {
  return await onDisk('read', path, () => readWhole(path, largestText));
}

function faultOf(file: string, message: string): Faulty {
  return { faults: [{ file, message }] };
}

async function orFaults<T>(path: string, work: () => Promise<T | Faulty>): Promise<T | Faulty> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof LockstepError) || !ofTheFile.has(error.code)) throw error;
    const places = error.where.filter(({ message }) => message !== undefined);
    if (places.length === 0) return faultOf(path, error.message);
    return { faults: places.map((place) => ({ ...place, file: path })) };
  }
}
