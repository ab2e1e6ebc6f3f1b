/**
 * What the blocks of a tar archive say, for every reader of one: quick-tar.ts, which has the archive in memory,
 * and tar.ts, which has a stream. Numbers, names and kinds are taken as dpkg takes them (lib/dpkg/tarfn.c of
 * dpkg 1.21); what dpkg takes and others take differently is refused by a rule of deb-rules.ts.
 */
import { refusedBy, type DebRule } from './deb-rules.js';
import {
  linkTargetFault,
  memberName,
  memberNameFault,
  parseMemberName,
  rootName,
  shownName,
  type MemberName,
} from './member-name.js';

export type TarKind = 'file' | 'dir' | 'symlink' | 'hardlink' | 'char-device' | 'block-device' | 'fifo';

export interface TarHeader {
  readonly path: MemberName;
  readonly kind: TarKind;
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number;
  /** Bytes; 0 for what is not a file. */
  readonly size: number;
  /** Of symlinks: any target, as dpkg has it (see `assertLinkStaysInside`). Of hard links: a `MemberName`. */
  readonly linkTarget: string | null;
  /** Seconds. */
  readonly mtime: number;
  readonly uid: number;
  readonly gid: number;
  readonly uname: string;
  readonly gname: string;
}

/** Who wrote an archive, and so who must be able to read it. */
export type TarForm =
  /** dpkg's own reader: no pax headers, and the end of the file is an end. */
  | 'data'
  /** tar(1), to which dpkg gives it: pax headers too. */
  | 'control'
  /** Source code: pax headers too; what has no end mark was cut. */
  | 'source';

/** Why an archive is refused. */
export class TarFault extends Error {
  constructor(
    message: string,
    readonly rule?: DebRule,
    readonly unsafe?: string,
  ) {
    super(rule === undefined ? message : refusedBy(rule, message));
  }
}

/** Why a control file is refused. */
export class ControlFault extends TarFault {}

/** What follows a block. */
export type TarStep =
  | { readonly step: 'end' }
  /** So many bytes of text, for `text`, then the rest of the last block. */
  | { readonly step: 'text'; readonly size: number }
  /** So many bytes of a body, then the rest of the last block. */
  | { readonly step: 'member'; readonly header: TarHeader };

export const tarBlock = 512;
/** Of a long name or a pax header, in bytes: no name is as long. */
const longestText = 64 * 1024;

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

const end = { step: 'end' } as const;

/** Takes the blocks of one archive, in their order. */
export class TarBlocks {
  readonly #form: TarForm;
  /** The flag of the block whose text is to come. */
  #awaited = '';
  #longName: string | undefined;
  #longLink: string | undefined;
  #pax: Map<string, string> | undefined;
  #globalPax: Map<string, string> | undefined;

  constructor(form: TarForm) {
    this.#form = form;
  }

  /** Whether a header for the next member was read, but not that member. */
  get isOpen(): boolean {
    return this.#longName !== undefined || this.#longLink !== undefined || this.#pax !== undefined;
  }

  /** @throws TarFault */
  next(bytes: Buffer, at: number): TarStep {
    const numbers = numbersAt(bytes, at);
    if (typeof numbers === 'string') {
      // A block of zeros lacks a checksum; dpkg looks no further than at the name
      const isNameless = bytes[at] === 0 && !hasPrefix(bytes, at);
      if (isNameless && (this.#form === 'data' || isZeroBlock(bytes, at))) return end;
      throw new TarFault(numbers);
    }
    const flag = String.fromCharCode(bytes[at + 156]!);
    if (this.#isText(flag)) {
      if (numbers.size > longestText) throw new TarFault('a long name in it is too long', 'member-name');
      this.#awaited = flag;
      return { step: 'text', size: numbers.size };
    }
    const header = this.#header(bytes, at, flag, numbers);
    this.#longName = this.#longLink = this.#pax = undefined;
    return { step: 'member', header };
  }

  /** The text that `next` asked for. @throws TarFault */
  text(bytes: Buffer): void {
    if (this.#awaited === 'L') this.#longName = textIn(bytes, 0, bytes.length);
    else if (this.#awaited === 'K') this.#longLink = textIn(bytes, 0, bytes.length);
    else if (this.#awaited === 'g') this.#globalPax = new Map([...(this.#globalPax ?? []), ...paxOf(bytes)]);
    else this.#pax = paxOf(bytes);
  }

  #isText(flag: string): boolean {
    return flag === 'L' || flag === 'K' || (this.#form !== 'data' && (flag === 'x' || flag === 'g'));
  }

  #header(bytes: Buffer, at: number, flag: string, numbers: Numbers): TarHeader {
    const pax = this.#pax === undefined && this.#globalPax === undefined ? undefined : this.#fromPax();
    const raw = pax?.get('path') ?? this.#longName ?? nameAt(bytes, at);
    const path = parseMemberName(raw);
    if (typeof path !== 'string')
      throw new TarFault(`the member name ${shownName(raw)} ${path.fault}`, 'member-name', raw);
    let kind = kinds[flag] ?? (flag === '7' && this.#form !== 'data' ? 'file' : undefined);
    if (kind === undefined) throw new TarFault(unknownKind(flag, raw));
    // As tar wrote folders before POSIX
    if (kind === 'file' && raw.endsWith('/')) kind = 'dir';
    if (kind !== 'dir' && (path === rootName || raw.endsWith('/')))
      throw new TarFault(`the member name ${shownName(raw)} is one of a folder`, 'member-name', raw);
    const size = numberOf(pax, 'size') ?? numbers.size;
    // dpkg takes what follows for the next header, others skip it: a way to hide members
    if (kind !== 'file' && size !== 0)
      throw new TarFault(`${shownName(raw)} is not a file but has a size`, 'header-number');
    const linkTarget =
      kind === 'symlink' || kind === 'hardlink'
        ? targetOf(kind, raw, pax?.get('linkpath') ?? this.#longLink ?? textIn(bytes, at + 157, 100))
        : null;
    return {
      path,
      kind,
      mode: numbers.mode & 0o7777,
      size,
      linkTarget,
      mtime: numberOf(pax, 'mtime') ?? numbers.mtime,
      uid: numberOf(pax, 'uid') ?? numbers.uid,
      gid: numberOf(pax, 'gid') ?? numbers.gid,
      uname: pax?.get('uname') ?? ownerIn(bytes, at + 265),
      gname: pax?.get('gname') ?? ownerIn(bytes, at + 297),
    };
  }

  #fromPax(): Map<string, string> {
    const pax = new Map([...(this.#globalPax ?? []), ...(this.#pax ?? [])]);
    for (const key of pax.keys()) {
      if (key.startsWith('GNU.sparse')) throw new TarFault('a member has an unsupported type (sparse)');
    }
    return pax;
  }
}

function targetOf(kind: TarKind, path: string, target: string): string {
  const fault = kind === 'symlink' ? linkTargetFault(target) : fileNameFault(target);
  if (fault === null) return kind === 'hardlink' ? memberName(target) : target;
  const message = `the target ${shownName(target)} of the link ${shownName(path)} ${fault}`;
  throw new TarFault(message, 'member-name', target);
}

function fileNameFault(name: string): string | null {
  return memberNameFault(name) ?? (name.endsWith('/') ? 'is one of a folder' : null);
}

function unknownKind(flag: string, name: string): string {
  const what =
    { x: 'a pax header', g: 'a pax header', S: 'a sparse file' }[flag] ?? `of type ${shownName(flag)}`;
  return `${shownName(name)} is ${what}, which is not supported`;
}

interface Numbers {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
}

const largestId = 2 ** 32 - 1;

/** The numbers of a header whose checksum is right, or what is wrong. @throws TarFault for what dpkg overlooks */
function numbersAt(bytes: Buffer, at: number): Numbers | string {
  const size = numberAt(bytes, at + 124, 12);
  const mtime = numberAt(bytes, at + 136, 12);
  const [uid, gid] = [numberAt(bytes, at + 108, 8), numberAt(bytes, at + 116, 8)];
  if (Number.isNaN(size) || size < 0) return 'a header has no valid size';
  if (Number.isNaN(mtime)) return 'a header has no valid time';
  if (!(uid >= 0 && uid <= largestId && gid >= 0 && gid <= largestId)) return 'a header has no valid owner';
  if (!isSummed(bytes, at)) return 'the checksum of a header is wrong';
  const mode = numberAt(bytes, at + 100, 8);
  if (Number.isNaN(mode) || mode < 0) throw new TarFault('a header has no valid mode', 'header-number');
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(mtime))
    throw new TarFault('a header has a size or time beyond all bounds', 'header-number');
  return { mode, uid, gid, size, mtime };
}

/** In octal digits, or in base 256 where the first byte is 0x80 or 0xff. NaN for anything else. */
function numberAt(bytes: Buffer, at: number, length: number): number {
  const first = bytes[at]!;
  if (first === 0x80 || first === 0xff) {
    let value = first === 0xff ? -1 : 0;
    for (let index = at + 1; index < at + length; index++) value = value * 256 + bytes[index]!;
    return value;
  }
  return octalAt(bytes, at, length);
}

/** Spaces, digits, then spaces and NULs; nothing but NULs is 0. */
function octalAt(bytes: Buffer, at: number, length: number): number {
  let index = at;
  const end = at + length;
  while (index < end && bytes[index] === 0x20) index++;
  if (index === end) return NaN;
  let value = 0;
  for (; index < end; index++) {
    const digit = bytes[index]! - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  for (; index < end; index++) if (bytes[index] !== 0 && bytes[index] !== 0x20) return NaN;
  return value;
}

function isSummed(bytes: Buffer, at: number): boolean {
  let sum = 8 * 0x20;
  for (let index = at; index < at + 148; index++) sum += bytes[index]!;
  for (let index = at + 156; index < at + tarBlock; index++) sum += bytes[index]!;
  return octalAt(bytes, at + 148, 8) === sum;
}

/** Only POSIX headers have a first part of the name; GNU keeps other things in its place. */
function hasPrefix(bytes: Buffer, at: number): boolean {
  return bytes[at + 345] !== 0 && bytes.toString('latin1', at + 257, at + 263) === 'ustar\0';
}

function nameAt(bytes: Buffer, at: number): string {
  const name = textIn(bytes, at, 100);
  return hasPrefix(bytes, at) ? `${textIn(bytes, at + 345, 155)}/${name}` : name;
}

/** Up to the first NUL. */
function textIn(bytes: Buffer, at: number, length: number): string {
  let end = at;
  while (end < at + length && bytes[end] !== 0) end++;
  return end === at ? '' : bytes.toString('utf8', at, end);
}

/** Nearly every member is root's: one text for all of them. */
function ownerIn(bytes: Buffer, at: number): string {
  return bytes.readUInt32BE(at) === 0x726f6f74 && bytes[at + 4] === 0 ? 'root' : textIn(bytes, at, 32);
}

const zeros = Buffer.alloc(tarBlock);

function isZeroBlock(bytes: Buffer, at: number): boolean {
  return zeros.compare(bytes, at, at + tarBlock) === 0;
}

/** The records of a pax header: `LENGTH KEY=VALUE`, each with a newline at its end (POSIX pax(1)). */
function paxOf(bytes: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString('latin1', at, Math.min(space, at + 10)));
    const equals = bytes.indexOf(0x3d, space);
    const end = at + length;
    if (space < 0 || !Number.isInteger(length) || length <= 0 || equals < 0 || equals >= end)
      throw new TarFault('a pax header is damaged');
    if (end > bytes.length || bytes[end - 1] !== 0x0a) throw new TarFault('a pax header is damaged');
    records.set(bytes.toString('utf8', space + 1, equals), bytes.toString('utf8', equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** A number of a pax header, without its fraction; undefined where it is not given. */
function numberOf(pax: Map<string, string> | undefined, key: string): number | undefined {
  const text = pax?.get(key);
  if (text === undefined) return undefined;
  const value = /^-?[0-9]+(?:\.[0-9]*)?$/.test(text) ? Math.floor(Number(text)) : NaN;
  if (Number.isSafeInteger(value) && (value >= 0 || key === 'mtime')) return value;
  throw new TarFault(`the ${key} of a pax header is not a number`);
}
