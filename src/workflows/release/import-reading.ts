/**
 * Reads the packages, source packages and uploads to import. It stores them and reports the faults of each;
 * import.ts decides the resulting set.
 */
import { counted } from '../../counted.js';
import type { FaultPlace } from '../../errors.js';
import { readNamedFile } from '../../io/named-file.js';
import type { Phase } from '../../io/progress.js';
import type { StoreBatch } from '../../io/store-batch.js';
import { suitesOf } from '../../profile/load.js';
import type { ImportedProfile } from '../../profile/profile-schema.js';
import { sourceEntry } from '../../snapshot/content.js';
import type { Imported } from '../../snapshot/imported-set.js';
import type { SnapshotSource } from '../../snapshot/manifest.js';
import { budgetOf } from '../../vetting/package-limits.js';
import { gatherForeignFiles, type ForeignFiles } from '../../vetting/foreign-files.js';
import { readForeignSet } from '../../vetting/foreign-readers.js';
import type { ReadFile, ReadPackage } from '../../vetting/foreign-share.js';
import {
  readSource,
  readUpload,
  uncovered,
  type PromisedFile,
  type UploadFacts,
} from '../../vetting/foreign-source.js';
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
  /** Packages of a kind that no suite has a place for. */
  others: string[];
  /** Distributions that the uploads name, sorted. */
  distributions: string[];
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
    others: files.others,
    distributions: [],
    batch: undefined,
  };
  const promised = await readDescriptions(context, profile, request, files, taken);
  const debs = [...new Set([...files.debs, ...promised.keys()])].sort();
  const item = phase.item(counted(debs.length, 'package'));
  const { read, batch } = await readForeignSet({
    files: debs,
    belonging: { component, area },
    architectures: profile.base.architectures,
    budget: budgetOf(workspace),
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
    taken.faults.push({ message: nothingIn(request, files) });
  }
  return taken;
}

function nothingIn({ paths }: ReadingRequest, { links, others }: ForeignFiles): string {
  const where = paths.length === 0 ? 'the arguments: nothing' : paths.join(', ');
  const none = `no .deb, .dsc or .changes in ${where}`;
  if (links.length > 0)
    return `${none}, only ${counted(links.length, 'symbolic link')}, which are not followed: name the files, or the folder that they lead to`;
  return others.length > 0 ? `${none}, only ${counted(others.length, '.udeb or .ddeb file')}` : none;
}

/** A package that an upload names. */
interface Promised extends PromisedFile {
  upload: UploadFacts;
}

function faultsOf(read: ReadFile, promised: Promised | undefined, signed: boolean): FaultPlace[] {
  const { file } = read;
  if ('faults' in read) return read.faults.map((message) => ({ file, message }));
  if (promised === undefined) {
    return signed ? [{ file, message: 'no signed .changes names it, but --keyring requires one' }] : [];
  }
  if (promised.sha256 === read.entry.sha256) {
    const fault = uncovered(read.entry, promised.upload);
    return fault === null ? [] : [{ file, message: fault }];
  }
  return [{ file, message: `has SHA-256 ${read.entry.sha256}, but its .changes names ${promised.sha256}` }];
}

/**
 * Reads the uploads, then the source packages that they name or that were named.
 *
 * @returns the packages that uploads name, by path; the rest of what was read is added to `taken`
 */
async function readDescriptions(
  context: Context,
  profile: ImportedProfile,
  request: ReadingRequest,
  files: ForeignFiles,
  taken: TakenFile,
): Promise<Map<string, Promised>> {
  const { area } = context.workspace.archive;
  const reading = {
    keyring: await readKeyring(request),
    taken: { kind: 'arriving', now: context.clock.now() } as const,
    signal: context.signal,
  };
  const debs = new Map<string, Promised>();
  const wanted = reading.keyring === undefined ? null : distributionsOf(context, profile);
  const distributions = new Set<string>();
  const dscs = new Map<string, PromisedFile | undefined>(files.dscs.map((path) => [path, undefined]));
  for (const path of files.changes) {
    const upload = await readUpload(path, reading);
    if ('faults' in upload) {
      taken.faults.push(...upload.faults);
      continue;
    }
    const { distribution } = upload.facts;
    if (wanted !== null && !wanted.has(distribution)) {
      const message = `it is signed for ${distribution}; ${profile.name} takes uploads for ${[...wanted].join(', ')}`;
      taken.faults.push({ file: path, message });
    }
    distributions.add(distribution);
    for (const file of upload.debs) debs.set(file.path, { ...file, upload: upload.facts });
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
  taken.distributions = [...distributions].sort();
  return debs;
}

/**
 * What a signed upload may be for: a suite that takes the profile, its trust level, or the base release. Where no suite
 * takes it yet: any trust level.
 */
function distributionsOf({ workspace }: Context, { name, base }: ImportedProfile): ReadonlySet<string> {
  const suites = suitesOf(workspace, name);
  const levels = suites.length === 0 ? workspace.trustLevels : suites.map(({ trust }) => trust);
  return new Set([...suites.map((suite) => suite.name), ...levels, base.codename]);
}

async function readKeyring({ keyring, cwd }: ReadingRequest): Promise<Uint8Array | undefined> {
  if (keyring === undefined) return undefined;
  const hint = 'Name a file of public keys, written by gpg --export';
  return await readNamedFile({ path: keyring, flag: '--keyring' }, hint, cwd);
}
