/**
 * The reference pages that are made from the code, so that they cannot lie:
 * errors, exit codes, JSON output, commands. Pure; `npm run docs` writes them
 * and a test compares them with what is in docs/reference/.
 */
import { z } from 'zod';
import { errorCodes, exitStatus, type ExitStatusName } from '../errors.js';
import { schemaFiles } from '../profile/json-schema.js';
import { errorResult } from './error-shape.js';
import { outputSchemas } from './output-schemas.js';

export interface GeneratedFile {
  /** Relative to the repository's top. */
  path: string;
  content: string;
}

const generated = '<!-- Made from the code by `npm run docs`; a test compares it. -->\n';

const exitMeaning: Record<ExitStatusName, string> = {
  ok: 'Success, including a run that had nothing to do',
  bug: 'A bug in Lockstep. Only this case prints a stack trace',
  usage: 'A flag, an argument or an environment variable is wrong',
  input: 'The workspace, a profile or a template has faults, or names something that does not exist',
  untrusted: 'Input from outside does not match its signature, hash or format. Lockstep used nothing of it',
  network: 'A server did not deliver a file, after all retries',
  build: 'A package could not be built, or may not be released',
  signing: "The archive's key is missing, protected or unusable",
  archive: 'The disk, the content store, a snapshot or the archive has a fault. No file was left incomplete',
  busy: 'Another run is active in this workspace',
  machine: 'This machine lacks a program or a capability. The message names the package to install',
  interrupted: 'Ctrl-C or SIGTERM. Everything is consistent',
};

function exitCodesPage(): string {
  const rows = Object.entries(exitStatus).map(
    ([name, status]) => `| ${status} | ${name} | ${exitMeaning[name as ExitStatusName]} |`,
  );
  return `# Exit codes\n\n${generated}\n| status | class | meaning |\n|---|---|---|\n${rows.join('\n')}\n`;
}

function errorsPage(): string {
  const rows = Object.entries(errorCodes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, [exit, meaning]]) => `| \`${code}\` | ${exitStatus[exit]} | ${meaning} |`);
  const head =
    'Every error has one stable code. Lockstep prints `Error CODE: what is wrong` on stderr, then ' +
    'each place, then what to do. With `--json` it prints the same on stdout (see [JSON ' +
    'output](json.md)).';
  return `# Errors\n\n${generated}\n${head}\n\n| code | exit status | meaning |\n|---|---|---|\n${rows.join('\n')}\n`;
}

function jsonPage(): string {
  const rows = Object.keys(outputSchemas).map(
    (name) =>
      `| \`lockstep ${name}\` | [schemas/output/${fileName(name)}](../../schemas/output/${fileName(name)}) |`,
  );
  const head =
    'With `--json`, a command prints one JSON value and nothing else on stdout. Progress stays on ' +
    'stderr. Later versions add fields, but never rename or remove one within a format. A command ' +
    'that fails prints [schemas/output/error.schema.json](../../schemas/output/error.schema.json) ' +
    'and ends with the [exit code](exit-codes.md) of that error. `check` and `verify` also print ' +
    'their result when they find faults.\n\nControl characters, and characters that turn, hide or break text, ' +
    'are escaped (`\\u202e`): the value is the same, and the bytes can be shown on a terminal. Only user and ' +
    'password of an address differ: they are `***`.';
  return `# JSON output\n\n${generated}\n${head}\n\n| command | schema |\n|---|---|\n${rows.join('\n')}\n`;
}

function fileName(command: string): string {
  return `${command.replaceAll(' ', '-')}.schema.json`;
}

function schemaFile(command: string, schema: z.ZodType): GeneratedFile {
  const title = command === 'error' ? 'A command that failed' : `lockstep ${command} --json`;
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'output' }) as Record<string, unknown>;
  return {
    path: `schemas/output/${fileName(command)}`,
    content: `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`,
  };
}

/** The part of oclif's manifest that the commands page shows. */
export interface CommandManifest {
  commands: Record<
    string,
    {
      id: string;
      summary?: string;
      description?: string;
      examples?: (string | { command: string; description?: string })[];
      args?: Record<string, { name: string; description?: string; required?: boolean }>;
      flags?: Record<
        string,
        {
          name: string;
          char?: string;
          type: string;
          description?: string;
          default?: unknown;
          helpValue?: string;
          options?: string[];
        }
      >;
    }
  >;
}

function commandsPage(manifest: CommandManifest): string {
  const parts = Object.values(manifest.commands)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((command) => {
      const name = command.id.replaceAll(':', ' ');
      const args = Object.values(command.args ?? {});
      const usage = args.map((arg) =>
        arg.required ? arg.name.toUpperCase() : `[${arg.name.toUpperCase()}]`,
      );
      const argRows = args.map((arg) => `| \`${arg.name.toUpperCase()}\` | ${arg.description ?? ''} |`);
      const flagRows = Object.values(command.flags ?? {}).map((flag) => {
        const value = flag.type === 'option' ? ` ${flag.helpValue ?? 'VALUE'}` : '';
        const short = flag.char === undefined ? '' : `-${flag.char}, `;
        const among = flag.options === undefined ? '' : ` (${flag.options.join(', ')})`;
        return `| \`${short}--${flag.name}${value}\` | ${flag.description ?? ''}${among} |`;
      });
      const examples = (command.examples ?? []).map((example) =>
        (typeof example === 'string' ? example : example.command).replaceAll('<%= config.bin %>', 'lockstep'),
      );
      return [
        `## lockstep ${[name, ...usage].join(' ')}`,
        `${command.summary ?? ''}.`,
        command.description ?? '',
        `| argument or flag | meaning |\n|---|---|\n${[...argRows, ...flagRows].join('\n')}`,
        examples.length > 0 ? `\`\`\`\n${examples.join('\n')}\n\`\`\`` : '',
      ]
        .filter(Boolean)
        .join('\n\n');
    });
  return `# Commands\n\n${generated}\n${parts.join('\n\n')}\n`;
}

/** The part of JSON Schema that zod writes and the files page shows. */
interface FieldSchema {
  type?: string | string[];
  description?: string;
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  pattern?: string;
  properties?: Record<string, FieldSchema>;
  required?: string[];
  additionalProperties?: FieldSchema | boolean;
  items?: FieldSchema;
  anyOf?: FieldSchema[];
  oneOf?: FieldSchema[];
}

function fieldRows(schema: FieldSchema, path: string): string[] {
  const variants = schema.oneOf ?? schema.anyOf ?? [];
  const below = [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
      const at = path === '' ? name : `${path}.${name}`;
      const needed = schema.required?.includes(name) === true && field.default === undefined;
      return [fieldRow(at, field, needed), ...fieldRows(field, at)];
    }),
    ...(typeof schema.additionalProperties === 'object'
      ? fieldRows(schema.additionalProperties, `${path}.<name>`)
      : []),
    ...(schema.items === undefined ? [] : fieldRows(schema.items, `${path}[]`)),
  ];
  return [...below, ...variants.flatMap((variant) => fieldRows(variant, path))];
}

function fieldRow(path: string, field: FieldSchema, needed: boolean): string {
  const values = field.const === undefined ? field.enum : [field.const];
  const allowed =
    values === undefined ? '' : ` One of: ${values.map((value) => `\`${String(value)}\``).join(', ')}.`;
  const otherwise = field.default === undefined ? '' : ` Otherwise \`${JSON.stringify(field.default)}\`.`;
  const about =
    `${field.description ?? ''}${field.description === undefined ? '' : '.'}${allowed}${otherwise}`.trim();
  return `| \`${path}\` | ${needed ? 'yes' : ''} | ${about.replaceAll('|', '\\|').replaceAll('<', '&lt;')} |`;
}

function filesPage(schemas: readonly GeneratedFile[]): string {
  const head =
    'Both are YAML. Unknown keys are faults; `lockstep check` lists every fault with its line. ' +
    'Editors with JSON Schema support check the file while you type: the files that `lockstep ' +
    'init` writes name their schema in the first line.';
  const titles = ['lockstep.yaml', 'profiles/NAME.yaml'];
  const table = (schema: FieldSchema): string => {
    const unique = [...new Set(fieldRows(schema, ''))];
    return `| field | needed | meaning |\n|---|---|---|\n${unique.join('\n')}`;
  };
  const parts = schemas.map((file, index) => {
    const schema = JSON.parse(file.content) as FieldSchema;
    // A file that is of one form or of another has a table for each
    const forms = schema.anyOf?.map((form) => `### ${form.description}\n\n${table(form)}`);
    const link = `Schema: [${file.path}](../../${file.path})`;
    return `## ${titles[index]}\n\n${link}\n\n${(forms ?? [table(schema)]).join('\n\n')}`;
  });
  return `# lockstep.yaml and profiles\n\n${generated}\n${head}\n\n${parts.join('\n\n')}\n`;
}

/** All generated reference files. */
export function referenceFiles(manifest: CommandManifest): GeneratedFile[] {
  return [
    { path: 'docs/reference/exit-codes.md', content: exitCodesPage() },
    { path: 'docs/reference/errors.md', content: errorsPage() },
    { path: 'docs/reference/json.md', content: jsonPage() },
    { path: 'docs/reference/files.md', content: filesPage(schemaFiles()) },
    ...schemaFiles(),
    { path: 'docs/reference/commands.md', content: commandsPage(manifest) },
    schemaFile('error', errorResult),
    ...Object.entries(outputSchemas).map(([command, schema]) => schemaFile(command, schema)),
  ];
}
