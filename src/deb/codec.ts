/**
 * The shapes of compressors, which this room takes as arguments: which
 * library or program compresses is not its business (src/io/compress.ts).
 */

/** Compresses or decompresses a stream. Must pass errors of its input on. */
export type Codec = (input: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;

/** Decompresses by what the name ends with (`.xz`, `.gz`, `.zst`, `.tar` for none); refuses what it does not know. */
export type DecompressByName = (name: string, input: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;

/** What bytes may come as where this room writes. */
export type Bytes = Uint8Array | AsyncIterable<Uint8Array>;

/** A view on the same memory as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The bytes as chunks. */
export async function* chunksOf(bytes: Bytes): AsyncGenerator<Buffer> {
  if (bytes instanceof Uint8Array) {
    if (bytes.byteLength > 0) yield asBuffer(bytes);
    return;
  }
  for await (const chunk of bytes) yield asBuffer(chunk);
}

/**
 * All bytes of a stream, which must not be more than `limit`.
 * @throws RangeError when it is longer; callers say it in their own words
 */
export async function collect(bytes: Bytes, limit = Number.MAX_SAFE_INTEGER): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunksOf(bytes)) {
    size += chunk.byteLength;
    if (size > limit) throw new RangeError(`more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
