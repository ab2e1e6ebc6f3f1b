/**
 * The files in /usr/share/doc of every package: the changelog, and a copyright file if its template has none.
 * Pure except for compression.
 */
import type { TreeEntry } from '../build/tree-package.js';
import { formatChangelogEntry, type NewChangelogEntry } from '../deb/changelog.js';
import { collect } from '../deb/bytes.js';
import { gzip } from '../io/compress.js';

export interface ChangelogSpec extends NewChangelogEntry {
  source: string;
}

/** A file that anybody may read. */
export function plainFile(path: string, content: Uint8Array): TreeEntry {
  return { kind: 'file', path, mode: 0o644, content };
}

/**
 * The changelog of a native package (Policy 12.7), compressed as `gzip -9n` does, and its copyright file.
 *
 * @param name of the package
 */
export async function docFiles(name: string, spec: ChangelogSpec, copyright: string): Promise<TreeEntry[]> {
  const changelog = await collect(gzip(formatChangelogEntry(spec.source, spec)));
  return [
    plainFile(`/usr/share/doc/${name}/changelog.gz`, changelog),
    plainFile(`/usr/share/doc/${name}/copyright`, Buffer.from(copyright)),
  ];
}

/** A machine-readable copyright file for what is generated from templates of this project. */
export function defaultCopyright(maintainer: string): string {
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: ${maintainer}
License: GPL-3.0-or-later

License: GPL-3.0-or-later
 This package is free software: you can redistribute it and/or modify it
 under the terms of the GNU General Public License as published by the Free
 Software Foundation, either version 3 of the License, or (at your option)
 any later version.
 .
 On Debian systems, the full text of the GNU General Public License version
 3 can be found in the file "/usr/share/common-licenses/GPL-3".
`;
}
