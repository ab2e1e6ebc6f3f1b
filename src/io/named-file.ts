/**
 * Files that a person names in a flag: read here and nowhere else, so that a
 * wrong path is a fault of the command line (exit status 2) and not of the
 * machine or the disk. Files that lockstep.yaml or a profile names are not
 * read here.
 */
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LockstepError } from '../errors.js';
import { diskFault, errnoOf } from './disk.js';

/** A path as it was typed, and where. */
export interface NamedFile {
  /** Relative to the folder that the command was called in. */
  path: string;
  /** `--keyring`. */
  flag: string;
}

/** What the system says of a path that is wrong, rather than of a disk that is at fault. */
const wrongPath: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EISDIR: 'is a folder',
  EACCES: 'is not readable for you',
  ELOOP: 'is a link to a missing file',
  ENAMETOOLONG: 'does not exist',
};

/**
 * The bytes of a file that a flag names.
 *
 * @param hint what the file is to be
 * @param cwd the folder that relative paths are relative to; that of this process where left out
 * @throws LockstepError FILE_MISSING, DISK_IO
 */
export async function readNamedFile(named: NamedFile, hint: string, cwd = '.'): Promise<Buffer> {
  const path = resolve(cwd, named.path);
  try {
    return await readFile(path);
  } catch (error) {
    throw faultOf(error, path, named, hint);
  }
}

/**
 * The absolute path of a file that a flag says is to be written; the folder must be there.
 *
 * @throws LockstepError FILE_MISSING, DISK_IO
 */
export async function namedOutput(named: NamedFile): Promise<string> {
  const path = resolve(named.path);
  const folder = dirname(path);
  try {
    await stat(folder);
  } catch (error) {
    throw faultOf(error, folder, named, 'Create the folder first, or name another one');
  }
  return path;
}

function faultOf(error: unknown, path: string, { flag }: NamedFile, hint: string): unknown {
  const why = wrongPath[errnoOf(error) ?? ''];
  if (why === undefined) return diskFault(error, 'read', path);
  return new LockstepError('FILE_MISSING', {
    message: `${flag}: ${path} ${why}`,
    hint,
    where: [{ path: flag, value: path }],
    cause: error,
  });
}
