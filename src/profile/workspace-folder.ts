/** Finds the workspace that a folder belongs to, as git finds its repository: in the folder or above it. */
import { dirname, join, resolve } from 'node:path';
import { LockstepError } from '../errors.js';
import { exists } from '../io/disk.js';

/** The file that makes a folder a workspace. */
export const workspaceFileName = 'lockstep.yaml';

/**
 * The nearest folder with a lockstep.yaml, from `dir` up to the root of the file system.
 *
 * @param dir as typed; it must exist, so that a misspelt folder does not stand for the workspace around it
 * @returns an absolute path
 * @throws LockstepError WORKSPACE_MISSING with each file that was looked for
 */
export async function workspaceFolder(dir: string): Promise<string> {
  const start = resolve(dir);
  if (!(await exists(start))) {
    throw new LockstepError('WORKSPACE_MISSING', {
      message: `The folder ${start} does not exist, so it cannot be the workspace`,
      hint: 'Name an existing folder with -C DIR or LOCKSTEP_WORKSPACE, or omit both',
    });
  }
  const folders = withParents(start);
  for (const folder of folders) {
    if (await exists(join(folder, workspaceFileName))) return folder;
  }
  throw new LockstepError('WORKSPACE_MISSING', {
    message: `${start} is not in a Lockstep workspace: neither it nor a folder above it has a ${workspaceFileName}`,
    hint: 'Change to the workspace, name it with -C DIR, or create one with: lockstep init DIR',
    where: folders.map((folder) => ({ file: join(folder, workspaceFileName), message: 'does not exist' })),
  });
}

function withParents(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...withParents(parent)];
}
