/**
 * Pointers of Git LFS: a text in the place of a file whose bytes are on another server. A package with a pointer would
 * lack the file, so a tree with one is refused. Lockstep does not fetch the files.
 */
import { collect } from '../deb/bytes.js';
import { shownName } from '../deb/member-name.js';
import { counted } from '../counted.js';
import { LockstepError } from '../errors.js';

/** Bytes. A pointer is smaller, by the specification of Git LFS. */
const largestPointer = 1024;

const shownPaths = 20;

/** Finds the pointers among the files of a tree. */
export class LfsWatch {
  readonly #found: string[] = [];

  /** The same bytes; a small file is read first. */
  async watched(
    path: string,
    size: number,
    body: AsyncIterable<Buffer>,
  ): Promise<AsyncIterable<Buffer> | Buffer> {
    if (size >= largestPointer) return body;
    const bytes = await collect(body);
    if (isPointer(bytes)) this.#found.push(path);
    return bytes;
  }

  /** Reads a file only to look at it. */
  async look(path: string, size: number, open: () => AsyncIterable<Buffer>): Promise<void> {
    if (size < largestPointer) await this.watched(path, size, open());
  }

  /** @throws LockstepError SOURCE_LFS that names the pointers */
  assertNone(what: string): void {
    if (this.#found.length === 0) return;
    const names = this.#found.map((path) => shownName(path));
    const more = names.length > shownPaths ? `, and ${names.length - shownPaths} more` : '';
    throw new LockstepError('SOURCE_LFS', {
      message: `${what} has ${counted(names.length, 'pointer')} of Git LFS instead of files: ${names.slice(0, shownPaths).join(', ')}${more}`,
      hint: 'Lockstep does not fetch from LFS servers. Take a tarball that has the files, or ask upstream to keep them in git',
      where: this.#found.slice(0, shownPaths).map((path) => ({ path: shownName(path) })),
    });
  }
}

/** The first line, and the line with the hash of the file. */
function isPointer(bytes: Buffer): boolean {
  const text = bytes.toString('latin1');
  return (
    /^version https:\/\/(?:git-lfs\.github\.com|hawser\.github\.com)\/spec\/v\d+\n/.test(text) &&
    /^oid sha256:[0-9a-f]{64}$/m.test(text)
  );
}
