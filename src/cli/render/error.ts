/**
 * How a fault looks to a person and to a program. Owns wording around the
 * fault (place, hint, code), never the fault's own sentence.
 */
import { z } from 'zod';
import { LockstepError, exitStatus, type FaultPlace } from '../../errors.js';

const missingFile = z.object({
  file: z.string(),
  suite: z.string().describe('The suite whose index lists the file'),
  tried: z.array(z.object({ url: z.string(), said: z.string() })).describe('Each address, and its response'),
  final: z
    .boolean()
    .describe(
      'True if every address answered that it lacks the file or has other bytes. False: a retry may help',
    ),
  profile: z.string().optional(),
  component: z.string().optional(),
  version: z.string().optional().describe("Version of the component, in Debian's form"),
  lower: z
    .object({
      version: z.string(),
      suite: z.string(),
      lacksFixesOf: z
        .array(z.string())
        .describe('Higher versions in the security suite, whose fixes it lacks; empty if none is known'),
    })
    .nullable()
    .optional()
    .describe("The next lower version in the component's range; null if none exists"),
  command: z.array(z.string()).optional().describe('Arguments of the command that takes the lower version'),
});

const conflictDemand = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('range').describe('The profile keeps a component in a range'),
    component: z.string(),
    range: z.string(),
    path: z.string().describe('Field of the profile'),
    available: z.array(z.object({ version: z.string(), suite: z.string() })).optional(),
  }),
  z.object({
    kind: z.literal('kept').describe('A version that was chosen before'),
    component: z.string(),
    version: z.string(),
  }),
  z.object({
    kind: z.literal('demand').describe('Versions of a component demand something'),
    component: z.string(),
    by: z.string().describe('The name of the software, or "the profile"'),
    thing: z.string().describe('`mediawiki`, `php`, `extension/Cite`, `php-extension/intl`'),
    constraints: z.array(z.object({ constraint: z.string(), versions: z.array(z.string()) })),
    file: z.string().describe("A path in the component's own tree, or the profile"),
    field: z.string(),
  }),
]);

const conflict = z.object({
  contradictions: z.array(
    z.object({
      demands: z.array(conflictDemand).describe('Demands that cannot all be satisfied'),
      smallest: z.boolean().describe('Whether no smaller set of demands contradicts itself'),
      helps: z.array(
        z.object({
          component: z.string(),
          path: z.string().describe('Field of the profile to change'),
          version: z.string().nullable().describe('The nearest version that fits; null if none is known'),
          cures: z.enum(['all', 'this', 'none']),
          proven: z.boolean().describe('Whether everything that the change would choose was checked'),
        }),
      ),
    }),
  ),
  more: z.boolean().describe('Whether there are further contradictions'),
});

/** What `--json` prints on stdout when a command fails. */
export const errorResult = z.object({
  error: z.object({
    code: z.string().describe('Stable code, listed in docs/reference/errors.md'),
    message: z.string(),
    hint: z.string().optional(),
    where: z
      .array(
        z.object({
          file: z.string().optional(),
          line: z.number().int().optional(),
          column: z.number().int().optional(),
          path: z.string().optional(),
          value: z.string().optional(),
          message: z.string().optional(),
        }),
      )
      .optional(),
    conflict: conflict
      .optional()
      .describe('With RESOLVE_DEMAND and RESOLVE_UNSATISFIABLE: the demands, and the possible remedies'),
    missing: missingFile
      .optional()
      .describe('With SOURCE_NOT_ON_MIRROR: the file, and the possible remedies'),
  }),
});
export type ErrorResult = z.infer<typeof errorResult>;

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
