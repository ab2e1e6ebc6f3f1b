/**
 * What every command shares: the workspace flag, `--json`, errors as people
 * and programs read them, Ctrl-C. Commands hold no logic: flags in, one
 * workflow, a rendered result out.
 */
import { Command } from '@oclif/core/command';
import { string as stringFlag } from '@oclif/core/flags';
import { LockstepError, exitStatus } from '../errors.js';
import { withInterrupt } from '../io/interrupt.js';
import type { Context } from '../workflows/workspace/context.js';
import { outputColumns } from './environment.js';
import { note, print, printJson, stdout } from './output.js';
import { errorToJson, exitOf, renderError } from './render/error.js';
import type { LineProgress } from './render/progress-lines.js';

export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;

  static override baseFlags = {
    workspace: stringFlag({
      char: 'C',
      helpValue: 'DIR',
      env: 'LOCKSTEP_WORKSPACE',
      default: '.',
      description: 'the workspace folder',
      helpGroup: 'GLOBAL',
    }),
  };

  #signal = AbortSignal.abort();
  #progress: LineProgress | undefined;

  protected override async _run<T>(): Promise<T> {
    return withInterrupt(async (signal) => {
      this.#signal = signal;
      return super._run<T>();
    });
  }

  /** Aborted on Ctrl-C. */
  protected get signal(): AbortSignal {
    return this.#signal;
  }

  /** The workspace and everything wired to it. Loaded lazily: `--help` needs none of it. */
  protected async context(flags: { workspace: string }): Promise<Context> {
    const { wire } = await import('./wire.js');
    const { context, progress } = await wire({ dir: flags.workspace, env: process.env, signal: this.signal });
    this.#progress = progress;
    return context;
  }

  /** The width that a table on stdout keeps within. */
  protected get columns(): number {
    return outputColumns(process.env, stdout);
  }

  /** A line for people, on stderr; also with `--json`, where oclif's own log functions print nothing. */
  protected say(text: string): void {
    this.#progress?.clear();
    note(text);
  }

  /** oclif's own functions write as it comes: all output passes src/cli/output.ts. Nothing with `--json`. */
  override log(text = ''): void {
    if (!this.jsonEnabled()) print(text);
  }

  override logToStderr(text = ''): void {
    if (!this.jsonEnabled()) this.say(text);
  }

  override warn(input: Error | string): Error | string {
    this.say(`Warning: ${input instanceof Error ? input.message : input}`);
    return input;
  }

  protected override logJson(json: unknown): void {
    printJson(json);
  }

  protected override async catch(error: Error & { oclif?: { exit?: number }; code?: string }): Promise<void> {
    this.#progress?.clear();
    if (error.code === 'EEXIT') throw error;
    const reported = this.signal.aborted ? (this.signal.reason as Error) : asLockstepError(error);
    if (this.jsonEnabled()) printJson(errorToJson(reported));
    this.say(renderError(reported));
    this.exit(exitOf(reported));
    await Promise.resolve();
  }
}

/** Converts oclif's errors about flags and arguments to USAGE errors. */
function asLockstepError(error: Error & { oclif?: { exit?: number } }): Error {
  if (error instanceof LockstepError || error.oclif?.exit !== exitStatus.usage) return error;
  return new LockstepError('USAGE', {
    message: error.message.split('\nSee more help')[0] ?? error.message,
    hint: 'Add --help to see the flags and examples.',
  });
}
