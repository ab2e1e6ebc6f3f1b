/**
 * Faults of the disk: the translation of errno into codes of Lockstep, and which of them are an answer. It touches no
 * file.
 */
import { LockstepError } from '../errors.js';

/** The errno name of a thrown value (`ENOENT`), or undefined if the value is not a system error. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return 'errno' in error || 'syscall' in error ? error.code : undefined;
}

/**
 * A system error about a file as a LockstepError: ENOSPC and EDQUOT become DISK_FULL, every other errno becomes
 * DISK_IO. A LockstepError, and any error that is not from the system, is returned unchanged.
 *
 * @param doing the operation that failed, as in `write`
 */
export function diskFault(error: unknown, doing: string, path: string): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    return new LockstepError('DISK_FULL', {
      message: `The disk is full (${errno}): could not ${doing} ${path}`,
      hint: 'No file was left incomplete. Free some disk space, then run the same command again.',
      where: [{ file: path }],
      cause: error,
    });
  }
  return new LockstepError('DISK_IO', {
    message: `Could not ${doing} ${path}: ${(error as Error).message}`,
    hint: 'Check the owner and the permissions of that path, and the health of its disk.',
    where: [{ file: path }],
    cause: error,
  });
}

/** Runs `work`, and translates system errors to DISK_FULL or DISK_IO. */
export async function onDisk<T>(doing: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw diskFault(error, doing, path);
  }
}

/** As {@link onDisk}, for synchronous work. */
export function onDiskNow<T>(doing: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw diskFault(error, doing, path);
  }
}

/** For `.catch`: returns `instead` if the error has one of these names, otherwise throws it again. */
export function onErrno<T>(names: readonly string[], instead: T): (error: unknown) => T {
  return (error) => {
    if (names.includes(errnoOf(error) ?? '')) return instead;
    throw error;
  };
}

/** For `.catch`: returns `instead` if the file or folder does not exist, otherwise throws the error again. */
export function notThere<T>(instead: T): (error: unknown) => T {
  return onErrno(['ENOENT', 'ENOTDIR'], instead);
}
