/**
 * `<suite>.sources`: what a person puts into /etc/apt/sources.list.d to follow
 * a suite, the key and all (sources.list(5), deb822 style). Pure.
 */
import { formatStanza } from '../deb/deb822.js';

/** What the file says. */
export interface SourcesFile {
  /** Where `public/` is reachable, without a trailing slash. */
  baseUrl: string;
  suite: string;
  areas: readonly string[];
  architectures: readonly string[];
  /** The archive's public key, armored. */
  key: string;
}

/** The text of the file. apt reads a key inside since 2.3.10, so also on Debian 12. */
export function sourcesFileText(file: SourcesFile): string {
  return formatStanza({
    Types: 'deb',
    URIs: `${file.baseUrl}/debian`,
    Suites: file.suite,
    Components: file.areas.join(' '),
    // Without it, apt complains on a machine with a second architecture.
    Architectures: file.architectures.join(' '),
    'Signed-By': `\n${file.key.trim()}`,
  });
}
