/**
 * The message and the remedies if no mirror has a file of the chosen version. Lockstep never uses a lower
 * version on its own: it may lack security fixes, so a person must decide. Pure.
 */
import type { LowerVersion, MissingFile } from '../source/missing-file-shape.js';
import { NotOnMirrorError, otherMirror } from '../source/not-on-mirror.js';
import type { ComponentOptions } from './component-options.js';

/** How long the proposed skip lasts, in days: by then a mirror that only lags has the file. */
const skipDays = 14;

export interface MissingOf {
  profile: string;
  component: string;
  options: ComponentOptions;
  /** Index of the option whose file is missing. */
  option: number;
  now: Date;
}

/** The fault with what it is a fault of, and with the line that takes the next lower version. */
export function explainMissing(error: NotOnMirrorError, of: MissingOf): NotOnMirrorError {
  const { profile, component, options, option, now } = of;
  const chosen = options.listed?.(option);
  if (chosen === undefined) return error;
  const { version } = chosen;
  const lower = lowerOf(options, option);
  const until = new Date(now.getTime() + skipDays * 86_400_000).toISOString().slice(0, 10);
  const command =
    lower === null
      ? undefined
      : [
          ...['lockstep', 'skip', profile, component],
          ...['--not', version, '--reason', `no mirror has ${error.missing.file}`, '--until', until],
        ];
  const missing: MissingFile = { ...error.missing, profile, component, version, lower, command };
  return new NotOnMirrorError(missing, {
    message: `No mirror has ${missing.file} of ${component} ${version}, which ${missing.suite} lists`,
    hint: hintOf(missing, options.variable.range),
    cause: error,
  });
}

/** The highest version in range below an option, and what the versions between fix. */
function lowerOf({ variable, listed }: ComponentOptions, option: number): LowerVersion | null {
  const next = variable.options.findIndex(({ inRange }, index) => inRange && index > option);
  if (next < 0) return null;
  const { version, suite } = listed!(next);
  const lacksFixesOf = variable.options
    .slice(0, next)
    .flatMap((_one, index) => (index >= option ? [listed!(index)] : []))
    .filter(({ role }) => role === 'security')
    .map((one) => one.version);
  return { version, suite, lacksFixesOf };
}

function hintOf({ suite, version, final, lower, command }: MissingFile, range: string): string {
  const lines = [otherMirror(suite)];
  if (!final) lines.push('Not every mirror answered: first try again.');
  if (lower === null || lower === undefined || command === undefined) {
    lines.push(`The base lists no lower version in the range ${range}.`);
    return lines.join('\n');
  }
  const fixes =
    lower.lacksFixesOf.length === 0
      ? `It is not known whether it lacks security fixes of ${version}: ${suite} is not a security suite.`
      : `It lacks the security fixes of ${lower.lacksFixesOf.join(' and ')}, which the security suite has.`;
  lines.push(
    `The next lower version in the range ${range} is ${lower.version} (${lower.suite}). ${fixes} To use it until a mirror has the other version:`,
    `  ${command.map(quoted).join(' ')}`,
  );
  return lines.join('\n');
}

/** As a POSIX shell reads it as one word. */
function quoted(word: string): string {
  return /^[\w.:+~@/-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
