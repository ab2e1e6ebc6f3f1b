/**
 * Control groups of the kernel (cgroups(7)), version 1 or 2: limits for all processes of a group together. A machine,
 * or a user, may have none, or only one of the controllers. Must not know what runs in a group.
 */
import { mkdir, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { run } from './process.js';

export interface GroupLimits {
  /** Bytes, page cache included; the kernel takes that back first. */
  memory: number;
  processes: number;
}

export type GroupLimit = keyof GroupLimits;

export interface ControlGroup {
  /** The limits that the kernel enforces. */
  readonly enforced: readonly GroupLimit[];
  /** Files of which each takes a process that writes `0` to it into the group. */
  readonly doors: readonly string[];
  /** The limit that the group came to: the kernel has ended a process, or refused one. */
  reached(): Promise<GroupLimit | undefined>;
  /** Removes the group when its last process has ended. */
  remove(): Promise<void>;
}

/** One hierarchy with one controller or more. */
interface Hierarchy {
  version: 1 | 2;
  /** Folders in which a group could be made, the nearest to this process's own group first. */
  folders: string[];
  controllers: readonly string[];
}

const controllerOf: Record<GroupLimit, string> = { memory: 'memory', processes: 'pids' };

/** Names of the files, by version: the limit and where its being reached is counted. */
const files: Record<1 | 2, Record<GroupLimit, { limit: string; events: string; count: RegExp }>> = {
  1: {
    memory: { limit: 'memory.limit_in_bytes', events: 'memory.oom_control', count: /^oom_kill (\d+)$/m },
    processes: { limit: 'pids.max', events: 'pids.events', count: /^max (\d+)$/m },
  },
  2: {
    memory: { limit: 'memory.max', events: 'memory.events', count: /^oom_kill (\d+)$/m },
    processes: { limit: 'pids.max', events: 'pids.events', count: /^max (\d+)$/m },
  },
};

/** Swap would let a group have more than its limit of memory. Not every kernel counts it. */
const swapFiles = { 1: 'memory.memsw.limit_in_bytes', 2: 'memory.swap.max' } as const;

/**
 * The hierarchies that have controllers. Pure.
 *
 * @param mounts /proc/self/mounts
 * @param own /proc/self/cgroup
 */
export function hierarchiesOf(mounts: string, own: string): Hierarchy[] {
  const ownPath = (controller: string): string =>
    own
      .split('\n')
      .map((line) => /^\d+:([^:]*):(.*)$/.exec(line))
      .find((match) => (match?.[1] ?? '').split(',').includes(controller))?.[2] ?? '/';
  const all = mounts.split('\n').flatMap((line): Hierarchy[] => {
    const [, at = '', type, options = ''] = line.split(' ');
    const known = Object.values(controllerOf);
    if (type === 'cgroup2') return [{ version: 2, folders: upFrom(at, ownPath('')), controllers: known }];
    const controllers = options.split(',').filter((option) => known.includes(option));
    if (type !== 'cgroup' || controllers.length === 0) return [];
    return [{ version: 1, folders: upFrom(at, ownPath(controllers[0]!)), controllers }];
  });
  // Where version 1 has a controller, version 2 does not have it
  return all.sort((a, b) => a.version - b.version);
}

/** The folders from the own group to the mount. A group outside of what is mounted is not among them. */
function upFrom(mount: string, path: string): string[] {
  const folders: string[] = [];
  for (let at = resolve(mount, `.${path}`); at.startsWith(`${mount}/`); at = dirname(at)) folders.push(at);
  return [...folders, mount];
}

/**
 * Makes a group with as many of the limits as this process may set.
 * @param name unique on the machine
 * @returns null if it may set none
 */
export async function makeControlGroup(name: string, limits: GroupLimits): Promise<ControlGroup | null> {
  const hierarchies = await readHierarchies();
  const made = new Map<GroupLimit, { folder: string; version: 1 | 2 }>();
  for (const [limit, value] of Object.entries(limits) as [GroupLimit, number][]) {
    for (const { version, folders } of hierarchies.filter((one) =>
      one.controllers.includes(controllerOf[limit]),
    )) {
      const folder = await firstWith(folders, name, version, limit, value);
      if (folder === undefined) continue;
      made.set(limit, { folder, version });
      break;
    }
  }
  const folders = [...new Set([...made.values()].map(({ folder }) => folder))];
  if (folders.length === 0) return null;
  return {
    enforced: [...made.keys()],
    doors: folders.map((folder) => join(folder, 'cgroup.procs')),
    reached: async () => {
      for (const [limit, { folder, version }] of made) {
        const { events, count } = files[version][limit];
        if (Number(count.exec(await textOf(join(folder, events)))?.[1] ?? 0) > 0) return limit;
      }
      return undefined;
    },
    remove: async () => {
      for (const folder of folders) await removeGroup(folder);
    },
  };
}

/** The group in the first folder where it can be made with this limit. */
async function firstWith(
  folders: readonly string[],
  name: string,
  version: 1 | 2,
  limit: GroupLimit,
  value: number,
): Promise<string | undefined> {
  for (const parent of folders) {
    const folder = join(parent, name);
    let isNew = false;
    try {
      // It exists where one hierarchy has both controllers
      isNew = (await mkdir(folder, { recursive: true })) !== undefined;
      // A file that is missing is not made: the file system has no other files than the kernel's
      await writeFile(join(folder, files[version][limit].limit), String(value), { flag: 'r+' });
      if (limit === 'memory') {
        const swap = version === 1 ? value : 0;
        await writeFile(join(folder, swapFiles[version]), String(swap), { flag: 'r+' }).catch(
          () => undefined,
        );
      }
      // Whether a process may be moved depends on where it comes from (cgroups(7), delegation)
      const door = join(folder, 'cgroup.procs');
      const { exitCode } = await run('sh', ['-c', 'echo 0 > "$1"', 'sh', door], { allowFailure: true });
      if (exitCode === 0) return folder;
      if (isNew) await rmdir(folder);
    } catch {
      // Not ours to use, or without the controller: the next folder up may be
      if (isNew) await rmdir(folder).catch(() => undefined);
    }
  }
  return undefined;
}

/** The kernel keeps a group until its last process is gone. */
async function removeGroup(folder: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const isGone = await rmdir(folder).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
    );
    if (isGone) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Removes groups that are left over. @param isLeft by the name that a group was made with */
export async function sweepGroups(isLeft: (name: string) => Promise<boolean>): Promise<void> {
  for (const folder of (await readHierarchies()).flatMap(({ folders }) => folders))
    for (const name of await readdir(folder).catch(() => []))
      if (await isLeft(name)) await rmdir(join(folder, name)).catch(() => undefined);
}

async function readHierarchies(): Promise<Hierarchy[]> {
  return hierarchiesOf(await textOf('/proc/self/mounts'), await textOf('/proc/self/cgroup'));
}

async function textOf(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch(() => '');
}
