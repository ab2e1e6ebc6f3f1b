/**
 * Sources of kind `local`: a developer's own tree, as it lies there. Nobody
 * vouches for it, and the pin says so; what may become of it is decided where
 * suites are moved.
 */
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { assertLinkStaysInside, pathFault, shownName } from '../deb/member-name.js';
import { tarBytes, type TarInput } from '../deb/tar.js';
import { LockstepError } from '../errors.js';
import { exists, readPieces } from '../io/disk.js';
import { notThere, onDisk } from '../io/disk-fault.js';
import { throwIfInterrupted } from '../io/interrupt.js';
import { answerOf } from '../io/process.js';
import { inItem } from '../io/progress.js';
import type { Choice } from './candidate.js';
import { LfsWatch } from './lfs.js';
import { type SourceContext } from './source-context.js';
import { debianForm } from './git/tracked-version.js';
import type { LocalPin } from './pin.js';

/**
 * Packs the tree into the store. In a git work tree only what git would not ignore; elsewhere all of it.
 * @throws LockstepError SOURCE_LOCAL (no folder, nothing in it, names or files that no package can hold: all at
 * once), DEB_UNSAFE_NAME (a link that leads out of it), DISK_*, INTERRUPTED
 */
export async function fetchLocal(
  choice: Extract<Choice, { kind: 'local' }>,
  context: SourceContext,
): Promise<LocalPin> {
  const { component, config } = choice;
  const root = config.path;
  const found = await onDisk('look at', root, () => lstat(root).catch(notThere(undefined)));
  if (found?.isDirectory() !== true) throw refused(component, config.typed, ['the folder does not exist']);
  return await inItem(context.phase, `packing ${config.typed}`, async () => {
    const paths = (await pathsIn(root, context)).sort();
    const { entries, faults } = await entriesOf(root, paths, context);
    if (entries.length === 0 && faults.length === 0) faults.push('it contains no file');
    if (faults.length > 0) throw refused(component, config.typed, faults);
    const { sha256, size } = await context.store.put(
      tarBytes([{ kind: 'dir', path: top, mode: 0o755, mtime: 0 }, ...entries], { prefix: '' }),
      {},
      { name: config.typed, signal: context.signal },
    );
    const commit = await gitSays(root, ['rev-parse', '--verify', 'HEAD'], context);
    const newest = Math.max(...entries.map(({ mtime }) => mtime));
    const base = await baseVersion(component, root, context);
    const time = new Date(newest * 1000).toISOString().replace(/\D/g, '');
    return {
      kind: 'local',
      component,
      path: config.typed,
      ...(commit === undefined ? {} : { commit }),
      archive: { name: `${component}-local.tar`, size, sha256 },
      upstreamVersion: `${base}+local${time.slice(0, 8)}.${time.slice(8, 14)}.${sha256.slice(0, 8)}`,
      date: newest,
      provenance: [{ step: 'local tree, unverified', subject: config.typed, sha256 }],
    };
  });
}

function refused(component: string, path: string, faults: readonly string[]): LockstepError {
  return new LockstepError('SOURCE_LOCAL', {
    message: `The tree ${path} cannot replace the source of ${component}: ${faults.join('; ')}`,
    hint: 'Give the folder of its source code: --with COMPONENT=FOLDER',
    where: faults.map((message) => ({ file: path, message })),
  });
}

/** Files and links below a folder; those of nested git work trees (submodules) by their own rules. */
async function pathsIn(root: string, context: SourceContext): Promise<string[]> {
  throwIfInterrupted(context.signal);
  if (await exists(join(root, '.git'))) {
    const listed = await gitSays(
      root,
      ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
      context,
    );
    if (listed !== undefined) {
      const paths: string[] = [];
      for (const path of new Set(listed.split('\0').filter((one) => one !== ''))) {
        const entry = await lstat(join(root, path)).catch(notThere(undefined));
        // Removed from the folder, but not from git
        if (entry === undefined) continue;
        // git lists a submodule, and a repository inside it, as one folder
        if (entry.isDirectory()) paths.push(...(await below(root, path.replace(/\/$/, ''), context)));
        else paths.push(path);
      }
      return paths;
    }
  }
  const names = await onDisk('list', root, () => readdir(root, { withFileTypes: true }));
  const paths = await Promise.all(
    names
      .filter(({ name }) => name !== '.git')
      .map(async (entry) => (entry.isDirectory() ? await below(root, entry.name, context) : [entry.name])),
  );
  return paths.flat();
}

async function below(root: string, folder: string, context: SourceContext): Promise<string[]> {
  return (await pathsIn(join(root, folder), context)).map((path) => `${folder}/${path}`);
}

/** The one folder at the top of the tarball. */
const top = 'local';

async function entriesOf(
  root: string,
  paths: readonly string[],
  context: SourceContext,
): Promise<{ entries: TarInput[]; faults: string[] }> {
  const entries: TarInput[] = [];
  const faults: string[] = [];
  const lfs = new LfsWatch();
  for (const path of paths) {
    throwIfInterrupted(context.signal);
    const fault = pathFault(path);
    if (fault !== null) {
      faults.push(`the name ${shownName(path)} ${fault}`);
      continue;
    }
    const full = join(root, path);
    const entry = await onDisk('look at', full, () => lstat(full));
    const common = { path: `${top}/${path}`, mtime: Math.floor(entry.mtimeMs / 1000) };
    if (entry.isFile()) {
      const mode = (entry.mode & 0o111) === 0 ? 0o644 : 0o755;
      await lfs.look(path, entry.size, () => readPieces(full));
      entries.push({ ...common, kind: 'file', mode, size: entry.size, body: readPieces(full) });
    } else if (entry.isSymbolicLink()) {
      const linkTarget = await onDisk('read', full, () => readlink(full));
      assertLinkStaysInside(path, linkTarget, full);
      entries.push({ ...common, kind: 'symlink', linkTarget });
    } else faults.push(`${shownName(path)} is not a file or a link`);
  }
  lfs.assertNone(`The tree ${root}`);
  return { entries, faults };
}

/**
 * The base version of the tree: its last tag, otherwise the component's version in the last snapshot. The
 * tree must satisfy the demands on the component; version 0 would satisfy none.
 */
async function baseVersion(component: string, root: string, context: SourceContext): Promise<string> {
  const tag = await gitSays(root, ['describe', '--tags', '--abbrev=0'], context);
  for (const version of [tag, context.previous?.get(component)?.upstreamVersion]) {
    const plain = version
      ?.trim()
      .replace(/^v(?=\d)/, '')
      .replace(/\+.*$/, '');
    if (plain !== undefined && /^\d/.test(plain) && debianForm(plain) !== undefined) return plain;
  }
  return '0';
}

/** The trimmed answer of git, where it is installed and the folder is one of its work trees. */
async function gitSays(
  root: string,
  args: readonly string[],
  context: SourceContext,
): Promise<string | undefined> {
  // Programs in a repository's configuration (core.fsmonitor) are not run: the tree may be untrusted
  const hardened = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];
  const said = await answerOf('git', [...hardened, '-C', root, ...args], { signal: context.signal });
  return said?.replace(/\n$/, '');
}
