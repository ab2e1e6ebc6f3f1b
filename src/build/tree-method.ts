/**
 * The method `tree`: writes files and their paths into a .deb, without root and without Debian's tools, with the same
 * bytes each time. src/metapackage decides what the tree contains; this file checks and writes it.
 */
import { Readable, Writable } from 'node:stream';
import {
  foldersOf,
  linkTargetFault,
  memberName,
  memberNameFault,
  rootName,
  shownName,
  type MemberName,
} from '../deb/member-name.js';
import { writeDeb, type DebEntry } from '../deb/deb-file.js';
import { withoutEpoch } from '../deb/version.js';
import { LockstepError } from '../errors.js';
import { xzCompress } from '../io/compress.js';
import type { ContentStore } from '../io/content-store.js';
import { readSourceTree } from '../source/source-tree.js';
import type { BuiltPackage } from './built.js';
import { pathMatcher } from '../profile/path-pattern.js';
import type { TreeEntry, TreeFrom, TreePackage } from './tree-package.js';

export interface TreeWriting {
  store: ContentStore;
  /** Threads of the compressor. They do not change the bytes. */
  cores?: number;
  signal?: AbortSignal | undefined;
}

/**
 * The package's entries in the order in which they are written: sorted by path, so a folder precedes its content. Pure.
 * @throws LockstepError DEB_INVALID, all faults at once: paths that are not absolute and plain, paths that occur twice,
 * modes that no package should have, links that lead nowhere below `/`
 */
export function planTree(tree: TreePackage, from: readonly TreeFrom[] = []): TreeEntry[] {
  const faults = [
    ...tree.entries.flatMap(entryFaults),
    ...twice(tree.entries.flatMap(({ path }) => nameOf(path) ?? [])).map((path) => `/${path} occurs twice`),
    ...from.flatMap(({ to }) => pathFaults(to)),
    ...tree.conffiles.flatMap((path) => conffileFaults(path, tree, from)),
  ];
  if (faults.length > 0) throw invalid(tree.package, faults);
  return [...tree.entries].sort((a, b) => compareBytes(memberName(a.path), memberName(b.path)));
}

function invalid(name: string, faults: readonly string[]): LockstepError {
  return new LockstepError('DEB_INVALID', {
    message: `The package ${name} cannot be written: ${faults.join('; ')}`,
    where: faults.map((message) => ({ path: name, message })),
  });
}

function entryFaults(entry: TreeEntry): string[] {
  const faults = pathFaults(entry.path);
  switch (entry.kind) {
    case 'file':
    case 'dir':
      return [...faults, ...modeFaults(entry.path, entry.kind, entry.mode)];
    case 'symlink':
      return [...faults, ...linkFaults(entry.path, entry.target)];
  }
}

function pathFaults(path: string): string[] {
  if (!path.startsWith('/')) return [`the path ${shownName(path)} is not absolute`];
  const fault = memberNameFault(path);
  if (fault !== null) return [`the path ${shownName(path)} ${fault}`];
  return memberName(path) === '' ? [`the path ${shownName(path)} is the root itself`] : [];
}

/** Undefined for a path with a fault, which is reported by itself. */
function nameOf(path: string): MemberName | undefined {
  return memberNameFault(path) === null ? memberName(path) : undefined;
}

/** Refuses set-id bits. Lockstep's packages do not need them: systemd starts what runs as another user. */
function modeFaults(path: string, kind: 'file' | 'dir', mode: number): string[] {
  const shown = `${shownName(path)} has the mode ${mode.toString(8).padStart(4, '0')}`;
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777) return [`${shownName(path)} has no valid mode`];
  if ((mode & 0o7000) !== 0 && !(kind === 'dir' && (mode & 0o6000) === 0o2000))
    return [`${shown}: set-user-id, set-group-id or sticky`];
  if ((mode & 0o002) !== 0) return [`${shown}: everyone may write to it`];
  return (mode & (kind === 'dir' ? 0o700 : 0o400)) === (kind === 'dir' ? 0o700 : 0o400)
    ? []
    : [`${shown}: its owner cannot use it`];
}

/** An absolute target is relative to the root of the machine. A relative target must not climb above that root. */
function linkFaults(path: string, target: string): string[] {
  const shown = `the link ${shownName(path)} to ${shownName(target)}`;
  const fault = linkTargetFault(target);
  if (fault !== null) return [`${shown}: the target ${fault}`];
  let depth = target.startsWith('/') ? 0 : foldersOf(nameOf(path) ?? rootName).length;
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    depth += part === '..' ? -1 : 1;
    if (depth < 0) return [`${shown} leads out of the root`];
  }
  return [];
}

/** Only the writer knows the names in a tarball, so the writer checks conffiles that come from one. */
function conffileFaults(path: string, tree: TreePackage, from: readonly TreeFrom[]): string[] {
  const inside = nameOf(path);
  if (inside !== undefined) {
    if (tree.entries.some((entry) => entry.kind === 'file' && nameOf(entry.path) === inside)) return [];
    if (from.some(({ to }) => inside.startsWith(`${nameOf(to)}/`))) return [];
  }
  return [`the conffile ${shownName(path)} is not a file of the package`];
}

function twice(paths: readonly string[]): string[] {
  const seen = new Set<string>();
  const found = new Set<string>();
  for (const path of paths) {
    if (seen.has(path)) found.add(path);
    seen.add(path);
  }
  return [...found].sort();
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/**
 * Writes the package into the store.
 * @throws LockstepError as planTree; DEB_INVALID, DEB_ARCHIVE, SOURCE_PATH_MISSING (the tarball does not have a
 * folder), STORE_*, DISK_*, INTERRUPTED
 */
export async function writeTreePackage(
  tree: TreePackage,
  from: readonly TreeFrom[],
  writing: TreeWriting,
): Promise<BuiltPackage> {
  const entries = planTree(tree, from);
  const { store, cores, signal } = writing;
  const kept: Buffer[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      kept.push(chunk);
      done();
    },
  });
  const spec = {
    control: {
      Package: tree.package,
      // Policy 5.6.1: no Source field if the source has the package's name
      ...(tree.source === tree.package ? {} : { Source: tree.source }),
      Version: tree.version,
      Architecture: tree.architecture,
      ...tree.control,
    },
    entries: allEntries(entries, from, writing),
    conffiles: tree.conffiles,
    scripts: tree.scripts,
    triggers: tree.triggers,
    mtime: tree.date,
  };
  const { size, sha256, control } = await writeDeb(spec, sink, {
    compress: (input) => xzCompress(input, { threads: cores, signal }),
  });
  const name = `${tree.package}_${withoutEpoch(tree.version)}_${tree.architecture}.deb`;
  await store.put(Readable.from(kept, { objectMode: false }), { size, sha256 }, { name });
  return {
    package: tree.package,
    version: tree.version,
    architecture: tree.architecture,
    source: tree.source,
    sourceVersion: tree.version,
    control,
    file: { name, size, sha256 },
  };
}

async function* allEntries(
  entries: readonly TreeEntry[],
  from: readonly TreeFrom[],
  writing: TreeWriting,
): AsyncGenerator<DebEntry> {
  for (const entry of entries) {
    if (entry.kind !== 'file') yield entry;
    else if (entry.content instanceof Uint8Array) yield { ...entry, body: entry.content };
    else yield { ...entry, body: await writing.store.read(entry.content.sha256) };
  }
  for (const tree of from) yield* entriesFrom(tree, writing);
}

/**
 * The entries that come from a tarball. The package sets owner and times. The tarball decides only whether a file is
 * executable. A folder comes with its content.
 */
async function* entriesFrom(tree: TreeFrom, { store, signal }: TreeWriting): AsyncGenerator<DebEntry> {
  const isExcluded = pathMatcher(tree.exclude);
  const isData = pathMatcher(tree.data ?? []);
  let found = 0;
  for await (const member of readSourceTree(store, tree.archive, tree.path, { signal })) {
    found++;
    if (member.kind === 'dir' || member.path === '' || isExcluded(member.path)) continue;
    const path = `/${memberName(tree.to)}/${member.path}`;
    if (member.kind === 'symlink') yield { kind: 'symlink', path, target: member.linkTarget ?? '' };
    else {
      const mode = (member.mode & 0o111) === 0 || isData(member.path) ? 0o644 : 0o755;
      yield { kind: 'file', path, mode, size: member.size, body: member.body };
    }
  }
  if (found > 0) return;
  throw new LockstepError('SOURCE_PATH_MISSING', {
    message: `${tree.archive.name} has no folder ${tree.path}`,
    where: [{ file: tree.archive.name, path: tree.path }],
  });
}
