/**
 * The shapes of compressors, which this room takes as arguments: which
 * library or program compresses is not its business (src/io/compress.ts).
 */

/** Compresses or decompresses a stream. Must pass errors of its input on. */
export type Codec = (input: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;

/** Decompresses by what the name ends with (`.xz`, `.gz`, `.zst`, `.tar` for none); refuses what it does not know. */
export type DecompressByName = (name: string, input: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;
