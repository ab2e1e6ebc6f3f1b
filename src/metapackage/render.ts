/**
 * Renders one template with handlebars, with `strict` and `noEscape` (the output is not HTML). Every fault has its file
 * and line. It knows no package and does not read the disk.
 */
import Handlebars from 'handlebars';
import { counted } from '../counted.js';
import { LockstepError, type FaultPlace } from '../errors.js';
import type { Relocate } from '../profile/yaml-file.js';
import { findVariableFaults } from './variables.js';

/**
 * A mark that holds a line number of the template, in private-use characters. It precedes each line of the template's
 * text.
 */
const mark = (line: number): string => `\uE000${line}\uE001`;
const marks = /\uE000(\d+)\uE001/g;

/** Helpers in addition to handlebars' own if, unless, each, with and lookup. */
const ownHelpers: Readonly<Record<string, (...values: unknown[]) => string>> = {
  /** A value as JSON, which is YAML too: `depends: {{json relations}}`. */
  json: (value) => JSON.stringify(value),
  /** A list as text: `{{join pinnedPackages " "}}`. */
  join: (list, separator) =>
    (Array.isArray(list) ? list : [list]).join(typeof separator === 'string' ? separator : ' '),
  /** A word of sh(1), quoted: `name={{shell settings.siteName}}`. */
  shell: (value) => `'${plainText(value).replaceAll("'", `'\\''`)}'`,
  /** A string of PHP, quoted: `$wgSitename = {{php settings.siteName}};`. */
  php: (value) => `'${plainText(value).replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`,
};

const builtIn = ['if', 'unless', 'each', 'with', 'lookup'];

const engine = Handlebars.create();
engine.unregisterHelper('log');
for (const [name, helper] of Object.entries(ownHelpers)) engine.registerHelper(name, helper);

/** What templates may call. */
export const templateHelpers: ReadonlySet<string> = new Set([...builtIn, ...Object.keys(ownHelpers)]);

/**
 * Renders a template.
 *
 * @param file its name in faults: `templates/mediawiki-full/package.yaml`
 * @throws LockstepError TEMPLATE_UNKNOWN_VARIABLE, TEMPLATE_INVALID (with every fault of the file)
 */
export function renderTemplate(template: string, file: string, context: Readonly<Record<string, unknown>>) {
  const program = parse(template, file);
  const faults = findVariableFaults(program, context, templateHelpers);
  if (faults.length > 0) {
    const [first] = faults;
    throw templateError(
      faults.some((fault) => fault.code === 'TEMPLATE_UNKNOWN_VARIABLE')
        ? 'TEMPLATE_UNKNOWN_VARIABLE'
        : 'TEMPLATE_INVALID',
      faults.length === 1
        ? `${file}, line ${first!.line}: ${first!.message}`
        : `${file} has ${counted(faults.length, 'fault')}`,
      faults.map(({ line, column, variable, message }) => ({ file, line, column, value: variable, message })),
    );
  }
  markLines(program.body);
  const marked = run(program, file, context);
  return { text: marked.replace(marks, ''), relocate: relocateBy(marked, template) };
}

function parse(template: string, file: string): hbs.AST.Program {
  if (/[\uE000\uE001]/.test(template)) {
    throw templateError('TEMPLATE_INVALID', `${file} contains private-use characters (U+E000, U+E001)`, [
      { file },
    ]);
  }
  try {
    return engine.parse(template);
  } catch (error) {
    throw fromHandlebars(error, file);
  }
}

function run(program: hbs.AST.Program, file: string, context: Readonly<Record<string, unknown>>): string {
  try {
    const delegate = engine.compile(program, {
      strict: true,
      noEscape: true,
      knownHelpers: Object.fromEntries([...templateHelpers].map((name) => [name, true])),
    });
    return delegate(context);
  } catch (error) {
    throw fromHandlebars(error, file);
  }
}

function fromHandlebars(error: unknown, file: string): LockstepError {
  const { message, lineNumber } = error as Error & { lineNumber?: number };
  const line = lineNumber ?? Number(/on line (\d+)/.exec(message)?.[1] ?? 1);
  const unknown = /^"(.*)" not defined in /.exec(message);
  const what = unknown === null ? `invalid template: ${message.trim()}` : `unknown variable "${unknown[1]}"`;
  return templateError(
    unknown === null ? 'TEMPLATE_INVALID' : 'TEMPLATE_UNKNOWN_VARIABLE',
    `${file}, line ${line}: ${what}`,
    [{ file, line, message: what, ...(unknown === null ? {} : { value: unknown[1] }) }],
    error,
  );
}

function templateError(
  code: 'TEMPLATE_UNKNOWN_VARIABLE' | 'TEMPLATE_INVALID',
  message: string,
  where: FaultPlace[],
  cause?: unknown,
): LockstepError {
  return new LockstepError(code, {
    message,
    hint:
      code === 'TEMPLATE_UNKNOWN_VARIABLE'
        ? 'Define your own values under metapackage.settings in the profile: {{settings.<key>}}'
        : undefined,
    where,
    cause,
  });
}

/** Puts a mark at the start of each piece of plain text and after each of its line ends. */
function markLines(statements: readonly hbs.AST.Statement[]): void {
  for (const statement of statements) {
    if (statement.type === 'ContentStatement') {
      const content = statement as unknown as Content;
      let line = statement.loc.start.line + lineEnds(cutFrom(content));
      content.value = mark(line) + content.value.replace(/\n/g, () => `\n${mark(++line)}`);
    } else if (statement.type === 'BlockStatement') {
      const block = statement as hbs.AST.BlockStatement;
      markLines(block.program?.body ?? []);
      markLines(block.inverse?.body ?? []);
    }
  }
}

/** A text of a template, with fields of handlebars' parser that its public type lacks. */
interface Content extends Omit<hbs.AST.ContentStatement, 'original'> {
  original: string;
  /** Whether white space at the start of the text, after a tag, was removed. */
  rightStripped?: boolean;
}

/** The removed white space: the rest of a standalone tag's line, or all white space (`~}}`). */
function cutFrom({ original, value, rightStripped }: Content): string {
  if (rightStripped !== true) return '';
  const restOfLine = /^[ \t]*\r?\n?/.exec(original)![0];
  return original.startsWith(value, restOfLine.length) ? restOfLine : /^\s*/.exec(original)![0];
}

/**
 * Maps a place in the marked text to a place in the template. It maps the column only if the line is the same in both.
 */
function relocateBy(marked: string, template: string): Relocate {
  const templateLines = template.split('\n');
  let last = 1;
  const lines = marked.split('\n').map((text) => {
    const found = [...text.matchAll(marks)].map((match) => Number(match[1]));
    // A block that begins a line marks it again. The last mark belongs to the text that follows
    const line = found.at(-1) ?? last;
    last = line;
    return { line, same: text.replace(marks, '') === templateLines[line - 1] };
  });
  return (line, column) => {
    const known = lines[line - 1] ?? lines.at(-1) ?? { line: 1, same: false };
    return known.same ? { line: known.line, column } : { line: known.line };
  };
}

function lineEnds(text: string): number {
  return text.split('\n').length - 1;
}

function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : JSON.stringify(value ?? '');
}
