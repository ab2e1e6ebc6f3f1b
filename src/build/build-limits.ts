/**
 * What a build may use, and the fault of a build that uses more. How the limits are kept is in watchdog.ts and
 * namespace.ts.
 */
import { LockstepError } from '../errors.js';
import type { Workspace } from '../profile/workspace-schema.js';

/** As lockstep.yaml has them: seconds, bytes, a number of processes. */
export type BuildLimits = Workspace['build']['limits'];

export type BuildLimit = keyof BuildLimits;

const said: Record<BuildLimit, (value: number) => string> = {
  time: (value) => `took longer than ${value} s`,
  silence: (value) => `printed nothing for ${value} s`,
  processes: (value) => `had more than ${value} processes at one time`,
  memory: (value) => `used more than ${value} bytes of memory`,
  disk: (value) => `wrote more than ${value} bytes to the disk`,
  log: (value) => `printed more than ${value} bytes`,
};

/** @param subject what was run, as the start of a sentence */
export function limitFault(
  subject: string,
  limit: BuildLimit,
  limits: BuildLimits,
  log: string,
): LockstepError {
  return new LockstepError('BUILD_LIMIT', {
    message: `${subject} ${said[limit](limits[limit])}, and was ended`,
    hint: `Look at the end of the log for the reason: ${log}. If it needs more, raise build.limits.${limit} in lockstep.yaml.`,
    where: [{ file: log }],
    data: { limit, allowed: limits[limit] },
  });
}
