/**
 * Writing tar archives byte for byte as `tar --format=gnu` does, which is
 * what dpkg-deb makes: dpkg knows GNU long names but refuses pax headers,
 * which most writers make for a long or non-ASCII name.
 * The same entries give the same bytes; their order is the caller's.
 */
import { counted } from '../counted.js';
import { LockstepError } from '../errors.js';
import { piecesOf, type ByteSource } from './bytes.js';
import { linkTargetFault, memberName, rootName, shownName } from './member-name.js';

export interface TarOwner {
  readonly uid: number;
  readonly gid: number;
  readonly uname: string;
  readonly gname: string;
}

interface TarInputBase {
  /** Inside the archive: what `memberName` takes, or empty for its root. */
  readonly path: string;
  /** Seconds. */
  readonly mtime: number;
  /** root:root when not given. */
  readonly owner?: TarOwner;
}

/** An entry to be written. Modes are permission bits, 0 to 0o7777. */
export type TarInput = TarInputBase &
  (
    | {
        readonly kind: 'file';
        readonly mode: number;
        /** Bytes; may be left out where the body is in memory. A body of another length is a fault. */
        readonly size?: number | undefined;
        readonly body: ByteSource;
      }
    | { readonly kind: 'dir'; readonly mode: number }
    | { readonly kind: 'symlink'; readonly linkTarget: string }
    | {
        readonly kind: 'hardlink';
        readonly mode: number;
        /** Path of an entry before this one. */
        readonly linkTarget: string;
      }
  );

export interface TarOptions {
  /** What each path begins with: `./` (as in .deb files) when not given. */
  readonly prefix?: '' | './';
}

const block = 512;
/** GNU tar fills up to records of 20 blocks. */
const record = 20 * block;

function invalid(path: string, message: string): LockstepError {
  return new LockstepError('DEB_INVALID', {
    message: `The entry ${shownName(path)} cannot be written to a tar archive: ${message}`,
    where: [{ value: shownName(path), message }],
  });
}

/**
 * The archive as a stream of bytes.
 * @throws LockstepError DEB_INVALID, DEB_UNSAFE_NAME
 */
export async function* tarBytes(
  entries: Iterable<TarInput> | AsyncIterable<TarInput>,
  options: TarOptions = {},
): AsyncGenerator<Buffer> {
  const prefix = options.prefix ?? './';
  let written = 0;
  for await (const entry of entries) {
    const size = entry.kind === 'file' ? sizeOf(entry) : 0;
    const head = headOf(entry, size, prefix);
    yield head;
    written += head.length;
    if (entry.kind !== 'file') continue;
    let seen = 0;
    for await (const chunk of piecesOf(entry.body)) {
      seen += chunk.length;
      if (seen > size) break;
      yield chunk;
    }
    if (seen !== size) {
      throw invalid(
        entry.path,
        `its header says ${counted(size, 'byte')}, but it has ${seen > size ? 'more' : seen}`,
      );
    }
    const padding = (block - (size % block)) % block;
    if (padding > 0) yield Buffer.alloc(padding);
    written += size + padding;
  }
  yield Buffer.alloc(2 * block + ((record - ((written + 2 * block) % record)) % record));
}

function sizeOf(entry: TarInput & { kind: 'file' }): number {
  const size = entry.size ?? (entry.body instanceof Uint8Array ? entry.body.byteLength : undefined);
  if (size === undefined || !Number.isSafeInteger(size) || size < 0) {
    throw invalid(entry.path, 'its size is not given');
  }
  return size;
}

const root: TarOwner = { uid: 0, gid: 0, uname: 'root', gname: 'root' };

/** Type flags of POSIX ustar. */
const flags = { file: '0', hardlink: '1', symlink: '2', dir: '5' } as const;

function headOf(entry: TarInput, size: number, prefix: string): Buffer {
  const inner = entry.path === '' ? rootName : memberName(entry.path);
  if (inner === rootName && entry.kind !== 'dir') throw unsafe('name', entry.path, 'is the root');
  const path = prefix + inner + (entry.kind === 'dir' && inner !== '' ? '/' : '');
  if (path === '') throw unsafe('name', entry.path, 'is empty');
  let target = '';
  if (entry.kind === 'symlink') target = entry.linkTarget;
  if (entry.kind === 'hardlink') target = prefix + memberName(entry.linkTarget);
  if (entry.kind === 'symlink' || entry.kind === 'hardlink') {
    const linkFault = linkTargetFault(target);
    if (linkFault !== null) throw unsafe('link target', target, linkFault);
  }
  const mode = entry.kind === 'symlink' ? 0o777 : entry.mode;
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777)
    throw invalid(entry.path, `its mode ${mode} is invalid`);
  if (!Number.isInteger(entry.mtime) || entry.mtime < 0 || entry.mtime > 0o77777777777) {
    throw invalid(entry.path, `its time ${entry.mtime} cannot be written`);
  }
  const { mtime, owner = root } = entry;
  const name = Buffer.from(path);
  const link = Buffer.from(target);
  return Buffer.concat([
    // The order of GNU tar: the long link first, then the long name
    ...(link.length > 100 ? longName('K', link) : []),
    ...(name.length > 100 ? longName('L', name) : []),
    ustarBlock({ name, link, mode, ...owner, size, mtime, flag: flags[entry.kind] }),
  ]);
}

function unsafe(what: string, name: string, fault: string): LockstepError {
  return new LockstepError('DEB_UNSAFE_NAME', {
    message: `The ${what} ${shownName(name)} ${fault}`,
    where: [{ value: shownName(name) }],
  });
}

/** The entry that carries a name of more than 100 bytes for the one after it. */
function longName(flag: 'K' | 'L', name: Buffer): Buffer[] {
  const size = name.length + 1;
  const names = { name: Buffer.from('././@LongLink'), link: Buffer.alloc(0) };
  const head = ustarBlock({ ...names, mode: 0o644, ...root, size, mtime: 0, flag });
  return [head, name, Buffer.alloc(1 + ((block - (size % block)) % block))];
}

interface HeaderFields extends TarOwner {
  name: Buffer;
  link: Buffer;
  mode: number;
  size: number;
  mtime: number;
  flag: string;
}

function ustarBlock(fields: HeaderFields): Buffer {
  const header = Buffer.alloc(block);
  const octal = (value: number, at: number, digits: number): void => {
    header.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
  };
  fields.name.copy(header, 0, 0, 100);
  octal(fields.mode, 100, 7);
  octal(fields.uid, 108, 7);
  octal(fields.gid, 116, 7);
  writeSize(header, fields.size);
  octal(fields.mtime, 136, 11);
  header.write('        ', 148, 'latin1');
  header.write(fields.flag, 156, 'latin1');
  fields.link.copy(header, 157, 0, 100);
  header.write('ustar  \0', 257, 'latin1');
  header.write(fields.uname, 265, 31, 'utf8');
  header.write(fields.gname, 297, 31, 'utf8');
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** 8 GiB and more do not fit eleven octal digits: GNU tar then writes base 256. */
function writeSize(header: Buffer, size: number): void {
  if (size <= 0o77777777777) {
    header.write(size.toString(8).padStart(11, '0'), 124, 'latin1');
    return;
  }
  header[124] = 0x80;
  header.writeBigUInt64BE(BigInt(size), 128);
}
