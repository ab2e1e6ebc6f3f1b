/**
 * A repository on this machine, read in place: it copies nothing, starts no server and writes nothing to the
 * repository.
 */
import { join } from 'node:path';
import { LockstepError } from '../../errors.js';
import { exists } from '../../io/disk.js';
import type { SourceContext } from '../source-context.js';
import { damagedObject } from './git-object.js';
import type { ObjectFolder } from './object-reader.js';
import { refsIn, type Ref, type RefKind } from './ref-names.js';
import { runGit } from './system-git.js';

/**
 * Finds the repository of a folder: the folder itself, or `.git` in it, which can be a file that names another folder
 * (gitrepository-layout(5)).
 * @param written the path as in the profile, for messages
 * @throws LockstepError NET_NOT_FOUND if the folder has no repository
 */
export async function localRepository(path: string, written: string): Promise<ObjectFolder> {
  const inner = join(path, '.git');
  const isWork = await exists(inner);
  if (!isWork && !(await exists(join(path, 'objects')))) {
    throw new LockstepError('NET_NOT_FOUND', {
      message: `There is no git repository in ${written}`,
      hint: 'A path in a profile is relative to the workspace',
      where: [{ file: path }],
    });
  }
  return { gitdir: isWork ? inner : path };
}

/** The refs of one kind. @throws LockstepError SOURCE_GIT_DAMAGED, TOOL_*, INTERRUPTED */
export async function localRefs(
  { gitdir }: ObjectFolder,
  kind: RefKind,
  context: SourceContext,
): Promise<Ref[]> {
  const { exitCode, stdout, stderr } = await runGit(
    [`--git-dir=${gitdir}`, 'show-ref', '--dereference', `--${kind}`],
    context,
  );
  // git ends with status 1 and without a message if the repository has no such refs
  if (exitCode !== 0 && stderr.trim() !== '') {
    throw damagedObject(`The repository ${gitdir}`, stderr.trim());
  }
  return refsIn(stdout, gitdir);
}
