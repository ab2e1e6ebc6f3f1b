/**
 * Converts the address of a repository, as a profile or a .gitmodules has it, to an address for git or to a folder. It
 * does not access the repository.
 */
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { refusedSubmodule } from './gitmodules.js';

/** A repository on a server. */
export interface RemoteAddress {
  kind: 'remote';
  protocol: 'https' | 'http' | 'ssh';
  /** In git's form: `https://host/path`, `ssh://user@host/path`, `user@host:path`. It contains no password. */
  url: string;
  /** Includes the port. */
  host: string;
}

/** Where a repository is: on a server or in a folder. */
export type Address =
  | RemoteAddress
  /** `path` is absolute. */
  | { kind: 'folder'; path: string };

/** `user@host:path`, as in scp(1). */
const scpSpec = /^(\w[\w.-]*@([A-Za-z0-9][A-Za-z0-9.-]*):)(.+)$/;

/**
 * @param written as in a profile (see gitAddress in src/profile/names.ts), or from {@link submoduleAddress}
 * @param workspaceRoot the folder that a path is relative to
 */
export function addressOf(written: string, workspaceRoot = process.cwd()): Address {
  const url = written.replace(/(?<=[^/])\/+$/, '');
  const protocol = /^(https?|ssh):\/\//i.exec(written)?.[1]?.toLowerCase();
  if (protocol !== undefined) {
    return { kind: 'remote', protocol: protocol as RemoteAddress['protocol'], url, host: new URL(url).host };
  }
  const host = scpSpec.exec(written)?.[2];
  if (host !== undefined) return { kind: 'remote', protocol: 'ssh', url, host };
  const path = /^file:\/\//i.test(written) ? fileURLToPath(written) : written;
  return { kind: 'folder', path: posix.resolve(workspaceRoot, path) };
}

/**
 * The address of a submodule. An address that begins with `./` or `../` is relative to the surrounding repository, as
 * to a folder (gitmodules(5)), and stays on its host.
 * @param parent the surrounding repository's address, as written
 * @throws LockstepError SOURCE_SUBMODULE when it climbs above the host or the root folder
 */
export function submoduleAddress(parent: string, url: string, file: string): string {
  if (!/^\.\.?\//.test(url)) return url;
  const climbs = refusedSubmodule(file, `the address ${JSON.stringify(url)} climbs above ${hostOf(parent)}`);
  const head = /^((?:https?|ssh):\/\/[^/]+|file:\/\/)(\/.*)$/i.exec(parent) ?? scpSpec.exec(parent);
  const base = (head?.at(-1) ?? parent).replace(/\/+$/, '');
  // Checks each step of the path, not only its end: `../../x/y` is wrong even if its end would be valid
  let depth = base.split('/').filter((part) => part !== '' && part !== '.').length;
  for (const part of url.split('/')) {
    if (part !== '' && part !== '.') depth += part === '..' ? -1 : 1;
    if (depth < 0 && (head !== null || base.startsWith('/'))) throw climbs;
  }
  const path = posix.join(base, url).replace(/\/+$/, '');
  if (head !== null) return `${head[1]}${path}`;
  // posix.join removes the "./", without which addressOf() takes the path for a name
  return path.startsWith('/') || path.startsWith('../') ? path : `./${path}`;
}

function hostOf(parent: string): string {
  const host = scpSpec.exec(parent)?.[2] ?? (URL.canParse(parent) ? new URL(parent).host : '');
  return host === '' ? 'its root' : host;
}
