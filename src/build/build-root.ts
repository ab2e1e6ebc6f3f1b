/**
 * Build roots: small Debian systems that hold exactly the packages of one
 * closure (base-closure.ts), made once and kept in the cache, never written to
 * after that. mmdebstrap makes them from a local archive of those packages
 * alone, without network, so a root is a function of its digest. Using one is
 * debian-method.ts's.
 */
import { appendFile, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { counted } from '../counted.js';
import { LockstepError } from '../errors.js';
import type { ContentStore } from '../io/content-store.js';
import { ensureDir, exists, linkOrCopy, readIfThere, sha256Of, writeFileAtomic } from '../io/disk.js';
import { onDisk } from '../io/disk-fault.js';
import type { Http } from '../io/http.js';
import { inItem, type Item } from '../io/progress.js';
import { tailOf } from '../io/log-file.js';
import { run } from '../io/process.js';
import { missingTools, toolMissing } from '../io/tools.js';
import type { BasePackage } from './base-closure.js';
import type { Base } from './base-digest.js';
import type { BuildLimits } from './build-limits.js';
import type { BuildContext } from './builder-port.js';
import { removeIsolated, runIsolated, type Privilege } from './namespace.js';
import { fetchRootPackages } from './root-packages.js';
import { makeWork } from './work-folder.js';
import { inCache } from '../io/cache-folders.js';

/** Raised when roots are made otherwise: old ones are then not used. */
const rootFormat = 1;

/** The user that packages are built as: in the root, known by name. */
export const builderId = 1000;

/** Roots are made in the cache too: only within one folder is a rename sure to be one. */
export interface RootContext extends Omit<BuildContext, 'builder'> {
  http: Http;
  privilege: Privilege;
  limits: BuildLimits;
  now: () => Date;
  /** What mmdebstrap says is appended here. */
  log: string;
}

/** Roots that are being made by this process, so that two components wait for one. */
const underWay = new Map<string, Promise<OpenRoot>>();

/** A root to build over. */
export interface OpenRoot {
  /** The folder that is `/` of it. Nothing may be written in it. */
  tree: string;
  /** Ends when the root is on the disk for good; for the end of the build, not its beginning. */
  settled: Promise<void>;
}

/**
 * The root with these packages; it is built if it does not exist.
 * @throws LockstepError BUILD_ROOT (mmdebstrap failed; the log is named), TOOL_MISSING, SOURCE_NOT_ON_MIRROR, NET_*,
 * SOURCE_HASH_MISMATCH, DISK_*, INTERRUPTED
 */
export async function openRoot(base: Base, codename: string, context: RootContext): Promise<OpenRoot> {
  const name = sha256Of(`${rootFormat} ${codename} ${context.privilege} ${base.digest}`).slice(0, 32);
  const folder = inCache(context.cacheDir, 'roots', name);
  for (;;) {
    if (await isReady(folder)) {
      const now = context.now();
      await onDisk('touch', folder, () => utimes(join(folder, 'ready'), now, now));
      return { tree: join(folder, 'tree'), settled: Promise.resolve() };
    }
    const other = underWay.get(folder);
    if (other === undefined) break;
    // Should the other one be stopped, making it is ours
    await other.catch(() => undefined);
  }
  const making = makeRoot(base, codename, folder, context);
  underWay.set(folder, making);
  try {
    return await making;
  } finally {
    underWay.delete(folder);
  }
}

/**
 * Whether a root is whole. One that was not yet synced when the machine went down may have empty files
 * in it; in the boot that it was made in it is as good as any.
 */
async function isReady(folder: string): Promise<boolean> {
  const madeIn = (await readIfThere(join(folder, 'ready')))?.toString('utf8');
  if (madeIn === undefined) return false;
  return madeIn === (await bootId()) || (await exists(join(folder, 'synced')));
}

async function bootId(): Promise<string> {
  return (await readIfThere('/proc/sys/kernel/random/boot_id'))?.toString('utf8') ?? '';
}

async function makeRoot(
  base: Base,
  codename: string,
  folder: string,
  context: RootContext,
): Promise<OpenRoot> {
  const missing = await missingTools(['mmdebstrap', 'apt-get', 'tar']);
  if (missing.length > 0) throw toolMissing(missing);
  await fetchRootPackages(base, context);
  const roots = inCache(context.cacheDir, 'roots');
  const work = await makeWork(roots);
  const make = async (item: Item): Promise<OpenRoot> => {
    item.note(counted(base.closure.length, 'package'));
    await writeLocalArchive(work, base.closure, codename, context.store);
    await bootstrap(work, base.closure, codename, context);
    const tree = join(work, 'root', 'tree');
    await finishRoot(tree);
    await writeFileAtomic(join(work, 'root', 'ready'), await bootId());
    await place(join(work, 'root'), folder, context, work);
    return { tree: join(folder, 'tree'), settled: settle(folder, context) };
  };
  try {
    return await inItem(context.phase, `Build root ${codename}`, make);
  } finally {
    await removeIsolated(context.privilege, [work]);
  }
}

/** Puts a finished root in its place; another process may have been faster, then that one is it. */
async function place(made: string, folder: string, context: RootContext, work: string): Promise<void> {
  if ((await exists(folder)) && !(await isReady(folder))) {
    await onDisk('remove', folder, () => rename(folder, join(work, 'damaged')));
    context.phase.info('The build root in the cache was incomplete; it is made again');
  }
  await onDisk('write', folder, () => rename(made, folder)).catch(async (error: unknown) => {
    if (!(await isReady(folder))) throw error;
  });
}

/** Some hundred megabytes go to the disk while the build is under way. A fault costs only the root's next use. */
async function settle(folder: string, context: RootContext): Promise<void> {
  try {
    await run('sync', ['-f', folder], { signal: context.signal });
    await writeFileAtomic(join(folder, 'synced'), '');
  } catch {
    context.phase.info('The build root could not be synced to the disk; a crash would lose it');
  }
}

/** A flat archive (`deb copy:... ./`) of exactly these packages. */
async function writeLocalArchive(
  work: string,
  closure: readonly BasePackage[],
  codename: string,
  store: ContentStore,
): Promise<void> {
  const folder = join(work, 'archive');
  await ensureDir(folder);
  const packages = closure
    .map(
      ({ stanza, sha256 }) => `${stanza.replace(/^Filename:.*$/m, `Filename: ./${sha256}.deb`).trimEnd()}\n`,
    )
    .join('\n');
  const release = [
    `Suite: ${codename}`,
    `Codename: ${codename}`,
    'SHA256:',
    ` ${sha256Of(packages)} ${Buffer.byteLength(packages)} Packages`,
  ];
  await onDisk('write', folder, async () => {
    await writeFile(join(folder, 'Packages'), packages);
    // mmdebstrap finds what is Essential by the release's codename
    await writeFile(join(folder, 'Release'), `${release.join('\n')}\n`);
    // Trusted: every package was proven by its hash, down from the signed InRelease, and apt checks that
    // hash again. The path is a URL here.
    const uri = folder.split('/').map(encodeURIComponent).join('/');
    await writeFile(join(work, 'sources.list'), `deb [trusted=yes] copy:${uri} ./\n`);
  });
  for (const { sha256 } of closure) await linkOrCopy(store.path(sha256), join(folder, `${sha256}.deb`));
}

async function bootstrap(
  work: string,
  closure: readonly BasePackage[],
  codename: string,
  context: RootContext,
): Promise<void> {
  await ensureDir(join(work, 'root'));
  await ensureDir(join(work, 'tmp'));
  const command = [
    // The modes of the root's folders must not be those of this process
    ...['sh', '-c', 'umask 022; exec "$@"', 'sh', 'mmdebstrap'],
    // Root of the namespace, which is all that it needs
    '--mode=root',
    '--variant=essential',
    '--format=directory',
    // By name, all of them: nothing is left for apt to choose
    `--include=${closure
      .filter(({ essential }) => !essential)
      .map(({ name }) => name)
      .join(',')}`,
    '--aptopt=APT::Sandbox::User "root"',
    '--aptopt=APT::Install-Recommends "false"',
    // A root that is not finished is thrown away
    '--dpkgopt=force-unsafe-io',
    codename,
    join(work, 'root', 'tree'),
    join(work, 'sources.list'),
  ];
  const { exitCode } = await runIsolated(context.privilege, () => command, {
    ...{ subject: `The build root for ${codename}`, work, limits: context.limits, log: context.log },
    env: { LC_ALL: 'C.UTF-8', TZ: 'UTC', HOME: work, TMPDIR: join(work, 'tmp') },
    signal: context.signal,
  });
  if (exitCode === 0) return;
  // A package that was damaged in the store is set aside by this, so that the next run fetches it
  for (const { sha256 } of closure) await context.store.verify(sha256, { signal: context.signal });
  throw new LockstepError('BUILD_ROOT', {
    message: `mmdebstrap could not create a build root for ${codename} (exit status ${exitCode}):\n${await tailOf(context.log, 20)}`,
    hint: `The full log is ${context.log}`,
    where: [{ file: context.log }],
  });
}

/** What every build finds the same, and nothing of the machine that the root was made on. */
async function finishRoot(tree: string): Promise<void> {
  const etc = (name: string): string => join(tree, 'etc', name);
  await onDisk('write', etc(''), async () => {
    await appendFile(etc('passwd'), `builder:x:${builderId}:${builderId}::/nonexistent:/bin/sh\n`);
    await appendFile(etc('group'), `builder:x:${builderId}:\n`);
  });
  const texts = {
    hostname: 'lockstep\n',
    hosts: '127.0.0.1 localhost lockstep\n::1 localhost\n',
    'resolv.conf': '',
  };
  for (const [name, text] of Object.entries(texts)) await writeFileAtomic(etc(name), text, { fsync: false });
}
