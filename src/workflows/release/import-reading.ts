/**
 * Reads the packages, source packages and uploads to import. It stores them and reports the faults of each;
 * import.ts decides the resulting set.
 */
import { counted } from '../../counted.js';
import type { FaultPlace } from '../../errors.js';
import { readNamedFile } from '../../io/named-file.js';
import type { Phase } from '../../io/progress.js';
import type { StoreBatch } from '../../io/store-batch.js';
import type { ImportedProfile } from '../../profile/profile-schema.js';
import { sourceEntry } from '../../snapshot/content.js';
import type { Imported } from '../../snapshot/imported-set.js';
import type { SnapshotSource } from '../../snapshot/manifest.js';
import { gatherForeignFiles, type ForeignFiles } from '../../vetting/foreign-files.js';
import { readForeignSet } from '../../vetting/foreign-readers.js';
import type { ReadFile, ReadPackage } from '../../vetting/foreign-share.js';
import { readSource, readUpload, type PromisedFile } from '../../vetting/foreign-source.js';
import type { Context } from '../workspace/context.js';

export interface ReadingRequest {
  /** Folders, .deb, .dsc and .changes, as typed. */
  paths: readonly string[];
  /** What `paths` begin at: an absolute path. */
  cwd: string;
  /** Names of packages and source packages that go; the others stay. */
  remove: readonly string[];
  /** A file of public keys: then only what is signed with one of them is taken. */
  keyring: string | undefined;
  dryRun: boolean;
}

/** What everything in an imported set belongs to: there are no components. */
const component = 'imported';

/** What was read, good and bad. */
export interface TakenFile {
  packages: ReadPackage[];
  sources: Imported<SnapshotSource>[];
  faults: FaultPlace[];
  /** Fingerprints of who signed the uploads. */
  signers: Set<string>;
  links: string[];
  /** On its way into the store. */
  batch: StoreBatch | undefined;
}

/** @throws LockstepError KEYRING_MISSING, KEYRING_INVALID, DISK_FULL, DISK_IO, INTERRUPTED */
export async function readPackages(
  context: Context,
  profile: ImportedProfile,
  request: ReadingRequest,
  phase: Phase,
): Promise<TakenFile> {
  const { places, store, workspace, signal } = context;
  const files = gatherForeignFiles(request.paths, request.cwd);
  const { area } = workspace.archive;
  const taken: TakenFile = {
    packages: [],
    sources: [],
    faults: [...files.faults],
    signers: new Set(),
    links: files.links,
    batch: undefined,
  };
  const promised = await readDescriptions(context, request, files, taken);
  const debs = [...new Set([...files.debs, ...promised.keys()])].sort();
  const item = phase.item(counted(debs.length, 'package'));
  const { read, batch } = await readForeignSet({
    files: debs,
    belonging: { component, area },
    architectures: profile.base.architectures,
    taking: request.dryRun ? undefined : { store, cache: places.cache },
    signal,
    onRead: (count) => item.note(`${count} read`),
  });
  item.done();
  taken.batch = batch;
  for (const one of read) {
    const fault = faultsOf(one, promised.get(one.file), request.keyring !== undefined);
    taken.faults.push(...fault);
    if (fault.length > 0 || 'faults' in one) continue;
    taken.packages.push(one);
  }
  if (read.length + taken.sources.length + taken.faults.length === 0 && request.remove.length === 0) {
    const where = request.paths.length === 0 ? 'the arguments: nothing' : request.paths.join(', ');
    taken.faults.push({ message: `no .deb, .dsc or .changes in ${where}` });
  }
  return taken;
}

function faultsOf(read: ReadFile, promised: PromisedFile | undefined, signed: boolean): FaultPlace[] {
  const { file } = read;
  if ('faults' in read) return read.faults.map((message) => ({ file, message }));
  if (promised === undefined) {
    return signed ? [{ file, message: 'no signed .changes names it, but --keyring requires one' }] : [];
  }
  if (promised.sha256 === read.entry.sha256) return [];
  return [{ file, message: `has SHA-256 ${read.entry.sha256}, but its .changes names ${promised.sha256}` }];
}

/**
 * Reads the uploads, then the source packages that they name or that were named.
 *
 * @returns the packages that uploads name, by path; the rest of what was read is added to `taken`
 */
async function readDescriptions(
  context: Context,
  request: ReadingRequest,
  files: ForeignFiles,
  taken: TakenFile,
): Promise<Map<string, PromisedFile>> {
  const { area } = context.workspace.archive;
  const reading = {
    keyring: await readKeyring(request),
    taken: { kind: 'arriving', now: context.clock.now() } as const,
    signal: context.signal,
  };
  const debs = new Map<string, PromisedFile>();
  const dscs = new Map<string, PromisedFile | undefined>(files.dscs.map((path) => [path, undefined]));
  for (const path of files.changes) {
    const upload = await readUpload(path, reading);
    if ('faults' in upload) {
      taken.faults.push(...upload.faults);
      continue;
    }
    for (const file of upload.debs) debs.set(file.path, file);
    for (const file of upload.dscs) dscs.set(file.path, file);
    for (const signer of upload.signers) taken.signers.add(signer);
  }
  const store = { store: context.store, take: !request.dryRun };
  for (const [file, promised] of dscs) {
    const read = await readSource(file, promised, store, reading);
    if ('faults' in read) taken.faults.push(...read.faults);
    else taken.sources.push({ file, entry: sourceEntry(read.source, area) });
    if ('signers' in read) for (const signer of read.signers) taken.signers.add(signer);
  }
  return debs;
}

async function readKeyring({ keyring, cwd }: ReadingRequest): Promise<Uint8Array | undefined> {
  if (keyring === undefined) return undefined;
  const hint = 'Name a file of public keys, written by gpg --export';
  return await readNamedFile({ path: keyring, flag: '--keyring' }, hint, cwd);
}
