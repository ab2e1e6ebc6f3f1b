/**
 * Reading tar archives (through `tar-stream`): every entry's name is checked
 * before the caller sees it, and what two readers could understand
 * differently is refused. Writing is tar-writer.ts. Nothing is unpacked here.
 */
import type { Extract, Header } from 'tar-stream';
import { LockstepError } from '../errors.js';
import { asBuffer } from './bytes.js';
import { linkTargetFault, memberName, shownName, type MemberName } from './member-name.js';
import type { TarOwner } from './tar-writer.js';

export { tarBytes, type TarInput, type TarOptions } from './tar-writer.js';

export type TarKind = 'file' | 'dir' | 'symlink' | 'hardlink' | 'char-device' | 'block-device' | 'fifo';

export interface TarHeader extends TarOwner {
  readonly path: MemberName;
  readonly kind: TarKind;
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number;
  /** Bytes; 0 for what is not a file. */
  readonly size: number;
  /** Of symlinks: any target, as dpkg has it (see `assertLinkStaysInside`). Of hard links: a `MemberName`. */
  readonly linkTarget: string | null;
  /** Seconds. */
  readonly mtime: number;
}

/** An entry of the archive being read. Read `body`, if at all, before you request the next entry. */
export interface TarEntry {
  readonly header: TarHeader;
  readonly body: AsyncIterable<Buffer>;
}

function damaged(message: string, file: string | undefined, cause?: unknown): LockstepError {
  return new LockstepError('DEB_ARCHIVE', {
    message: `${file ?? 'The file'} is not a usable tar archive: ${message}`,
    where: [{ file, message }],
    cause,
  });
}

/**
 * Reads entries one after the other, on demand: memory holds some chunks, never a complete entry. pax and GNU
 * long names are understood; unread bodies are skipped. `source` is the tar itself, already decompressed.
 * @param v7 accept headers without a format mark, as tar wrote them before POSIX (hello 2.10)
 * @throws LockstepError DEB_ARCHIVE (damaged, ends early, sparse or unknown entries), DEB_UNSAFE_NAME
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  file?: string,
  { v7 = false }: { v7?: boolean } = {},
): AsyncGenerator<TarEntry> {
  // Loaded when a tar is read: most commands read none
  // By its default: that is all a bundle knows of a CommonJS module that is loaded late
  const { extract } = (await import('tar-stream')).default;
  // @types/tar-stream does not know the option; tar-stream documents it
  const options: object = { allowUnknownFormat: v7 };
  const parser = extract(options);
  const input: Input = { failure: null, endZeros: 0 };
  const feeding = feed(source, parser, input);
  const own = (error: unknown): unknown => {
    if (error instanceof LockstepError) return error;
    // A fault of the source (network, decompressor) is not a fault of the tar
    if (input.failure !== null) return input.failure.error;
    return damaged(error instanceof Error ? error.message : String(error), file, error);
  };
  try {
    for await (const entry of parser) {
      const header = checkedHeader(entry.header, file);
      const body = bodyOf(entry, own);
      yield { header, body };
      // tar-stream goes on only when an entry was read to its end
      for await (const skipped of body) void skipped;
    }
    await feeding;
    if (input.failure !== null) throw input.failure.error;
    // tar-stream takes an archive that was cut between two entries for a whole one
    if (input.endZeros < block) throw damaged('it lacks the end-of-archive mark', file);
  } catch (error) {
    throw own(error);
  } finally {
    parser.destroy();
    await feeding;
  }
}

const block = 512;

/** What is known of the bytes that went into the parser. */
interface Input {
  failure: { error: unknown } | null;
  /** Zero bytes at the end, counted up to one block. */
  endZeros: number;
}

/** Pushes the source into the parser at the parser's pace; never rejects. */
async function feed(source: AsyncIterable<Uint8Array>, parser: Extract, input: Input): Promise<void> {
  let wake = (): void => undefined;
  parser.on('close', () => wake());
  parser.on('drain', () => wake());
  parser.on('error', () => undefined);
  try {
    for await (const chunk of source) {
      if (parser.destroying) return;
      input.endZeros = zerosAtEnd(chunk, input.endZeros);
      if (!parser.write(chunk)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (parser.destroying) resolve();
        });
      }
    }
    // streamx types its argument as needed; null is its end of stream
    parser.end(null);
  } catch (error) {
    input.failure = { error };
    parser.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

function zerosAtEnd(chunk: Uint8Array, before: number): number {
  let zeros = 0;
  while (zeros < chunk.length && zeros < block && chunk[chunk.length - 1 - zeros] === 0) zeros++;
  return Math.min(block, zeros === chunk.length ? before + zeros : zeros);
}

/**
 * The body as an iterable that a reader may leave early: tar-stream's own
 * would then destroy the whole parser.
 */
function bodyOf(entry: AsyncIterable<unknown>, own: (error: unknown) => unknown): AsyncIterable<Buffer> {
  const chunks = entry[Symbol.asyncIterator]();
  const next = async (): Promise<IteratorResult<Buffer, undefined>> => {
    try {
      const { done, value } = (await chunks.next()) as IteratorResult<unknown, unknown>;
      return done === true
        ? { done, value: undefined }
        : { done: false, value: asBuffer(value as Uint8Array) };
    } catch (error) {
      throw own(error);
    }
  };
  return { [Symbol.asyncIterator]: () => ({ next }) };
}

const kinds: Readonly<Record<NonNullable<Header['type']>, TarKind>> = {
  file: 'file',
  'contiguous-file': 'file',
  directory: 'dir',
  symlink: 'symlink',
  link: 'hardlink',
  'character-device': 'char-device',
  'block-device': 'block-device',
  fifo: 'fifo',
};

function checkedHeader(header: Header, file: string | undefined): TarHeader {
  const path = memberName(header.name, file);
  const shown = shownName(header.name);
  const kind = (header.type as Header['type'] | null) === null ? undefined : kinds[header.type];
  const pax = (header.pax ?? {}) as Record<string, string>;
  if (kind === undefined || Object.keys(pax).some((key) => key.startsWith('GNU.sparse'))) {
    throw damaged(`the entry ${shown} has an unsupported type (sparse, multi-volume)`, file);
  }
  // GNU tar ignores a size on links and directories, other readers skip that many bytes: a way to hide entries
  if (kind !== 'file' && header.size !== 0)
    throw damaged(`the entry ${shown} is not a file but has a size`, file);
  if (!Number.isSafeInteger(header.size)) throw damaged(`the entry ${shown} has no valid size`, file);
  let linkTarget: string | null = kind === 'symlink' || kind === 'hardlink' ? (header.linkname ?? '') : null;
  if (linkTarget !== null) {
    const fault = linkTargetFault(linkTarget);
    if (fault !== null) {
      throw new LockstepError('DEB_UNSAFE_NAME', {
        message: `The target ${shownName(linkTarget)} of the link ${shown} ${fault}`,
        where: [{ file, value: shownName(linkTarget) }],
      });
    }
    if (kind === 'hardlink') linkTarget = memberName(linkTarget, file);
  }
  const { size, uid, gid, uname, gname } = header;
  const [mode, mtime] = [header.mode & 0o7777, secondsOf(header, pax)];
  return { path, kind, mode, size, linkTarget, mtime, uid, gid, uname, gname };
}

function secondsOf(header: Header, pax: Record<string, string>): number {
  const seconds = pax['mtime'] === undefined ? header.mtime.getTime() / 1000 : Number(pax['mtime']);
  return Number.isFinite(seconds) ? Math.floor(seconds) : 0;
}
