/**
 * Reads files that a person names in a flag, so that a wrong path is a fault of the command line (exit status 2), not
 * of the machine or the disk. No other module reads such files. Files that lockstep.yaml or a profile names are not
 * read here.
 */
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LockstepError } from '../errors.js';
import { diskFault, errnoOf } from './disk-fault.js';
import { largestNamed, readWhole } from './whole-file.js';

/** A path as it was typed, and its flag. */
export interface NamedFile {
  /** Relative to the working folder of the command. */
  path: string;
  /** `--keyring`. */
  flag: string;
}

/** errno values that mean a wrong path, not a faulty disk. */
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
 * @param hint what the file must be
 * @param cwd the folder that relative paths are relative to; default: the working folder of this process
 * @throws LockstepError FILE_MISSING, FILE_TOO_LARGE, DISK_IO
 */
export async function readNamedFile(named: NamedFile, hint: string, cwd = '.'): Promise<Buffer> {
  const path = resolve(cwd, named.path);
  try {
    return await readWhole(path, largestNamed);
  } catch (error) {
    throw faultOf(error, path, named, hint);
  }
}

/**
 * The absolute path of an output file that a flag names. Its folder must exist.
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
