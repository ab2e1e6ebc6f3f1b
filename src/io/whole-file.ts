/**
 * Whole files in memory, up to a limit: what is larger, or endless, is refused before it fills the memory.
 */
import { open } from 'node:fs/promises';
import { collect } from '../deb/bytes.js';
import { LockstepError } from '../errors.js';

const mebibyte = 1024 * 1024;

/** Bytes of a record: the manifest of a set of 100,000 packages has some 150 MB. */
export const largestRecord = 512 * mebibyte;
/** Bytes of what a flag names: a keyring of all of Debian's developers has 10 MB. */
export const largestNamed = 32 * mebibyte;
/** Bytes of what a person writes: a profile, lockstep.yaml; of a .changes or .dsc, which may list 10,000 files. */
export const largestText = 4 * mebibyte;

/**
 * The bytes of a file. Errors of the disk are not translated.
 *
 * @throws LockstepError FILE_TOO_LARGE
 */
export async function readWhole(path: string, most: number): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const status = await handle.stat();
    if (status.size > most) throw tooLarge(path, most);
    if (status.isFile()) return await handle.readFile();
    return await collect(handle.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>, most);
  } catch (error) {
    throw error instanceof RangeError ? tooLarge(path, most) : error;
  } finally {
    await handle.close();
  }
}

function tooLarge(path: string, most: number): LockstepError {
  return new LockstepError('FILE_TOO_LARGE', {
    message: `${path} is larger than ${most / mebibyte} MiB`,
    hint: 'No file of this kind is so large. Make sure that the path is right',
    where: [{ file: path }],
  });
}
