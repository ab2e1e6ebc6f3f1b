/**
 * Where a file lies in the pool, by the layout of Debian's own archive. Pure
 * names; it never looks at a disk.
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
