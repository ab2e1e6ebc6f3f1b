/**
 * The packages that a build leaves in its folder, taken as a stranger's files: the build may have put anything
 * there. It must be called only after every process of the build has ended (runIsolated), because nothing can
 * change between the check of a file and its reading then. What the packages are is judged in build-plan.ts.
 */
import { constants } from 'node:fs';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { counted } from '../counted.js';
import { LockstepError } from '../errors.js';
import { errnoOf, onDisk } from '../io/disk-fault.js';

/** Bytes. The largest package of Debian 12 has 1.3 GB. */
export const largestOutput = 4 * 1024 ** 3;

/** Packages of one build. Each stays open until it is in the content store. */
export const mostOutputs = 500;

/** One package file of a build, open. It can be read until it is closed, also after its folder was removed. */
export interface BuildOutputFile {
  name: string;
  /** The open file as a path, for readers that take one (proc(5)). */
  path: string;
  close(): Promise<void>;
}

/**
 * Opens every `*.deb` of a folder, sorted by name. No link is followed. The caller closes them.
 * @throws LockstepError BUILD_OUTPUT (a file that is not a regular one, has a second name, belongs to another user
 * than the folder, or is too large; too many files), DISK_IO
 */
export async function openOutputs(folder: string): Promise<BuildOutputFile[]> {
  const opened: BuildOutputFile[] = [];
  try {
    return await onDisk('open', folder, async () => {
      const at = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
      try {
        const inside = `/proc/self/fd/${at.fd}`;
        const owner = (await at.stat()).uid;
        const names = (await readdir(inside)).filter((name) => name.endsWith('.deb')).sort();
        if (names.length > mostOutputs) {
          throw new LockstepError('BUILD_OUTPUT', {
            message: `The build left ${counted(names.length, 'package')}, and the limit is ${mostOutputs}`,
            hint,
          });
        }
        for (const name of names) opened.push(await openOutput(inside, name, owner));
        return opened;
      } finally {
        await at.close();
      }
    });
  } catch (error) {
    await Promise.all(opened.map((one) => one.close()));
    throw error;
  }
}

async function openOutput(folder: string, name: string, owner: number): Promise<BuildOutputFile> {
  // Without O_NONBLOCK, opening a named pipe waits for a writer
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(`${folder}/${name}`, flags).catch((error: unknown) => {
    const why = { ELOOP: 'is a symbolic link', ENXIO: 'is a socket', EACCES: 'cannot be read' }[
      errnoOf(error) ?? ''
    ];
    throw why === undefined ? error : refused(name, why);
  });
  const fault = await faultOfFile(handle, owner);
  if (fault !== undefined) {
    await handle.close();
    throw refused(name, fault);
  }
  return { name, path: `/proc/self/fd/${handle.fd}`, close: () => handle.close() };
}

async function faultOfFile(handle: FileHandle, owner: number): Promise<string | undefined> {
  const stats = await handle.stat();
  if (!stats.isFile()) return 'is not a regular file';
  if (stats.nlink !== 1) return 'is a hard link: the file has another name too';
  if (stats.uid !== owner) return 'does not belong to the user of the build';
  if (stats.size > largestOutput) return `has ${stats.size} B, and the limit is ${largestOutput} B`;
  return undefined;
}

const hint = 'A build may leave only plain package files next to its source folder. Look at debian/rules';

function refused(name: string, why: string): LockstepError {
  return new LockstepError('BUILD_OUTPUT', {
    message: `The build left ${JSON.stringify(name)}, which is not taken: ${why}`,
    hint,
    where: [{ file: name }],
  });
}
