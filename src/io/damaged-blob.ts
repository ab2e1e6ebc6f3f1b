/**
 * What happens to a blob of the content store whose bytes are not those of its
 * name: it is moved out of reach, once, whatever other runs do meanwhile. Also
 * the faults by which a reader learns that a blob cannot be used.
 */
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LockstepError } from '../errors.js';
import { ensureDir, hashFile, statIfThere, temporaryName } from './disk.js';
import { errnoOf, notThere, onDisk } from './disk-fault.js';

/**
 * Moves a damaged blob out of reach, so that it is fetched or made again, and says so. Another reader may have
 * done both since these bytes were read: a whole one is not touched.
 *
 * @param path where the blob is
 * @param aside where it goes
 * @returns STORE_CORRUPT, to be thrown
 */
export async function setAside(sha256: string, path: string, aside: string): Promise<LockstepError> {
  const damaged = (await statIfThere(path))?.ino;
  const now = await hashFile(path).catch((error: unknown) => {
    if (!isGone(error)) throw error;
  });
  if (damaged === undefined || now === undefined || now.sha256 === sha256) return corrupt(sha256, undefined);
  await ensureDir(dirname(aside));
  const taken = temporaryName(aside);
  const gone = await onDisk('set aside', aside, () => rename(path, taken).then(() => true, notThere(false)));
  if (!gone) return corrupt(sha256, undefined);
  // Repaired between the two checks: the moved file was the new one
  const isSame = (await statIfThere(taken))?.ino === damaged;
  await onDisk('set aside', aside, () => rename(taken, isSame ? aside : path));
  return corrupt(sha256, isSame ? aside : undefined);
}

/**
 * Whether an error says that a blob is not available, because it never existed, or was damaged and moved
 * away.
 */
export function lacksBlob(error: unknown): boolean {
  return error instanceof LockstepError && (error.code === 'STORE_MISSING' || error.code === 'STORE_CORRUPT');
}

/** Whether a file did not exist when it was opened. */
export function isGone(error: unknown): boolean {
  return error instanceof LockstepError && error.code === 'DISK_IO' && errnoOf(error.cause) === 'ENOENT';
}

/** STORE_MISSING. */
export function missing(sha256: string, path: string): LockstepError {
  return new LockstepError('STORE_MISSING', {
    message: `The content store has no ${sha256}`,
    hint: 'Run the command that fetches or builds it again.',
    where: [{ file: path }],
  });
}

/** @param aside its new path; undefined if another run moved or replaced it */
function corrupt(sha256: string, aside: string | undefined): LockstepError {
  return new LockstepError('STORE_CORRUPT', {
    message: `The file ${sha256} in the content store does not match its hash`,
    hint:
      aside === undefined
        ? 'Another run has moved or replaced it since then. Run the command again.'
        : `It was moved to ${aside}. Run the command again; it fetches or builds the file again.`,
    where: aside === undefined ? [{ value: sha256 }] : [{ file: aside }],
  });
}
