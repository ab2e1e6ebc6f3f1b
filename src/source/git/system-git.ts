/**
 * The system's git, which fetches repositories and reads their objects. It gets
 * an environment and settings from here alone: no configuration of the machine
 * or the user, no hook, no template, no prompt, no shell; and limits of memory
 * and of file size, since what it reads was written by strangers.
 */
import { filterThrough, run, type ProcessLimits, type RunOptions, type RunResult } from '../../io/process.js';
import { toolMissing, which } from '../../io/tools.js';
import { sessionOf, type SourceContext } from '../source-context.js';

const gib = 1024 ** 3;

/** A pack is one file. Two versions of a file of half a GiB, and what turns one into the other, fit in the memory. */
export const gitLimits: ProcessLimits = { memory: 3 * gib, fileSize: 8 * gib };

/** Settings that hold against those of a repository. */
const settings = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.askPass=',
  'credential.helper=',
  // Larger ones are read as they come, not held in memory
  'core.bigFileThreshold=16m',
  // What is mapped counts as memory
  'core.packedGitWindowSize=32m',
  'core.packedGitLimit=512m',
  'pack.threads=4',
  // Each object is checked before it is kept, and all that is fetched stays one pack in a scratch folder
  'fetch.fsckObjects=true',
  'fetch.unpackLimit=1',
  'core.fsync=none',
  'maintenance.auto=false',
].flatMap((setting) => ['-c', setting]);

const environment: Readonly<Record<string, string>> = {
  // Messages are read: see git-fault.ts
  LC_ALL: 'C',
  // Of no user: neither .gitconfig nor .netrc
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_NO_LAZY_FETCH: '1',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_ALLOW_PROTOCOL: 'none',
};

function optionsOf(
  context: SourceContext,
  env: Readonly<Record<string, string>> = {},
): Pick<RunOptions, 'cwd' | 'cleanEnv' | 'limits' | 'signal'> & { env: Record<string, string> } {
  const path = context.env?.['PATH'];
  return {
    cwd: '/',
    cleanEnv: true,
    env: { ...environment, ...(path === undefined ? {} : { PATH: path }), ...env },
    limits: gitLimits,
    signal: context.signal,
  };
}

/** Asked once in a run, so that the fault names git and not the program that sets its limits. */
async function assertInstalled(context: SourceContext): Promise<void> {
  await sessionOf(context).once('git-installed', async () => {
    if ((await which('git', context.env?.['PATH'])) === undefined) throw toolMissing('git');
  });
}

/**
 * Runs it and gives what it prints.
 * @param more `env` is added to git's environment
 * @throws LockstepError TOOL_MISSING, INTERRUPTED, or what `more.signal` is aborted with
 */
export async function runGit(
  args: readonly string[],
  context: SourceContext,
  { env, ...more }: RunOptions & { env?: Readonly<Record<string, string>> } = {},
): Promise<RunResult> {
  await assertInstalled(context);
  const options = { ...optionsOf(context, env), allowFailure: true, ...more };
  return await run('git', [...settings, ...args], options);
}

/**
 * What it prints, as it comes, when it is given `input`.
 * @param onEnd told that it reads no more
 * @throws LockstepError TOOL_*, INTERRUPTED
 */
export async function* gitStream(
  args: readonly string[],
  input: AsyncIterable<Buffer>,
  context: SourceContext,
  onEnd: () => void,
): AsyncGenerator<Buffer, void, undefined> {
  await assertInstalled(context);
  yield* filterThrough('git', [...settings, ...args], input, { ...optionsOf(context), onEnd });
}
