/**
 * Whether .xz bytes end as .xz bytes must. node-liblzma's stream does not tell
 * a whole file from one that ends too soon, so we look at the end ourselves.
 * Pure; source: the .xz file format 1.2.1, sections 2.1.2 and 2.2.
 */
import { crc32 } from 'node:zlib';

const footerBytes = 12;

/** Watches pieces go by, and then knows whether they ended with a stream footer and whole padding. */
export class XzEnd {
  /** The last bytes before any zeros at the end: a footer ends with `YZ`, and only padding can follow it. */
  #tail: Buffer = Buffer.alloc(0);
  #zeros = 0;

  push(piece: Uint8Array): void {
    let last = piece.length - 1;
    while (last >= 0 && piece[last] === 0) last--;
    if (last < 0) {
      this.#zeros += piece.length;
      return;
    }
    const zeros = Buffer.alloc(Math.min(this.#zeros, footerBytes));
    const ending = piece.subarray(Math.max(0, last + 1 - footerBytes), last + 1);
    this.#tail = Buffer.concat([this.#tail, zeros, ending]).subarray(-footerBytes);
    this.#zeros = piece.length - 1 - last;
  }

  /** CRC32 of backward size and flags, those two, and the magic `YZ`; then padding in fours. */
  isWhole(): boolean {
    const footer = this.#tail;
    return (
      footer.length === footerBytes &&
      footer.toString('latin1', 10) === 'YZ' &&
      footer.readUInt32LE(0) === crc32(footer.subarray(4, 10)) &&
      this.#zeros % 4 === 0
    );
  }
}
