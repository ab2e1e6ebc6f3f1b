/**
 * Whether a compressed member is one stream and nothing more. dpkg stops where the first stream ends, other readers
 * go on: what follows would be a second package that only some see. Nothing is decompressed here; the compressor
 * reports whether what is in the stream is whole. Sources: the .xz file format 1.2.1, RFC 8878 (zstd) and bzip2's magic.
 */

/** Watches the pieces of a member go by. */
export interface StreamWatch {
  push(piece: Buffer): void;
  /** Why there is more than one stream, or null. Called at the end. */
  fault(): string | null;
}

/** By the ending of the member's name. */
export function watchOf(name: string): StreamWatch | undefined {
  if (name.endsWith('.gz')) return new GzipWatch();
  if (name.endsWith('.xz')) return new XzWatch();
  if (name.endsWith('.zst')) return new ZstdWatch();
  return name.endsWith('.bz2') ? new Bzip2Watch() : undefined;
}

const after = 'something follows the end of its first stream';

const footerBytes = 12;
/** Of the index of a stream, in bytes: it has some ten for each block, of which large files have hundreds. */
const longestIndex = 256 * 1024;

/** dpkg reads several members of gzip, and so do others. Zeros behind them are padding to some. */
class GzipWatch implements StreamWatch {
  #head = '';
  #zeros = 0;

  push(piece: Buffer): void {
    if (this.#head.length < 2) this.#head += piece.toString('latin1', 0, 2);
    let zeros = 0;
    while (zeros < piece.length && piece[piece.length - 1 - zeros] === 0) zeros++;
    this.#zeros = zeros === piece.length ? this.#zeros + zeros : zeros;
  }

  fault(): string | null {
    // The stream of nothing ends with nine
    return this.#head.startsWith('\x1f\x8b') && this.#zeros > 9 ? after : null;
  }
}

/** The footer says where the index is, the index how long the blocks are: together the length of the stream. */
class XzWatch implements StreamWatch {
  #tail: Buffer = Buffer.alloc(0);
  #head = '';
  #length = 0;

  push(piece: Buffer): void {
    if (this.#head.length < 6) this.#head += piece.toString('latin1', 0, 6);
    this.#length += piece.length;
    const most = longestIndex + footerBytes;
    if (piece.length >= most || this.#tail.length === 0) this.#tail = piece.subarray(-most);
    else this.#tail = Buffer.concat([this.#tail.subarray(-(most - piece.length)), piece]);
  }

  fault(): string | null {
    const tail = this.#tail;
    // Anything else is the decompressor's to refuse
    if (!this.#head.startsWith('\xfd7zXZ\0')) return null;
    if (tail.length < footerBytes || tail.toString('latin1', tail.length - 2) !== 'YZ') return after;
    const indexBytes = (tail.readUInt32LE(tail.length - 8) + 1) * 4;
    const start = tail.length - footerBytes - indexBytes;
    if (start < 0) return 'the index of its stream is too long';
    let at = start + 1;
    const next = (): number => {
      let value = 0;
      for (let shift = 0; shift < 56 && at < tail.length; shift += 7) {
        const byte = tail[at++]!;
        value += (byte & 0x7f) * 2 ** shift;
        if (byte < 0x80) break;
      }
      return value;
    };
    let blocks = 0;
    for (let left = next(); left > 0 && at < tail.length; left--) {
      blocks += Math.ceil(next() / 4) * 4;
      next();
    }
    return footerBytes + blocks + indexBytes + footerBytes === this.#length ? null : after;
  }
}

/** A frame is a header, blocks that tell their length, the last of which says so, and perhaps a checksum. */
class ZstdWatch implements StreamWatch {
  #held = Buffer.alloc(0);
  /** Bytes of a block that are still to come. */
  #skip = 0;
  #state: 'header' | 'block' | 'sum' | 'end' | 'other' = 'header';
  #hasSum = false;
  #isLast = false;

  push(piece: Buffer): void {
    let bytes = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    while (bytes.length > 0) {
      const skipped = Math.min(this.#skip, bytes.length);
      this.#skip -= skipped;
      bytes = bytes.subarray(skipped);
      if (bytes.length === 0) break;
      if (this.#state === 'end') this.#state = 'other';
      const used = this.#take(bytes);
      if (used === 0) break;
      bytes = bytes.subarray(used);
    }
    // Never more than the head of a frame
    this.#held = Buffer.from(bytes.subarray(0, 18));
  }

  fault(): string | null {
    // What is cut is the decompressor's to tell
    return this.#state === 'other' ? after : null;
  }

  /** How many bytes the next part has; 0 if there are too few of them. */
  #take(bytes: Buffer): number {
    switch (this.#state) {
      case 'header':
        return this.#header(bytes);
      case 'block': {
        if (bytes.length < 3) return 0;
        const header = bytes.readUIntLE(0, 3);
        this.#isLast = (header & 1) === 1;
        // A block of one byte that is repeated has that byte alone
        this.#skip = ((header >> 1) & 3) === 1 ? 1 : header >> 3;
        if (this.#isLast) this.#state = this.#hasSum ? 'sum' : 'end';
        return 3;
      }
      case 'sum':
        if (bytes.length < 4) return 0;
        this.#state = 'end';
        return 4;
      case 'end':
      case 'other':
        return 0;
    }
  }

  #header(bytes: Buffer): number {
    if (bytes.length < 5) return 0;
    // Decoders skip other frames
    if (bytes.readUInt32LE(0) !== 0xfd2fb528) {
      this.#state = 'other';
      return 0;
    }
    const descriptor = bytes[4]!;
    const isSingle = (descriptor & 0x20) !== 0;
    this.#hasSum = (descriptor & 0x04) !== 0;
    const dictionary = [0, 1, 2, 4][descriptor & 3]!;
    const content = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
    const length = 5 + (isSingle ? 0 : 1) + dictionary + content;
    if (bytes.length < length) return 0;
    this.#state = 'block';
    return length;
  }
}

/** The magic of the first block, or of the end of a stream without blocks. */
const firstBlocks = new Set(['1AY&SY', '\x17rE8P\x90']);

/**
 * A stream begins with its magic and that of its first block, and ends with a magic and a sum, which begin at any bit:
 * so many bits do not come by chance.
 */
class Bzip2Watch implements StreamWatch {
  #tail = Buffer.alloc(0);
  #heads = 0;

  push(piece: Buffer): void {
    const bytes = Buffer.concat([this.#tail, piece]);
    // A head has ten bytes: one that ends in what was there before was counted
    const text = bytes.toString('latin1', Math.max(0, this.#tail.length - 9));
    for (let at = text.indexOf('BZh'); at >= 0; at = text.indexOf('BZh', at + 1)) {
      if (firstBlocks.has(text.slice(at + 4, at + 10))) this.#heads++;
    }
    this.#tail = Buffer.from(bytes.subarray(-11));
  }

  fault(): string | null {
    if (this.#heads > 1) return after;
    if (this.#heads === 0 || this.#tail.length < 11) return null;
    const bits = BigInt(`0x${this.#tail.toString('hex')}`);
    for (let padding = 32n; padding < 40n; padding++) {
      if (((bits >> padding) & 0xffff_ffff_ffffn) === 0x1772_4538_5090n) return null;
    }
    return after;
  }
}
