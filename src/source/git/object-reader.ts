/**
 * Reading objects out of a repository's folder, each proven: its id is
 * computed again from what was read. By isomorphic-git, or by the system's git
 * where that is told to.
 */
import { promises as fs } from 'node:fs';
import { counted } from '../../counted.js';
import { LockstepError } from '../../errors.js';
import { piecesOf } from '../../io/bytes.js';
import { throwIfInterrupted } from '../../io/interrupt.js';
import type { SourceContext } from '../source-context.js';
import { damagedObject, idHash, isObjectId, type ObjectId, type ObjectType } from './git-object.js';
import { gitStream } from './system-git.js';

export interface ReadObject {
  id: ObjectId;
  type: ObjectType;
  /** Bytes. */
  size: number;
  /** Throws SOURCE_GIT_DAMAGED in place of its end when the bytes are not those of the id. */
  body: AsyncIterable<Buffer>;
}

/** Where objects are, and who reads them. */
export interface ObjectFolder {
  gitdir: string;
  by: 'library' | 'git';
}

/**
 * Objects in the order they are asked for; each body is to be read, if at all, before the next is asked for.
 * @throws LockstepError SOURCE_GIT_DAMAGED (one is not there, or not what its id says), TOOL_*, INTERRUPTED
 */
export async function* readObjects(
  folder: ObjectFolder,
  ids: readonly ObjectId[],
  context: SourceContext,
): AsyncGenerator<ReadObject> {
  if (ids.length === 0) return;
  const found = folder.by === 'git' ? bySystem(folder, ids, context) : byLibrary(folder, ids);
  for await (const object of found) {
    throwIfInterrupted(context.signal);
    const body = proven(object);
    yield { ...object, body: { [Symbol.asyncIterator]: () => body } };
    // What was left unread is read here, so that the next one is where it must be
    for await (const rest of body) void rest;
  }
}

/** One object in memory. @throws LockstepError as {@link readObjects}, also for one of another type or size */
export async function readObject(
  folder: ObjectFolder,
  id: ObjectId,
  type: ObjectType,
  context: SourceContext,
  limit = largestText,
): Promise<Buffer> {
  const [body] = await readAll(folder, [id], type, context, limit);
  return body!;
}

/** Of what is no file: trees, commits, tags, and files that are read for what they say. */
const largestText = 32 * 1024 * 1024;

/** Several objects in memory, in the order asked for. */
export async function readAll(
  folder: ObjectFolder,
  ids: readonly ObjectId[],
  type: ObjectType,
  context: SourceContext,
  limit = largestText,
): Promise<Buffer[]> {
  const bodies: Buffer[] = [];
  for await (const object of readObjects(folder, ids, context)) {
    if (object.type !== type)
      throw damagedObject(`The object ${object.id}`, `it is a ${object.type}, not a ${type}`);
    if (object.size > limit)
      throw damagedObject(
        `The ${type} ${object.id}`,
        `it has ${counted(object.size, 'byte')}; ${limit} are allowed`,
      );
    const pieces: Buffer[] = [];
    for await (const piece of object.body) pieces.push(piece);
    bodies.push(Buffer.concat(pieces));
  }
  return bodies;
}

async function* proven({ id, type, size, body }: ReadObject): AsyncGenerator<Buffer, void, undefined> {
  const hash = idHash(type, size);
  for await (const piece of body) {
    hash.update(piece);
    yield piece;
  }
  if (hash.digest('hex') !== id)
    throw damagedObject(`The ${type} ${id}`, 'its bytes are not those of its id');
}

async function* byLibrary(
  { gitdir }: ObjectFolder,
  ids: readonly ObjectId[],
): AsyncGenerator<ReadObject, void, undefined> {
  const git = await import('isomorphic-git');
  // Holds the pack for as long as these objects are read
  const cache = {};
  for (const id of ids) {
    let read: { type?: string; object?: unknown };
    try {
      read = await git.readObject({ fs: { promises: fs }, gitdir, oid: id, cache, format: 'content' });
    } catch (error) {
      if ((error as { code?: unknown }).code === 'NotFoundError') throw missing(id);
      throw damagedObject(`The object ${id}`, error instanceof Error ? error.message : String(error), error);
    }
    if (!(read.object instanceof Uint8Array)) throw missing(id);
    const bytes = Buffer.from(read.object.buffer, read.object.byteOffset, read.object.byteLength);
    yield { id, type: read.type as ObjectType, size: bytes.length, body: piecesOf(bytes) };
  }
}

/** `git cat-file --batch`: for each id a line `<id> <type> <size>`, the bytes, a newline. */
async function* bySystem(
  { gitdir }: ObjectFolder,
  ids: readonly ObjectId[],
  context: SourceContext,
): AsyncGenerator<ReadObject, void, undefined> {
  const pieces = gitStream(gitdir, ['cat-file', '--batch'], `${ids.join('\n')}\n`, context);
  const source = pieces[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  const more = async (): Promise<boolean> => {
    const next = await source.next();
    if (next.done === true) return false;
    held = held.length === 0 ? next.value : Buffer.concat([held, next.value]);
    return true;
  };
  try {
    for (const id of ids) {
      while (!held.includes(10)) if (!(await more())) throw missing(id);
      const end = held.indexOf(10);
      const line = held.toString('latin1', 0, end);
      held = held.subarray(end + 1);
      const [, named, type, digits] = /^([0-9a-f]{40}) (commit|tree|blob|tag) (\d+)$/.exec(line) ?? [];
      if (!isObjectId(named) || named !== id) throw missing(id);
      const size = Number(digits);
      yield { id, type: type as ObjectType, size, body: body(size) };
    }
  } catch (error) {
    throw error instanceof LockstepError && error.code === 'TOOL_FAILED'
      ? damagedObject('The repository', error.message, error)
      : error;
  } finally {
    await source.return?.();
  }

  async function* body(size: number): AsyncGenerator<Buffer, void, undefined> {
    // The newline behind it too
    for (let left = size + 1; left > 0;) {
      if (held.length === 0 && !(await more())) throw damagedObject('The repository', 'git stopped too soon');
      const piece = held.subarray(0, left);
      held = held.subarray(piece.length);
      left -= piece.length;
      const shown = left === 0 ? piece.subarray(0, -1) : piece;
      if (shown.length > 0) yield shown;
    }
  }
}

function missing(id: ObjectId): LockstepError {
  return damagedObject(`The object ${id}`, 'it is not there');
}
