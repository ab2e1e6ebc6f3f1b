/**
 * Reads objects from a repository's folder with the system's git, and proves each: it computes the object's id from the
 * bytes that it read.
 */
import { PassThrough } from 'node:stream';
import { counted } from '../../counted.js';
import { collect } from '../../deb/bytes.js';
import { LockstepError } from '../../errors.js';
import { throwIfInterrupted } from '../../io/interrupt.js';
import type { SourceContext } from '../source-context.js';
import { damagedObject, idHash, type ObjectId, type ObjectType } from './git-object.js';
import { gitStream, runGit } from './system-git.js';

export interface ReadObject {
  id: ObjectId;
  type: ObjectType;
  /** Bytes. */
  size: number;
  /** Ends with SOURCE_GIT_DAMAGED if the bytes do not match the id. */
  body: AsyncIterable<Buffer>;
}

/** A folder with git objects. */
export interface ObjectFolder {
  gitdir: string;
  /** The git process that reads the objects, started on first use. {@link closeFolder} ends it. */
  batch?: Batch | undefined;
}

/** Ends the git process that reads a folder's objects. The next reading starts another one. */
export async function closeFolder(folder: ObjectFolder): Promise<void> {
  const { batch } = folder;
  folder.batch = undefined;
  await batch?.close();
}

/**
 * Objects in the order of `ids`. A caller that needs a body must read it before it takes the next object. Only one
 * reading per folder at a time.
 * @throws LockstepError SOURCE_GIT_DAMAGED (an object is missing, or does not match its id), TOOL_*, INTERRUPTED
 */
export async function* readObjects(
  folder: ObjectFolder,
  ids: readonly ObjectId[],
  context: SourceContext,
): AsyncGenerator<ReadObject> {
  if (ids.length === 0) return;
  const batch = (folder.batch ??= new Batch(folder.gitdir, context));
  let isWhole = false;
  try {
    for await (const object of batch.read(ids)) {
      throwIfInterrupted(context.signal);
      const body = proven(object);
      yield { ...object, body: { [Symbol.asyncIterator]: () => body } };
      // Reads the rest of the body, so that the next object begins at the right byte
      for await (const rest of body) void rest;
    }
    isWhole = true;
  } catch (error) {
    throw await unreadable(folder, error, context);
  } finally {
    // After a reading that stopped early, the next one would read its remaining answers
    if (!isWhole) await closeFolder(folder);
  }
}

/**
 * One object in memory. @throws LockstepError as {@link readObjects}, also for an object of another type or above the
 * limit
 */
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

/** Bytes of objects that are parsed: trees, commits, tags, and files whose text is read. */
export const largestText = 32 * 1024 * 1024;

/** Several objects in memory, in the order of `ids`. */
export async function readAll(
  folder: ObjectFolder,
  ids: readonly ObjectId[],
  type: ObjectType,
  context: SourceContext,
  limit = largestText,
): Promise<Buffer[]> {
  const bodies: Buffer[] = [];
  for await (const object of readObjects(folder, ids, context)) {
    bodies.push(await wholeBody(object, type, limit));
  }
  return bodies;
}

/** The body of an object, in memory, if the object has the given type. @throws LockstepError as {@link readObject} */
export async function wholeBody(
  { id, type, size, body }: ReadObject,
  wanted: ObjectType,
  limit: number,
): Promise<Buffer> {
  if (type !== wanted) throw damagedObject(`The object ${id}`, `it is a ${type}, not a ${wanted}`);
  if (size > limit)
    throw damagedObject(`The ${type} ${id}`, `it has ${counted(size, 'byte')}; the limit is ${limit}`);
  return await collect(body);
}

async function* proven({ id, type, size, body }: ReadObject): AsyncGenerator<Buffer, void, undefined> {
  const hash = idHash(type, size);
  for await (const piece of body) {
    hash.update(piece);
    yield piece;
  }
  if (hash.digest('hex') !== id) throw damagedObject(`The ${type} ${id}`, 'its bytes do not match its id');
}

/**
 * `git cat-file --batch`: it prints for each id a line `<id> <type> <size>`, the bytes, a newline. One process reads
 * all objects of a repository, because starting git takes longer than reading most trees.
 */
class Batch {
  readonly #asked = new PassThrough();
  readonly #pieces: AsyncGenerator<Buffer, void, undefined>;
  #held: Buffer = Buffer.alloc(0);

  constructor(gitdir: string, context: SourceContext) {
    const args = [`--git-dir=${gitdir}`, 'cat-file', '--batch'];
    this.#pieces = gitStream(args, this.#asked, context, () => this.#asked.end());
  }

  async close(): Promise<void> {
    this.#asked.end();
    await this.#pieces.return();
  }

  async *read(ids: readonly ObjectId[]): AsyncGenerator<ReadObject, void, undefined> {
    this.#asked.write(`${ids.join('\n')}\n`);
    for (const id of ids) {
      while (!this.#held.includes(10)) if (!(await this.#more())) throw missing(id);
      const end = this.#held.indexOf(10);
      const line = this.#held.toString('latin1', 0, end);
      this.#held = this.#held.subarray(end + 1);
      const [, named, type, digits] = /^([0-9a-f]{40}) (commit|tree|blob|tag) (\d+)$/.exec(line) ?? [];
      if (named !== id) throw missing(id);
      const size = Number(digits);
      yield { id, type: type as ObjectType, size, body: this.#body(size) };
    }
  }

  async #more(): Promise<boolean> {
    const next = await this.#pieces.next();
    if (next.done === true) return false;
    this.#held = this.#held.length === 0 ? next.value : Buffer.concat([this.#held, next.value]);
    return true;
  }

  async *#body(size: number): AsyncGenerator<Buffer, void, undefined> {
    // One more byte for the newline after the object
    for (let left = size + 1; left > 0;) {
      if (this.#held.length === 0 && !(await this.#more()))
        throw damagedObject('The repository', 'git stopped too soon');
      const piece = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(piece.length);
      left -= piece.length;
      const shown = left === 0 ? piece.subarray(0, -1) : piece;
      if (shown.length > 0) yield shown;
    }
  }
}

/**
 * The fault of a reading that failed. A partial clone lacks objects by intention, and git would fetch them now; Lockstep
 * writes nothing to a repository.
 */
async function unreadable(
  { gitdir }: ObjectFolder,
  error: unknown,
  context: SourceContext,
): Promise<unknown> {
  if (!(error instanceof LockstepError) || !['SOURCE_GIT_DAMAGED', 'TOOL_FAILED'].includes(error.code))
    return error;
  const asked = ['config', '--type=bool', '--get-regexp', '^remote\\..*\\.promisor$'];
  const { stdout } = await runGit([`--git-dir=${gitdir}`, ...asked], context);
  if (/ true$/m.test(stdout)) {
    return new LockstepError('SOURCE_PARTIAL_CLONE', {
      message: `The repository ${gitdir} is a partial clone (git clone --filter) and lacks objects of the commit`,
      hint: 'Clone it without --filter, or fetch what it lacks: git fetch --refetch --no-filter',
      where: [{ file: gitdir }],
      cause: error,
    });
  }
  return error.code === 'TOOL_FAILED' ? damagedObject('The repository', error.message, error) : error;
}

function missing(id: ObjectId): LockstepError {
  return damagedObject(`The object ${id}`, 'it is missing');
}
