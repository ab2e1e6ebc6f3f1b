/**
 * Logs of programs: written, with a limit, as text that a terminal can show; and their ends read. Must not know which
 * program it is.
 */
import { StringDecoder } from 'node:string_decoder';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { cleanText } from '../plain-text.js';
import { ensureDir, withHandle, writeAll } from './disk.js';
import { onDisk } from './disk-fault.js';

export interface OpenLog {
  handle: FileHandle;
  path: string;
  /** Its size when it was opened: the program's own output begins there. */
  from: number;
}

/** Opens a log to append to it. @throws LockstepError DISK_* */
export async function openLog(path: string): Promise<OpenLog> {
  await ensureDir(dirname(path));
  return await onDisk('write', path, async () => {
    const handle = await open(path, 'a', 0o644);
    return { handle, path, from: (await handle.stat()).size };
  });
}

/** A longer line is written in parts. */
const longestLine = 64 * 1024;

/** Appends what a program prints, cleaned, up to a number of bytes. */
export class LogWriter {
  readonly #log: OpenLog;
  readonly #decoder = new StringDecoder('utf8');
  #left: number;
  /** The start of a line, whose end has not come: an address in it must be whole before it is cleaned. */
  #begun = '';

  /** @param limit bytes that the program may print */
  constructor(log: OpenLog, limit: number) {
    this.#log = log;
    this.#left = limit;
  }

  /** False if the program has printed more than the limit: the rest of it is not written. @throws LockstepError DISK_* */
  async write(piece: Buffer): Promise<boolean> {
    const fits = piece.length <= this.#left;
    const text = this.#begun + this.#decoder.write(fits ? piece : piece.subarray(0, this.#left));
    this.#left -= Math.min(piece.length, this.#left);
    const end = text.lastIndexOf('\n') + 1;
    const whole = text.length - end > longestLine ? text.length : end;
    this.#begun = text.slice(whole);
    await this.#append(text.slice(0, whole));
    return fits;
  }

  /** Writes the last line if its end did not come. */
  async end(): Promise<void> {
    await this.#append(this.#begun + this.#decoder.end());
    this.#begun = '';
  }

  async #append(text: string): Promise<void> {
    const { handle, path } = this.#log;
    if (text !== '') await onDisk('write', path, () => writeAll(handle, Buffer.from(cleanText(text))));
  }
}

/**
 * The last lines of a text file, at most `count`. It reads at most the last 64 KiB, and nothing before offset `from`.
 */
export async function tailOf(path: string, count: number, from = 0): Promise<string> {
  const read = async (handle: FileHandle): Promise<string> => {
    const { size } = await handle.stat();
    const start = Math.max(from, size - 64 * 1024);
    const room = Buffer.alloc(Math.max(size - start, 0));
    const { bytesRead } = await handle.read(room, 0, null, start);
    return lastLines(room.subarray(0, bytesRead).toString('utf8'), count);
  };
  return await onDisk('read', path, () => withHandle(path, 'r', read));
}

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
