/**
 * A repository of this machine, read where it lies: nothing is copied, no
 * server is started and nothing is written to it.
 */
import { promises as fs } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError } from '../../errors.js';
import { exists, notThere, onDisk, readIfThere } from '../../io/disk.js';
import type { SourceContext } from '../source-context.js';
import { damagedObject, isObjectId, parseTag } from './git-object.js';
import { readObjects, type ObjectFolder } from './object-reader.js';
import { packLimits } from './pack-file.js';
import { isRefName, type Ref } from './ref-names.js';
import { gitIn, isGitInstalled, needsGit } from './system-git.js';

/**
 * Finds the repository of a folder: the folder itself, or `.git` in it.
 * @param written as the profile names it, for messages
 * @throws LockstepError NET_NOT_FOUND (there is none), SOURCE_GIT_DAMAGED, TOOL_MISSING
 */
export async function localRepository(
  path: string,
  written: string,
  context: SourceContext,
): Promise<ObjectFolder> {
  const inner = join(path, '.git');
  const isWork = await exists(inner);
  const gitdir = isWork ? inner : path;
  const found = await onDisk('look at', gitdir, () => stat(gitdir).catch(notThere(undefined)));
  if (found === undefined || !(isWork || (await exists(join(path, 'objects'))))) {
    throw new LockstepError('NET_NOT_FOUND', {
      message: `There is no git repository in ${written}`,
      hint: 'A path in a profile is relative to the workspace',
      where: [{ file: path }],
    });
  }
  // A linked worktree or a submodule: `.git` is a file that names another folder
  if (found.isFile()) return await bySystem(gitdir, written, context);
  const config = (await readIfThere(join(gitdir, 'config')))?.toString('utf8') ?? '';
  if (/^\s*objectformat\s*=\s*sha256\s*$/im.test(config)) {
    throw damagedObject(
      `The repository ${written}`,
      'its objects are named by SHA-256, which is not supported',
    );
  }
  const strange =
    /^\s*refstorage\s*=\s*reftable\s*$/im.test(config) ||
    (await exists(join(gitdir, 'objects', 'info', 'alternates'))) ||
    (await exists(join(gitdir, 'commondir')));
  if (strange) return await bySystem(gitdir, written, context);
  const bytes = await packedBytes(join(gitdir, 'objects', 'pack'));
  if (bytes <= packLimits.easy.bytes) return { gitdir, by: 'library' };
  if (!(await isGitInstalled(context)) && bytes <= packLimits.possible.bytes)
    return { gitdir, by: 'library' };
  return await bySystem(gitdir, written, context);
}

async function bySystem(gitdir: string, written: string, context: SourceContext): Promise<ObjectFolder> {
  if (!(await isGitInstalled(context))) throw needsGit(`The repository ${written}`);
  return { gitdir, by: 'git' };
}

async function packedBytes(folder: string): Promise<number> {
  const names = await onDisk('list', folder, () => readdir(folder).catch(notThere<string[]>([])));
  const sizes = await Promise.all(
    names
      .filter((name) => name.endsWith('.pack'))
      .map(async (name) => (await stat(join(folder, name)).catch(notThere(undefined)))?.size ?? 0),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Refs whose names begin with one of these. @throws LockstepError SOURCE_GIT_DAMAGED, TOOL_*, INTERRUPTED */
export async function localRefs(
  folder: ObjectFolder,
  prefixes: readonly string[],
  context: SourceContext,
): Promise<Ref[]> {
  const all =
    folder.by === 'git' ? await refsBySystem(folder, context) : await refsByLibrary(folder, context);
  return all.filter(({ name }) => isRefName(name) && prefixes.some((prefix) => name.startsWith(prefix)));
}

async function refsBySystem({ gitdir }: ObjectFolder, context: SourceContext): Promise<Ref[]> {
  const format = '--format=%(objectname) %(*objectname) %(refname)';
  const { exitCode, stdout, stderr } = await gitIn(
    gitdir,
    ['for-each-ref', format, 'refs/heads/', 'refs/tags/'],
    context,
  );
  if (exitCode !== 0) throw damagedObject(`The repository ${gitdir}`, stderr.trim());
  const refs = stdout.split('\n').flatMap((line): Ref[] => {
    const [, id, peeled, name] = /^([0-9a-f]{40}) ([0-9a-f]{40})? (.+)$/.exec(line) ?? [];
    return id === undefined || name === undefined ? [] : [{ name, id, peeled: peeled ?? null }];
  });
  return refs;
}

async function refsByLibrary(folder: ObjectFolder, context: SourceContext): Promise<Ref[]> {
  const git = await import('isomorphic-git');
  const shared = { fs: { promises: fs }, gitdir: folder.gitdir };
  const refs: Ref[] = [];
  for (const filepath of ['refs/heads', 'refs/tags']) {
    for (const short of await git.listRefs({ ...shared, filepath })) {
      const name = `${filepath}/${short}`;
      const id = await git.resolveRef({ ...shared, ref: name }).catch(() => undefined);
      if (isObjectId(id)) refs.push({ name, id, peeled: null });
    }
  }
  const tags = refs.filter(({ name }) => name.startsWith('refs/tags/'));
  await peel(folder, tags, context);
  return refs;
}

/** Follows annotated tags to what they point at in the end. */
async function peel(folder: ObjectFolder, tags: readonly Ref[], context: SourceContext): Promise<void> {
  let open = tags.map((ref) => ({ ref, id: ref.id }));
  for (let depth = 0; open.length > 0 && depth < 8; depth++) {
    const next: typeof open = [];
    let nth = 0;
    for await (const object of readObjects(
      folder,
      open.map(({ id }) => id),
      context,
    )) {
      const { ref } = open[nth++]!;
      if (object.type === 'tag') {
        const pieces: Buffer[] = [];
        for await (const piece of object.body) pieces.push(piece);
        const target = parseTag(Buffer.concat(pieces), object.id).object;
        ref.peeled = target;
        next.push({ ref, id: target });
      }
    }
    open = next;
  }
}
