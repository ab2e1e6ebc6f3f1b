/**
 * Which files an import is about: folders are searched, symbolic links in them
 * are not followed, and what is neither a package nor a description of some is
 * left alone in a folder and a fault where it was named.
 */
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { FaultPlace } from '../errors.js';
import { diskFault, errnoOf, onDiskNow } from '../io/disk-fault.js';

/** Absolute paths, sorted, each once. */
export interface ForeignFiles {
  /** Binary packages. */
  debs: string[];
  /** Source packages. */
  dscs: string[];
  /** Uploads, which name their packages. */
  changes: string[];
  /** Symbolic links in folders, by the names of packages: they were left alone. */
  links: string[];
  /** Packages for Debian's installer (.udeb) and of debug symbols in another form (.ddeb) in folders. */
  others: string[];
  faults: FaultPlace[];
}

type Kind = 'debs' | 'dscs' | 'changes';

/** Whether it is the name of a package that an archive of Lockstep has no place for. */
export function isOtherPackage(name: string): boolean {
  return /\.[ud]deb$/.test(name);
}

function kindOf(name: string): Kind | undefined {
  if (name.endsWith('.deb')) return 'debs';
  if (name.endsWith('.dsc')) return 'dscs';
  return name.endsWith('.changes') ? 'changes' : undefined;
}

/**
 * Looks at what was named on a command line.
 *
 * @param cwd absolute path; relative ones begin there
 * @throws LockstepError DISK_IO for a folder that cannot be read
 */
export function gatherForeignFiles(paths: readonly string[], cwd: string): ForeignFiles {
  const found = { debs: new Set<string>(), dscs: new Set<string>(), changes: new Set<string>() };
  const links: string[] = [];
  const others: string[] = [];
  const faults: FaultPlace[] = [];
  for (const named of paths) {
    const path = resolve(cwd, named);
    const kind = kindOf(path);
    const status = lookAt(path);
    if (status === undefined) faults.push({ file: named, message: 'there is no such file or folder' });
    else if (status.isDirectory()) walk(path, found, { links, others, faults });
    else if (kind === undefined || !status.isFile()) {
      faults.push({ file: named, message: 'is not a folder, a .deb, a .dsc or a .changes' });
    } else found[kind].add(realpathSync(path));
  }
  const sorted = (kind: Kind): string[] => [...found[kind]].sort();
  return {
    ...{ debs: sorted('debs'), dscs: sorted('dscs'), changes: sorted('changes') },
    links: links.sort(),
    others: others.sort(),
    faults,
  };
}

/** Follows a link: whoever names it means where it leads. */
function lookAt(path: string): { isDirectory(): boolean; isFile(): boolean } | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
    throw diskFault(error, 'look at', path);
  }
}

function walk(
  top: string,
  found: Record<Kind, Set<string>>,
  { links, others, faults }: Pick<ForeignFiles, 'links' | 'others' | 'faults'>,
): void {
  const waiting = [realpathSync(top)];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const entries = onDiskNow('list', folder, () => readdirSync(folder, { withFileTypes: true }));
    for (const entry of entries) {
      const path = join(folder, entry.name);
      const kind = kindOf(entry.name);
      if (entry.isDirectory()) waiting.push(path);
      else if (isOtherPackage(entry.name)) others.push(path);
      else if (kind === undefined) continue;
      else if (entry.isFile()) found[kind].add(path);
      else if (entry.isSymbolicLink()) links.push(path);
      // A pipe with the name of a package would block the reader
      else faults.push({ file: path, message: 'is not a file' });
    }
  }
}
