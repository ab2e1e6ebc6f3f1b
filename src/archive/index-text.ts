/**
 * The text of the indices, item by item: Packages, Sources and Contents (Debian wiki, RepositoryFormat), and
 * two that are not published: which pool files there are and which versions. Paragraphs come unchanged from
 * the manifests; no .deb is opened. It also merges the items of several snapshots. Pure.
 */
import { compareVersions } from '../deb/version.js';
import type { SnapshotPackage, SnapshotSource } from '../snapshot/manifest.js';
import { byText, remembered } from '../io/keyed.js';
import type { BlockItem } from './blocks.js';

/** A file of the pool; `path` is below the archive's `debian/`. */
export interface PoolFile {
  path: string;
  size: number;
  sha256: string;
}

/** A version of a package. */
export interface PackageVersion {
  package: string;
  version: string;
  architecture: string;
}

/** The packages of one area for one architecture; `all` belongs to each of them. */
export function packagesOf(
  packages: readonly SnapshotPackage[],
  area: string,
  architecture: string,
): SnapshotPackage[] {
  return packages.filter(
    (entry) => entry.area === area && (entry.architecture === architecture || entry.architecture === 'all'),
  );
}

/**
 * Items of a Packages file. Their paragraphs were judged, as their type says (src/deb/binary-stanza.ts). Only SHA-256 is
 * given: apt takes the strongest and never needs the others.
 */
export function packageItems(packages: readonly SnapshotPackage[]): Generator<BlockItem, void, undefined> {
  return grouped(packages.slice().sort(byPackage), ({ stanza, path, size, sha256 }) => {
    return `${stanza}Filename: ${path}\nSize: ${size}\nSHA256: ${sha256}\n\n`;
  });
}

/** Items of a Sources file. */
export function sourceItems(sources: readonly SnapshotSource[]): Generator<BlockItem, void, undefined> {
  return grouped(sources.slice().sort(bySource), ({ stanza, directory }) => {
    return `${stanza}Directory: ${directory}\n\n`;
  });
}

/** What one package puts on a machine. */
export interface PackageFiles {
  package: string;
  /** `web`; undefined where the package names none. */
  section: string | undefined;
  /** Paths without a leading slash; folders are left out. */
  files: readonly string[];
}

/** The owners of paths, gathered package by package. Several versions of a package count once. */
export class ContentsOwners {
  // Most paths have one owner; a set for each of them would take twice the room.
  readonly #owners = new Map<string, string | Set<string>>();

  add({ package: name, section, files }: PackageFiles): void {
    const location = section === undefined ? name : `${section}/${name}`;
    for (const path of files) {
      const before = this.#owners.get(path);
      if (before === undefined) this.#owners.set(path, location);
      else if (typeof before !== 'string') before.add(location);
      else if (before !== location) this.#owners.set(path, new Set([before, location]));
    }
  }

  /** Items of a Contents file: each path with the packages that have it, `usr/bin/x  web/mediawiki,net/other`. */
  *items(): Generator<BlockItem, void, undefined> {
    for (const path of [...this.#owners.keys()].sort()) {
      const location = this.#owners.get(path)!;
      yield contentsItem(path, typeof location === 'string' ? [location] : location);
    }
  }
}

function contentsItem(path: string, owners: Iterable<string>): BlockItem {
  return { key: path, text: `${path.padEnd(60)} ${[...owners].sort().join(',')}\n` };
}

/** Items by which pool files are found again: `<path> <size> <sha256>`. Paths of the pool have no blanks. */
export function* poolItems(files: Iterable<PoolFile>): Generator<BlockItem, void, undefined> {
  for (const { path, size, sha256 } of [...files].sort((a, b) => byText(a.path, b.path))) {
    yield { key: path, text: `${path} ${size} ${sha256}\n` };
  }
}

/** The files that a text of {@link poolItems} names. */
export function poolFilesOf(text: string): PoolFile[] {
  return linesOf(text).map((line) => {
    const [path = '', size = '', sha256 = ''] = line.split(' ');
    return { path, size: Number(size), sha256 };
  });
}

/** Items by which versions are compared: `<package> <version> <architecture>`. */
export function versionItems(packages: readonly PackageVersion[]): Generator<BlockItem, void, undefined> {
  const sorted = packages.slice().sort(byPackage);
  return grouped(sorted, (entry) => `${entry.package} ${entry.version} ${entry.architecture}\n`);
}

/** The versions that a text of {@link versionItems} names. */
export function versionsOf(text: string): PackageVersion[] {
  return linesOf(text).map((line) => {
    const [name = '', version = '', architecture = ''] = line.split(' ');
    return { package: name, version, architecture };
  });
}

/** The Section of a paragraph, or undefined. */
export function sectionOf(stanza: string): string | undefined {
  return /^Section:[ \t]*(\S+)/im.exec(stanza)?.[1];
}

/**
 * Several texts of Packages or Sources as one. Of two paragraphs with one name, version and architecture
 * the first one counts: a newer snapshot comes first, with its override of a section, say.
 */
export function mergedParagraphs(texts: readonly string[]): Generator<BlockItem, void, undefined> {
  const entries = new Map<string, PackageVersion & { text: string }>();
  for (const text of texts) {
    for (const paragraph of text.split(/(?<=\n)\n/)) {
      if (paragraph === '') continue;
      const entry = {
        package: fieldOf(paragraph, 'Package'),
        version: fieldOf(paragraph, 'Version'),
        architecture: fieldOf(paragraph, 'Architecture'),
        text: `${paragraph}\n`,
      };
      const key = `${entry.package} ${entry.version} ${entry.architecture}`;
      if (!entries.has(key)) entries.set(key, entry);
    }
  }
  return grouped([...entries.values()].sort(byPackage), ({ text }) => text);
}

/** Several texts of Contents as one. */
export function mergedContents(texts: readonly string[]): BlockItem[] {
  const owners = new Map<string, Set<string>>();
  for (const text of texts) {
    for (const line of linesOf(text)) {
      const blank = line.lastIndexOf(' ');
      const there = remembered(owners, line.slice(0, blank).trimEnd(), () => new Set());
      for (const location of line.slice(blank + 1).split(',')) there.add(location);
    }
  }
  return [...owners.keys()].sort().map((path) => contentsItem(path, owners.get(path)!));
}

/** The first line's value of a field. Cheaper than parsing: there may be 100,000. */
function fieldOf(paragraph: string, name: string): string {
  const start = paragraph.startsWith(`${name}:`) ? 0 : paragraph.indexOf(`\n${name}:`) + 1;
  if (start === 0 && !paragraph.startsWith(`${name}:`)) return '';
  return paragraph.slice(start + name.length + 1, paragraph.indexOf('\n', start)).trim();
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  lines.pop();
  return lines;
}

/** One item for all entries of a name, which stand together. Each is made when it is asked for. */
function* grouped<T extends { package: string }>(
  sorted: readonly T[],
  textOf: (entry: T) => string,
): Generator<BlockItem, void, undefined> {
  let open: BlockItem | undefined;
  for (const entry of sorted) {
    if (open?.key === entry.package) {
      open.text += textOf(entry);
    } else {
      if (open !== undefined) yield open;
      open = { key: entry.package, text: textOf(entry) };
    }
  }
  if (open !== undefined) yield open;
}

function byPackage(a: PackageVersion, b: PackageVersion): number {
  return (
    byText(a.package, b.package) ||
    compareVersions(a.version, b.version) ||
    byText(a.architecture, b.architecture)
  );
}

function bySource(a: SnapshotSource, b: SnapshotSource): number {
  return byText(a.package, b.package) || compareVersions(a.version, b.version);
}
