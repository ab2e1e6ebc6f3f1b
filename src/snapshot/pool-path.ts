/**
 * The path of a file in the pool, in the layout of Debian's own archive. Pure; it never accesses a disk.
 */
import { assertSafeFileName, isPackageName, shownName } from '../deb/member-name.js';
import { withoutEpoch } from '../deb/version.js';
import { LockstepError } from '../errors.js';

/** `pool/main/m/mediawiki`; libraries have a longer prefix: `pool/main/libv/libvarnish`. */
export function poolDirectory(area: string, source: string): string {
  if (!isPackageName(source)) {
    throw new LockstepError('DEB_UNSAFE_NAME', {
      message: `${shownName(source)} is not the name of a source package`,
      where: [{ value: shownName(source) }],
    });
  }
  const prefix = source.startsWith('lib') && source.length > 3 ? source.slice(0, 4) : source.slice(0, 1);
  return `pool/${area}/${prefix}/${source}`;
}

/** The path of a file of that source package. DEB_UNSAFE_NAME. */
export function poolPath(area: string, source: string, fileName: string): string {
  assertSafeFileName(fileName);
  return `${poolDirectory(area, source)}/${fileName}`;
}

/** `mediawiki_1.39.17-1_all.deb`: the version without its epoch (Policy 5.6.12). */
export function debFileName(name: string, version: string, architecture: string): string {
  return `${name}_${withoutEpoch(version)}_${architecture}.deb`;
}

const changelogEnding = '_changelog';

/** Where apt looks for a changelog, given the address of the pool (sources.list(5), Changelogs of a Release). */
export const changelogTemplate = `@CHANGEPATH@${changelogEnding}`;

/** Some room is left for temporary names in a file system's 255 bytes. */
const longestChangelogName = 200;

/**
 * Whether a file of the pool is a changelog. Two snapshots may have made two of one version, out of packages that
 * differ: the first one stays, since nobody's machine depends on its bytes.
 */
export function isChangelog(path: string): boolean {
  return path.endsWith(changelogEnding);
}

/** `pool/main/m/mediawiki/mediawiki_1.39.17-1_changelog`; undefined where that is too long for a name. */
export function changelogPath(of: {
  source: string;
  sourceVersion: string;
  area: string;
}): string | undefined {
  const name = `${of.source}_${withoutEpoch(of.sourceVersion)}${changelogEnding}`;
  return name.length > longestChangelogName ? undefined : poolPath(of.area, of.source, name);
}
