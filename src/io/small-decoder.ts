/**
 * Unpacking small members at once and in memory: thousands of packages have
 * two of a few kilobytes each, and a stream for each of them costs ten times
 * what its bytes do. It takes what is whole and small; everything else is left
 * to compress.ts, which says what is wrong with it.
 */
import { gunzipSync } from 'node:zlib';

/** The part of node-liblzma's binding that its types leave out: one decoder. */
interface Engine {
  codeSync(
    action: number,
    packed: Buffer,
    at: number,
    length: number,
    room: Buffer,
    out: number,
  ): [status: number, unread: number, free: number];
  close(): void;
}

/** LZMA_FINISH and LZMA_STREAM_END of lzma/base.h; what makes a decoder of the binding. */
const finish = 3;
const streamEnd = 1;
const decoding = 1;

/** Makes decoders, or undefined where the binding does not load or is not as it was: then nothing of .xz is small. */
async function engines(): Promise<(() => Engine) | undefined> {
  try {
    const { Unxz } = await import('node-liblzma');
    // Its own unxzSync takes whatever memory the bytes ask for, and makes a stream for each call
    const made = new Unxz({ chunkSize: 1 }) as unknown as { lzma: Engine; _opts: object; close(): void };
    const { lzma, _opts: options } = made;
    const Native = lzma.constructor as new (mode: number, options: object) => Engine;
    made.close();
    return typeof lzma.codeSync === 'function' ? () => new Native(decoding, options) : undefined;
  } catch {
    return undefined;
  }
}

/** Decompresses one file at a time into its own buffer. */
export class SmallDecoder {
  readonly #room: Buffer;
  readonly #engine: (() => Engine) | undefined;

  private constructor(limit: number, engine: (() => Engine) | undefined) {
    this.#room = Buffer.allocUnsafeSlow(limit);
    this.#engine = engine;
  }

  /** @param limit bytes; what unpacks to more is left alone */
  static async withLimit(limit: number): Promise<SmallDecoder> {
    return new SmallDecoder(limit, await engines());
  }

  /**
   * The unpacked bytes, by the ending of a name as in `decompressByName`: `.xz`, `.gz`, or unchanged. They
   * are in the decoder's buffer, which the next call overwrites. Undefined for incomplete or too large data,
   * and for other formats.
   */
  unpack(name: string, packed: Buffer): Buffer | undefined {
    if (name.endsWith('.xz')) return this.#unxz(packed);
    if (name.endsWith('.gz')) return this.#gunzip(packed);
    return /\.(?:zst|lzma|bz2)$/.test(name) ? undefined : packed;
  }

  #unxz(packed: Buffer): Buffer | undefined {
    const engine = this.#engine?.();
    if (engine === undefined) return undefined;
    try {
      const [status, unread, free] = engine.codeSync(finish, packed, 0, packed.length, this.#room, 0);
      const whole = status === streamEnd && unread === 0;
      return whole ? this.#room.subarray(0, this.#room.length - free) : undefined;
    } finally {
      engine.close();
    }
  }

  #gunzip(packed: Buffer): Buffer | undefined {
    try {
      return gunzipSync(packed, { maxOutputLength: this.#room.length });
    } catch {
      return undefined;
    }
  }
}
