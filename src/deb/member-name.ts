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

declare const branded: unique symbol;

/**
 * The one form of a path that came from outside: parts with single slashes between them, none of them `.`, `..` or
 * empty, no slash at either end, no control characters, UTF-8. The root is the empty text. Only this module makes one.
 */
export type MemberName = string & { readonly [branded]: true };

/** The root of a tree: what archives call `./`. */
export const rootName = '' as MemberName;

/** Bytes; PATH_MAX of Linux without room for what dpkg adds to a name (`.dpkg-new`) and for a root before it. */
export const longestName = 3800;
/** Bytes of one part; NAME_MAX of Linux without `.dpkg-new`. */
export const longestPart = 246;

/**
 * Parses the name of a member: one leading `./` or `/` and one trailing `/` are taken off, and the rest must be a
 * `MemberName` already. Dpkg takes a name in the same way, but looks at its start only: `././root/x` is `/root/x` to it.
 * @throws LockstepError DEB_UNSAFE_NAME
 */
export function memberName(raw: string, file?: string): MemberName {
  const found = parsed(raw);
  if (typeof found === 'string') return found;
  return refuseName('member name', raw, found.fault, file);
}

/** As {@link memberName}; what is wrong with the name is returned, for who has another error for it. */
export function parseMemberName(raw: string): MemberName | { fault: string } {
  return parsed(raw);
}

/** Why a text is not the name of a member, or null. */
export function memberNameFault(raw: string): string | null {
  const found = parsed(raw);
  return typeof found === 'string' ? null : found.fault;
}

/** The folders that a member is in, the outermost first, without the root: `usr/share/x` -> `usr`, `usr/share`. */
export function foldersOf(name: MemberName): MemberName[] {
  const folders: MemberName[] = [];
  for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) {
    folders.push(name.slice(0, at) as MemberName);
  }
  return folders;
}

/** Why a path is not a `MemberName` as it stands, or null: for paths that must have no second form. */
export function pathFault(path: string): string | null {
  const found = parsed(path);
  if (typeof found !== 'string') return found.fault;
  if (found === path) return null;
  return path.startsWith('/') ? 'is absolute' : 'has a slash or "./" at an end';
}

/**
 * Takes a path that must be a `MemberName` as it stands.
 * @throws LockstepError DEB_UNSAFE_NAME
 */
export function pathOf(path: string, file?: string): MemberName {
  const fault = pathFault(path);
  return fault === null ? (path as MemberName) : refuseName('path', path, fault, file);
}

const slash = 0x2f;
const dot = 0x2e;

function parsed(raw: string): MemberName | { fault: string } {
  if (raw === '') return { fault: 'is empty' };
  let start = 0;
  if (raw.charCodeAt(0) === slash) start = 1;
  else if (raw.charCodeAt(0) === dot && raw.charCodeAt(1) === slash) start = 2;
  // Some writers call the root `.`
  else if (raw === '.') return rootName;
  const end = raw.length > start && raw.charCodeAt(raw.length - 1) === slash ? raw.length - 1 : raw.length;
  if (start === end) return raw === './/' || raw === '//' ? { fault: 'has an empty part' } : rootName;
  let part = start;
  let isPlain = true;
  for (let at = start; at <= end; at++) {
    const code = at === end ? slash : raw.charCodeAt(at);
    if (code === slash) {
      const length = at - part;
      if (length === 0) return { fault: 'has an empty part' };
      if (length <= 2 && raw.charCodeAt(part) === dot && raw.charCodeAt(at - 1) === dot)
        return { fault: length === 1 ? 'has a part that is "."' : 'leads out of its folder with ".."' };
      part = at + 1;
    } else if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return { fault: 'contains control characters' };
    else if (code >= 0x80) isPlain = false;
  }
  const name = start === 0 && end === raw.length ? raw : raw.slice(start, end);
  const fault = isPlain ? null : notUtf8(name);
  return fault === null ? (lengthFault(name) ?? (name as MemberName)) : { fault };
}

function lengthFault(name: string): { fault: string } | null {
  if (name.length <= longestPart / 3) return null;
  if (Buffer.byteLength(name) > longestName) return { fault: `is longer than ${longestName} bytes` };
  if (name.split('/').every((part) => Buffer.byteLength(part) <= longestPart)) return null;
  return { fault: `has a part that is longer than ${longestPart} bytes` };
}

/** U+FFFD is what bytes that are not UTF-8 decode to: two such names could fall together. */
function notUtf8(text: string): string | null {
  return text.includes('\uFFFD') ? 'is not UTF-8' : null;
}

/** Control characters of ASCII, DEL and the C1 block: none belongs in a name or a line that names one. */
function hasControlCharacter(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}

/** Why a link target is not safe to write down, or null. It may be absolute or climb: packages have such symlinks. */
export function linkTargetFault(target: string): string | null {
  if (target === '') return 'is empty';
  if (hasControlCharacter(target)) return 'contains control characters';
  return notUtf8(target) ?? (Buffer.byteLength(target) > 4095 ? 'is longer than 4095 bytes' : null);
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
 * Refuses a name that is not a plain file name: no slash, no leading dot, only the characters of Debian's own
 * file names.
 * @throws LockstepError DEB_UNSAFE_NAME
 */
export function assertSafeFileName(name: string, file?: string): void {
  const fault =
    pathFault(name) ?? (/^[A-Za-z0-9][A-Za-z0-9+.~_:%-]*$/.test(name) ? null : 'is not a file name');
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
    let depth = foldersOf(memberName(path, file)).length;
    for (const part of target.split('/')) {
      if (part === '' || part === '.') continue;
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
