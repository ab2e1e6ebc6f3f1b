/**
 * Taking a stream of bytes apart by lengths. Internal to this room: ar and
 * .deb files are read with it.
 */
import { asBuffer } from './bytes.js';

/** Reads exact lengths from a stream; holds no more than the chunk it was given. */
export class ByteReader {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #chunk: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  /** Up to `most` bytes, empty only at the end of the stream. */
  async some(most: number): Promise<Buffer> {
    while (this.#chunk.length === 0 && !this.#ended) {
      const next = await this.#iterator.next();
      if (next.done === true) this.#ended = true;
      else this.#chunk = asBuffer(next.value);
    }
    const taken = this.#chunk.subarray(0, most);
    this.#chunk = this.#chunk.subarray(taken.length);
    return taken;
  }

  /** `size` bytes, fewer only where the stream ends before. `size` must be small. */
  async upTo(size: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let missing = size;
    while (missing > 0) {
      const part = await this.some(missing);
      if (part.length === 0) break;
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  /**
   * The next `size` bytes, as an iterable that goes on where it was left: a reader may leave early, and what it did
   * not take can be skipped.
   * @param short makes the fault of a stream that ends before, given the number of bytes that are missing
   */
  body(size: number, short: (missing: number) => Error): AsyncIterable<Buffer> {
    let missing = size;
    const next = async (): Promise<IteratorResult<Buffer, undefined>> => {
      if (missing === 0) return { done: true, value: undefined };
      const chunk = await this.some(missing);
      if (chunk.length === 0) throw short(missing);
      missing -= chunk.length;
      return { done: false, value: chunk };
    };
    return { [Symbol.asyncIterator]: () => ({ next }) };
  }

  /** Lets the source go (closes its file). */
  async close(): Promise<void> {
    this.#chunk = Buffer.alloc(0);
    await this.#iterator.return?.();
  }
}
