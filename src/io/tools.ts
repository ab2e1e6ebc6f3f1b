/**
 * Which programs are there, and which Debian package brings one that is not.
 * Must not run anything.
 */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { LockstepError } from '../errors.js';

/** Programs and the Debian packages they are in (Debian 12 and 13). */
export const debianPackages: Readonly<Record<string, string>> = {
  'apt-get': 'apt',
  bzip2: 'bzip2',
  'dpkg-architecture': 'dpkg-dev',
  'dpkg-buildpackage': 'dpkg-dev',
  'dpkg-deb': 'dpkg',
  'dpkg-query': 'dpkg',
  'dpkg-source': 'dpkg-dev',
  fakeroot: 'fakeroot',
  git: 'git',
  gpg: 'gnupg',
  gpgv: 'gpgv',
  lintian: 'lintian',
  mmdebstrap: 'mmdebstrap',
  newuidmap: 'uidmap',
  sqv: 'sqv',
  'systemd-nspawn': 'systemd-container',
  tar: 'tar',
  unshare: 'util-linux',
  xz: 'xz-utils',
  zstd: 'zstd',
};

/** The full path of a program, or undefined. `path` is the search path, by default this process's `PATH`. */
export async function which(name: string, path = process.env['PATH'] ?? ''): Promise<string | undefined> {
  if (name.includes('/')) return (await isExecutable(name)) ? name : undefined;
  for (const folder of path.split(delimiter)) {
    if (folder !== '' && (await isExecutable(join(folder, name)))) return join(folder, name);
  }
  return undefined;
}

/** Which of these programs are not there; for a check before long work. */
export async function missingTools(names: readonly string[], path?: string): Promise<string[]> {
  const found = await Promise.all(names.map((name) => which(name, path)));
  return names.filter((_, index) => found[index] === undefined);
}

/** The fault that one program, or several, are not installed; says how to install them. */
export function toolMissing(
  names: string | readonly string[],
  debianPackage?: string,
  cause?: unknown,
): LockstepError {
  const list = typeof names === 'string' ? [names] : names;
  const packages = [...new Set(list.map((name) => debianPackage ?? debianPackages[name] ?? name))].sort();
  const what = list.length === 1 ? `The program ${list[0]} is` : `The programs ${list.join(', ')} are`;
  return new LockstepError('TOOL_MISSING', {
    message: `${what} not installed`,
    hint: `On Debian: apt-get install ${packages.join(' ')}`,
    cause,
  });
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
