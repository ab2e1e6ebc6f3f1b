/**
 * How a fault looks to a person and to a program. Owns wording around the
 * fault (place, hint, code), never the fault's own sentence.
 */
import { LockstepError, exitStatus, type FaultPlace } from '../../errors.js';
import type { ErrorResult } from '../error-shape.js';

/** The process exit status for anything thrown. */
export function exitOf(error: unknown): number {
  return error instanceof LockstepError ? error.exit : exitStatus.bug;
}

/** `file:line:column: path: message (value)`, as compilers print it. */
function renderPlace(place: FaultPlace): string {
  const position = [place.file, place.line, place.column].filter((part) => part !== undefined).join(':');
  const value = place.value === undefined ? '' : ` (found ${place.value})`;
  return [position, place.path, place.message].filter(Boolean).join(': ') + value;
}

/** Whether a place is nothing but a file or a value that the sentence names already. */
function isTold({ file, value, ...more }: FaultPlace, message: string): boolean {
  if (Object.values(more).some((part) => part !== undefined)) return false;
  return [file, value].every((part) => part === undefined || message.includes(part));
}

/** The lines for stderr. A bug in Lockstep shows its stack, which the report needs. */
export function renderError(error: unknown): string {
  if (!(error instanceof LockstepError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `This is a bug in Lockstep. Please report it with the lines below.\n${stack}`;
  }
  const lines = [`Error ${error.code}: ${error.message}`];
  for (const place of error.where) if (!isTold(place, error.message)) lines.push(`  ${renderPlace(place)}`);
  if (error.hint !== undefined)
    lines.push(...error.hint.split('\n').map((line, i) => (i === 0 ? `To do: ${line}` : `       ${line}`)));
  return lines.join('\n');
}

/** The same fault for `--json`. */
export function errorToJson(error: unknown): ErrorResult {
  if (!(error instanceof LockstepError)) {
    return { error: { code: 'BUG', message: error instanceof Error ? error.message : String(error) } };
  }
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...error.data,
      ...(error.where.length === 0 ? {} : { where: error.where.map((place) => dropUndefined(place)) }),
    },
  };
}

function dropUndefined<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
}
