/**
 * Makes a git commit of the files of a cut or a move: exactly those files, on the current branch. It leaves other
 * staged or changed files alone. It reads no manifest. A folder that is not in a repository is not a fault.
 */
import { promises as fs } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type * as gitModule from 'isomorphic-git';
import { counted } from '../counted.js';
import { LockstepError } from '../errors.js';
import { notThere, onDisk } from './disk-fault.js';
import { gitSettings, isTrue, type GitSettings } from './git-settings.js';

type Git = typeof gitModule;

/** How git's configuration says that commits are signed. */
export interface CommitSigning {
  /** `gpg.format`: `openpgp`, `ssh` or `x509`. */
  format: string;
  /** `gpg.openpgp.program` or `gpg.program`; gpg otherwise. */
  program: string;
  /** The key for gpg: `user.signingKey`, otherwise name and address. */
  key: string;
}

/** What to commit. */
export interface CommitRequest {
  /** Absolute path of a folder in the repository. */
  directory: string;
  /** Absolute paths of files below the repository. */
  files: readonly string[];
  /** Absolute paths of files that the commit removes. They no longer exist on the disk. */
  removed?: readonly string[];
  message: string;
  date: Date;
  /** Used if git's configuration names no author. */
  fallbackAuthor: { name: string; email: string };
  /** Returns the armored signature of a commit. Called only if git's configuration requires signed commits. */
  sign: (payload: string, signing: CommitSigning) => Promise<string>;
}

export type CommitResult =
  /** `oid`: the commit's full hash. */
  | { kind: 'committed'; oid: string; repository: string }
  /** The newest commit already contains the files unchanged. */
  | { kind: 'unchanged'; repository: string }
  | { kind: 'no-repository' };

/**
 * Commits the files. Other changes, staged or not, stay out of the commit and do not change.
 *
 * @throws LockstepError SNAPSHOT_COMMIT (nothing is committed) when git's files cannot be read or written, or the
 * commit cannot be signed although git's configuration requires it; DISK_IO
 */
export async function commitFiles(request: CommitRequest): Promise<CommitResult> {
  const dir = await repositoryOf(request.directory);
  if (dir === undefined) return { kind: 'no-repository' };
  // Loaded here because most runs do not commit, and it is large.
  const git: Git = await import('isomorphic-git');
  try {
    return await commitIn(git, dir, request);
  } catch (error) {
    const isOfSigning = error instanceof LockstepError && /^(?:SIGN_|TOOL_)/.test(error.code);
    if (error instanceof LockstepError && !isOfSigning) throw error;
    throw notCommitted(dir, request.files, reasonOf(error), isOfSigning ? error.hint : undefined, error);
  }
}

function notCommitted(
  dir: string,
  files: readonly string[],
  reason: string,
  hint?: string,
  cause?: unknown,
): LockstepError {
  return new LockstepError('SNAPSHOT_COMMIT', {
    message: `The git commit of ${files.length === 1 ? 'a file' : counted(files.length, 'file')} in ${dir} failed: ${reason}`,
    hint: `The files are written. Commit them yourself, or set snapshots.commit to false${hint === undefined ? '' : `. ${hint}`}`,
    where: [{ file: dir }],
    cause,
  });
}

/** The library's message in one line. Its messages for unknown errors are long: they ask users to report them. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, data } = error as { code?: unknown; data?: { message?: unknown; filepaths?: unknown } };
  if (code === 'UnmergedPathsError') {
    return `a merge is unfinished: ${Array.isArray(data?.filepaths) ? data.filepaths.join(', ') : 'there are unmerged files'}`;
  }
  const told = typeof data?.message === 'string' ? data.message : error.message;
  const [line = ''] = told.split('\n');
  return error instanceof TypeError ? `the repository cannot be read (${line})` : line;
}

/**
 * A file as the newest commit has it; undefined if there is no commit, or if the commit lacks the file. A repository that
 * cannot be read has nothing to offer.
 *
 * @param file absolute path
 */
export async function committedFile(file: string): Promise<{ bytes: Buffer; oid: string } | undefined> {
  try {
    const dir = await repositoryOf(dirname(file));
    if (dir === undefined) return undefined;
    const git: Git = await import('isomorphic-git');
    const oid = await git.resolveRef({ fs, dir, ref: 'HEAD' });
    const filepath = relative(dir, file).split(sep).join('/');
    const { blob } = await git.readBlob({ fs, dir, oid, filepath });
    return { bytes: Buffer.from(blob), oid };
  } catch {
    return undefined;
  }
}

/**
 * The folder that has `.git`: this folder or one above it. If `.git` is a file (a linked worktree, a submodule),
 * isomorphic-git cannot write to the repository.
 */
export async function repositoryOf(directory: string): Promise<string | undefined> {
  for (let at = directory; ; at = join(at, '..')) {
    const found = await onDisk('look at', at, () => lstat(join(at, '.git')).catch(notThere(undefined)));
    if (found?.isDirectory() === true) return at;
    if (found !== undefined) {
      throw new LockstepError('SNAPSHOT_COMMIT', {
        message: `${at} is a linked worktree or a submodule, in which Lockstep cannot commit`,
        hint: 'The files are written. Commit them yourself, or set snapshots.commit to false',
        where: [{ file: join(at, '.git') }],
      });
    }
    if (join(at, '..') === at) return undefined;
  }
}

/** Refuses kinds of repositories that git knows and isomorphic-git does not: it would write wrong objects or refs. */
function assertKnownKind(dir: string, settings: GitSettings, files: readonly string[]): void {
  const kinds = [
    ['extensions.objectformat', 'sha1', 'its object format is'],
    ['extensions.refstorage', 'files', 'its ref storage is'],
  ] as const;
  for (const [name, known, words] of kinds) {
    const value = settings[name];
    if (value === undefined || value.toLowerCase() === known) continue;
    throw notCommitted(dir, files, `${words} ${value}, which Lockstep does not write`);
  }
}

async function commitIn(git: Git, dir: string, request: CommitRequest): Promise<CommitResult> {
  const settings = await gitSettings(git, dir);
  assertKnownKind(dir, settings, request.files);
  const parent = await git.resolveRef({ fs, dir, ref: 'HEAD' }).catch(() => undefined);
  let tree = parent === undefined ? undefined : (await git.readTree({ fs, dir, oid: parent })).oid;
  const before = tree;
  const paths: string[] = [];
  for (const file of request.files) {
    const path = pathIn(dir, file);
    const blob = await git.writeBlob({ fs, dir, blob: await readFile(file) });
    tree = await treeWith(git, dir, tree, path.split('/'), blob);
    paths.push(path);
  }
  const removed: string[] = [];
  for (const file of request.removed ?? []) {
    const path = pathIn(dir, file);
    const without = await treeWith(git, dir, tree, path.split('/'), undefined);
    if (without === tree) continue;
    tree = without ?? (await git.writeTree({ fs, dir, tree: [] }));
    removed.push(path);
  }
  if (tree === undefined || tree === before) return { kind: 'unchanged', repository: dir };
  // The index comes first: if it cannot be written, for example during a merge, nothing is committed
  for (const filepath of paths) await git.add({ fs, dir, filepath, force: true });
  for (const filepath of removed) await git.remove({ fs, dir, filepath });
  const author = authorOf(settings, request);
  const oid = await git.commit({
    fs,
    dir,
    message: request.message,
    author,
    committer: author,
    tree,
    ...(parent === undefined ? {} : { parent: [parent] }),
    ...signed(settings, author, request.sign),
  });
  return { kind: 'committed', oid, repository: dir };
}

/**
 * The tree with one file added or replaced, or removed if `blob` is undefined. It creates missing folders, and removes
 * folders that become empty. Returns undefined if the tree becomes empty.
 */
async function treeWith(
  git: Git,
  dir: string,
  tree: string | undefined,
  path: readonly string[],
  blob: string | undefined,
): Promise<string | undefined> {
  const [name, ...rest] = path as [string, ...string[]];
  const entries = tree === undefined ? [] : (await git.readTree({ fs, dir, oid: tree })).tree;
  const there = entries.find((entry) => entry.path === name);
  const below = there?.type === 'tree' ? there.oid : undefined;
  const isNoFile = there === undefined || (rest.length > 0 && below === undefined);
  if (blob === undefined && isNoFile) return tree;
  const oid = rest.length === 0 ? blob : await treeWith(git, dir, below, rest, blob);
  const kept = entries.filter((other) => other !== there);
  if (oid !== undefined) {
    kept.push(
      rest.length === 0
        ? { mode: '100644', path: name, oid, type: 'blob' }
        : { mode: '040000', path: name, oid, type: 'tree' },
    );
  }
  return kept.length === 0 ? undefined : await git.writeTree({ fs, dir, tree: kept });
}

function pathIn(dir: string, file: string): string {
  const path = relative(dir, file).split(sep).join('/');
  if (path === '' || path.startsWith('../')) throw new TypeError(`${file} is not below ${dir}`);
  return path;
}

/** The options of git.commit for a signed commit; empty if git's configuration does not require one. */
function signed(
  settings: GitSettings,
  { name, email }: CommitRequest['fallbackAuthor'],
  sign: CommitRequest['sign'],
): { signingKey?: string; onSign?: gitModule.SignCallback } {
  if (!isTrue(settings['commit.gpgsign'])) return {};
  const key = settings['user.signingkey'] ?? `${name} <${email}>`;
  const program = settings['gpg.openpgp.program'] ?? settings['gpg.program'] ?? 'gpg';
  const signing = { format: settings['gpg.format'] ?? 'openpgp', program, key };
  return {
    signingKey: key,
    onSign: async ({ payload }) => ({ signature: await sign(payload, signing) }),
  };
}

function authorOf(
  settings: GitSettings,
  request: CommitRequest,
): Required<NonNullable<gitModule.CommitObject['author']>> {
  return {
    name: settings['user.name'] ?? request.fallbackAuthor.name,
    email: settings['user.email'] ?? request.fallbackAuthor.email,
    timestamp: Math.floor(request.date.getTime() / 1000),
    timezoneOffset: 0,
  };
}
