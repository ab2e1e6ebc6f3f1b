/**
 * Splits .xz files into blocks and joins blocks to files, so that a large file with few changes is not
 * compressed again. Any xz reads the result: a stream may contain any number of blocks. Pure; source: the .xz
 * file format 1.2.1, sections 2.1, 4 and 1.2 (multibyte integers).
 */
import { crc32 } from 'node:zlib';
import { LockstepError } from '../errors.js';

/** The blocks of one .xz stream. */
export interface XzBlocks {
  /** Headers, compressed data, padding and checks, as they stand in the file. */
  bytes: Buffer;
  /** Of each block: its length without padding, and what it holds, in bytes. */
  records: readonly (readonly [unpadded: number, uncompressed: number])[];
}

/** Magic and the flags of a stream whose check is CRC64, with their CRC32. */
const header = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4, 0xe6, 0xd6, 0xb4, 0x46]);
const flags = header.subarray(6, 8);
const footerBytes = 12;

/**
 * The blocks of a file that holds one stream with CRC64 checks, as `xzCompress` writes it.
 *
 * @throws LockstepError DATA_DAMAGED
 */
export function splitXz(file: Buffer): XzBlocks {
  const footer = file.subarray(-footerBytes);
  const begins = file.length >= header.length + footerBytes && file.subarray(0, 12).equals(header);
  if (!begins || footer.toString('latin1', 10) !== 'YZ' || !footer.subarray(8, 10).equals(flags)) {
    throw damaged('it is not a single stream with CRC64 checks');
  }
  const indexBytes = (footer.readUInt32LE(4) + 1) * 4;
  const start = file.length - footerBytes - indexBytes;
  if (start < header.length || file[start] !== 0)
    throw damaged('its index is not at the position given in its footer');
  const index = file.subarray(start, file.length - footerBytes);
  if (index.readUInt32LE(indexBytes - 4) !== crc32(index.subarray(0, -4)))
    throw damaged('its index is damaged');
  let at = 1;
  const next = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = index[at++];
      if (byte === undefined || shift > 49) throw damaged('its index is damaged');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const records: [number, number][] = [];
  for (let left = next(); left > 0; left--) records.push([next(), next()]);
  const bytes = file.subarray(header.length, start);
  const lengths = records.reduce((sum, [unpadded]) => sum + padded(unpadded), 0);
  if (lengths !== bytes.length) throw damaged('the lengths of its blocks do not match its index');
  return { bytes, records };
}

/** One stream of all the blocks, in pieces: its text is the concatenation of the parts. */
export function joinXz(parts: readonly XzBlocks[]): Buffer[] {
  const records = parts.flatMap((part) => part.records);
  const index: number[] = [0];
  const put = (value: number): void => {
    for (let rest = value; ; rest = Math.floor(rest / 128)) {
      if (rest < 128) return void index.push(rest);
      index.push((rest % 128) | 0x80);
    }
  };
  put(records.length);
  for (const [unpadded, uncompressed] of records) {
    put(unpadded);
    put(uncompressed);
  }
  while (index.length % 4 !== 0) index.push(0);
  const body = Buffer.from(index);
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(body));
  const footer = Buffer.alloc(footerBytes);
  footer.writeUInt32LE((body.length + 4) / 4 - 1, 4);
  flags.copy(footer, 8);
  footer.write('YZ', 10, 'latin1');
  footer.writeUInt32LE(crc32(footer.subarray(4, 10)));
  return [header, ...parts.map(({ bytes }) => bytes), body, sum, footer];
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}

function damaged(what: string): LockstepError {
  return new LockstepError('DATA_DAMAGED', { message: `An .xz file cannot be split into blocks: ${what}` });
}
