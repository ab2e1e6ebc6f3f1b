/**
 * The method `debian`: a source package in the store becomes packages, built by
 * Debian's own tools in a build root, as a user that may do nothing, with no
 * network, no home and no key in reach. What to build, and whether to, is
 * decided in build-plan.ts.
 */
import { lstat, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { readDebControl } from '../deb/deb-file.js';
import { memberPath } from '../deb/member-name.js';
import { upstreamOf } from '../deb/version.js';
import { LockstepError } from '../errors.js';
import { decompressByName } from '../io/compress.js';
import type { ContentStore } from '../io/content-store.js';
import { ensureDir, linkOrCopy, onDisk } from '../io/disk.js';
import { tailOf } from '../io/process.js';
import type { BuiltPackage } from './built.js';
import { enterScript, innerScript } from './build-scripts.js';
import { removeIsolated, runIsolated, type Privilege } from './namespace.js';
import type { SourcePackage } from './source-package.js';
import { makeWork } from './work-folder.js';

export interface DebianBuildRun {
  component: string;
  source: SourcePackage;
  /** Folder of the build root (build-root.ts). */
  tree: string;
  /** Seconds: SOURCE_DATE_EPOCH. */
  date: number;
  /** Processes that the build may run at once. */
  cores: number;
  /** Path of the log; what the build prints is appended. */
  log: string;
  /** Scratch space. */
  temporary: string;
  store: ContentStore;
  privilege: Privilege;
  signal?: AbortSignal | undefined;
}

/** Lines of the log that a person sees when a build fails. */
const shownLines = 20;

/**
 * Builds, and puts every package that came out into the store, sorted by name.
 * Nothing is left of it but the log, however it ends.
 * @throws LockstepError BUILD_FAILED (with the last lines; the log is named), BUILD_OUTPUT (what came out
 * is not of this source), DEB_*, DISK_*, INTERRUPTED
 */
export async function runDebianBuild(build: DebianBuildRun): Promise<BuiltPackage[]> {
  const work = await makeWork(build.temporary);
  try {
    for (const name of ['in', 'out', 'build']) await ensureDir(join(work, name));
    for (const { name, sha256 } of build.source.files) {
      // Checked here, where a damaged one is set aside, and not by dpkg-source, where it is a failed build
      await build.store.verify(sha256, { signal: build.signal });
      await linkOrCopy(build.store.path(sha256), join(work, 'in', name), 0o444);
    }
    await runInRoot(build, work);
    // The tree is tens of thousands of files: it goes while what came of it is hashed
    const [packages] = await Promise.all([
      collectPackages(build, join(work, 'out')),
      removeIsolated(build.privilege, [join(work, 'build'), join(work, 'upper')]),
    ]);
    return packages;
  } finally {
    await removeIsolated(build.privilege, [work]);
  }
}

async function runInRoot(build: DebianBuildRun, work: string): Promise<void> {
  const { source, log } = build;
  // Mostly `../../roots/...`: options of an overlay cannot hold every path (commas, colons)
  const lower = relative(work, build.tree);
  const how = !/^[\w./-]+$/.test(lower) ? 'copy' : build.privilege === 'root' ? 'overlay' : 'userxattr';
  const command = [
    ...['sh', '-c', enterScript, 'enter', lower, work, how],
    ...['sh', '-c', innerScript, 'inside', source.dsc, buildPath(source)],
  ];
  const { exitCode } = await runIsolated(build.privilege, command, {
    log,
    env: buildEnvironment(build),
    signal: build.signal,
  });
  if (exitCode === 0) return;
  const tail = (await tailOf(log, shownLines)).replace(/^/gm, '  ');
  throw new LockstepError('BUILD_FAILED', {
    message: `The build of ${build.component} (${source.package} ${source.version}) failed, exit status ${exitCode}. It ended with:\n${tail}`,
    hint: `The full log is ${log}`,
    where: [{ file: log }],
  });
}

/** The same on every machine: build paths end up in packages. */
function buildPath(source: SourcePackage): string {
  return `/build/${source.package}-${upstreamOf(source.version)}`;
}

function buildEnvironment(build: DebianBuildRun): Record<string, string> {
  return {
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    HOME: '/nonexistent',
    USER: 'builder',
    LOGNAME: 'builder',
    SHELL: '/bin/sh',
    SOURCE_DATE_EPOCH: String(build.date),
    DEB_BUILD_OPTIONS: `parallel=${build.cores}`,
  };
}

async function collectPackages(build: DebianBuildRun, folder: string): Promise<BuiltPackage[]> {
  const names = (await onDisk('list', folder, () => readdir(folder))).filter((name) => name.endsWith('.deb'));
  const packages: BuiltPackage[] = [];
  for (const name of names.sort()) {
    const path = join(folder, name);
    if (!(await onDisk('look at', path, () => lstat(path))).isFile()) continue;
    packages.push(await collectPackage(build, path, name));
  }
  // Debug symbols have a separate archive in Debian, and do not belong to a set
  return packages.filter((one) => !one.package.endsWith('-dbgsym'));
}

async function collectPackage(build: DebianBuildRun, path: string, name: string): Promise<BuiltPackage> {
  const { source } = build;
  const { control } = await readDebControl(path, { decompress: decompressByName, file: name });
  const [, from = control.require('Package'), fromVersion = control.require('Version')] =
    /^(\S+)(?:\s+\(([^)\s]+)\))?$/.exec(control.get('Source') ?? '') ?? [];
  if (from !== source.package || fromVersion !== source.version) {
    throw new LockstepError('BUILD_OUTPUT', {
      message: `The build of ${source.package} ${source.version} produced ${name}, whose control file names ${from} ${fromVersion}`,
      where: [{ file: name }],
    });
  }
  const { size, sha256 } = await build.store.put({ file: path }, {}, { name });
  return {
    package: control.require('Package'),
    version: control.require('Version'),
    architecture: control.require('Architecture'),
    source: from,
    sourceVersion: fromVersion,
    control: control.text(),
    file: { name: memberPath(name), size, sha256 },
  };
}
