/**
 * The output of `apt-get -s` as data: what apt would do, or why it cannot. Pure; simulator.ts runs apt. The
 * formats are apt's in the C locale.
 */
import { z } from 'zod';

/** One relation that apt could not satisfy, in apt's words. */
const unmetRelation = z.object({
  package: z.string(),
  /** `Depends`, `PreDepends`, `Conflicts`, `Breaks`, ... */
  kind: z.string(),
  /** `libfoo2 (>= 2.1)`; alternatives with ` | ` between them. */
  relation: z.string(),
  /** `it is not installable`, `2.0-3 is to be installed`; null if apt gives no reason. */
  but: z.string().nullable(),
});

/** An answer of apt's solver, in the shape in which it is stored. */
export const aptAnswer = z.object({
  /** Whether apt found a solution. */
  possible: z.boolean(),
  /**
   * Packages that are installed, upgraded or downgraded, in the order in which dpkg would unpack them. `from` is
   * the installed version; null if the package is new.
   */
  installs: z.array(z.object({ package: z.string(), from: z.string().nullable(), version: z.string() })),
  removes: z.array(z.string()),
  /** The relations that apt cannot satisfy. */
  unmet: z.array(unmetRelation),
  /** apt's lines that begin with `E:`. */
  errors: z.array(z.string()),
});
export type AptAnswer = z.infer<typeof aptAnswer>;

const instSpec = /^Inst (\S+?)(?::\S+)? (?:\[([^\]]*)\] )?\((\S+) /;
const removeSpec = /^(?:Remv|Purg) (\S+?)(?::\S+)?(?: |$)/;

/** Reads both streams of a simulation that ended with `exitCode`. */
export function parseAptAnswer(exitCode: number, stdout: string, stderr: string): AptAnswer {
  const lines = stdout.split('\n');
  const installs: AptAnswer['installs'] = [];
  const removes: string[] = [];
  for (const line of lines) {
    const inst = instSpec.exec(line);
    if (inst !== null) installs.push({ package: inst[1]!, from: inst[2] ?? null, version: inst[3]! });
    const remove = removeSpec.exec(line);
    if (remove !== null) removes.push(remove[1]!);
  }
  return {
    possible: exitCode === 0,
    installs,
    removes,
    unmet: unmetIn(lines),
    errors: `${stderr}\n${stdout}`
      .split('\n')
      .filter((line) => line.startsWith('E: '))
      .map((line) => line.slice(3)),
  };
}

/**
 * ` name : Depends: a (>= 1) but 0 is to be installed or`
 * `                 b but it is not installable`
 */
function unmetIn(lines: readonly string[]): AptAnswer['unmet'] {
  const start = lines.findIndex((line) => line.startsWith('The following packages have unmet dependencies'));
  if (start < 0) return [];
  const found: AptAnswer['unmet'] = [];
  let name = '';
  let goesOn = false;
  for (const line of lines.slice(start + 1)) {
    if (!line.startsWith(' ')) break;
    const named = /^ (\S+?)(?::\S+)? : (.*)$/.exec(line);
    if (named !== null) name = named[1]!;
    const rest = (named?.[2] ?? line).trim();
    const whole = rest.replace(/ or$/, '');
    const match = /^(?:([A-Z][A-Za-z]*): )?(.*?)(?: but (.*))?$/.exec(whole);
    const [, kind, relation = '', but = null] = match ?? [];
    const last = found.at(-1);
    if (goesOn && kind === undefined && last !== undefined) last.relation += ` | ${relation}`;
    else found.push({ package: name, kind: kind ?? '', relation, but });
    goesOn = rest.endsWith(' or');
  }
  return found;
}

/** Whether a negative answer comes from the solver, and not from an apt that failed. */
export function isSolversNo({ unmet, errors }: AptAnswer): boolean {
  return (
    unmet.length > 0 ||
    errors.some((line) =>
      /held broken packages|Unable to (?:locate package|correct|satisfy)|no installation candidate|Version '.*' for '.*' was not found|Essential packages were removed|essential packages|breaks caused by held/i.test(
        line,
      ),
    )
  );
}

const verbs: Readonly<Record<string, string>> = {
  Depends: 'depends on',
  PreDepends: 'depends on',
  'Pre-Depends': 'depends on',
  Conflicts: 'conflicts with',
  Breaks: 'breaks',
};

/** apt's own messages as sentences: used if the paragraphs do not explain more. */
export function aptSentences({ unmet, errors }: AptAnswer): string[] {
  const sentences = unmet
    .filter(({ kind }) => kind in verbs)
    .map(({ package: name, kind, relation, but }) => {
      return `${name} ${verbs[kind]!} ${relation}, ${but === null ? 'which apt does not install' : `but ${but}`}`;
    });
  return sentences.length > 0 ? sentences : errors;
}
