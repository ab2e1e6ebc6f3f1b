/**
 * Reads the packages, source packages and uploads to import. It stores them and reports the faults of each;
 * import.ts decides the resulting set.
 */
import type { BuiltSource } from '../../build/built.js';
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
  const described = await readDescriptions(context, request, files);
  const debs = [...new Set([...files.debs, ...described.debs.keys()])].sort();
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
  const taken: TakenFile = {
    packages: [],
    sources: described.sources.map(({ file, source }) => ({ file, entry: sourceEntry(source, area) })),
    faults: [...files.faults, ...described.faults],
    signers: described.signers,
    links: files.links,
    batch,
  };
  for (const one of read) {
    const fault = faultsOf(one, described.debs.get(one.file), request.keyring !== undefined);
    taken.faults.push(...fault);
    if (fault.length > 0 || 'faults' in one) continue;
    taken.packages.push(one);
  }
  if (read.length + described.sources.length + taken.faults.length === 0 && request.remove.length === 0) {
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

interface Described {
  /** Packages that uploads name, by path. */
  debs: Map<string, PromisedFile>;
  sources: { file: string; source: BuiltSource }[];
  faults: FaultPlace[];
  signers: Set<string>;
}

/** Reads the uploads, then the source packages that they name or that were named. */
async function readDescriptions(
  context: Context,
  request: ReadingRequest,
  files: ForeignFiles,
): Promise<Described> {
  const reading = {
    keyring: await readKeyring(request),
    taken: { kind: 'arriving', now: context.clock.now() } as const,
    signal: context.signal,
  };
  const described: Described = { debs: new Map(), sources: [], faults: [], signers: new Set() };
  const dscs = new Map<string, PromisedFile | undefined>(files.dscs.map((path) => [path, undefined]));
  for (const path of files.changes) {
    const upload = await readUpload(path, reading);
    if ('faults' in upload) {
      described.faults.push(...upload.faults);
      continue;
    }
    for (const file of upload.debs) described.debs.set(file.path, file);
    for (const file of upload.dscs) dscs.set(file.path, file);
    for (const signer of upload.signers) described.signers.add(signer);
  }
  const store = { store: context.store, take: !request.dryRun };
  for (const [file, promised] of dscs) {
    const read = await readSource(file, promised, store, reading);
    if ('faults' in read) described.faults.push(...read.faults);
    else described.sources.push({ file, source: read.source });
    if ('signers' in read) for (const signer of read.signers) described.signers.add(signer);
  }
  return described;
}

async function readKeyring({ keyring, cwd }: ReadingRequest): Promise<Uint8Array | undefined> {
  if (keyring === undefined) return undefined;
  const hint = 'Name a file of public keys, written by gpg --export';
  return await readNamedFile({ path: keyring, flag: '--keyring' }, hint, cwd);
}
