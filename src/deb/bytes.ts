/**
 * Streams of bytes: the one shape in which rooms pass data to each other. Must not know where the bytes come from or go
 * to.
 */

/** Bytes in memory, or bytes that arrive in pieces. Text is UTF-8. */
export type ByteSource = string | Uint8Array | AsyncIterable<Uint8Array | string> | Iterable<Uint8Array>;

/** A Buffer on the same memory. Text is encoded as UTF-8. */
export function asBuffer(piece: Uint8Array | string): Buffer {
  if (typeof piece === 'string') return Buffer.from(piece, 'utf8');
  return Buffer.isBuffer(piece) ? piece : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
}

/** The pieces of a source in order, without empty ones. */
export async function* piecesOf(source: ByteSource): AsyncGenerator<Buffer, void, undefined> {
  if (typeof source === 'string' || source instanceof Uint8Array) {
    const whole = asBuffer(source);
    if (whole.length > 0) yield whole;
    return;
  }
  for await (const piece of source) {
    const buffer = asBuffer(piece);
    if (buffer.length > 0) yield buffer;
  }
}

/**
 * The pieces of a source, unchanged. `see` receives each piece and the number of bytes of all pieces so far. If
 * `see` throws, the stream ends with that error.
 */
export async function* watched(
  source: AsyncIterable<Buffer>,
  see: (piece: Buffer, total: number) => void,
): AsyncGenerator<Buffer> {
  let total = 0;
  for await (const piece of source) {
    total += piece.length;
    see(piece, total);
    yield piece;
  }
}

/**
 * All bytes of a source in one Buffer, at most `limit` bytes.
 * @throws RangeError when the source is longer; callers replace it with their own error
 */
export async function collect(source: ByteSource, limit = Number.MAX_SAFE_INTEGER): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of piecesOf(source)) {
    size += piece.length;
    if (size > limit) throw new RangeError(`more than ${limit} bytes`);
    pieces.push(piece);
  }
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, size);
}
