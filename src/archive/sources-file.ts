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
  /** The archive's public keys, as one armored block. */
  key: string;
  /** The suites that keep the key up to date; none where the archive has no keyring package. */
  keyring: KeyringSuites;
}

/** What a machine follows for the key alone. */
export interface KeyringSuites {
  suites: readonly string[];
  area: string;
}

/** The text of the file. apt reads a key inside since 2.3.10, so also on Debian 12. */
export function sourcesFileText(file: SourcesFile): string {
  const key = `\n${file.key.trim()}`;
  const address = `${file.baseUrl}/debian`;
  // Without it, apt complains on a machine with a second architecture.
  const architectures = file.architectures.join(' ');
  const source = (suites: readonly string[], areas: readonly string[], more: object = {}): string =>
    formatStanza({
      Types: 'deb',
      URIs: address,
      Suites: suites.join(' '),
      Components: areas.join(' '),
      Architectures: architectures,
      ...more,
      'Signed-By': key,
    });
  const suite = source([file.suite], file.areas);
  const { suites, area } = file.keyring;
  // An old key is useless there (apt --snapshot)
  return suites.length === 0 ? suite : `${suite}\n${source(suites, [area], { Snapshot: 'no' })}`;
}
