/** Runs other programs, with an argument array and never through a shell. Must not interpret their output. */
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import type * as execaModule from 'execa';
import type { Options, Result } from 'execa';
import { LockstepError } from '../errors.js';
import { asBuffer, piecesOf, type ByteSource } from '../deb/bytes.js';
import { exists } from './disk.js';
import { interruptionOf, throwIfInterrupted, type Stoppable } from './interrupt.js';
import { lastLines } from './log-file.js';
import { toolMissing } from './tools.js';

/** Loaded when a program is run, because most commands run none, and it is large. */
async function library(): Promise<Pick<typeof execaModule, 'execa'>> {
  return await import('execa');
}

export interface RunOptions extends Stoppable {
  cwd?: string;
  /** Variables in addition to the inherited ones. Default: `LC_ALL=C.UTF-8`. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Names of further variables of this process that the program gets: {@link session} for the user's own programs. */
  inherit?: RegExp;
  /** Pass only `env`, and `PATH` if `env` does not have it. */
  cleanEnv?: boolean;
  /** Bytes for stdin. Default: empty stdin. */
  input?: ByteSource | undefined;
  /**
   * Gets stdout in pieces; nothing of it is kept. If it throws, the program is ended, and {@link run} throws the same.
   */
  onStdout?: (piece: Buffer) => Promise<void>;
  /** Called with the id of the program's process when it was started. */
  onStart?: (pid: number) => void;
  /** Return a result for a non-zero exit status instead of throwing. */
  allowFailure?: boolean;
  /** Run the program in its own session, and end all processes of the session on abort: for builds. */
  group?: boolean;
  /** Limits for the program and each process that it starts: for programs that read untrusted data. */
  limits?: ProcessLimits;
  /** Bytes of stdout or stderr that are kept in memory. A program that prints more is ended. Default 512 MiB. */
  maxOutput?: number;
  /** Called with the number of bytes that the program printed to stderr. */
  onStderr?: (bytes: number) => void;
  /** The Debian package that the message names when the program is missing. Not needed for the programs in tools.ts. */
  debianPackage?: string;
}

/** Limits in bytes, set by prlimit(1) with setrlimit(2). No core dump is written: it would contain the environment. */
export interface ProcessLimits {
  /** Address space. Above it, the program cannot allocate memory. */
  memory: number;
  /** Size of any file that the program writes. Above it, SIGXFSZ ends the program. */
  fileSize: number;
}

export interface RunResult {
  /** Exit status; 128 + number for a program that a signal ended, as in a shell. */
  exitCode: number;
  /** Name of the signal that ended it. */
  endedBy?: string;
  /** As UTF-8, with its final newline. Empty with `onStdout`. */
  stdout: string;
  stdoutBytes: Buffer;
  stderr: string;
}

/**
 * The variables of this process that every program gets. It is a list of what is allowed: this process may have a
 * passphrase in its environment, or any other secret of the person who started it.
 */
const inherited = /^(?:PATH|HOME|USER|LOGNAME|TMPDIR)$/;

/** Variables that the user's own gpg and git need: their settings, and the way to an agent, a terminal or a window. */
export const session =
  /^(?:GNUPGHOME|GPG_TTY|PINENTRY_USER_DATA|TERM|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|DBUS_SESSION_BUS_ADDRESS|XDG_RUNTIME_DIR|XDG_CONFIG_HOME|GIT_CONFIG\w*|LANG|LC_\w+)$/;

/** An environment without Lockstep's own secrets, for a program that gets the rest of it. */
export function withoutSecrets(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('LOCKSTEP_PASSPHRASE')));
}

const forceKillAfterMs = 5_000;
const defaultMaxOutput = 512 * 1024 * 1024;

/**
 * Runs a program and waits for its end.
 *
 * Throws TOOL_MISSING when it is not installed, TOOL_FAILED on a non-zero status unless `allowFailure`
 * (with the last lines it printed), INTERRUPTED when the signal ended it, or what the source of
 * `input` or `onStdout` throws.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  throwIfInterrupted(options.signal);
  const { execa } = await library();
  const input = watchedInput(options.input);
  const group = options.group === true;
  const [program, words] = limited(command, args, options.limits);
  const child = execa(program, words, {
    ...baseOptions(options),
    ...streams(input.source),
    detached: group,
    ...(options.onStdout === undefined ? {} : { buffer: { stdout: false, stderr: true } }),
    ...(options.signal === undefined || group ? {} : { cancelSignal: options.signal }),
  });
  const ending = group ? endWithGroup(child.pid, options.signal) : undefined;
  if (options.onStderr !== undefined)
    child.stderr?.on('data', (piece: Buffer) => options.onStderr?.(piece.length));
  if (child.pid !== undefined) options.onStart?.(child.pid);
  const printing = passOn(child.stdout, options.onStdout, () => child.kill('SIGKILL'));
  const result = await child.finally(() => ending?.());
  const unprinted = await printing;
  if (options.signal?.aborted === true) throw interruptionOf(options.signal);
  const fault = input.fault ?? unprinted;
  if (fault !== undefined) throw fault.error;
  const ended = await outcome(program, result, options);
  if (ended.exitCode !== 0 && options.allowFailure !== true) {
    throw toolFailed(command, args, ended, ended.stderr || ended.stdout);
  }
  return ended;
}

/** The program's output; undefined if it fails or is not installed. Otherwise throws as {@link run}. */
export async function answerOf(
  command: string,
  args: readonly string[],
  options: RunOptions,
): Promise<string | undefined> {
  try {
    const { exitCode, stdout } = await run(command, args, { ...options, allowFailure: true });
    return exitCode === 0 ? stdout : undefined;
  } catch (error) {
    if (error instanceof LockstepError && error.code === 'TOOL_MISSING') return undefined;
    throw error;
  }
}

/**
 * Streams bytes through a program (`xz -dc`) and returns its output as a stream. The stream errors with TOOL_MISSING,
 * TOOL_FAILED, INTERRUPTED, or the source's error. If the reader stops early, the program is ended.
 * @param options `onEnd` is called when nothing more is read: a source that waits for writes must end then
 */
export async function* filterThrough(
  command: string,
  args: readonly string[],
  source: ByteSource,
  options: Pick<RunOptions, 'cwd' | 'env' | 'cleanEnv' | 'limits' | 'signal' | 'debianPackage'> & {
    onEnd?: () => void;
  } = {},
): AsyncGenerator<Buffer, void, undefined> {
  throwIfInterrupted(options.signal);
  const { execa } = await library();
  const input = watchedInput(piecesOf(source));
  const [program, words] = limited(command, args, options.limits);
  const child = execa(program, words, {
    ...baseOptions(options),
    ...streams(input.source),
    buffer: { stdout: false, stderr: true },
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  });
  let finished = false;
  try {
    const stdout = child.stdout as AsyncIterable<Buffer> | null;
    // A program that could not start has no stdout; the result has the reason.
    try {
      if (stdout !== null) yield* stdout;
    } catch (error) {
      options.onEnd?.();
      const result = await child;
      if (!result.failed) throw error;
    }
    finished = true;
    options.onEnd?.();
    const result = await child;
    if (options.signal?.aborted === true) throw interruptionOf(options.signal);
    if (input.fault !== undefined) throw input.fault.error;
    const ended = await outcome(program, result, options);
    if (ended.exitCode !== 0) throw toolFailed(command, args, ended, ended.stderr);
  } finally {
    if (!finished) {
      child.kill('SIGKILL');
      options.onEnd?.();
      await child;
    }
  }
}

/** The program to start and its arguments, with the limits. */
function limited(
  command: string,
  args: readonly string[],
  limits: ProcessLimits | undefined,
): [string, string[]] {
  if (limits === undefined) return [command, [...args]];
  const set = [`--as=${limits.memory}`, `--fsize=${limits.fileSize}`, '--core=0'];
  return ['prlimit', [...set, '--', command, ...args]];
}

/**
 * The options of both ways to run a program. execa must not throw for a failed program: this module makes the faults.
 */
function baseOptions(options: Pick<RunOptions, 'cwd' | 'env' | 'inherit' | 'cleanEnv' | 'maxOutput'>) {
  const own =
    options.cleanEnv === true
      ? { PATH: process.env['PATH'] }
      : Object.fromEntries(
          Object.entries(process.env).filter(
            ([name]) => inherited.test(name) || options.inherit?.test(name) === true,
          ),
        );
  // The output is read or shown in a log, so its language must be the same on every machine.
  const env = { ...own, LC_ALL: 'C.UTF-8', ...options.env };
  return {
    env,
    extendEnv: false,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    encoding: 'buffer',
    reject: false,
    stripFinalNewline: false,
    maxBuffer: options.maxOutput ?? defaultMaxOutput,
    forceKillAfterDelay: forceKillAfterMs,
  } as const satisfies Options;
}

function streams(input: string | Uint8Array | AsyncIterable<Uint8Array> | undefined): Options {
  if (input === undefined) return { stdin: 'ignore' };
  return typeof input === 'string' || input instanceof Uint8Array ? { input } : { stdin: input };
}

/** Hands the pieces of a stream to `use` until its end; what `use` throws ends the program, and is returned. */
async function passOn(
  stdout: Readable | null,
  use: RunOptions['onStdout'],
  stop: () => void,
): Promise<{ error: unknown } | undefined> {
  try {
    if (use !== undefined) for await (const piece of stdout ?? []) await use(piece as Buffer);
    return undefined;
  } catch (error) {
    stop();
    return { error };
  }
}

/** Keeps the error that a source throws. Otherwise the only visible error is that the program was ended. */
function watchedInput(source: ByteSource | undefined): {
  source: string | Uint8Array | AsyncIterable<Uint8Array> | undefined;
  fault: { error: unknown } | undefined;
} {
  if (source === undefined || typeof source === 'string' || source instanceof Uint8Array) {
    return { source, fault: undefined };
  }
  const watched = { source: pieces(source), fault: undefined as { error: unknown } | undefined };
  async function* pieces(from: ByteSource): AsyncGenerator<Uint8Array> {
    try {
      yield* piecesOf(from);
    } catch (error) {
      watched.fault = { error };
      throw error;
    }
  }
  return watched;
}

type Ended = Pick<Result, 'failed'> & {
  [Key in 'exitCode' | 'signal' | 'code' | 'message' | 'cause' | 'stdout' | 'stderr']?:
    Result[Key] | undefined;
};

async function outcome(
  command: string,
  result: Ended,
  options: Pick<RunOptions, 'debianPackage' | 'cwd'>,
): Promise<RunResult> {
  if (result.code === 'ENOENT') {
    // spawn(2) reports the same error for a missing working folder.
    if (options.cwd !== undefined && !(await exists(options.cwd))) {
      throw new LockstepError('TOOL_FAILED', {
        message: `${command} could not be run: no such folder: ${options.cwd}`,
        where: [{ file: options.cwd }],
      });
    }
    throw toolMissing(command, options.debianPackage, result.cause);
  }
  const number = result.signal === undefined ? undefined : constants.signals[result.signal];
  const exitCode = result.exitCode ?? (number === undefined ? undefined : 128 + number);
  if (exitCode === undefined || (result.failed && exitCode === 0)) {
    // It could not start (EACCES, E2BIG, a missing cwd) or printed more than the limit
    throw new LockstepError('TOOL_FAILED', {
      message: `${command} could not be run: ${result.message ?? 'unknown cause'}`,
      cause: result.cause,
    });
  }
  const stdoutBytes = result.stdout instanceof Uint8Array ? asBuffer(result.stdout) : Buffer.alloc(0);
  const stderr = result.stderr instanceof Uint8Array ? asBuffer(result.stderr).toString('utf8') : '';
  return {
    exitCode,
    ...(result.signal === undefined ? {} : { endedBy: result.signal }),
    stdoutBytes,
    // Decoded only on access: most output is bytes, or large.
    get stdout() {
      return stdoutBytes.toString('utf8');
    },
    stderr,
  };
}

function toolFailed(
  command: string,
  args: readonly string[],
  ended: RunResult,
  printed: string,
): LockstepError {
  const how = ended.endedBy === undefined ? `exit status ${ended.exitCode}` : `ended by ${ended.endedBy}`;
  const shown = lastLines(printed, 15);
  const said = shown === '' ? '' : `:\n${shown.replace(/^/gm, '  ')}`;
  return new LockstepError('TOOL_FAILED', {
    message: `${[command, ...args].map(quoted).join(' ')} failed (${how})${said}`,
  });
}

/** The argument as a person would type it in a shell; for messages only. */
function quoted(argument: string): string {
  const short = argument.length > 200 ? `${argument.slice(0, 200)}...` : argument;
  return /^[\w@%+=:,./~^-]+$/.test(short) ? short : `'${short.replaceAll("'", `'\\''`)}'`;
}

/**
 * Ends a whole process group (setsid(2) made it): on abort with SIGTERM, later with SIGKILL; with SIGKILL when this
 * process exits. Returns a function to call when the leader has ended.
 */
function endWithGroup(pid: number | undefined, signal: AbortSignal | undefined): () => void {
  if (pid === undefined) return () => undefined;
  const send = (name: NodeJS.Signals): void => {
    try {
      process.kill(-pid, name);
    } catch {
      // ESRCH: all processes of the group have ended
    }
  };
  let force: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    send('SIGTERM');
    force = setTimeout(() => send('SIGKILL'), forceKillAfterMs);
  };
  const onExit = (): void => send('SIGKILL');
  signal?.addEventListener('abort', onAbort, { once: true });
  process.once('exit', onExit);
  return () => {
    clearTimeout(force);
    signal?.removeEventListener('abort', onAbort);
    process.off('exit', onExit);
    // Processes that the leader left must not write into a folder that will be removed
    send('SIGKILL');
  };
}
