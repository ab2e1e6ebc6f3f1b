/**
 * Source packages as built and published: upstream's unchanged tarballs, the debian/ directory with an
 * additional changelog entry, and a .dsc. This module writes them instead of dpkg-source, so that the same
 * input gives the same bytes and a plan needs no build root.
 */
import { addChangelogEntry } from '../deb/changelog.js';
import { formatDsc, parseDsc, sourcesStanza, type HashedFile } from '../deb/dsc.js';
import { readTar, tarBytes, type TarInput } from '../deb/tar.js';
import {
  compareVersions,
  debianVersionOf,
  formatVersion,
  parseVersion,
  upstreamOf,
  withoutEpoch,
  withSuffix,
} from '../deb/version.js';
import { LockstepError } from '../errors.js';
import { decompressByName, xzCompress } from '../io/compress.js';
import type { ContentStore } from '../io/content-store.js';
import type { AptSourcePin, StoredFile, TreePin } from '../source/pin.js';
import type { BuiltSource } from './built.js';
import { putHashed, weakHashes } from './hashed-file.js';
import { nativeTarball, type Packaging } from './packaging.js';
import { sourceFields } from './source-fields.js';

/** The content of Lockstep's changelog entry. */
export interface Rebuild {
  /** The end of the version: `+lockstep1`. */
  suffix: string;
  /** Suite of the entry: the base's codename. */
  distribution: string;
  /** `Name <address>`. */
  maintainer: string;
  /** Items of the entry. */
  changes: readonly string[];
  /** Seconds: the entry's date, and the time of every file that is written. */
  date: number;
}

/** A tree that is not a distribution's source package, with the tarball that Lockstep made from it. */
export interface TrackedSource {
  pin: TreePin;
  orig: HashedFile;
}

/** A source package in the store. */
export interface SourcePackage extends BuiltSource {
  /** Name of the .dsc, one of `files`. */
  dsc: string;
}

/**
 * Writes the source package into the store.
 * @throws LockstepError BUILD_PACKAGING (format, version or upstream do not fit), DEB_*, STORE_*, DISK_*
 */
export async function writeSourcePackage(
  from: AptSourcePin | TrackedSource,
  packaging: Packaging,
  rebuild: Rebuild,
  store: ContentStore,
  signal?: AbortSignal,
): Promise<SourcePackage> {
  assertFits(from, packaging);
  const origs = 'orig' in from ? [from.orig] : await origFiles(from, store);
  const native = 'orig' in from ? null : nativeTarball(from);
  const version = withSuffix(baseVersion(from, packaging), rebuild.suffix);
  const changelog = addChangelogEntry(packaging.changelog, { ...rebuild, version, lines: rebuild.changes });
  const stem = `${packaging.top.source}_${withoutEpoch(version)}`;
  const members = debianMembers(packaging, changelog, rebuild.date);
  const inside = native === null ? members : nativeMembers(native, members, rebuild.date, store, signal);
  const written = await putHashed(
    `${stem}${native === null ? '.debian' : ''}.tar.xz`,
    xzCompress(tarBytes(inside, { prefix: '' }), { signal }),
    store,
  );
  const files: HashedFile[] = [...(native === null ? origs : []), written];
  const text = formatDsc({
    fields: { Format: packaging.format, ...sourceFields(packaging, version) },
    files,
  });
  const dsc = await putHashed(`${stem}.dsc`, Buffer.from(text), store);
  return {
    package: packaging.top.source,
    version,
    dsc: dsc.name,
    stanza: sourcesStanza(parseDsc(text, dsc.name), dsc, {
      Priority: packaging.source.get('Priority') ?? packaging.binaries[0]?.get('Priority') ?? 'optional',
      Section: packaging.source.get('Section') ?? packaging.binaries[0]?.get('Section') ?? 'misc',
    }),
    files: [dsc, ...files].map(({ name, size, sha256 }) => ({ name, size, sha256 })),
  };
}

function dscOf(pin: AptSourcePin): StoredFile {
  const file = pin.files.find(({ name }) => name === pin.dsc);
  if (file === undefined) throw new TypeError(`the pin of ${pin.component} has no file ${pin.dsc}`);
  return file;
}

/**
 * The version without Lockstep's suffix. A tracked tree has a new version long before someone adds it to the changelog.
 * So this takes the tree's version, with the epoch that machines know.
 */
function baseVersion(from: AptSourcePin | TrackedSource, { top }: Packaging): string {
  if (!('orig' in from)) return top.version;
  const upstream = debianVersionOf(from.pin.upstreamVersion);
  if (upstreamOf(top.version) === upstream) return top.version;
  return formatVersion({ epoch: parseVersion(top.version).epoch, upstream, revision: '1' });
}

/** The packaging must belong to this source and this upstream version, and have a format that Lockstep can write. */
function assertFits(from: AptSourcePin | TrackedSource, packaging: Packaging): void {
  const { top, format, from: place } = packaging;
  const { component } = 'orig' in from ? from.pin : from;
  const isNative = !('orig' in from) && nativeTarball(from) !== null;
  const faults: string[] = [];
  if ('orig' in from) {
    const version = baseVersion(from, packaging);
    if (compareVersions(version, top.version) < 0) {
      faults.push(
        `its newest changelog entry is ${top.version}, which is higher than ${version}, the version of the fetched source: remove that entry, or add one with a higher epoch`,
      );
    }
  } else {
    if (top.source !== from.package)
      faults.push(`it names ${top.source}, but the source package is ${from.package}`);
    if (upstreamOf(top.version) !== upstreamOf(from.version)) {
      faults.push(
        `its newest changelog entry is ${top.version}, but the source is ${upstreamOf(from.version)}: add an entry for that version`,
      );
    }
  }
  const wanted = isNative ? '3.0 (native)' : '3.0 (quilt)';
  if (format !== wanted)
    faults.push(`debian/source/format is "${format}"; for this source it must be "${wanted}"`);
  if (isNative && top.version.includes('-') && !upstreamOf(top.version).includes('-'))
    faults.push(`the version ${top.version} has a revision, which a native package cannot have`);
  if (faults.length === 0) return;
  throw new LockstepError('BUILD_PACKAGING', {
    message: `The packaging of ${component} (${place}) does not match its source: ${faults.join('; ')}`,
    where: faults.map((message) => ({ file: place, message })),
  });
}

/** Upstream's tarballs and their signatures, unchanged from the distribution. */
async function origFiles(pin: AptSourcePin, store: ContentStore): Promise<HashedFile[]> {
  const upstream = parseDsc((await store.read(dscOf(pin).sha256)).toString('utf8'), pin.dsc);
  const listed = (field: string): Map<string, string> =>
    new Map(
      upstream.stanza.lines(field).map((line) => {
        const [hash, , name] = line.split(/\s+/);
        return [name ?? '', hash ?? ''];
      }),
    );
  const [md5s, sha1s] = [listed('Files'), listed('Checksums-Sha1')];
  const files = pin.files.filter(({ name }) => /\.orig(-[A-Za-z0-9-]+)?\.tar\.[a-z0-9]+(\.asc)?$/.test(name));
  const hashed: HashedFile[] = [];
  for (const file of files) {
    const [md5, sha1] = [md5s.get(file.name), sha1s.get(file.name)];
    const listedHere = md5 !== undefined && sha1 !== undefined;
    hashed.push({ ...file, ...(listedHere ? { md5, sha1 } : await weakHashes(file.sha256, store)) });
  }
  return hashed.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function debianMembers(packaging: Packaging, changelog: string, mtime: number): TarInput[] {
  return packaging.entries.map((entry): TarInput => {
    const { path } = entry;
    switch (entry.kind) {
      case 'dir':
        return { kind: 'dir', path, mode: 0o755, mtime };
      case 'symlink':
        return { kind: 'symlink', path, linkTarget: entry.target, mtime };
      case 'file': {
        const body = path === 'debian/changelog' ? Buffer.from(changelog) : entry.content;
        // dpkg-source makes rules executable in any case
        const mode = entry.isExecutable || path === 'debian/rules' ? 0o755 : 0o644;
        return { kind: 'file', path, mode, mtime, body };
      }
    }
  });
}

/** The members of a native source package's tarball, with Lockstep's debian/ in place of the package's debian/. */
async function* nativeMembers(
  { name, sha256 }: StoredFile,
  debian: readonly TarInput[],
  latest: number,
  store: ContentStore,
  signal: AbortSignal | undefined,
): AsyncGenerator<TarInput> {
  const bytes = decompressByName(name, store.open(sha256), { signal });
  let top = '';
  for await (const { header, body } of readTar(bytes, name)) {
    const path = header.path;
    const [first = '', second = ''] = path.split('/');
    if (path === '') continue;
    top ||= first;
    if (first !== top) {
      throw unusable(name, `${name} has more than one folder at its top (${top}, ${first})`);
    }
    if (second === 'debian') continue;
    const mtime = Math.min(header.mtime, latest);
    if (header.kind === 'file')
      yield { kind: 'file', path, mode: header.mode & 0o755, mtime, size: header.size, body };
    else if (header.kind === 'dir') yield { kind: 'dir', path, mode: 0o755, mtime };
    else if (header.kind === 'symlink')
      yield { kind: 'symlink', path, linkTarget: header.linkTarget ?? '', mtime };
    else {
      const what = `${JSON.stringify(path)} is a ${header.kind}`;
      throw unusable(name, `${name}: ${what}, which a source package cannot contain`);
    }
  }
  for (const member of debian) yield { ...member, path: `${top}/${member.path}` };
}

function unusable(file: string, message: string): LockstepError {
  return new LockstepError('DEB_ARCHIVE', { message, where: [{ file }] });
}
