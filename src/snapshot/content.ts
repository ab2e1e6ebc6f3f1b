/**
 * Converts builds and pins to the content of a snapshot: entries of packages and sources, and the hash that
 * identifies the set. Pure.
 */
import { createHash } from 'node:crypto';
import { binaryStanza, indexParagraph, type BinaryStanza } from '../deb/binary-stanza.js';
import { parseStanza } from '../deb/deb822.js';
import { oneNewline, onlyFields, withoutFields } from '../deb/paragraph-text.js';
import type { Stanza } from '../deb/stanza.js';
import type { BuiltPackage, BuiltSource } from '../build/built.js';
import type { AptBinaryPackage, Provenance } from '../source/pin.js';
import { canonicalLine } from '../io/canonical-json.js';
import { byText } from '../io/keyed.js';
import type { SnapshotManifest, SnapshotPackage, SnapshotSource } from './manifest.js';
import { debFileName, poolDirectory, poolPath } from './pool-path.js';

/** Fields that Debian's index shortens: it has the first line of the description and the hash of the whole. */
const descriptionFields = new Set(['description', 'description-md5']);

/** The part of an entry that depends on where the package belongs. */
export interface Belonging {
  component: string;
  /** Archive area of entries without an explicit area: `main`. */
  area: string;
}

/** The area that a section names, `contrib` of `contrib/net`, or the archive's own (Debian policy, 2.4). */
function areaOfSection(section: string, own: string): string {
  const [, area = own] = /^([a-z0-9][a-z0-9-]*)\/[^/]+$/.exec(section.trim()) ?? [];
  return area === 'main' ? own : area;
}

/**
 * The entry of a package that Lockstep built.
 *
 * @throws LockstepError DEB_SYNTAX when apt or dpkg would not read its control text, DEB_UNSAFE_NAME
 */
export function packageEntry(built: BuiltPackage, belonging: Belonging): SnapshotPackage {
  return entry(built, binaryStanza(built.control, built.file.name), belonging);
}

/** The entry of a package whose paragraph was judged already. @throws LockstepError DEB_UNSAFE_NAME */
export function judgedEntry(
  { stanza, file }: { stanza: BinaryStanza; file: BuiltPackage['file'] },
  belonging: Belonging,
): SnapshotPackage {
  return entry({ ...stanza, file }, stanza, belonging);
}

/**
 * The entry of an unchanged package from the base distribution.
 *
 * @param control the package's control paragraph: the index has only the first line of its description
 * @throws as {@link packageEntry}
 */
export function takenPackageEntry(
  taken: AptBinaryPackage,
  control: string,
  belonging: Belonging,
): SnapshotPackage {
  const description = onlyFields(control, new Set(['description']));
  const known =
    description === '' ? taken.stanza : withoutFields(taken.stanza, descriptionFields) + description;
  return entry(taken, binaryStanza(known, taken.file.name), belonging);
}

function entry(
  from: Omit<BuiltPackage, 'control'>,
  stanza: BinaryStanza,
  belonging: Belonging,
): SnapshotPackage {
  const area = areaOfSection(stanza.stanza.get('Section') ?? '', belonging.area);
  return {
    package: from.package,
    version: from.version,
    architecture: from.architecture,
    component: belonging.component,
    source: from.source,
    sourceVersion: from.sourceVersion,
    area,
    path: poolPath(area, from.source, debFileName(from.package, from.version, from.architecture)),
    size: from.file.size,
    sha256: from.file.sha256,
    stanza: indexParagraph(stanza),
  };
}

/**
 * The entry of a source package. It adds to the paragraph what apt requires there: the name as `Package`, and the
 * SHA-256 of every file.
 *
 * @param own area of entries without an explicit area
 * @throws LockstepError DEB_SYNTAX, DEB_UNSAFE_NAME
 */
export function sourceEntry(built: BuiltSource, own: string): SnapshotSource {
  const stanza = parseStanza(built.stanza, { file: `${built.package} ${built.version}: Sources` });
  const area = areaOfSource(stanza, own);
  const directory = poolDirectory(area, built.package);
  for (const file of built.files) poolPath(area, built.package, file.name);
  const lines = built.files.map(({ name, size, sha256 }) => `\n${sha256} ${size} ${name}`).join('');
  const changes: Record<string, string | undefined> = { Directory: undefined };
  // The name is in the field Source of a .dsc, and in the field Package of an index (Debian wiki, RepositoryFormat)
  if (!stanza.has('Package')) changes['Package'] = built.package;
  if (!stanza.has('Package')) changes['Source'] = undefined;
  if (!stanza.has('Checksums-Sha256')) changes['Checksums-Sha256'] = lines;
  return {
    package: built.package,
    version: built.version,
    area,
    directory,
    stanza: oneNewline(stanza.with(changes).text()),
    files: built.files.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
  };
}

/**
 * The area that the source's section names. Without a section, the common area of its packages (dsc(5), Package-List).
 */
function areaOfSource(stanza: Stanza, own: string): string {
  const section = stanza.get('Section');
  if (section !== undefined) return areaOfSection(section, own);
  const areas = new Set(
    stanza.lines('Package-List').flatMap((line) => areaOfSection(line.trim().split(/\s+/)[2] ?? '', own)),
  );
  const [area = own] = areas.size === 1 ? areas : [];
  return area;
}

/** The parsed paragraph of a package. @throws LockstepError DEB_SYNTAX */
export function stanzaOf({ package: name, version, stanza }: SnapshotPackage): Stanza {
  return parseStanza(stanza, { file: `${name} ${version}` });
}

/** The parts of a manifest that decide whether two sets differ. */
export type Comparable = Pick<SnapshotManifest, 'base' | 'components' | 'packages' | 'sources'>;

/**
 * SHA-256 of a set: its base, pins, builds, packages and sources in any order. Two sets with the same hash
 * are the same release. The hash includes skips, so that a set always records what it lacks. It excludes the
 * provenance of pins, because a mirror signs its Release again every day over the same packages.
 */
export function inputsOf(content: Comparable): string {
  const hash = createHash('sha256');
  const components = Object.fromEntries(
    Object.entries(content.components).map(([name, { pin, build, skipped }]) => [
      name,
      { pin: { ...pin, provenance: undefined as Provenance[] | undefined }, build, skipped },
    ]),
  );
  const base = { ...content.base, architectures: [...content.base.architectures].sort() };
  hash.update(canonicalLine({ base, components }));
  for (const entry of inLineOrder(content.packages)) hash.update(packageLine(entry));
  // The lines of sources sort after those of packages: "architecture" precedes "area"
  const lines = content.sources.map((item) => canonicalLine({ kind: 'source', ...item }));
  for (const line of lines.sort()) hash.update(line);
  return hash.digest('hex');
}

function packageLine(entry: SnapshotPackage): string {
  return canonicalLine({ kind: 'package', ...entry });
}

/**
 * Packages in the order of their lines. The lines are not all in memory: the part before the paragraph is short, and it
 * is nearly always enough to compare two packages.
 */
function inLineOrder(packages: readonly SnapshotPackage[]): SnapshotPackage[] {
  const heads = new Map(packages.map((entry) => [entry, headOfLine(entry)]));
  return packages.slice().sort((a, b) => {
    const [one, two] = [heads.get(a)!, heads.get(b)!];
    return byText(one, two) || byText(packageLine(a), packageLine(b));
  });
}

/** The part of a {@link packageLine} before its paragraph. */
function headOfLine(entry: SnapshotPackage): string {
  const { architecture, area, component, path, sha256, size, source, sourceVersion } = entry;
  const name = entry.package;
  const before = { architecture, area, component, kind: 'package', package: name, path, sha256, size };
  return JSON.stringify({ ...before, source, sourceVersion });
}
