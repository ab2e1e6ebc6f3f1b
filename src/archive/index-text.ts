/**
 * The text of Packages, Sources and Contents (Debian wiki, RepositoryFormat).
 * Paragraphs come from the manifests as they are; no .deb is opened for them.
 * Pure.
 */
import type { SnapshotPackage, SnapshotSource } from '../snapshot/manifest.js';

/** Pieces of about this many characters: large enough to hash and compress well, small enough to hold. */
const pieceLength = 512 * 1024;

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

/** A Packages file, in pieces. Only SHA-256 is given: apt takes the strongest and never needs the others. */
export function packagesText(packages: Iterable<SnapshotPackage>): Buffer[] {
  return inPieces(packages, ({ stanza, path, size, sha256 }) => {
    return `${stanza}Filename: ${path}\nSize: ${size}\nSHA256: ${sha256}\n\n`;
  });
}

/** A Sources file, in pieces. */
export function sourcesText(sources: Iterable<SnapshotSource>): Buffer[] {
  return inPieces(sources, ({ stanza, directory }) => `${stanza}Directory: ${directory}\n\n`);
}

/** What one package puts on a machine. */
export interface PackageFiles {
  package: string;
  /** `web`; undefined where the package names none. */
  section: string | undefined;
  /** Paths without a leading slash; folders are left out. */
  files: readonly string[];
}

/**
 * A Contents file: each path with the packages that have it, `usr/bin/x  web/mediawiki,net/other`. Several
 * versions of a package count once.
 */
export function contentsText(packages: Iterable<PackageFiles>): Buffer[] {
  // Most paths have one owner; a set for each of them would take twice the room.
  const owners = new Map<string, string | Set<string>>();
  for (const { package: name, section, files } of packages) {
    const location = section === undefined ? name : `${section}/${name}`;
    for (const path of files) {
      const before = owners.get(path);
      if (before === undefined) owners.set(path, location);
      else if (typeof before !== 'string') before.add(location);
      else if (before !== location) owners.set(path, new Set([before, location]));
    }
  }
  const paths = [...owners.keys()].sort();
  return inPieces(paths, (path) => {
    const location = owners.get(path)!;
    const sorted = typeof location === 'string' ? location : [...location].sort().join(',');
    return `${path.padEnd(60)} ${sorted}\n`;
  });
}

/** The Section of a paragraph, or undefined. */
export function sectionOf(stanza: string): string | undefined {
  return /^Section:[ \t]*(\S+)/im.exec(stanza)?.[1];
}

function inPieces<T>(items: Iterable<T>, textOf: (item: T) => string): Buffer[] {
  const pieces: Buffer[] = [];
  let text: string[] = [];
  let length = 0;
  const flush = (): void => {
    if (length > 0) pieces.push(Buffer.from(text.join(''), 'utf8'));
    text = [];
    length = 0;
  };
  for (const item of items) {
    const next = textOf(item);
    text.push(next);
    length += next.length;
    if (length >= pieceLength) flush();
  }
  flush();
  return pieces;
}
