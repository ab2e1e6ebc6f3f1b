/**
 * Runs a program in its own kernel namespaces: no network, its own mounts, processes and host name; as root,
 * or as a user with user ids in /etc/subuid. When the program ends or is killed, the kernel removes its
 * mounts and processes. Must not know what is built.
 */
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { basename } from 'node:path';
import { LockstepError } from '../errors.js';
import { readIfThere } from '../io/disk.js';
import { notThere } from '../io/disk-fault.js';
import { LogWriter, openLog } from '../io/log-file.js';
import { makeControlGroup } from '../io/control-group.js';
import { run, type RunOptions, type RunResult } from '../io/process.js';
import { missingTools, toolMissing, type ToolName } from '../io/tools.js';
import { limitFault, type BuildLimit, type BuildLimits } from './build-limits.js';
import { startScript } from './build-scripts.js';
import { Watchdog } from './watchdog.js';

/**
 * `root`: Lockstep runs as root. `subordinate`: root only inside, with a user namespace and the user's
 * subordinate ids.
 */
export type Privilege = 'root' | 'subordinate';

const namespaceTools = ['unshare', 'setpriv', 'mount'] as const;

/** What each of the two needs on the machine. */
export const toolsOf: Record<Privilege, readonly ToolName[]> = {
  root: namespaceTools,
  subordinate: [...namespaceTools, 'newuidmap', 'newgidmap'],
};

/** Where root's programs are; an ordinary user's search path leaves out half of them. */
const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface IsolatedOptions {
  /** What is run, as the start of a sentence: `The build of varnish`. */
  subject: string;
  /** The folder that it writes to. */
  work: string;
  limits: BuildLimits;
  /** stdout and stderr are appended here, cleaned (src/plain-text.ts). */
  log: string;
  /** All of the environment but PATH, which is the system's. */
  env: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
}

/**
 * The command line that runs `command` as root of new namespaces. Pure.
 *
 * setpriv(1) and `--kill-child` chain the lives: when this process is killed, even by SIGKILL, unshare is,
 * and then the first process of the new pid namespace, with which the kernel ends all others.
 */
export function namespaceCommand(
  privilege: Privilege,
  command: readonly string[],
): { program: string; args: string[] } {
  return {
    program: 'setpriv',
    args: [
      '--pdeathsig=KILL',
      '--',
      'unshare',
      ...(privilege === 'root' ? [] : ['--user', '--map-root-user', '--map-auto']),
      ...['--mount', '--propagation=private', '--net', '--ipc', '--uts', '--pid', '--fork'],
      '--kill-child=KILL',
      '--',
      ...command,
    ],
  };
}

/**
 * Runs a program as root in its own namespaces and waits for its end, whatever its exit status. When it has ended,
 * nothing of it lives.
 * @param command the program, or, where it depends on the limits, a function of those that nothing else enforces
 * @throws LockstepError BUILD_LIMIT, TOOL_MISSING, DISK_*, INTERRUPTED
 */
export async function runIsolated(
  privilege: Privilege,
  command: (enforced: readonly BuildLimit[]) => readonly string[],
  { subject, work, limits, log: path, env, signal }: IsolatedOptions,
): Promise<Pick<RunResult, 'exitCode'>> {
  const group = await makeControlGroup(basename(work), limits);
  const watchdog = new Watchdog({ limits, group, diskUse: (open) => diskUse(privilege, work, open) });
  const log = await openLog(path);
  try {
    const { program, args } = namespaceCommand(privilege, command(group?.enforced ?? []));
    const doors = group?.doors ?? [];
    const writer = new LogWriter(log, limits.log);
    const start = ['-c', startScript, 'start', String(doors.length), ...doors, program, ...args];
    const { exitCode } = await run('sh', start, {
      env: { ...env, PATH: systemPath },
      cleanEnv: true,
      group: true,
      allowFailure: true,
      debianPackage: 'util-linux',
      signal,
      onStart: (pid) => watchdog.begin(pid),
      onStdout: async (piece) => {
        watchdog.heard();
        if (!(await writer.write(piece))) watchdog.pass('log');
      },
    });
    await writer.end();
    await watchdog.over();
    if (watchdog.past !== undefined) throw limitFault(subject, watchdog.past, limits, path);
    return { exitCode };
  } finally {
    watchdog.stop();
    await log.handle.close();
    await group?.remove();
  }
}

/**
 * Bytes on the disk: of the files below `work`, and of those without a name that these processes have open. Only root
 * of their namespace may look at both.
 */
async function diskUse(privilege: Privilege, work: string, processes: readonly number[]): Promise<number> {
  const measure = ['du', '--summarize', '--block-size=1', '--', work];
  const { stdout } = await asRoot(privilege, measure, { allowFailure: true });
  const named = Number(/^\d+/.exec(stdout)?.[0] ?? 0);
  const [first] = processes;
  if (first === undefined) return named;
  const folders = processes.map((pid) => `/proc/${pid}/fd`);
  const find = [
    'find',
    '-L',
    ...folders,
    '-maxdepth',
    '1',
    '-type',
    'f',
    '-links',
    '0',
    '-printf',
    '%D:%i %b\\n',
  ];
  const enter = ['nsenter', '--user', '--preserve-credentials', `--target=${first}`, '--', ...find];
  const [program = '', ...args] = privilege === 'root' ? find : enter;
  const found = await run(program, args, { allowFailure: true });
  const blocks = new Map(
    found.stdout.split('\n').map((line): [string, number] => {
      const [file = '', count = '0'] = line.split(' ', 2);
      return [file, Number(count)];
    }),
  );
  return [...blocks.values()].reduce((sum, count) => sum + count * 512, named);
}

async function asRoot(
  privilege: Privilege,
  command: readonly string[],
  options: RunOptions,
): Promise<RunResult> {
  if (privilege === 'root') return await run(command[0]!, command.slice(1), options);
  return await run('unshare', ['--user', '--map-root-user', '--map-auto', '--', ...command], options);
}

/**
 * Removes folders that may hold files of subordinate ids, which their owner may not remove outside of the
 * namespace. Nothing there is fine. By rm(1), which is several times faster at it than Node.
 */
export async function removeIsolated(privilege: Privilege, paths: readonly string[]): Promise<void> {
  await asRoot(privilege, ['rm', '-rf', '--', ...paths], {});
}

/**
 * What this process may do, tried out and not guessed.
 * @throws LockstepError TOOL_MISSING; MACHINE_UNFIT, saying what to do
 */
export async function findPrivilege(signal?: AbortSignal): Promise<Privilege> {
  const privilege: Privilege = process.getuid?.() === 0 ? 'root' : 'subordinate';
  const missing = await missingTools(toolsOf[privilege]);
  if (missing.length > 0) throw toolMissing(missing);
  if (privilege === 'subordinate') await assertSubordinateIds();
  const { program, args } = namespaceCommand(privilege, ['mount', '-t', 'tmpfs', 'tmpfs', '/tmp']);
  const tried = await run(program, args, { allowFailure: true, signal });
  if (tried.exitCode === 0) return privilege;
  const ownProcess = async (name: string): Promise<string | null> =>
    (await readIfThere(`/proc/self/${name}`))?.toString('utf8') ?? null;
  const process_ = { mountinfo: await ownProcess('mountinfo'), status: await ownProcess('status') };
  throw new LockstepError('MACHINE_UNFIT', {
    message: `This machine does not allow the namespaces that builds require: ${tried.stderr.trim()}`,
    hint: remedies[obstacleOf(privilege, process_)],
  });
}

async function assertSubordinateIds(): Promise<void> {
  const { username, uid } = userInfo();
  for (const file of ['/etc/subuid', '/etc/subgid']) {
    const lines = (await readFile(file, 'utf8').catch(notThere(''))).split('\n');
    const counts = lines
      .map((line) => line.split(':'))
      .filter(([owner]) => owner === username || owner === String(uid))
      .map(([, , count]) => Number(count));
    if (counts.some((count) => count >= 65536)) continue;
    throw new LockstepError('MACHINE_UNFIT', {
      message: `The user ${username} lacks 65536 subordinate ids in ${file}; a build without root requires them`,
      hint: `As root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}. Or build as root.`,
      where: [{ file }],
    });
  }
}

/** What prevents a process from having its own namespaces. */
export type Obstacle = 'no-proc' | 'chroot' | 'capability' | 'unknown' | 'user-namespaces';

/** CAP_SYS_ADMIN, as a bit of the capability sets in /proc/self/status (capabilities(7)). */
const sysAdmin = 1n << 21n;

/**
 * Decides from the content of /proc for this process, never from the message of a failed program. Pure.
 *
 * @param own contents of /proc/self/mountinfo and /proc/self/status (proc(5)); null where they cannot be read
 */
export function obstacleOf(
  privilege: Privilege,
  own: { mountinfo: string | null; status: string | null },
): Obstacle {
  if (own.mountinfo === null || own.status === null) return 'no-proc';
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(own.status)?.[1];
  if (privilege === 'root' && effective !== undefined && (BigInt(`0x${effective}`) & sysAdmin) === 0n)
    return 'capability';
  // The kernel lists the mounts that this process can reach, by their place below its root
  const rootIsMount = own.mountinfo.split('\n').some((line) => line.split(' ')[4] === '/');
  if (!rootIsMount) return 'chroot';
  return privilege === 'root' ? 'unknown' : 'user-namespaces';
}

const remedies: Record<Obstacle, string> = {
  'no-proc': 'Mount /proc, which builds require: mount -t proc proc /proc',
  chroot:
    'This is a chroot whose / is not a mount point, so unshare cannot make its mounts private. Leave the chroot, bind-mount its folder to itself, and enter it again: mount --bind FOLDER FOLDER',
  capability:
    'This root lacks CAP_SYS_ADMIN, as in an unprivileged container. Run Lockstep where root has it (docker: --privileged), or as a user on the host.',
  unknown:
    'This root has CAP_SYS_ADMIN, but something else forbids namespaces. Check for a seccomp filter or a security module (dmesg), and check the limits in /proc/sys/user/max_*_namespaces.',
  'user-namespaces':
    'Allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, on some systems kernel.apparmor_restrict_unprivileged_userns=0), or build as root.',
};
