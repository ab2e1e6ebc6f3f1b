/**
 * Writes the complete tree of a commit, with its submodules, as one tarball into the store. The same commit always
 * gives the same bytes. Attributes such as export-ignore are ignored: the tarball has everything that the commit's id
 * covers.
 */
import { join } from 'node:path';
import { assertLinkStaysInside } from '../../deb/member-name.js';
import { tarBytes, type TarInput } from '../../deb/tar.js';
import { LockstepError } from '../../errors.js';
import { inItem, type Item } from '../../io/progress.js';
import { allOrNone, sessionOf, type SourceContext } from '../source-context.js';
import { LfsWatch } from '../lfs.js';
import type { StoredFile, Submodule } from '../pin.js';
import { addressOf, submoduleAddress } from './address.js';
import { damagedObject, parseCommit, type ObjectId } from './git-object.js';
import { parseGitmodules, refusedSubmodule } from './gitmodules.js';
import { localRepository } from './local-repository.js';
import {
  closeFolder,
  readObject,
  readObjects,
  wholeBody,
  type ObjectFolder,
  type ReadObject,
} from './object-reader.js';
import { fetchCommit } from './remote.js';
import { assertLinksStayInside, inOrder, walkTree, type Gitlink, type TreePath } from './tree-walk.js';

/** A request to open one repository for reading objects. */
export interface OpenOptions {
  /** The address as in the profile or in .gitmodules. */
  url: string;
  /** The requested object: a commit or an annotated tag. */
  want: ObjectId;
  /** Whether the profile names this server. */
  named: boolean;
  /** Scratch folder. The caller removes what is written there. */
  work: string;
  /** Every folder that was opened. The caller closes them. */
  opened: ObjectFolder[];
}

/**
 * Makes one commit of a repository readable: fetches it from a server, or opens the local repository.
 * @throws LockstepError NET_*, SOURCE_REF_UNKNOWN, SOURCE_GIT_DAMAGED, SOURCE_SUBMODULE, DEB_UNSAFE_NAME, TOOL_MISSING,
 * DISK_*, INTERRUPTED
 */
export async function openCommit(options: OpenOptions, context: SourceContext): Promise<ObjectFolder> {
  const { url, want, named, work, opened } = options;
  const address = addressOf(url, context.workspaceRoot);
  let folder: ObjectFolder;
  if (address.kind === 'folder') folder = await localRepository(address.path, url);
  else {
    folder = { gitdir: join(work, `${want}-${(count += 1)}`) };
    const fetch = async (item: Item): Promise<void> => {
      const { shallow } = await fetchCommit({ ...address, named }, { want, ...folder, item }, context);
      if (!shallow)
        context.phase?.info(`${url}: its server cannot omit the history, so all of it was fetched`);
    };
    const reason = (): string => 'could not be fetched';
    await sessionOf(context).limit(() =>
      inItem(context.phase, `${url} ${want.slice(0, 12)}`, fetch, { reason }),
    );
  }
  opened.push(folder);
  return folder;
}

/** Makes folder names unique: the same commit can occur twice in a tree. */
let count = 0;

export interface AssembledTree {
  paths: TreePath[];
  /** The target of every symlink, by its path. */
  targets: Map<string, string>;
  submodules: Submodule[];
}

/** Nesting depth of submodules. No real tree comes near it. Each level is a separate repository. */
const deepestSubmodules = 10;
const mostSubmodules = 2_000;
/** A .gitmodules is a few KB. */
const largestGitmodules = 1024 * 1024;

/** One of the repositories that make up a tree. */
interface Repository {
  folder: ObjectFolder;
  tree: ObjectId;
  /** Path of this repository in the outermost tree; empty for the outermost tree. */
  base: string;
  url: string;
  depth: number;
}

/**
 * The paths of a tree, including those of its submodules.
 * @throws LockstepError as openCommit, walkTree; SOURCE_SUBMODULE, DEB_UNSAFE_NAME
 */
export async function assembleTree(
  from: ObjectFolder,
  tree: ObjectId,
  options: OpenOptions & { submodules: boolean },
  context: SourceContext,
): Promise<AssembledTree> {
  const submodules: Submodule[] = [];
  const host = hostOf(options.url, context);

  async function assemble(own: Repository, inner: SourceContext): Promise<TreePath[]> {
    const { folder, base, url, depth } = own;
    const { paths, links } = await walkTree(folder, own.tree, base, inner);
    if (!options.submodules) {
      return [...paths, ...links.map(({ path }) => ({ path, kind: 'dir' as const, id: '', from: folder }))];
    }
    const followed = await declared(own, paths, links, inner);
    // A tree can have thousands of submodules: do not keep one git process for each
    if (depth > 0) await closeFolder(folder);
    submodules.push(...followed);
    if (followed.length > 0 && (depth >= deepestSubmodules || submodules.length > mostSubmodules)) {
      const why = 'there are too many submodules, or they are nested too deeply';
      throw refusedSubmodule(base === '' ? url : base, why);
    }
    const below = await allOrNone(inner, (each) =>
      followed.map(async ({ path, url: address, commit: want }): Promise<TreePath[]> => {
        const named = options.named && hostOf(address, each) === host;
        const from = await openCommit({ ...options, url: address, want, named }, each);
        const { tree: root } = parseCommit(await readObject(from, want, 'commit', each), want);
        const inside = { folder: from, tree: root, base: path, url: address, depth: depth + 1 };
        return [{ path, kind: 'dir', id: root, from }, ...(await assemble(inside, each))];
      }),
    );
    return [...paths, ...below.flat()];
  }

  const top = { folder: from, tree, base: '', url: options.url, depth: 0 };
  const paths = inOrder(await assemble(top, context));
  const targets = await targetsOf(paths, context);
  return { paths, targets, submodules: inOrder(submodules) };
}

function hostOf(url: string, context: SourceContext): string {
  const address = addressOf(url, context.workspaceRoot);
  return address.kind === 'remote' ? address.host : '';
}

/** The submodules of one repository, with their addresses from .gitmodules. */
async function declared(
  { folder, base, url }: Repository,
  paths: readonly TreePath[],
  links: readonly Gitlink[],
  context: SourceContext,
): Promise<Submodule[]> {
  if (links.length === 0) return [];
  const file = base === '' ? '.gitmodules' : `${base}/.gitmodules`;
  const found = paths.find(({ path }) => path === file);
  if (found !== undefined && found.kind !== 'file' && found.kind !== 'executable') {
    throw refusedSubmodule(file, 'it is not a file');
  }
  const text =
    found === undefined
      ? ''
      : (await readObject(folder, found.id, 'blob', context, largestGitmodules)).toString('utf8');
  const known = new Map(parseGitmodules(text, file).map((one) => [one.path, one.url]));
  return links.map(({ path, commit }) => {
    const written = known.get(base === '' ? path : path.slice(base.length + 1));
    if (written === undefined) throw refusedSubmodule(file, `it has no address for ${JSON.stringify(path)}`);
    return { path, url: submoduleAddress(url, written, file), commit };
  });
}

/** The targets of all symlinks. It refuses targets outside the tree. */
async function targetsOf(paths: readonly TreePath[], context: SourceContext): Promise<Map<string, string>> {
  const links = paths.filter(({ kind }) => kind === 'symlink');
  const targets = new Map<string, string>();
  for await (const object of contentsOf(links, context)) {
    const { path } = links[targets.size]!;
    const target = (await wholeBody(object, 'blob', 4096)).toString('utf8');
    assertLinkStaysInside(path, target);
    targets.set(path, target);
  }
  assertLinksStayInside(targets);
  return targets;
}

/** Consecutive paths of the same repository, grouped. */
function runsOf(paths: readonly TreePath[]): TreePath[][] {
  const runs: TreePath[][] = [];
  for (const path of paths) {
    const last = runs.at(-1);
    if (last?.[0]?.from === path.from) last.push(path);
    else runs.push([path]);
  }
  return runs;
}

/** Bytes of a complete tree: a repository of a few megabytes can unpack to any size. */
const largestTree = 16 * 1024 * 1024 * 1024;

/**
 * Writes the tree as a tarball into the store.
 * @param top name of the top folder in the tarball
 * @param mtime modification time of every member, in seconds
 * @throws LockstepError SOURCE_GIT_DAMAGED and SOURCE_LFS (nothing is kept), NET_TOO_LARGE, DISK_*, STORE_*, INTERRUPTED
 */
export async function storeTree(
  tree: AssembledTree,
  top: string,
  mtime: number,
  context: SourceContext,
): Promise<StoredFile> {
  const name = `${top}.tar`;
  const { sha256, size } = await context.store.put(
    tarBytes(members(tree, top, mtime, context), { prefix: '' }),
    {},
    { name, signal: context.signal },
  );
  return { name, size, sha256 };
}

async function* members(
  { paths, targets }: AssembledTree,
  top: string,
  mtime: number,
  context: SourceContext,
): AsyncGenerator<TarInput> {
  yield { kind: 'dir', path: top, mtime, mode: 0o755 };
  // Only files are read. Without folders and links between them, the files of one repository form one group
  const files = paths.filter(({ kind }) => kind === 'file' || kind === 'executable');
  const contents = contentsOf(files, context);
  const lfs = new LfsWatch();
  let total = 0;
  try {
    for (const { path, kind, id } of paths) {
      const full = `${top}/${path}`;
      if (kind === 'dir') yield { kind, path: full, mtime, mode: 0o755 };
      else if (kind === 'symlink') yield { kind, path: full, mtime, linkTarget: targets.get(path)! };
      else {
        const next = await contents.next();
        if (next.done === true) throw damagedObject(`The file ${path}`, 'it is missing');
        const { type, size, body } = next.value;
        if (type !== 'blob') throw damagedObject(`The object ${id}`, `it is a ${type}, not a file`);
        total += size;
        if (total > largestTree) throw tooLarge(top);
        const mode = kind === 'executable' ? 0o755 : 0o644;
        yield { kind: 'file', path: full, mtime, mode, size, body: await lfs.watched(path, size, body) };
      }
    }
    lfs.assertNone(`The tree of ${top}`);
  } finally {
    await contents.return(undefined);
  }
}

function tooLarge(top: string): LockstepError {
  return new LockstepError('NET_TOO_LARGE', {
    message: `The tree of ${top} is larger than the ${largestTree} bytes that are allowed`,
  });
}

async function* contentsOf(
  files: readonly TreePath[],
  context: SourceContext,
): AsyncGenerator<ReadObject, void, undefined> {
  for (const run of runsOf(files)) {
    yield* readObjects(
      run[0]!.from,
      run.map(({ id }) => id),
      context,
    );
    if (run[0]!.from !== files[0]!.from) await closeFolder(run[0]!.from);
  }
}
