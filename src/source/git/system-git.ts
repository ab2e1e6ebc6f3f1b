/**
 * The system's git, for repositories that isomorphic-git cannot carry. It is
 * given files of ours, or a repository of this machine, and only ever reads
 * objects: no network, no hook, no configuration of the user's, no shell.
 */
import { LockstepError } from '../../errors.js';
import { filterThrough, run, type RunResult } from '../../io/process.js';
import { which } from '../../io/tools.js';
import { signalOf, type SourceContext } from '../source-context.js';

/** Settings that hold against those of a repository. */
const hardened = [
  ...['-c', 'core.hooksPath=/dev/null'],
  ...['-c', 'core.fsmonitor=false'],
  ...['-c', 'core.pager=cat'],
  ...['-c', 'protocol.allow=never'],
  // Larger ones are read as they come, not held in memory
  ...['-c', 'core.bigFileThreshold=16m'],
  ...['-c', 'pack.packSizeLimit=0'],
];

const environment: Readonly<Record<string, string | undefined>> = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_NO_LAZY_FETCH: '1',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_OBJECT_DIRECTORY: undefined,
  GIT_ALTERNATE_OBJECT_DIRECTORIES: undefined,
  GIT_CONFIG_COUNT: undefined,
  GIT_CONFIG_PARAMETERS: undefined,
  GIT_NAMESPACE: undefined,
  GIT_EXEC_PATH: undefined,
  GIT_TRACE: undefined,
};

/** Whether it is installed. */
export async function isGitInstalled(context: SourceContext): Promise<boolean> {
  return (await which('git', context.env?.['PATH'] ?? process.env['PATH'])) !== undefined;
}

/** Runs it on a repository and gives what it prints. @throws LockstepError TOOL_MISSING, INTERRUPTED */
export async function gitIn(
  gitdir: string,
  args: readonly string[],
  context: SourceContext,
): Promise<RunResult> {
  return await run('git', [...hardened, `--git-dir=${gitdir}`, ...args], {
    cwd: '/',
    env: { ...environment, ...pathOf(context) },
    allowFailure: true,
    ...signalOf(context),
  });
}

/** What it prints, as it comes, when it is given `input`. */
export function gitStream(
  gitdir: string,
  args: readonly string[],
  input: string,
  context: SourceContext,
): AsyncIterable<Buffer> {
  return filterThrough('git', [...hardened, `--git-dir=${gitdir}`, ...args], input, {
    cwd: '/',
    env: { ...environment, ...pathOf(context) },
    ...signalOf(context),
  });
}

function pathOf(context: SourceContext): Record<string, string> {
  const path = context.env?.['PATH'];
  return path === undefined ? {} : { PATH: path };
}

/** The fault that a repository is too large for what is installed. */
export function needsGit(what: string): LockstepError {
  return new LockstepError('TOOL_MISSING', {
    message: `${what} is more than Lockstep can read by itself, and the program git is not installed`,
    hint: 'On Debian: apt-get install git',
  });
}
