/**
 * A pack on its way into a folder of ours: written as it comes, held against
 * its own checksum, looked through before anything understands it, and indexed
 * by whoever can carry it.
 */
import { counted } from '../../counted.js';
import { createHash } from 'node:crypto';
import { promises as fs } from 'node:fs';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { onDisk, writeAll } from '../../io/disk.js';
import { netFault } from '../../io/http-fault.js';
import type { Item, Phase } from '../../io/progress.js';
import type { SourceContext } from '../source-context.js';
import { damagedObject } from './git-object.js';
import type { ObjectFolder } from './object-reader.js';
import { gitIn, isGitInstalled, needsGit } from './system-git.js';

/**
 * What isomorphic-git carries. Measured (npm run bench git): below `easy` it takes a few seconds and 250 MB at
 * most, where git itself is no faster by much; it takes ten times git's time for more, so git is asked where it is
 * installed. Above `possible` isomorphic-git, which holds all of it in memory, is not asked at all.
 */
export const packLimits = {
  easy: { bytes: 8 * 1024 * 1024, objects: 4_000 },
  possible: { bytes: 64 * 1024 * 1024, objects: 100_000 },
  /** Bytes of one object, which isomorphic-git holds as a whole. */
  object: 64 * 1024 * 1024,
  /** Bytes of any pack. */
  any: 8 * 1024 * 1024 * 1024,
} as const;

export interface PackFile {
  path: string;
  bytes: number;
  objects: number;
}

const trailer = 20;

/** Makes an empty repository: no more of one than readers look for. */
export async function emptyRepository(gitdir: string): Promise<void> {
  await onDisk('make', gitdir, async () => {
    await mkdir(join(gitdir, 'objects', 'pack'), { recursive: true });
    await mkdir(join(gitdir, 'refs'));
    await writeFile(join(gitdir, 'HEAD'), 'ref: refs/heads/none\n');
    await writeFile(join(gitdir, 'config'), '[core]\n\trepositoryformatversion = 0\n\tbare = true\n');
  });
}

/**
 * Writes a pack into the repository `gitdir`, over one that was begun before.
 * @throws LockstepError SOURCE_GIT_DAMAGED (its checksum does not hold), NET_TOO_LARGE, TOOL_MISSING, DISK_*
 */
export async function receivePack(
  bytes: AsyncIterable<Buffer>,
  gitdir: string,
  from: string,
  item: Item,
  context: SourceContext,
): Promise<PackFile> {
  const path = join(gitdir, 'objects', 'pack', 'incoming.pack');
  const handle = await onDisk('write', path, () => open(path, 'w', 0o600));
  const hash = createHash('sha1');
  let size = 0;
  let head = Buffer.alloc(0);
  let tail = Buffer.alloc(0);
  let isLarge = false;
  try {
    for await (const piece of bytes) {
      if (head.length < 12) head = Buffer.concat([head, piece]).subarray(0, 12);
      size += piece.length;
      if (size > packLimits.any) {
        throw netFault(
          'NET_TOO_LARGE',
          from,
          `Its pack is larger than the ${packLimits.any} bytes that are allowed`,
        );
      }
      // As soon as it is known: not after gigabytes
      if (!isLarge && size > packLimits.possible.bytes) {
        isLarge = true;
        if (!(await isGitInstalled(context))) throw needsGit(`The repository ${from}`);
      }
      // The last twenty bytes are the checksum of those before
      const joined = Buffer.concat([tail, piece]);
      const keep = Math.min(trailer, joined.length);
      hash.update(joined.subarray(0, joined.length - keep));
      tail = Buffer.from(joined.subarray(joined.length - keep));
      await onDisk('write', path, () => writeAll(handle, piece));
      item.advance(piece.length);
    }
  } finally {
    await handle.close();
  }
  const damaged = (why: string) => damagedObject(`The pack that ${from} sent`, why);
  if (size < 12 + trailer || head.toString('latin1', 0, 4) !== 'PACK') throw damaged('it is no pack');
  if (head.readUInt32BE(4) !== 2)
    throw damaged(`it is of version ${head.readUInt32BE(4)}, which is not known`);
  if (!hash.digest().equals(tail)) throw damaged('its checksum does not hold');
  return { path, bytes: size, objects: head.readUInt32BE(8) };
}

/**
 * Makes the pack readable, and says by whom.
 * @throws LockstepError SOURCE_GIT_DAMAGED, TOOL_MISSING, INTERRUPTED
 */
export async function indexPack(
  pack: PackFile,
  gitdir: string,
  from: string,
  phase: Phase,
  context: SourceContext,
): Promise<ObjectFolder> {
  const { easy, possible } = packLimits;
  const isEasy = pack.bytes <= easy.bytes && pack.objects <= easy.objects;
  const isPossible = pack.bytes <= possible.bytes && pack.objects <= possible.objects;
  const withGit = isEasy ? false : await isGitInstalled(context);
  if (!withGit && isPossible && largestIn(await readFile(pack.path), from) <= packLimits.object) {
    await indexByLibrary(gitdir, from);
    return { gitdir, by: 'library' };
  }
  if (!withGit && !(await isGitInstalled(context))) throw needsGit(`The repository ${from}`);
  phase.info(
    `${from}: ${counted(pack.objects, 'object')}, ${(pack.bytes / 1e6).toFixed(1)} MB; read by the system's git, as isomorphic-git cannot carry that well`,
  );
  const { exitCode, stderr } = await gitIn(gitdir, ['index-pack', pack.path], context);
  if (exitCode !== 0) throw damagedObject(`The pack that ${from} sent`, lastLine(stderr));
  return { gitdir, by: 'git' };
}

async function indexByLibrary(gitdir: string, from: string): Promise<void> {
  const git = await import('isomorphic-git');
  const pack = join(gitdir, 'objects', 'pack', 'incoming.pack');
  try {
    await git.indexPack({
      fs: { promises: fs },
      dir: gitdir,
      gitdir,
      filepath: 'objects/pack/incoming.pack',
    });
  } catch (error) {
    throw damagedObject(
      `The pack that ${from} sent`,
      error instanceof Error ? error.message : String(error),
      error,
    );
  }
  await onDisk('write', pack, async () => {
    await rename(pack, join(gitdir, 'objects', 'pack', 'pack-0.pack'));
    await rename(pack.replace(/pack$/, 'idx'), join(gitdir, 'objects', 'pack', 'pack-0.idx'));
  });
}

/**
 * The largest object of a pack in bytes, of deltas what they make. isomorphic-git would hold it in memory before
 * it knew: a few kilobytes can unfold into gigabytes.
 * @throws LockstepError SOURCE_GIT_DAMAGED
 */
function largestIn(pack: Buffer, from: string): number {
  const damaged = (why: string, cause?: unknown) => damagedObject(`The pack that ${from} sent`, why, cause);
  const count = pack.readUInt32BE(8);
  const end = pack.length - trailer;
  let at = 12;
  let largest = 0;
  const byte = (): number => {
    if (at >= end) throw damaged('it ends within an object');
    return pack[at++]!;
  };
  for (let nth = 0; nth < count; nth++) {
    let bits = byte();
    const type = (bits >> 4) & 7;
    let size = bits & 15;
    for (let scale = 16; bits >= 128; scale *= 128) size += ((bits = byte()) & 127) * scale;
    if (type === 6) while (byte() >= 128);
    if (type === 7) at += 20;
    largest = Math.max(largest, size);
    if (largest > packLimits.object) return largest;
    try {
      const { buffer, engine } = inflateSync(pack.subarray(at, end), {
        info: true,
        maxOutputLength: Math.max(size, 1),
      }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
      if (buffer.length !== size) throw damaged('an object has another size than it says');
      at += engine.bytesWritten;
      if (type === 6 || type === 7) largest = Math.max(largest, deltaSize(buffer));
    } catch (error) {
      throw damaged('an object cannot be decompressed', error);
    }
  }
  if (at !== end) throw damaged('there is more in it than it says');
  return largest;
}

/** What a delta makes: the second of the two numbers it begins with. */
function deltaSize(delta: Buffer): number {
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let scale = 1; at < delta.length; scale *= 128) {
      const bits = delta[at++]!;
      value += (bits & 127) * scale;
      if (bits < 128) break;
    }
    return value;
  };
  number();
  return number();
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? 'git could not read it';
}
