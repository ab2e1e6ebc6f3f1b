/**
 * The blocks of indices on disk, each compressed once: one file for a block, named by the hash of its text.
 * It is in the workspace's `.lockstep/`, where the archive's key is, because Lockstep signs what it reads
 * here. Safe to delete: it is rebuilt from the snapshots.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { collect } from '../deb/bytes.js';
import { gzip, xzCompress } from '../io/compress.js';
import { sha256Of, writeFileNow } from '../io/disk.js';
import { diskFault, errnoOf } from '../io/disk-fault.js';
import { splitXz, type XzBlocks } from '../io/xz-blocks.js';
import type { BlockRef, Run } from './blocks.js';

export type Ending = 'gz' | 'xz';

/** A block's text, and what it is compressed. */
export interface Block {
  text: Buffer;
  /** A member of a gzip file. */
  gz: Buffer | undefined;
  xz: XzBlocks | undefined;
}

/** Stands before the bytes, as one line of JSON. */
interface Head {
  text: number;
  gz?: { size: number; sha256: string } | undefined;
  xz?: { size: number; sha256: string; records: XzBlocks['records'] } | undefined;
}

/** No dictionary is of use that is larger than the text; by the size alone, so that the bytes depend on nothing else. */
function presetFor(size: number): number {
  return size <= 48 * 1024 ? 6 : 3;
}

/** The blocks below one folder. */
export class BlockStore {
  readonly #folder: string;

  /** @param folder absolute path; made when something is first kept */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Keeps a run's text and its compressed forms, unless they are there.
   *
   * @throws LockstepError DISK_FULL, DISK_IO, INTERRUPTED
   */
  async keep(run: Run, endings: readonly Ending[], signal?: AbortSignal): Promise<BlockRef> {
    const text = Buffer.from(run.text, 'utf8');
    const sha256 = sha256Of(text);
    const ref = { first: run.first, last: run.last, size: text.length, sha256 };
    if (this.read(ref, endings) !== undefined) return ref;
    const [gz, xzFile] = await Promise.all([
      endings.includes('gz') ? collect(gzip([text], { level: 6, signal })) : undefined,
      endings.includes('xz')
        ? collect(xzCompress([text], { preset: presetFor(text.length), threads: 2, signal }))
        : undefined,
    ]);
    const xz = xzFile === undefined ? undefined : splitXz(xzFile);
    const head: Head = { text: text.length };
    if (gz !== undefined) head.gz = { size: gz.length, sha256: sha256Of(gz) };
    if (xz !== undefined) {
      head.xz = { size: xz.bytes.length, sha256: sha256Of(xz.bytes), records: xz.records };
    }
    const line = Buffer.from(`${JSON.stringify(head)}\n`);
    // Without fsync: what a crash tears is found by its hashes, and made again
    writeFileNow(this.#path(sha256), [
      line,
      text,
      ...(gz === undefined ? [] : [gz]),
      ...(xz === undefined ? [] : [xz.bytes]),
    ]);
    return ref;
  }

  /** A block's text and compressed forms; undefined if one of them is missing or damaged. */
  read(ref: Pick<BlockRef, 'sha256' | 'size'>, endings: readonly Ending[]): Block | undefined {
    const file = this.#path(ref.sha256);
    let bytes: Buffer;
    try {
      // Small files: a synchronous read costs a tenth of an asynchronous one, and there are a thousand
      bytes = readFileSync(file);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw diskFault(error, 'read', file);
    }
    const end = bytes.indexOf(0x0a);
    const head = headOf(bytes.subarray(0, Math.max(0, end)));
    if (head?.text !== ref.size) return undefined;
    const text = bytes.subarray(end + 1, end + 1 + head.text);
    let at = end + 1 + head.text;
    const piece = (of: { size: number; sha256: string } | undefined): Buffer | undefined => {
      if (of === undefined) return undefined;
      const found = bytes.subarray(at, at + of.size);
      at += of.size;
      return found.length === of.size && sha256Of(found) === of.sha256 ? found : undefined;
    };
    const gz = piece(head.gz);
    const xzBytes = piece(head.xz);
    const xz = xzBytes === undefined ? undefined : { bytes: xzBytes, records: head.xz!.records };
    if (sha256Of(text) !== ref.sha256) return undefined;
    if (endings.some((ending) => (ending === 'gz' ? gz : xz) === undefined)) return undefined;
    return { text, gz, xz };
  }

  #path(sha256: string): string {
    return join(this.#folder, sha256.slice(0, 2), sha256);
  }
}

function headOf(line: Buffer): Head | undefined {
  try {
    const head: unknown = JSON.parse(line.toString('latin1'));
    return typeof head === 'object' && head !== null && 'text' in head ? (head as Head) : undefined;
  } catch {
    return undefined;
  }
}
