/**
 * The debian/ directory of a source package, from the package itself or from
 * the workspace (`packaging/<component>/debian`): read into memory, checked,
 * put in order. Writing a source package with it is source-package.ts's.
 */
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { parseChangelogTop, type ChangelogEntry } from '../deb/changelog.js';
import { parseStanzas, type Stanza } from '../deb/deb822.js';
import { assertLinkStaysInside, isPackageName, memberName } from '../deb/member-name.js';
import { parseRelations, type RelationGroup } from '../deb/relation.js';
import { readTar } from '../deb/tar.js';
import { LockstepError } from '../errors.js';
import { collect } from '../deb/bytes.js';
import { decompressByName } from '../io/compress.js';
import type { ContentStore } from '../io/content-store.js';
import { readIfThere } from '../io/disk.js';
import { onDisk } from '../io/disk-fault.js';
import type { AptSourcePin, StoredFile } from '../source/pin.js';

/** One member, its path beginning with `debian`. */
export type PackagingEntry =
  | { kind: 'file'; path: string; isExecutable: boolean; content: Buffer }
  | { kind: 'symlink'; path: string; target: string }
  | { kind: 'dir'; path: string };

export interface Packaging {
  /** What it was read from, for messages: a folder or the name of a tarball. */
  from: string;
  /** Sorted by path, `debian` first. */
  entries: PackagingEntry[];
  changelog: string;
  top: ChangelogEntry;
  /** The source's own paragraph of debian/control, then those of its packages. */
  source: Stanza;
  binaries: Stanza[];
  /** debian/source/format: `3.0 (quilt)`, `3.0 (native)`. */
  format: string;
}

/** debian/ directories are small; these bound what a hostile one can make us hold. In bytes. */
const largestFile = 64 * 1024 * 1024;
const largestAll = 512 * 1024 * 1024;

function unusable(from: string, message: string, hint?: string): LockstepError {
  return new LockstepError('BUILD_PACKAGING', {
    message: `${from}: ${message}`,
    hint,
    where: [{ file: from, message }],
  });
}

/**
 * The debian/ directory that a source package comes with.
 * @throws LockstepError BUILD_PACKAGING (a format that has none apart), DEB_*, STORE_*, DATA_DAMAGED
 */
export async function packagingOfSource(
  pin: AptSourcePin,
  store: ContentStore,
  signal?: AbortSignal,
): Promise<Packaging> {
  const apart = pin.files.find((file) => /\.debian\.tar\.[a-z0-9]+$/.test(file.name));
  const whole = apart ?? nativeTarball(pin);
  if (whole === null) {
    throw unusable(
      pin.dsc,
      'its source format 1.0, with the packaging in a patch, is not supported',
      `Put its debian/ directory, with "3.0 (quilt)" in debian/source/format, into packaging/${pin.component}/debian`,
    );
  }
  const bytes = decompressByName(whole.name, store.open(whole.sha256), { signal });
  const entries: PackagingEntry[] = [];
  let size = 0;
  for await (const { header, body } of readTar(bytes, whole.name)) {
    const full = header.path;
    const path = apart === undefined ? full.slice(full.indexOf('/') + 1) : full;
    if (path !== 'debian' && !path.startsWith('debian/')) continue;
    size += header.size;
    if (header.size > largestFile || size > largestAll)
      throw unusable(whole.name, 'its debian/ directory is far too large');
    if (header.kind === 'file') {
      const isExecutable = (header.mode & 0o111) !== 0;
      entries.push({ kind: 'file', path, isExecutable, content: await collect(body) });
    } else if (header.kind === 'dir') entries.push({ kind: 'dir', path });
    else if (header.kind === 'symlink')
      entries.push({ kind: 'symlink', path, target: header.linkTarget ?? '' });
    else throw unusable(whole.name, `${JSON.stringify(path)} is a ${header.kind}`);
  }
  return packagingOf(whole.name, entries);
}

/** The one tarball of a native source package, or null. */
export function nativeTarball(pin: Pick<AptSourcePin, 'files'>): StoredFile | null {
  const tarballs = pin.files.filter((file) => /\.tar\.[a-z0-9]+$/.test(file.name));
  const [only] = tarballs;
  if (only === undefined || tarballs.length > 1 || /\.orig(-[^.]+)?\.tar\./.test(only.name)) return null;
  return only;
}

/**
 * A debian/ directory of the workspace.
 * @param folder the directory named `debian`
 * @throws LockstepError BUILD_PACKAGING, DEB_SYNTAX, DEB_UNSAFE_NAME, DISK_IO
 */
export async function packagingOfFolder(folder: string): Promise<Packaging> {
  const entries: PackagingEntry[] = [{ kind: 'dir', path: 'debian' }];
  let size = 0;
  const visit = async (directory: string, path: string): Promise<void> => {
    for (const name of (await readdir(directory)).sort()) {
      const [place, inside] = [join(directory, name), `${path}/${name}`];
      const found = await lstat(place);
      size += found.isFile() ? found.size : 0;
      if (found.isFile() && (found.size > largestFile || size > largestAll))
        throw unusable(folder, 'it is far too large for a debian/ directory');
      if (found.isDirectory()) {
        entries.push({ kind: 'dir', path: inside });
        await visit(place, inside);
      } else if (found.isSymbolicLink()) {
        entries.push({ kind: 'symlink', path: inside, target: await readlink(place) });
      } else if (found.isFile()) {
        const isExecutable = (found.mode & 0o111) !== 0;
        entries.push({ kind: 'file', path: inside, isExecutable, content: await readFile(place) });
      } else {
        throw unusable(folder, `${JSON.stringify(inside)} is not a file, a folder or a link`);
      }
    }
  };
  await onDisk('read', folder, () => visit(folder, 'debian'));
  return packagingOf(folder, entries);
}

function packagingOf(from: string, entries: readonly PackagingEntry[]): Packaging {
  const byPath = new Map<string, PackagingEntry>();
  for (const entry of entries) {
    memberName(entry.path, from);
    if (entry.kind === 'symlink') assertLinkStaysInside(entry.path, entry.target, from);
    byPath.set(entry.path, entry);
  }
  const text = (path: string): string | null => {
    const entry = byPath.get(path);
    return entry?.kind === 'file' ? entry.content.toString('utf8') : null;
  };
  const absent = ['debian/control', 'debian/changelog', 'debian/rules'].filter((path) => text(path) === null);
  if (absent.length > 0) {
    throw unusable(from, `it lacks ${absent.join(', ')}`, 'See Debian Policy 4: Source packages');
  }
  const changelog = text('debian/changelog')!;
  const control = parseStanzas(text('debian/control')!, { file: `${from}: debian/control` });
  const [source, ...binaries] = control;
  if (source?.get('Source') === undefined || binaries.length === 0) {
    throw unusable(
      from,
      'its debian/control must begin with a Source paragraph, followed by package paragraphs',
    );
  }
  const top = parseChangelogTop(changelog, `${from}: debian/changelog`);
  if (source.require('Source') !== top.source) {
    throw unusable(
      from,
      `debian/control names ${source.require('Source')}, but debian/changelog names ${top.source}`,
    );
  }
  return {
    from,
    entries: [...byPath.values()].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path))),
    changelog,
    top,
    source,
    binaries,
    format: (text('debian/source/format') ?? '1.0').trim(),
  };
}

/** What must be there to build every package of it here. @throws LockstepError DEB_SYNTAX */
export function buildDependencies(packaging: Packaging): RelationGroup[] {
  const { source } = packaging;
  const named = ['Build-Depends', 'Build-Depends-Arch', 'Build-Depends-Indep'].flatMap((field) =>
    parseRelations(source.get(field) ?? '', source.placeOf(field)),
  );
  // Without `no`, dpkg-buildpackage may need it to build as if root (dpkg-build-api(7), Policy 5.6.31)
  const needsRoot = source.get('Rules-Requires-Root') !== 'no';
  return [...named, ...(needsRoot ? parseRelations('fakeroot') : [])];
}

/**
 * The packages of a component that its build gives another version than its source has: the lines of
 * `packaging/<component>/own-versions`. `#` begins a comment.
 *
 * @param file may not exist
 * @throws LockstepError BUILD_PACKAGING with the line of every fault, DISK_IO
 */
export async function readOwnVersions(file: string): Promise<string[]> {
  const lines = ((await readIfThere(file))?.toString('utf8') ?? '').split('\n');
  const names = lines.map((line, index) => ({ name: line.replace(/#.*/, '').trim(), line: index + 1 }));
  const faults = names.filter(({ name }) => name !== '' && !isPackageName(name));
  if (faults.length > 0) {
    throw new LockstepError('BUILD_PACKAGING', {
      message: `${file} has lines that are not the name of a package`,
      hint: 'Write one package name on each line',
      where: faults.map(({ name, line }) => ({ file, line, value: name })),
    });
  }
  return names.flatMap(({ name }) => (name === '' ? [] : [name]));
}
