/**
 * What Contents lists of a package. By itself, because threads that read
 * thousands of packages load nothing else of this room's.
 */
import type { TarHeader } from '../deb/tar.js';

/** Paths of files and links without a leading slash, sorted; folders are left out. */
export function contentsPaths(members: Iterable<Pick<TarHeader, 'kind' | 'path'>>): string[] {
  const paths: string[] = [];
  for (const { kind, path } of members) if (kind !== 'dir') paths.push(path);
  return paths.sort();
}
