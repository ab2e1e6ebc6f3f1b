/**
 * Settings from the environment that do not belong to one workspace: the path of the cache and the limits of the
 * network. Pure. Each room reads its own settings (mirror, keyring, passphrase). docs/reference/environment.md lists
 * all.
 */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { LockstepError } from '../errors.js';
import type { HttpOptions } from '../io/http.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `LOCKSTEP_CACHE`. Without it, the folder `lockstep` in XDG_CACHE_HOME or in its default (XDG Base Directory
 * Specification).
 */
export function cacheFolder(env: Environment): string {
  if (env['LOCKSTEP_CACHE']) return resolve(env['LOCKSTEP_CACHE']);
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'lockstep');
}

/**
 * `LOCKSTEP_TRIES`, `LOCKSTEP_STALL_SECONDS` and `LOCKSTEP_LEAST_RATE`; src/io/http.ts has the defaults.
 *
 * @throws LockstepError USAGE for an invalid number
 */
export function networkLimits(env: Environment): Pick<HttpOptions, 'tries' | 'stallMs' | 'leastRate'> {
  const tries = numberIn(env, 'LOCKSTEP_TRIES', {
    fits: (value) => Number.isInteger(value) && value >= 1 && value <= 100,
    allowed: 'a whole number from 1 to 100',
  });
  const stall = numberIn(env, 'LOCKSTEP_STALL_SECONDS', {
    fits: (value) => value > 0 && value <= 3600,
    allowed: 'a number of seconds above 0 and at most 3600',
  });
  const leastRate = numberIn(env, 'LOCKSTEP_LEAST_RATE', {
    fits: (value) => Number.isInteger(value) && value >= 0 && value <= 1e9,
    allowed: 'a whole number of bytes per second from 0 to 1000000000',
  });
  return {
    ...(tries === undefined ? {} : { tries }),
    ...(stall === undefined ? {} : { stallMs: stall * 1000 }),
    ...(leastRate === undefined ? {} : { leastRate }),
  };
}

/**
 * The width for tables: `COLUMNS` if it is set, otherwise the terminal's width. A pipe has no width, because programs
 * read whole lines.
 */
export function outputColumns(
  env: Environment,
  output: { isTTY?: boolean | undefined; columns?: number | undefined },
): number {
  if (output.isTTY !== true) return Infinity;
  const wished = Number(env['COLUMNS'] ?? '');
  if (Number.isInteger(wished) && wished > 0) return wished;
  return output.columns === undefined || output.columns <= 0 ? 80 : output.columns;
}

function numberIn(
  env: Environment,
  name: string,
  { fits, allowed }: { fits: (value: number) => boolean; allowed: string },
): number | undefined {
  const text = env[name]?.trim() ?? '';
  if (text === '') return undefined;
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (fits(value)) return value;
  throw new LockstepError('USAGE', {
    message: `The environment variable ${name} must be ${allowed}`,
    hint: `Correct it, or remove it: unset ${name}`,
    where: [{ path: name, value: text }],
  });
}
