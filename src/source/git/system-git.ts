/**
 * The system's git, which fetches repositories and reads their objects. This file sets its environment and all its
 * settings: no configuration of the machine or the user, no hook, no template, no prompt, no shell. It also limits
 * memory and file size, because git reads untrusted data.
 */
import { filterThrough, run, type ProcessLimits, type RunOptions, type RunResult } from '../../io/process.js';
import { toolMissing, which } from '../../io/tools.js';
import { sessionOf, type SourceContext } from '../source-context.js';

const gib = 1024 ** 3;

/** A pack is one file. The memory is enough for two versions of a 512 MiB file and the delta between them. */
export const gitLimits: ProcessLimits = { memory: 3 * gib, fileSize: 8 * gib };

/** Settings that override those of a repository. */
const settings = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.askPass=',
  'credential.helper=',
  // Larger objects are streamed and not held in memory
  'core.bigFileThreshold=16m',
  // Mapped memory counts against the memory limit
  'core.packedGitWindowSize=32m',
  'core.packedGitLimit=512m',
  'pack.threads=4',
  // git checks each object before it stores it, and a fetch stays one pack in a scratch folder
  'fetch.fsckObjects=true',
  // Dates that old programs wrote. They are in commits that nobody can change, and harm nothing: see git-object.ts
  'fetch.fsck.badDate=ignore',
  'fetch.fsck.badDateOverflow=ignore',
  'fetch.fsck.badTimezone=ignore',
  'fetch.fsck.missingSpaceBeforeDate=ignore',
  'fetch.fsck.zeroPaddedDate=ignore',
  'fetch.unpackLimit=1',
  'core.fsync=none',
  'maintenance.auto=false',
].flatMap((setting) => ['-c', setting]);

const environment: Readonly<Record<string, string>> = {
  // Lockstep parses the messages: see git-fault.ts
  LC_ALL: 'C',
  // Not the user's home, so that git reads neither .gitconfig nor .netrc
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

/** Checks once per run, so that the error names git and not prlimit, which starts it. */
async function assertInstalled(context: SourceContext): Promise<void> {
  await sessionOf(context).once('git-installed', async () => {
    if ((await which('git', context.env?.['PATH'])) === undefined) throw toolMissing('git');
  });
}

/**
 * Runs git and returns its output.
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
 * Streams `input` through git and returns its output as a stream.
 * @param onEnd called when git stops reading input
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
