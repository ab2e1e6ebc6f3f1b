/**
 * The files in /usr/share/doc of every package: the changelog, and a copyright file if its template has none.
 * Pure except for compression.
 */
import { formatChangelogEntry } from '../deb/changelog.js';
import { collect } from '../deb/bytes.js';
import { gzip } from '../io/compress.js';

export interface ChangelogSpec {
  source: string;
  version: string;
  distribution: string;
  lines: readonly string[];
  maintainer: string;
  /** Seconds. */
  date: number;
}

/** changelog.gz of a native package (Policy 12.7), compressed as `gzip -9n` does. */
export async function changelogGz(spec: ChangelogSpec): Promise<Uint8Array> {
  return collect(gzip(formatChangelogEntry(spec.source, spec)));
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
