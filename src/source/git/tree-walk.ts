/** Walks a commit's tree: every path in it with its object. It checks each path before anything is written. */
import { memberName, shownName } from '../../deb/member-name.js';
import { LockstepError } from '../../errors.js';
import { remembered } from '../../io/keyed.js';
import type { SourceContext } from '../source-context.js';
import { damagedObject, parseTree, type ObjectId } from './git-object.js';
import { readAll, type ObjectFolder } from './object-reader.js';

/** One path of a tree that consists of several repositories. */
export interface TreePath {
  /** Relative to the top of the outermost tree. */
  path: string;
  kind: 'dir' | 'file' | 'executable' | 'symlink';
  /** Empty for the folder of a submodule that is left out. */
  id: ObjectId;
  /** The repository that the object is in. */
  from: ObjectFolder;
}

/** A path at which a tree names a commit of another repository. */
export interface Gitlink {
  path: string;
  commit: ObjectId;
}

/**
 * The most paths of a tree. No real source tree comes near it. A tree can contain the same tree in many places, so a
 * small repository can have any number of paths.
 */
const mostPaths = 500_000;
const deepest = 200;

/**
 * @param base path of this repository in the outermost tree; empty for the outermost tree
 * @throws LockstepError SOURCE_GIT_DAMAGED, DEB_UNSAFE_NAME, TOOL_*, INTERRUPTED
 */
export async function walkTree(
  from: ObjectFolder,
  root: ObjectId,
  base: string,
  context: SourceContext,
): Promise<{ paths: TreePath[]; links: Gitlink[] }> {
  const paths: TreePath[] = [];
  const links: Gitlink[] = [];
  let level = new Map<ObjectId, string[]>([[root, [base]]]);
  for (let depth = 0; level.size > 0; depth++) {
    if (depth > deepest) throw damagedObject(`The tree ${root}`, `it is more than ${deepest} folders deep`);
    const next = new Map<ObjectId, string[]>();
    const ids = [...level.keys()];
    const bodies = await readAll(from, ids, 'tree', context);
    ids.forEach((id, nth) => {
      for (const folder of level.get(id)!) {
        for (const entry of parseTree(bodies[nth]!, id, folder)) {
          const path = memberName(folder === '' ? entry.name : `${folder}/${entry.name}`);
          if (paths.length >= mostPaths)
            throw damagedObject(`The tree ${root}`, `it has more than ${mostPaths} paths`);
          if (entry.kind === 'submodule') {
            links.push({ path, commit: entry.id });
            continue;
          }
          paths.push({ path, kind: entry.kind, id: entry.id, from });
          if (entry.kind === 'dir') {
            remembered(next, entry.id, () => []).push(path);
          }
        }
      }
    });
    level = next;
  }
  return { paths, links };
}

/** In the order of a tarball: each folder precedes its content, and its content stays together. */
export function inOrder<T extends { path: string }>(paths: readonly T[]): T[] {
  const key = (path: string): string => path.replaceAll('/', '\0');
  return paths
    .map((item) => ({ item, key: key(item.path) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ item }) => item);
}

/** The kernel's limit of symlinks in one path. */
const mostLinks = 40;

/**
 * Refuses symlinks that lead out of the tree through other symlinks: each of `d -> .` and `e -> d/../..` looks harmless
 * alone.
 * @param targets the target of every symlink, by its path
 * @throws LockstepError DEB_UNSAFE_NAME
 */
export function assertLinksStayInside(targets: ReadonlyMap<string, string>): void {
  for (const [path, target] of targets) {
    const fault = linkFault(path, targets);
    if (fault === null) continue;
    throw new LockstepError('DEB_UNSAFE_NAME', {
      message: `The link ${shownName(path)} to ${shownName(target)} ${fault}`,
      hint: 'Do not use this repository; tell its owner',
      where: [{ value: shownName(path) }],
    });
  }
}

function linkFault(path: string, targets: ReadonlyMap<string, string>): string | null {
  const open = path.split('/').reverse();
  const at: string[] = [];
  for (let links = 0; open.length > 0;) {
    const part = open.pop()!;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (at.length === 0) return 'leads out of its tree';
      at.pop();
      continue;
    }
    const target = targets.get([...at, part].join('/'));
    if (target === undefined) {
      at.push(part);
      continue;
    }
    if (target.startsWith('/')) return 'is absolute';
    // A cycle of links leads nowhere, so it is safe although unusable
    if ((links += 1) > mostLinks) return null;
    open.push(...target.split('/').reverse());
  }
  return null;
}
