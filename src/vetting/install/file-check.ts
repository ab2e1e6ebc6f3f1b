/**
 * Whether the files of a set's own packages clash: among themselves, with the
 * base distribution, and with the sets that machines come from.
 */
import { FileLists } from '../../archive/file-lists.js';
import { readDeb } from '../../deb/deb-file.js';
import { highestOf } from '../../deb/version.js';
import { counted } from '../../counted.js';
import { LockstepError, type ErrorCode, type FaultPlace } from '../../errors.js';
import { decompressByName } from '../../io/compress.js';
import { throwIfInterrupted } from '../../io/interrupt.js';
import { remembered } from '../../io/keyed.js';
import type { Phase } from '../../io/progress.js';
import type { SnapshotPackage } from '../../snapshot/manifest.js';
import type { SourceContext } from '../../source/source-context.js';
import { contentsIndices, ownersIn } from './contents-scan.js';
import type { NamedBase } from './broken-relations.js';
import type { InstallNote } from './install-note.js';
import { isTaken, type InstallSet } from './install-set.js';
import {
  mayShare,
  namedOf,
  overlapsSince,
  overlapsWithin,
  type Overlap,
  type PackageFiles,
} from './overlaps.js';
import type { Simulator, SimulatorOptions } from './simulator.js';

export interface FileCheck extends Pick<SimulatorOptions, 'cache' | 'signal'> {
  set: InstallSet;
  before: readonly InstallSet[];
  base: NamedBase;
  /** One for each architecture. */
  simulators: readonly Simulator[];
  sources: SourceContext;
  phase: Phase;
}

/** A file that is missing, or that differs from the index. */
const ofTheMirror = new Set<ErrorCode>(['SOURCE_NOT_ON_MIRROR', 'SOURCE_HASH_MISMATCH']);

/** How many faults are listed; one package in two places brings thousands. */
const mostListed = 20;

/**
 * @returns what could not be checked, in sentences
 * @throws LockstepError INSTALL_OVERLAP; what reading packages and the base's Contents throws
 */
export async function checkFiles(check: FileCheck): Promise<InstallNote[]> {
  const { set, before, sources, signal } = check;
  throwIfInterrupted(signal);
  const lists = new FileLists(sources.store, check.cache);
  const files = await filesOf(set.packages, lists, signal);
  const found = await realOnes(overlapsWithin(files), files, sources);
  const notes: InstallNote[] = [];
  for (const earlier of before) {
    try {
      found.push(...overlapsSince(files, await filesOf(earlier.packages, lists, signal), earlier.id ?? ''));
    } catch (error) {
      // The cache was cleared since: what the pool has is not worth fetching for this
      if (!(error instanceof LockstepError) || error.code !== 'STORE_MISSING') throw error;
      notes.push({ kind: 'files-not-in-store', snapshot: earlier.id ?? '' });
    }
  }
  const own = files.filter(({ entry }) => !isTaken(set, entry));
  for (const simulator of check.simulators) {
    const { overlaps, unseen } = await overlapsWithBase(check, own, simulator);
    found.push(...overlaps);
    notes.push(...unseen);
  }
  if (found.length > 0) throw refused(found);
  return notes;
}

async function filesOf(
  packages: readonly SnapshotPackage[],
  lists: FileLists,
  signal: AbortSignal | undefined,
): Promise<PackageFiles[]> {
  const debs = packages.map(({ sha256, path }) => ({ sha256, name: path }));
  const paths = await lists.ofAll(debs, { signal });
  return packages.map((entry) => ({ entry, paths: paths.get(entry.sha256)! }));
}

async function overlapsWithBase(
  { base, sources, cache, phase }: FileCheck,
  own: readonly PackageFiles[],
  simulator: Simulator,
): Promise<{ overlaps: Overlap[]; unseen: InstallNote[] }> {
  const { architecture } = simulator.lists;
  const here = own.filter(({ entry }) => ['all', architecture].includes(entry.architecture));
  const wanted = new Map<string, Set<string>>();
  for (const { entry, paths } of here) {
    for (const path of paths) remembered(wanted, path, () => new Set()).add(entry.package);
  }
  const indices = await contentsIndices(sources, architecture, phase);
  const overlaps: Overlap[] = [];
  const unseen: InstallNote[] = indices.length > 0 ? [] : [{ kind: 'no-contents', architecture }];
  for (const index of indices) {
    const owned = await ownersIn(index, wanted, sources, { cache, phase }).catch((error: unknown) => {
      // Partial mirrors leave Contents out, and others are behind with them; apt never asks for them
      if (!(error instanceof LockstepError) || !ofTheMirror.has(error.code)) throw error;
      unseen.push({ kind: 'contents-not-on-mirror', path: index.path, suite: index.release.suite });
      return [];
    });
    if (owned.length === 0) continue;
    const lookUp = await simulator.lists.lookUpAny();
    for (const { path, owners } of owned) {
      for (const name of owners) {
        // A package that Contents still names but that no index lists cannot be installed
        const there = lookUp(name);
        const newest = highestOf(there.map((stanza) => stanza.require('Version')));
        if (newest === undefined) continue;
        for (const { entry } of here.filter(
          (one) => wanted.get(path)!.has(one.entry.package) && one.paths.includes(path),
        )) {
          const mine = namedOf(entry);
          const free = there.every((stanza) =>
            mayShare(mine, { package: name, version: stanza.require('Version'), stanza }),
          );
          if (free) continue;
          const other = { package: name, version: newest };
          overlaps.push({ path, entry, other, whose: `of ${base.name}` });
        }
      }
    }
  }
  return { overlaps, unseen };
}

/**
 * Those that dpkg would refuse: two links to the same folder are one to it, as two folders are. Only packages
 * that overlap are read for it.
 */
async function realOnes(
  overlaps: readonly Overlap[],
  files: readonly PackageFiles[],
  sources: SourceContext,
): Promise<Overlap[]> {
  if (overlaps.length === 0) return [];
  const links = new Map<string, Promise<Map<string, string>>>();
  const linksOf = (name: string): Promise<Map<string, string>> =>
    remembered(links, name, () => readLinks(files.find((one) => one.entry.package === name)!.entry, sources));
  const all = new Set(files.flatMap(({ paths }) => paths));
  const real: Overlap[] = [];
  for (const overlap of overlaps) {
    const target = (await linksOf(overlap.entry.package)).get(overlap.path);
    const same = target !== undefined && (await linksOf(overlap.other.package)).get(overlap.path) === target;
    const toFile = all.has(new URL(target ?? '', `file:///${overlap.path}`).pathname.slice(1));
    if (!same || toFile) real.push(overlap);
  }
  return real;
}

async function readLinks(
  { sha256, path }: SnapshotPackage,
  { store }: SourceContext,
): Promise<Map<string, string>> {
  const deb = await readDeb(store.path(sha256), { file: path, decompress: decompressByName });
  const links = new Map<string, string>();
  try {
    for await (const { header } of deb.files) {
      if (header.kind === 'symlink') links.set(header.path, header.linkTarget ?? '');
    }
  } finally {
    await deb.close();
  }
  return links;
}

function refused(overlaps: readonly Overlap[]): LockstepError {
  const said = ({ path, entry, other, whose }: Overlap): string =>
    `/${path} is in ${entry.package} ${entry.version} and in ${other.package} ${other.version} ${whose}`;
  const more = overlaps.length - 1;
  const left = overlaps.length - mostListed;
  const where: FaultPlace[] = overlaps.slice(0, mostListed).map((overlap) => ({
    file: overlap.entry.package,
    path: `/${overlap.path}`,
    value: overlap.other.package,
    message: `is also in ${overlap.other.package} ${overlap.other.version} ${overlap.whose}`,
  }));
  if (left > 0) where.push({ message: counted(left, 'more file') });
  return new LockstepError('INSTALL_OVERLAP', {
    message: `Two packages contain the same file, and dpkg would refuse the second: ${said(overlaps[0]!)}${more === 0 ? '' : ` (and ${more} more)`}`,
    hint: 'Keep the file in one of them, or declare the relation: Replaces and Breaks if it moved from one to the other, Conflicts if only one may be installed (Debian Policy 7.4, 7.6). Nothing was cut or published.',
    where,
  });
}
