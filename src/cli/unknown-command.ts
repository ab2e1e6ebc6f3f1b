/**
 * What a person hears who types a command that there is not: oclif's hook for
 * it, in the words and the shape of every other fault.
 */
import type { Hook } from '@oclif/core/hooks';
import { LockstepError } from '../errors.js';
import { didYouMean } from '../profile/nearest.js';
import { errorToJson, exitOf, renderError } from './render/error.js';

export const unknownCommand: Hook.CommandNotFound = async function ({ id, argv, config }) {
  const known = config.commandIDs.map((name) => name.replaceAll(':', ' ')).sort();
  // oclif takes every word before the first flag for a part of the command's name
  const words = id.split(':');
  const isTopic = known.some((name) => name.startsWith(`${words[0]} `));
  const typed = words.slice(0, isTopic ? 2 : 1).join(' ');
  const error = new LockstepError('USAGE', {
    message: `There is no command "${typed}"${didYouMean(typed, known)}`,
    hint: `The commands are: ${known.join(', ')}. Flags follow the command. See lockstep --help.`,
  });
  if (argv?.includes('--json') === true)
    process.stdout.write(`${JSON.stringify(errorToJson(error), null, 2)}\n`);
  process.stderr.write(`${renderError(error)}\n`);
  this.exit(exitOf(error));
  await Promise.resolve();
};
