/**
 * Files that two packages bring: dpkg refuses to unpack one over the other,
 * unless a relation between them allows it. Pure; the lists of files come from
 * the packages and from the base's Contents.
 */
import type { Stanza } from '../../deb/deb822.js';
import { relationsOf, satisfies } from '../../deb/relation.js';
import { remembered } from '../../io/keyed.js';
import { stanzaOf } from '../../snapshot/content.js';
import type { SnapshotPackage } from '../../snapshot/manifest.js';

/** A package of a set with what it brings. */
export interface PackageFiles {
  entry: SnapshotPackage;
  /** Of files and links, without a leading slash. */
  paths: readonly string[];
}

/** A file that is in two packages. */
export interface Overlap {
  /** Without a leading slash, as the package of the set has it. */
  path: string;
  entry: SnapshotPackage;
  /** The other package and its version. */
  other: { package: string; version: string };
  /** For people: `of the set`, `of Debian 12`, `of 20261123T101530Z`. */
  whose: string;
}

const aliased = /^(?:bin|sbin|lib|lib32|lib64|libo32|libx32)\//;

/**
 * The path where the file really lies: since Debian 12 the folders of the root are links to those in /usr
 * (usrmerge), of which dpkg knows nothing.
 */
export function canonicalPath(path: string): string {
  return aliased.test(path) ? `usr/${path}` : path;
}

/** A package as its relations name it. */
interface Named {
  package: string;
  version: string;
  stanza: Stanza;
}

export function namedOf(entry: SnapshotPackage): Named {
  return { package: entry.package, version: entry.version, stanza: stanzaOf(entry) };
}

/**
 * Whether dpkg lets `one` take over files of `other` (Replaces, Policy 7.6.1), or the two are never installed
 * together (Conflicts, 7.4). Breaks alone does neither: the broken package stays unpacked.
 */
function covers(one: Named, other: Named): boolean {
  const provided = new Set(
    relationsOf(other.stanza, 'Provides').flatMap((group) => group.map((name) => name.package)),
  );
  return ['Replaces', 'Conflicts'].some((field) =>
    relationsOf(one.stanza, field)
      .flat()
      .some(
        (relation) =>
          (relation.package === other.package && satisfies(relation, other.version)) ||
          (field === 'Conflicts' && relation.constraint === null && provided.has(relation.package)),
      ),
  );
}

/** Whether a file may be in both, whichever is unpacked first. */
export function mayShare(one: Named, other: Named): boolean {
  return one.package === other.package || covers(one, other) || covers(other, one);
}

/** Files that two packages of a set bring, each pair and path once. */
export function overlapsWithin(packages: readonly PackageFiles[]): Overlap[] {
  const owners = new Map<string, PackageFiles>();
  const found: Overlap[] = [];
  const share = remembering(mayShare);
  for (const files of packages) {
    for (const path of files.paths) {
      const key = canonicalPath(path);
      const before = owners.get(key);
      if (before === undefined) owners.set(key, files);
      else if (before !== files && !share(before.entry, files.entry)) {
        const { package: name, version } = before.entry;
        found.push({ path, entry: files.entry, other: { package: name, version }, whose: 'of the set' });
      }
    }
  }
  return found;
}

/**
 * Files that moved from one package to another since an earlier set without Breaks and Replaces: dpkg may
 * unpack the new package while the old one still has the file.
 */
export function overlapsSince(
  packages: readonly PackageFiles[],
  before: readonly PackageFiles[],
  id: string,
): Overlap[] {
  const owners = new Map<string, SnapshotPackage>();
  for (const { entry, paths } of before) for (const path of paths) owners.set(canonicalPath(path), entry);
  const found: Overlap[] = [];
  const share = remembering(mayShare);
  for (const { entry, paths } of packages) {
    for (const path of paths) {
      const old = owners.get(canonicalPath(path));
      if (old === undefined || old.package === entry.package || share(entry, old)) continue;
      const { package: name, version } = old;
      found.push({ path, entry, other: { package: name, version }, whose: `of ${id}` });
    }
  }
  return found;
}

/** Thousands of paths are of a few pairs. */
function remembering(
  judge: (one: Named, other: Named) => boolean,
): (one: SnapshotPackage, other: SnapshotPackage) => boolean {
  const known = new Map<string, boolean>();
  const keyOf = ({ package: name, version }: SnapshotPackage): string => `${name} ${version}`;
  return (one, other) =>
    remembered(known, `${keyOf(one)} ${keyOf(other)}`, () => judge(namedOf(one), namedOf(other)));
}
