/**
 * ar archives in the one form that .deb files have (deb(5), ar(5)): plain
 * names of at most 15 characters, no symbol tables, no long names.
 */
import { counted } from '../counted.js';
import { LockstepError } from '../errors.js';
import { ByteReader } from './byte-reader.js';
import { piecesOf, type ByteSource } from './bytes.js';
import { refusedBy } from './deb-rules.js';
import { shownName } from './member-name.js';

/** A member of the archive being read. Read `body`, if at all, before you request the next member. */
export interface ArMember {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Seconds. */
  readonly mtime: number;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits and file type, as stat(2) has it: 0o100644. */
  readonly mode: number;
  readonly body: AsyncIterable<Buffer>;
}

/** A member to be written, owned by root with mode 0100644 as dpkg-deb writes it. */
export interface ArInput {
  readonly name: string;
  /** Bytes; a body of another length is a fault. */
  readonly size: number;
  /** Seconds. */
  readonly mtime: number;
  readonly body: ByteSource;
}

const magic = '!<arch>\n';
const headerSize = 60;
/** The size field has ten digits. */
const largestSize = 9_999_999_999;
const nameSpec = /^[A-Za-z0-9_.+~-]{1,15}$/;

function damaged(message: string, file: string | undefined): LockstepError {
  return new LockstepError('DEB_ARCHIVE', {
    message: `${file ?? 'The file'} is not a complete ar archive: ${message}`,
    where: [{ file, message }],
  });
}

/**
 * Reads members one after the other; unread bodies are skipped.
 * @throws LockstepError DEB_ARCHIVE where it is damaged or ends early
 */
export async function* readAr(source: AsyncIterable<Uint8Array>, file?: string): AsyncGenerator<ArMember> {
  const reader = new ByteReader(source);
  try {
    if ((await reader.upTo(magic.length)).toString('latin1') !== magic) {
      throw damaged('it does not start with "!<arch>"', file);
    }
    for (;;) {
      const header = await reader.upTo(headerSize);
      if (header.length === 0) return;
      if (header.length < headerSize) throw damaged('it ends inside a member header', file);
      const member = parseHeader(header, file);
      const body = reader.body(member.size, (missing) =>
        damaged(`it ends ${counted(missing, 'byte')} before the end of ${member.name}`, file),
      );
      yield { ...member, body };
      for await (const skipped of body) void skipped;
      if (member.size % 2 === 1) {
        const padding = await reader.upTo(1);
        // dpkg-deb and ar(1) both accept a last member without its padding
        if (padding.length === 1 && padding[0] !== 0x0a)
          throw damaged(refusedBy('ar-header', 'a member is not padded with a newline'), file);
      }
    }
  } finally {
    await reader.close();
  }
}

function parseHeader(header: Buffer, file: string | undefined): Omit<ArMember, 'body'> {
  const field = (start: number, end: number): string =>
    header.toString('latin1', start, end).replace(/ +$/, '');
  const number = (what: string, start: number, end: number, base: number): number => {
    const text = field(start, end);
    if (!(base === 8 ? /^[0-7]*$/ : /^[0-9]*$/).test(text))
      throw damaged(refusedBy('ar-header', `the ${what} of a member is not a number`), file);
    return text === '' ? 0 : parseInt(text, base);
  };
  if (header[58] !== 0x60 || header[59] !== 0x0a)
    throw damaged('a member header has an invalid end mark', file);
  const name = field(0, 16).replace(/\/$/, '');
  if (!/^[A-Za-z0-9_.+~-]+$/.test(name))
    throw damaged(refusedBy('ar-header', `${shownName(name)} is not a valid member name (deb(5))`), file);
  if (field(48, 58) === '') throw damaged(refusedBy('ar-header', 'a member has no size'), file);
  return {
    name,
    mtime: number('time', 16, 28, 10),
    uid: number('owner', 28, 34, 10),
    gid: number('group', 34, 40, 10),
    mode: number('mode', 40, 48, 8),
    size: number('size', 48, 58, 10),
  };
}

/**
 * Writes an archive. The same members give the same bytes.
 * @throws LockstepError DEB_INVALID for a name or size ar cannot hold, or a body that is not as long as its size
 */
export async function* writeAr(members: Iterable<ArInput> | AsyncIterable<ArInput>): AsyncGenerator<Buffer> {
  yield Buffer.from(magic, 'latin1');
  for await (const member of members) {
    yield formatHeader(member);
    let size = 0;
    for await (const chunk of piecesOf(member.body)) {
      size += chunk.length;
      yield chunk;
    }
    if (size !== member.size) {
      throw new LockstepError('DEB_INVALID', {
        message: `The ar member ${member.name} was announced with ${counted(member.size, 'byte')} and has ${size}`,
      });
    }
    if (size % 2 === 1) yield Buffer.from('\n', 'latin1');
  }
}

function formatHeader(member: ArInput): Buffer {
  const { name, size, mtime } = member;
  const faults = [
    ...(nameSpec.test(name) ? [] : [`${shownName(name)} is not a member name`]),
    ...(isCount(size, largestSize) ? [] : [`its size ${size} cannot be written`]),
    ...(isCount(mtime, 999_999_999_999) ? [] : [`its time ${mtime} cannot be written`]),
  ];
  if (faults.length > 0) {
    throw new LockstepError('DEB_INVALID', {
      message: `The ar member ${shownName(name)} cannot be written: ${faults.join('; ')}`,
    });
  }
  const owner = '0'.padEnd(6) + '0'.padEnd(6);
  const text = `${name.padEnd(16)}${String(mtime).padEnd(12)}${owner}${'100644'.padEnd(8)}${String(size).padEnd(10)}\`\n`;
  return Buffer.from(text, 'latin1');
}

function isCount(value: number, largest: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= largest;
}
