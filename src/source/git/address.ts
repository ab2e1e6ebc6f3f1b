/**
 * Where a repository is: what a profile or a .gitmodules writes, made into a
 * web address or a folder. Nothing is looked at.
 */
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { refusedSubmodule } from './gitmodules.js';

/** A repository's place. */
export type Address =
  | { kind: 'web'; url: string }
  /** `path` is absolute. */
  | { kind: 'folder'; path: string };

/**
 * @param written as in a profile (see gitAddress in src/profile/names.ts), or by {@link submoduleAddress}
 * @param workspaceRoot what a path is relative to
 */
export function addressOf(written: string, workspaceRoot: string): Address {
  if (/^https?:\/\//i.test(written)) return { kind: 'web', url: written.replace(/\/+$/, '') };
  const path = /^file:\/\//i.test(written) ? fileURLToPath(written) : written;
  return { kind: 'folder', path: posix.resolve(workspaceRoot, path) };
}

/**
 * The address of a submodule. One that begins with `./` or `../` is relative to the repository around it, as
 * if that were a folder (gitmodules(5)), and stays on its host.
 * @param parent the surrounding repository's address, as written
 * @throws LockstepError SOURCE_SUBMODULE when it climbs above the host or the folder of the machine
 */
export function submoduleAddress(parent: string, url: string, file: string): string {
  if (!/^\.\.?\//.test(url)) return url;
  const climbs = refusedSubmodule(file, `the address ${JSON.stringify(url)} climbs above ${hostOf(parent)}`);
  const head = /^(https?:\/\/[^/]+|file:\/\/)(\/.*)$/i.exec(parent);
  const base = (head === null ? parent : head[2]!).replace(/\/+$/, '');
  // Held against the whole way, not its end alone: `../../x/y` is as wrong as what it would lead to
  let depth = base.split('/').filter((part) => part !== '' && part !== '.').length;
  for (const part of url.split('/')) {
    if (part !== '' && part !== '.') depth += part === '..' ? -1 : 1;
    if (depth < 0 && (head !== null || base.startsWith('/'))) throw climbs;
  }
  const path = posix.join(base, url).replace(/\/+$/, '');
  if (head !== null) return `${head[1]}${path}`;
  // posix.join drops the "./" by which a path is told from a name
  return path.startsWith('/') || path.startsWith('../') ? path : `./${path}`;
}

function hostOf(parent: string): string {
  return URL.canParse(parent) && new URL(parent).host !== '' ? new URL(parent).host : 'its root';
}
