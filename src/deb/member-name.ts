/**
 * Names that come from outside: archive members, files listed in a .dsc or a Release, package names. This
 * module decides which are safe to use below a folder. It never resolves anything on a disk.
 */
import { LockstepError } from '../errors.js';

/** Whether `name` is a Debian package name (Policy 5.6.1): two characters or more, a letter or digit first. */
export function isPackageName(name: string): boolean {
  return /^[a-z0-9][a-z0-9+.-]+$/.test(name);
}

/** Whether `name` is an architecture (dpkg-architecture(1)), a wildcard (`linux-any`) or a negated one (`!i386`). */
export function isArchitectureName(name: string): boolean {
  return /^!?[a-z0-9][a-z0-9-]*$/.test(name);
}

/** Control characters of ASCII, DEL and the C1 block: none belongs in a name or a line that names one. */
function hasControlCharacter(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}

/** Why a member name is not safe, or null. `.` and `./x/` are safe: tar archives of packages are full of them. */
export function memberNameFault(path: string): string | null {
  const fault = linkTargetFault(path);
  if (fault !== null) return fault;
  if (path.startsWith('/')) return 'is absolute';
  return path.split('/').includes('..') ? 'leads out of its folder' : null;
}

/** Why a link target is not safe to write down, or null. It may be absolute or climb: packages have such symlinks. */
export function linkTargetFault(target: string): string | null {
  if (target === '') return 'is empty';
  if (hasControlCharacter(target)) return 'contains control characters';
  // U+FFFD is what bytes that are not UTF-8 decode to: two such names could fall together.
  if (target.includes('\uFFFD')) return 'is not UTF-8';
  return Buffer.byteLength(target) > 4096 ? 'is longer than 4096 bytes' : null;
}

/** The path without `./` and slashes at its ends: `./usr/share/` -> `usr/share`, `./` -> ``. */
export function memberPath(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

/** How a hostile name is shown to a person: quoted, escaped, and not endless. */
export function shownName(name: string): string {
  const shown = JSON.stringify(name).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return shown.length > 160 ? `${shown.slice(0, 157)}..."` : shown;
}

/**
 * Refuses a member name that is absolute, climbs with `..`, has control
 * characters (NUL and newline among them) or is not UTF-8.
 * @throws LockstepError DEB_UNSAFE_NAME
 */
export function assertSafeMember(path: string, file?: string): void {
  const fault = memberNameFault(path);
  if (fault !== null) refuseName('member name', path, fault, file);
}

/**
 * Refuses a name that is not a plain file name: no slash, no leading dot, only the characters of Debian's own
 * file names.
 * @throws LockstepError DEB_UNSAFE_NAME
 */
export function assertSafeFileName(name: string, file?: string): void {
  const fault =
    memberNameFault(name) ?? (/^[A-Za-z0-9][A-Za-z0-9+.~_:%-]*$/.test(name) ? null : 'is not a file name');
  if (fault !== null) refuseName('file name', name, fault, file);
}

/**
 * Refuses a symlink whose target is absolute or leads out of the tree that
 * `path` is in. For trees that are unpacked on this machine; a package may
 * carry absolute links, as dpkg unpacks them at the root.
 * @throws LockstepError DEB_UNSAFE_NAME
 */
export function assertLinkStaysInside(path: string, target: string, file?: string): void {
  let fault = linkTargetFault(target);
  if (fault === null && target.startsWith('/')) fault = 'is absolute';
  if (fault === null) {
    let depth = memberPath(path).split('/').length - 1;
    for (const part of memberPath(target).split('/')) {
      depth += part === '..' ? -1 : 1;
      if (depth < 0) fault = 'leads out of its tree';
    }
  }
  if (fault !== null) refuseName(`target of the link ${shownName(path)}:`, target, fault, file);
}

function refuseName(what: string, name: string, fault: string, file: string | undefined): never {
  throw new LockstepError('DEB_UNSAFE_NAME', {
    message: `${what} ${shownName(name)} ${fault}`,
    hint: 'Do not use this file. Inform its publisher',
    where: [{ file, value: shownName(name) }],
  });
}
