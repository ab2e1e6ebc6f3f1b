/**
 * Reads git's configuration for a commit: its author, and whether to sign it. If git is installed, it is
 * asked, because its settings are in several files of the machine, the user and the repository, with
 * conditions. Otherwise only the repository's own file is used.
 */
import { promises as fs } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type * as gitModule from 'isomorphic-git';
import { notThere } from './disk-fault.js';
import { run, session } from './process.js';
import { which } from './tools.js';

/** Lower-case names of settings, as git prints them. */
const names = [
  'user.name',
  'user.email',
  'user.signingkey',
  'commit.gpgsign',
  'gpg.format',
  'gpg.program',
  'gpg.openpgp.program',
  'core.hookspath',
  'extensions.objectformat',
  'extensions.refstorage',
] as const;

type Name = (typeof names)[number];

/** Those that are set. */
export type GitSettings = Partial<Record<Name, string>>;

/** @param dir the folder that holds `.git` */
export async function gitSettings(
  git: Pick<typeof gitModule, 'getConfig'>,
  dir: string,
): Promise<GitSettings> {
  const settings: GitSettings = (await which('git')) === undefined ? {} : await asGitSaysIt(dir);
  for (const name of names) {
    const own: unknown = await git.getConfig({ fs, dir, path: name });
    // Git ignores the file of a repository that belongs to another user
    if (typeof own === 'string' || typeof own === 'boolean' || typeof own === 'number')
      settings[name] ??= String(own);
  }
  return settings;
}

async function asGitSaysIt(dir: string): Promise<GitSettings> {
  const wanted = `^(${names.map((name) => name.replaceAll('.', '\\.')).join('|')})$`;
  const { stdout } = await run('git', ['-C', dir, 'config', '--null', '--get-regexp', wanted], {
    allowFailure: true,
    inherit: session,
  });
  const settings: GitSettings = {};
  for (const entry of stdout.split('\0')) {
    const end = entry.indexOf('\n');
    const name = (end < 0 ? entry : entry.slice(0, end)) as Name;
    // A name alone is short for true (git-config(1)); of several the last one counts
    if (names.includes(name)) settings[name] = end < 0 ? 'true' : entry.slice(end + 1);
  }
  return settings;
}

/** Whether a setting stands for true (git-config(1), "bool"). */
export function isTrue(value: string | undefined): boolean {
  return value !== undefined && /^(?:true|yes|on|[1-9][0-9]*)$/i.test(value);
}

/** Hooks that git would run for a commit and Lockstep does not, by name; sorted. */
export async function commitHooks(git: Pick<typeof gitModule, 'getConfig'>, dir: string): Promise<string[]> {
  const { 'core.hookspath': set } = await gitSettings(git, dir);
  const folder = set === undefined ? join(dir, '.git/hooks') : isAbsolute(set) ? set : join(dir, set);
  const there = await readdir(folder).catch(notThere<string[]>([]));
  const found: string[] = [];
  for (const name of ['commit-msg', 'post-commit', 'pre-commit', 'prepare-commit-msg']) {
    if (!there.includes(name)) continue;
    const { mode } = await stat(join(folder, name));
    // Git ignores a hook that is not executable (githooks(5))
    if ((mode & 0o111) !== 0) found.push(name);
  }
  return found;
}
