/**
 * xz and gzip, as streams with the same bytes on every machine. Owns the choice
 * between node-liblzma's native binding and the system's xz. Must not know what
 * is inside.
 */
import { availableParallelism } from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, createGzip } from 'node:zlib';
import type * as liblzmaModule from 'node-liblzma';
import { LockstepError } from '../errors.js';
import { piecesOf, type ByteSource } from '../deb/bytes.js';
import { interruptionOf, type Stoppable } from './interrupt.js';
import { filterThrough } from './process.js';
import { XzEnd } from './xz-end.js';

export interface XzOptions extends Stoppable {
  /** 0 to 9. Default 6. */
  preset?: number;
  /** How many threads compress, at least 2; the bytes do not depend on it. Default: the cores, at most 4. */
  threads?: number | undefined;
  /** Does the work by the program xz, also where node-liblzma's binding loads. */
  engine?: 'program';
}

const blockBytes = 256 * 1024;
/** lzma_check of lzma/check.h; CRC64 is what xz(1) itself writes. */
const checkCrc64 = 4;

type Liblzma = Pick<typeof liblzmaModule, 'createXz' | 'createUnxz' | 'hasThreads'>;

let loading: Promise<Liblzma | undefined> | undefined;

/** The native binding, or undefined where its prebuilt file does not load (another architecture or libc). */
async function liblzma(): Promise<Liblzma | undefined> {
  loading ??= import('node-liblzma').then(
    (library) => (library.hasThreads() ? library : undefined),
    () => undefined,
  );
  return await loading;
}

/**
 * Compresses to .xz with a CRC64. Deterministic: the multi-threaded encoder is used always, with two
 * threads where there is one core, because its blocks depend on the preset alone, but differ from what the
 * single-threaded encoder writes. (Across versions of liblzma the bytes may differ.)
 */
export function xzCompress(source: ByteSource, options: XzOptions = {}): Readable {
  const preset = options.preset ?? 6;
  const threads = Math.max(2, options.threads ?? Math.min(4, availableParallelism()));
  return streamOf(async function* () {
    const library = options.engine === 'program' ? undefined : await liblzma();
    if (library === undefined) {
      const args = ['--compress', '--stdout', '--format=xz', '--check=crc64', `-${preset}`];
      const blocks = [`--threads=${threads}`, `--block-size=${blockSize(preset)}`];
      const { signal } = options;
      yield* filterThrough('xz', [...args, ...blocks, '--no-adjust'], source, { signal });
      return;
    }
    const encoder = library.createXz({ preset, threads, check: checkCrc64, chunkSize: blockBytes });
    yield* through(source, encoder, options.signal);
  });
}

/**
 * Decompresses .xz, also of several streams and blocks. The stream errors with DATA_DAMAGED in place of
 * its end when the bytes are damaged or end too soon, INTERRUPTED when the signal is aborted, or with what
 * the source throws.
 */
export function xzDecompress(source: ByteSource, options: Omit<XzOptions, 'preset'> = {}): Readable {
  return streamOf(async function* () {
    const library = options.engine === 'program' ? undefined : await liblzma();
    if (library === undefined) {
      yield* programDecoder('xz', ['--decompress', '--stdout', '--format=xz'], source, options);
      return;
    }
    const end = new XzEnd();
    const decoder = library.createUnxz({ chunkSize: blockBytes });
    yield* through(source, decoder, options.signal, (piece) => end.push(piece));
    if (!end.isWhole()) throw damaged(new Error('Unexpected end of input'));
  });
}

/** Compresses to .gz as `gzip -9n` does: no name, no time, so the same bytes each time. */
export function gzip(source: ByteSource, options: { level?: number } & Stoppable = {}): Readable {
  return streamOf(async function* () {
    const encoder = createGzip({
      level: options.level ?? constants.Z_BEST_COMPRESSION,
      chunkSize: blockBytes,
    });
    let first = true;
    for await (const piece of through(source, encoder, options.signal)) {
      // The header's tenth byte names the system it was made on (RFC 1952 2.3.1): always Unix here.
      if (first) piece[9] = 3;
      first = false;
      yield piece;
    }
  });
}

/** Decompresses .gz. The stream errors with DATA_DAMAGED, as {@link xzDecompress} does. */
export function gunzip(source: ByteSource, options: Stoppable = {}): Readable {
  return streamOf(() => through(source, createGunzip({ chunkSize: blockBytes }), options.signal));
}

/**
 * Decompresses by the ending of a file's name: `.xz`, `.gz`, and `.lzma`, `.bz2`, `.zst` through the system's
 * programs; any other name is passed through unchanged.
 */
export function decompressByName(name: string, source: ByteSource, options: Stoppable = {}): Readable {
  if (name.endsWith('.xz')) return xzDecompress(source, options);
  if (name.endsWith('.gz')) return gunzip(source, options);
  const [, ending] = /\.(lzma|bz2|zst)$/.exec(name) ?? [];
  if (ending === undefined) return streamOf(() => piecesOf(source));
  const [program, args] = decoders[ending as keyof typeof decoders];
  return streamOf(() => programDecoder(program, args, source, options));
}

/** The system's programs, by the ending of the files that they decompress. */
const decoders = {
  lzma: ['xz', ['-dc', '--format=lzma']],
  bz2: ['bzip2', ['-dc']],
  zst: ['zstd', ['-dcq']],
} as const;

/** liblzma's own choice for lzma_mt.block_size = 0: three dictionaries, at least 1 MiB. */
function blockSize(preset: number): number {
  const mebibytes = [0.25, 1, 2, 4, 4, 8, 8, 16, 32, 64][preset] ?? 8;
  return Math.max(3 * mebibytes, 1) * 1024 * 1024;
}

function streamOf(pieces: () => AsyncIterable<Buffer>): Readable {
  return Readable.from(pieces(), { objectMode: false, highWaterMark: blockBytes });
}

async function* programDecoder(
  command: string,
  args: readonly string[],
  source: ByteSource,
  { signal }: Stoppable,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* filterThrough(command, args, source, { signal });
  } catch (error) {
    throw error instanceof LockstepError && error.code === 'TOOL_FAILED' ? damaged(error) : error;
  }
}

/** Bytes through a codec, telling the codec's own errors from those of the source. */
async function* through(
  source: ByteSource,
  codec: NodeJS.ReadWriteStream & { destroy(): unknown },
  signal: AbortSignal | undefined,
  onInput: (piece: Buffer) => void = () => undefined,
): AsyncGenerator<Buffer, void, undefined> {
  let sourceFault: { error: unknown } | undefined;
  async function* watched(): AsyncGenerator<Buffer> {
    try {
      for await (const piece of piecesOf(source)) {
        onInput(piece);
        // The binding takes no more than 512 MiB at once, and a small input bounds what it puts out at once.
        for (let at = 0; at < piece.length; at += blockBytes) yield piece.subarray(at, at + blockBytes);
      }
    } catch (error) {
      sourceFault = { error };
      throw error;
    }
  }
  const feeding = pipeline(watched(), codec, signal === undefined ? {} : { signal });
  // The reader below sees the same error; without a handler Node would report it twice.
  feeding.catch(() => undefined);
  try {
    yield* codec as unknown as AsyncIterable<Buffer>;
  } catch (error) {
    if (signal?.aborted === true) throw interruptionOf(signal);
    if (sourceFault !== undefined) throw sourceFault.error;
    throw damaged(error);
  } finally {
    codec.destroy();
  }
}

function damaged(cause: unknown): LockstepError {
  const said = cause instanceof Error ? `: ${cause.message}` : '';
  return new LockstepError('DATA_DAMAGED', {
    message: `Compressed data is damaged or truncated, or its format does not match its name${said}`,
    cause,
  });
}
