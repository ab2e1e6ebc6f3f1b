/**
 * The members of a tar archive that is in memory, at once: for thousands of
 * small packages, where a stream for each costs ten times what it reads. It
 * knows the plain form that tar --format=gnu and dpkg-deb write and says
 * nothing of any other; tar.ts reads those, and names their faults. What both
 * read, both read alike.
 */
import { linkTargetFault, memberName, memberNameFault } from './member-name.js';
import type { TarHeader, TarKind } from './tar.js';

/** A member and its bytes, a view of the archive's bytes and not a copy. */
export interface QuickTarEntry {
  readonly header: TarHeader;
  readonly body: Buffer;
}

const block = 512;

const kinds: Readonly<Record<string, TarKind>> = {
  '0': 'file',
  '\0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char-device',
  '4': 'block-device',
  '5': 'dir',
  '6': 'fifo',
};

/** All members in their order, or undefined for an archive that is not plain, whole and safe. */
export function quickTar(tar: Buffer): QuickTarEntry[] | undefined {
  const entries: QuickTarEntry[] = [];
  let longName: string | undefined;
  let longLink: string | undefined;
  for (let at = 0; ;) {
    if (at + block > tar.length) return undefined;
    // The end: nothing may follow it, and no long name may be left without its member
    if (tar[at] === 0) {
      return longName === undefined && longLink === undefined && isZero(tar, at) ? entries : undefined;
    }
    const flag = String.fromCharCode(tar[at + 156]!);
    const size = octal(tar, at + 124, 12);
    if (size === undefined || !isSound(tar, at)) return undefined;
    const end = at + block + size;
    if (end > tar.length) return undefined;
    const body = tar.subarray(at + block, end);
    if (flag === 'L' || flag === 'K') {
      const text = longText(body);
      if (text === undefined) return undefined;
      if (flag === 'L') longName = text;
      else longLink = text;
    } else {
      const header = headerAt(tar, at, flag, size, longName, longLink);
      if (header === undefined) return undefined;
      entries.push({ header, body });
      longName = undefined;
      longLink = undefined;
    }
    at = end + ((block - (size % block)) % block);
  }
}

function headerAt(
  tar: Buffer,
  at: number,
  flag: string,
  size: number,
  longName: string | undefined,
  longLink: string | undefined,
): TarHeader | undefined {
  const kind = kinds[flag];
  const path = longName ?? text(tar, at, 100);
  const [mode, uid, gid] = [octal(tar, at + 100, 8), octal(tar, at + 108, 8), octal(tar, at + 116, 8)];
  const mtime = octal(tar, at + 136, 12);
  if (kind === undefined || mode === undefined || uid === undefined || gid === undefined) return undefined;
  if (mtime === undefined || (kind !== 'file' && size !== 0) || memberNameFault(path) !== null)
    return undefined;
  // The old format calls a folder a file whose name ends with a slash
  if (kind === 'file' && path.endsWith('/')) return undefined;
  let linkTarget: string | null = null;
  if (kind === 'symlink' || kind === 'hardlink') {
    linkTarget = longLink ?? text(tar, at + 157, 100);
    if (linkTargetFault(linkTarget) !== null) return undefined;
    if (kind === 'hardlink') {
      if (memberNameFault(linkTarget) !== null) return undefined;
      linkTarget = memberName(linkTarget);
    }
  } else if (longLink !== undefined) return undefined;
  const [uname, gname] = [text(tar, at + 265, 32), text(tar, at + 297, 32)];
  return {
    path: memberName(path),
    kind,
    mode: mode & 0o7777,
    size,
    linkTarget,
    mtime,
    uid,
    gid,
    uname,
    gname,
  };
}

/** Whether the header has its checksum, and no part that another format would put into the name. */
function isSound(tar: Buffer, at: number): boolean {
  let sum = 8 * 0x20;
  for (let index = at; index < at + 148; index++) sum += tar[index]!;
  for (let index = at + 156; index < at + block; index++) sum += tar[index]!;
  if (octal(tar, at + 148, 8) !== sum) return false;
  const magic = tar.toString('latin1', at + 257, at + 265);
  return magic === 'ustar  \0' || (magic === 'ustar\x0000' && tar[at + 345] === 0);
}

/**
 * A number in octal digits, with spaces before it and a space or NUL after it; an empty field is not a
 * number.
 */
function octal(tar: Buffer, at: number, length: number): number | undefined {
  let index = at;
  const end = at + length;
  while (index < end && tar[index] === 0x20) index++;
  const start = index;
  let value = 0;
  for (; index < end; index++) {
    const digit = tar[index]! - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  if (index === start) return undefined;
  return index === end || tar[index] === 0 || tar[index] === 0x20 ? value : undefined;
}

/** Up to the first NUL. */
function text(tar: Buffer, at: number, length: number): string {
  let end = at;
  while (end < at + length && tar[end] !== 0) end++;
  return tar.toString('utf8', at, end);
}

/** A long name: text, one NUL, nothing more. */
function longText(body: Buffer): string | undefined {
  const end = body.indexOf(0);
  return end > 0 && end === body.length - 1 ? body.toString('utf8', 0, end) : undefined;
}

/** GNU tar fills up to records of 20 blocks. */
const zeros = Buffer.alloc(20 * block);

/** Whether zeros follow to the end, a block of them at least. */
function isZero(tar: Buffer, from: number): boolean {
  const rest = tar.subarray(from);
  if (rest.length < block || rest.length % block !== 0) return false;
  // More than a record of them: nothing that dpkg-deb makes
  return rest.length <= zeros.length && rest.equals(zeros.subarray(0, rest.length));
}
