/**
 * The configuration of an apt that knows nothing of this machine: every path that it would take from /etc/apt or /var
 * points into one folder (apt.conf(5), "Directories"). Such an apt needs no root.
 */
import { join } from 'node:path';
import { run } from '../../io/process.js';

/**
 * @param folder absolute path; its `sources.list`, `preferences`, `lists/` and `status` are apt's
 * @param architectures the machine's own first
 */
export function isolatedApt(folder: string, architectures: readonly string[]): string {
  const quote = (path: string): string => `"${path.replaceAll('"', '')}"`;
  return [
    `Dir ${quote(`${folder}/`)};`,
    `Dir::Etc ${quote(folder)};`,
    'Dir::Etc::parts "/dev/null";',
    'Dir::Etc::main "/dev/null";',
    `Dir::Etc::sourcelist ${quote(join(folder, 'sources.list'))};`,
    'Dir::Etc::sourceparts "/dev/null";',
    `Dir::Etc::preferences ${quote(join(folder, 'preferences'))};`,
    'Dir::Etc::preferencesparts "/dev/null";',
    'Dir::Etc::trusted "/dev/null";',
    'Dir::Etc::trustedparts "/dev/null";',
    'Dir::Etc::netrc "/dev/null";',
    'Dir::Etc::netrcparts "/dev/null";',
    `Dir::State ${quote(folder)};`,
    `Dir::State::lists ${quote(join(folder, 'lists'))};`,
    `Dir::State::status ${quote(join(folder, 'status'))};`,
    `Dir::State::extended_states ${quote(join(folder, 'extended_states'))};`,
    `Dir::Cache ${quote(folder)};`,
    `Dir::Cache::archives ${quote(join(folder, 'archives'))};`,
    // It has little to read, and nobody to keep it for
    'Dir::Cache::srcpkgcache "";',
    'Dir::Cache::pkgcache "";',
    `Dir::Log ${quote(folder)};`,
    `APT::Architecture "${architectures[0]}";`,
    `APT::Architectures { ${architectures.map((name) => `"${name}"; `).join('')}};`,
    'APT::Sandbox::User "";',
    'APT::Install-Recommends "true";',
    // Debian 12's only solver, and one that Debian 13's apt has: its words are the ones that are read here
    'APT::Solver "internal";',
    'Acquire::Languages "none";',
    'Debug::NoLocking "true";',
    '',
  ].join('\n');
}

/** The name of the list in `lists/` by which apt finds the Packages of the address in {@link isolatedSources}. */
export const isolatedList = 'lists/_lockstep_base_._Packages';

/** Nothing is fetched: apt finds the list under this address's name. */
export const isolatedSources = 'deb [trusted=yes] file:/lockstep/base ./\n';

/** The version of this machine's apt: `2.6.1`. @throws LockstepError TOOL_MISSING */
export async function aptVersionHere(signal: AbortSignal | undefined): Promise<string> {
  const env = { LC_ALL: 'C', APT_CONFIG: '/dev/null' };
  const { stdout } = await run('apt-get', ['--version'], { env, signal });
  return /^apt (\S+)/.exec(stdout)?.[1] ?? 'of an unknown version';
}
