/**
 * Bytes on their way: the one shape in which rooms hand data to each other.
 * Must not know where they come from or go to.
 */

/** Bytes that are there, or that come in pieces. Text is UTF-8. */
export type ByteSource = string | Uint8Array | AsyncIterable<Uint8Array | string> | Iterable<Uint8Array>;

/** A Buffer over the same memory; text becomes UTF-8. */
export function asBuffer(piece: Uint8Array | string): Buffer {
  if (typeof piece === 'string') return Buffer.from(piece, 'utf8');
  return Buffer.isBuffer(piece) ? piece : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
}

/** The pieces of a source, one after the other; empty ones are left out. */
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

/** The pieces of a source as they pass. `see` is told the bytes of each and of all so far; what it throws ends them. */
export async function* watched(
  source: AsyncIterable<Buffer>,
  see: (bytes: number, total: number) => void,
): AsyncGenerator<Buffer> {
  let total = 0;
  for await (const piece of source) {
    total += piece.length;
    see(piece.length, total);
    yield piece;
  }
}

/**
 * Everything of a source in one Buffer, which must not be longer than `limit`; only for what fits in memory.
 * @throws RangeError when it is longer; callers say it in their own words
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
