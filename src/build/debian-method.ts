/**
 * The method `debian`: a source package in the store becomes packages, built by
 * Debian's own tools in a build root, as a user that may do nothing, with no
 * network, no home and no key in reach. What to build, and whether to, is
 * decided in build-plan.ts.
 */
import { join, relative } from 'node:path';
import { readDebControl } from '../deb/deb-file.js';
import { upstreamOf } from '../deb/version.js';
import { LockstepError } from '../errors.js';
import { decompressByName } from '../io/compress.js';
import type { ContentStore } from '../io/content-store.js';
import { ensureDir, linkOrCopy } from '../io/disk.js';
import { tailOf } from '../io/log-file.js';
import type { BuildLimit, BuildLimits } from './build-limits.js';
import type { BuiltPackage } from './built.js';
import { enterScript, innerScript } from './build-scripts.js';
import { removeIsolated, runIsolated, type Privilege } from './namespace.js';
import { openOutputs, type BuildOutputFile } from './outputs.js';
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
  limits: BuildLimits;
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
 * @throws LockstepError BUILD_LIMIT, BUILD_FAILED (with the last lines; the log is named), BUILD_OUTPUT (a file
 * that is not taken), DEB_*, DISK_*, INTERRUPTED
 */
export async function runDebianBuild(build: DebianBuildRun): Promise<BuiltPackage[]> {
  const work = await makeWork(build.temporary);
  try {
    for (const name of ['in', 'build']) await ensureDir(join(work, name));
    for (const { name, sha256 } of build.source.files) {
      // Checked here, where a damaged one is set aside, and not by dpkg-source, where it is a failed build
      await build.store.verify(sha256, { signal: build.signal });
      await linkOrCopy(build.store.path(sha256), join(work, 'in', name), 0o444);
    }
    await runInRoot(build, work);
    const outputs = await openOutputs(join(work, 'build'));
    try {
      // The tree is tens of thousands of files: it goes while what came of it is hashed
      const [packages] = await Promise.all([
        collectPackages(build, outputs),
        removeIsolated(build.privilege, [join(work, 'build'), join(work, 'upper')]),
      ]);
      return packages;
    } finally {
      await Promise.all(outputs.map((one) => one.close()));
    }
  } finally {
    await removeIsolated(build.privilege, [work]);
  }
}

async function runInRoot(build: DebianBuildRun, work: string): Promise<void> {
  const { source, log, limits } = build;
  const subject = `The build of ${build.component} (${source.package} ${source.version})`;
  // Mostly `../../roots/...`: options of an overlay cannot hold every path (commas, colons)
  const lower = relative(work, build.tree);
  const how = !/^[\w./-]+$/.test(lower) ? 'copy' : build.privilege === 'root' ? 'overlay' : 'userxattr';
  const command = (enforced: readonly BuildLimit[]): string[] => [
    ...['sh', '-c', enterScript, 'enter', lower, work, how, String(limits.memory)],
    ...['sh', '-c', innerScript, 'inside', processLimits(limits, enforced), source.dsc, buildPath(source)],
  ];
  const { exitCode } = await runIsolated(build.privilege, command, {
    ...{ subject, work, limits, log },
    env: buildEnvironment(build),
    signal: build.signal,
  });
  if (exitCode === 0) return;
  const tail = (await tailOf(log, shownLines)).replace(/^/gm, '  ');
  throw new LockstepError('BUILD_FAILED', {
    message: `${subject} failed, exit status ${exitCode}. It ended with:\n${tail}`,
    hint: `The full log is ${log}`,
    where: [{ file: log }],
  });
}

/**
 * The limits that a process takes along, for prlimit(1): they hold between two looks of the watchdog. Memory and
 * processes are twice of what all together may have, because the kernel refuses more silently, and the watchdog
 * must see it. The kernel counts the processes of a user, all builds together, so that these two are only set
 * where no control group has them.
 */
function processLimits(limits: BuildLimits, enforced: readonly BuildLimit[]): string {
  return [
    `--fsize=${limits.disk}`,
    '--core=0',
    ...(enforced.includes('memory') ? [] : [`--data=${2 * limits.memory}`]),
    ...(enforced.includes('processes') ? [] : [`--nproc=${2 * limits.processes}`]),
  ].join(' ');
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

async function collectPackages(
  build: DebianBuildRun,
  outputs: readonly BuildOutputFile[],
): Promise<BuiltPackage[]> {
  const packages: BuiltPackage[] = [];
  for (const output of outputs) {
    const one = await collectPackage(build, output);
    if (one !== null) packages.push(one);
  }
  return packages;
}

/** Null for debug symbols: they have a separate archive in Debian, and do not belong to a set. */
async function collectPackage(
  { store, signal }: DebianBuildRun,
  { name, path }: BuildOutputFile,
): Promise<BuiltPackage | null> {
  const { control } = await readDebControl(path, { decompress: decompressByName, file: name });
  const [, from = control.require('Package'), fromVersion = control.require('Version')] =
    /^(\S+)(?:\s+\(([^)\s]+)\))?$/.exec(control.get('Source') ?? '') ?? [];
  if (control.require('Package').endsWith('-dbgsym')) return null;
  const { size, sha256 } = await store.put({ file: path }, {}, { name, signal });
  return {
    package: control.require('Package'),
    version: control.require('Version'),
    architecture: control.require('Architecture'),
    source: from,
    sourceVersion: fromVersion,
    control: control.text(),
    file: { name, size, sha256 },
  };
}
