/**
 * package.yaml of a template: what a package holds. It owns the file's shape
 * and its rules; making the package of it is compose.ts's work.
 */
import { z } from 'zod';
import { parseRelations } from '../deb/relation.js';
import { counted } from '../counted.js';
import { LockstepError } from '../errors.js';
import { baseArchitectures } from '../profile/base-release.js';
import { checkYaml, type Rule } from '../profile/faults.js';
import { oneLine, packageName, relativePath, treePattern } from '../profile/names.js';
import { didYouMean } from '../profile/nearest.js';
import { YamlFile, type FieldPath } from '../profile/yaml-file.js';
import { renderTemplate } from './render.js';
import { definitionFileName, type TemplateFolder } from './template-folder.js';

/** `from` of the component's own tree: the folder that a `within` component is. */
export const treeName = 'tree';
/** `from` of the archive's public key, in binary form. */
export const keyName = 'key';

/** Where something lies on a machine: absolute, with no `.`, `..` or empty part. */
const installPath = z.string().regex(/^(?!.*\/\.{0,2}(?:\/|$))\/[^\\\p{Cc}]+$/u, {
  error: 'must be an absolute path without "..", "//" or a trailing slash',
});

const mode = z.string().regex(/^[0-7]{4}$/, { error: 'must be four octal digits in quotes: "0644"' });

const linkTarget = z.string().regex(/^[^\\\p{Cc}]+$/u, { error: 'must be a path' });

/** Relationship fields by their key in package.yaml, in the order of a control file. */
export const relationFields = {
  'pre-depends': 'Pre-Depends',
  depends: 'Depends',
  recommends: 'Recommends',
  suggests: 'Suggests',
  enhances: 'Enhances',
  conflicts: 'Conflicts',
  breaks: 'Breaks',
  replaces: 'Replaces',
  provides: 'Provides',
} as const;

export type RelationField = keyof typeof relationFields;

const relations = z.array(z.string()).default([]);
// The keys of an object are texts to TypeScript, whatever the object is
const relationLists = Object.fromEntries(
  Object.keys(relationFields).map((key) => [key, relations]),
) as Record<RelationField, typeof relations>;

/** Fields that deb-control(5) defines: each has its own key here, or Lockstep writes it. */
const knownFields = new Set(
  (
    'Package Source Version Architecture Maintainer Section Priority Multi-Arch Homepage Description Essential ' +
    'Protected Build-Essential Installed-Size Origin Bugs Tag Subarchitecture Kernel-Version Installer-Menu-Item ' +
    'Package-Type Auto-Built-Package Built-Using Static-Built-Using Important Status Conffiles Config-Version ' +
    'Filename Size MD5sum SHA1 SHA256 SHA512 ' +
    'Pre-Depends Depends Recommends Suggests Enhances Conflicts Breaks Replaces Provides'
  )
    .toLowerCase()
    .split(' '),
);

const ownFieldName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9-]*$/, { error: 'must be a field name: letters, digits and "-"' })
  .refine((name) => !knownFields.has(name.toLowerCase()), {
    error: 'is a standard Debian field, which this table cannot set',
  });

/** package.yaml, after rendering. */
export const packageDefinitionSchema = z.strictObject({
  package: packageName,
  architecture: z.enum(['all', ...baseArchitectures]).default('all'),
  section: z.string().regex(/^[a-z][a-z-]*(?:\/[a-z][a-z-]*)?$/, {
    error: 'must be a Debian section: "web", "metapackages"',
  }),
  priority: z.enum(['required', 'important', 'standard', 'optional', 'extra']).default('optional'),
  'multi-arch': z.enum(['no', 'same', 'foreign', 'allowed']).optional(),
  homepage: z.url({ protocol: /^https?$/, error: 'must be a web address' }).optional(),
  ...relationLists,
  /** Control fields of one's own; a value that is empty after rendering leaves its field out. */
  fields: z.record(ownFieldName, z.union([z.literal(''), oneLine])).default({}),
  description: z.string().regex(/^\S/, { error: 'must start with the synopsis line' }),
  files: z
    .array(
      z.strictObject({
        from: relativePath,
        to: installPath,
        mode: mode.optional(),
        exclude: z.array(treePattern).default([]),
      }),
    )
    .default([]),
  symlinks: z.array(z.strictObject({ path: installPath, target: linkTarget })).default([]),
  dirs: z.array(z.strictObject({ path: installPath, mode: mode.default('0755') })).default([]),
  conffiles: z
    .union([z.literal('auto'), z.array(installPath)], {
      error: 'must be auto (every file below /etc) or a list of absolute paths',
    })
    .default('auto'),
  scripts: z
    .strictObject({
      preinst: relativePath.optional(),
      postinst: relativePath.optional(),
      prerm: relativePath.optional(),
      postrm: relativePath.optional(),
      config: relativePath.optional(),
      templates: relativePath.optional(),
    })
    .default({}),
  triggers: relativePath.optional(),
  copyright: relativePath.optional(),
  lintianOverrides: relativePath.optional(),
});

export type PackageDefinition = z.output<typeof packageDefinitionSchema>;

/** The sources that a template may name in addition to its own files. */
export interface DefinitionContext {
  /** The name that the package must have. */
  package: string;
  /** Whether there is a component's tree: `from: tree`. */
  tree: boolean;
  /** Whether there is a key: `from: key`. */
  key: boolean;
}

/**
 * Renders and checks a template's package.yaml.
 *
 * @throws LockstepError TEMPLATE_UNKNOWN_VARIABLE, TEMPLATE_INVALID, TEMPLATE_MISSING (a file it names is not
 *   in the folder), each with every fault of the file, at lines of the template
 */
export function readDefinition(
  folder: TemplateFolder,
  variables: Readonly<Record<string, unknown>>,
  context: DefinitionContext,
): PackageDefinition {
  const file = `${folder.path}/${definitionFileName}`;
  const template = templateText(folder, definitionFileName);
  const { text, relocate } = renderTemplate(template, file, variables);
  const absent: string[] = [];
  const rules = [nameRule(context.package), relationRule, targetsOnce, filesRule(folder, context, absent)];
  const { value, faults } = checkYaml(new YamlFile(text, file, relocate), packageDefinitionSchema, rules);
  if (value !== undefined) return value;
  throw new LockstepError(absent.length === faults.length ? 'TEMPLATE_MISSING' : 'TEMPLATE_INVALID', {
    message: `${file} has ${counted(faults.length, 'fault')}`,
    hint: 'Line numbers refer to the template before rendering',
    where: faults,
  });
}

/**
 * A template's file as text.
 *
 * @throws LockstepError TEMPLATE_INVALID where it is not UTF-8
 */
export function templateText(folder: TemplateFolder, name: string): string {
  const bytes = folder.files.get(name)?.bytes ?? new Uint8Array();
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const file = `${folder.path}/${name}`;
    throw new LockstepError('TEMPLATE_INVALID', {
      message: `${file} is not UTF-8 text`,
      where: [{ file, line: 1 }],
    });
  }
}

type Entry = [path: FieldPath, value: string];

function valueAt(data: unknown, key: string): unknown {
  return typeof data === 'object' && data !== null ? (data as Record<string, unknown>)[key] : undefined;
}

function listOf(data: unknown, key: string): unknown[] {
  const value = valueAt(data, key);
  return Array.isArray(value) ? value : [];
}

function textAt(data: unknown, key: string): string | undefined {
  const value = valueAt(data, key);
  return typeof value === 'string' ? value : undefined;
}

/** The archive's pin names packages by their template (pinned-packages.ts), so the two must agree. */
function nameRule(expected: string): Rule {
  return (data, fault) => {
    const name = textAt(data, 'package');
    if (name !== undefined && name !== expected) {
      fault(['package'], `must be ${expected}, the name of the template's folder, but is ${name}`);
    }
  };
}

const relationRule: Rule = (data, fault) => {
  for (const field of Object.keys(relationFields)) {
    listOf(data, field).forEach((item, index) => {
      if (typeof item !== 'string') return;
      try {
        if (parseRelations(item).length === 0) fault([field, index], 'is empty; remove it');
      } catch (error) {
        fault([field, index], (error as Error).message);
      }
    });
  }
};

/** Two entries with the same path, or an entry below a path that is not a folder. */
const targetsOnce: Rule = (data, fault) => {
  const entries: Entry[] = [];
  const add = (list: string, key: string): void =>
    listOf(data, list).forEach((item, index) => {
      const path = textAt(item, key);
      // a tree may share its folder with files from the template
      if (path !== undefined && textAt(item, 'from') !== treeName) entries.push([[list, index, key], path]);
    });
  add('files', 'to');
  add('symlinks', 'path');
  const folderless = entries.map(([, path]) => path);
  add('dirs', 'path');
  const seen = new Set<string>();
  for (const [place, path] of entries) {
    if (seen.has(path)) fault(place, `${path} already exists`);
    const above = folderless.find((other) => path.startsWith(`${other}/`));
    if (above !== undefined) fault(place, `${path} is below ${above}, which is not a folder`);
    seen.add(path);
  }
};

/** Everything a definition names must be in the template's folder. `absent` collects what is not. */
function filesRule(folder: TemplateFolder, context: DefinitionContext, absent: string[]): Rule {
  return (data, fault) => {
    const names = [...folder.files.keys()].filter((name) => name !== definitionFileName);
    const check = (path: FieldPath, name: string): void => {
      if (folder.files.has(name)) return;
      absent.push(name);
      fault(path, `${folder.path} has no file ${name}${didYouMean(name, names)}`);
    };
    listOf(data, 'files').forEach((item, index) => {
      const from = textAt(item, 'from');
      const place = ['files', index, 'from'];
      if (from === undefined) return;
      if (from === treeName || from === keyName) {
        if (!context[from]) fault(place, noSource[from]);
      } else check(place, from);
      if (from !== treeName && listOf(item, 'exclude').length > 0) {
        fault(['files', index, 'exclude'], `is only allowed with "from: ${treeName}"`, 'key');
      }
    });
    for (const key of ['triggers', 'copyright', 'lintianOverrides']) {
      const name = textAt(data, key);
      if (name !== undefined) check([key], name);
    }
    for (const [key, name] of Object.entries(valueAt(data, 'scripts') ?? {})) {
      if (typeof name === 'string') check(['scripts', key], name);
    }
  };
}

const noSource = {
  tree: 'this package has no tree: only a component of kind within, built by method tree, has one',
  key: 'this package has no key: only the keyring package has one',
};
