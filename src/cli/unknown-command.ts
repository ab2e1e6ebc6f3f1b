/**
 * What a person hears who types a command that there is not: oclif's hook for
 * it, in the words and the shape of every other fault.
 */
import type { Config } from '@oclif/core/config';
import type { Hook } from '@oclif/core/hooks';
import { LockstepError } from '../errors.js';
import { didYouMean } from '../profile/nearest.js';
import { note, printJson } from './output.js';
import { errorToJson, exitOf, renderError } from './render/error.js';

/** The commands as one types them, sorted. */
export function commandNames(config: Pick<Config, 'commandIDs'>): string[] {
  return config.commandIDs.map((name) => name.replaceAll(':', ' ')).sort();
}

/** USAGE, with the nearest name. */
export function noSuchCommand(typed: string, known: readonly string[]): LockstepError {
  return new LockstepError('USAGE', {
    message: `There is no command "${typed}"${typed.startsWith('-') ? '' : didYouMean(typed, known)}`,
    hint: `The commands are: ${known.join(', ')}. Only -C DIR and --json may precede the command. See also: lockstep help`,
  });
}

export const unknownCommand: Hook.CommandNotFound = async function ({ id, argv, config }) {
  const known = commandNames(config);
  // oclif takes every word before the first flag for a part of the command's name
  const words = id.split(':');
  const isTopic = known.some((name) => name.startsWith(`${words[0]} `));
  const error = noSuchCommand(words.slice(0, isTopic ? 2 : 1).join(' '), known);
  if (argv?.includes('--json') === true) printJson(errorToJson(error));
  note(renderError(error));
  this.exit(exitOf(error));
  await Promise.resolve();
};
