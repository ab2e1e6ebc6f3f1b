/**
 * One template, rendered, as a package: its definition, files, scripts and
 * control fields. It decides over data in memory and touches no disk.
 */
import { counted } from '../counted.js';
import { LockstepError } from '../errors.js';
import { collect } from '../deb/bytes.js';
import { gzip } from '../io/compress.js';
import type { TreeEntry, TreeFrom, TreePackage } from '../build/tree-package.js';
import { defaultCopyright, docFiles, plainFile, type ChangelogSpec } from './doc-files.js';
import {
  keyName,
  readDefinition,
  relationFields,
  templateText,
  treeName,
  type PackageDefinition,
  type RelationField,
} from './package-definition.js';
import { renderTemplate } from './render.js';
import type { TemplateFolder } from './template-folder.js';

/** A package made of a template, with the folders that the build still takes from a source tarball. */
export interface ComposedPackage extends TreePackage {
  /** Folders of a component's tree, put in while the package is written. */
  trees: TreeFrom[];
}

export interface TemplateJob {
  folder: TemplateFolder;
  /** The package that it makes. */
  package: string;
  source: string;
  version: string;
  maintainer: string;
  /** Seconds: the date of all files. */
  date: number;
  /** Variables in addition to `version`. */
  variables: object;
  changelog: Pick<ChangelogSpec, 'distribution' | 'lines'>;
  /** The component's tree, where it has one. */
  tree?: Pick<TreeFrom, 'archive' | 'path'> | undefined;
  /** The archive's public key, where the template may take it. */
  key?: Uint8Array | undefined;
}

/**
 * Makes the package of a template.
 *
 * @throws LockstepError TEMPLATE_UNKNOWN_VARIABLE, TEMPLATE_INVALID, TEMPLATE_MISSING
 */
export async function composeTemplate(job: TemplateJob): Promise<ComposedPackage> {
  const variables = { ...job.variables, version: job.version };
  const definition = readDefinition(job.folder, variables, {
    package: job.package,
    tree: job.tree !== undefined,
    key: job.key !== undefined,
  });
  const files = new RenderedFiles(job.folder, variables);
  const entries = [
    ...(await placedFiles(job, definition, files)),
    ...(await ownFiles(job, definition, files)),
  ];
  const scripts = scriptsOf(definition, files);
  const triggers = definition.triggers === undefined ? undefined : files.text(definition.triggers);
  files.throwFaults();
  return {
    package: job.package,
    version: job.version,
    architecture: definition.architecture,
    source: job.source,
    control: controlOf(job, definition),
    entries: entries.sort((a, b) => (a.path < b.path ? -1 : 1)),
    conffiles: conffilesOf(job, definition, entries),
    scripts,
    ...(triggers === undefined ? {} : { triggers }),
    date: job.date,
    trees: definition.files
      .filter((file) => file.from === treeName)
      .map((file) => ({ ...job.tree!, to: file.to, exclude: file.exclude })),
  };
}

/** Renders the files of a folder and collects the faults of all files. */
class RenderedFiles {
  readonly #faults: LockstepError[] = [];

  constructor(
    readonly folder: TemplateFolder,
    readonly variables: Readonly<Record<string, unknown>>,
  ) {}

  /** As text: rendered where the name ends in `.hbs`. */
  text(name: string): string {
    try {
      const text = templateText(this.folder, name);
      return name.endsWith('.hbs')
        ? renderTemplate(text, `${this.folder.path}/${name}`, this.variables).text
        : text;
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      this.#faults.push(error);
      return '';
    }
  }

  /** As bytes; what is not rendered need not be text. */
  bytes(name: string): Uint8Array {
    return name.endsWith('.hbs')
      ? Buffer.from(this.text(name))
      : (this.folder.files.get(name)?.bytes ?? new Uint8Array());
  }

  fault(name: string, message: string): void {
    const file = `${this.folder.path}/${name}`;
    this.#faults.push(
      new LockstepError('TEMPLATE_INVALID', {
        message: `${file}: ${message}`,
        where: [{ file, line: 1, message }],
      }),
    );
  }

  /** @throws LockstepError of the one fault, or one that lists all */
  throwFaults(): void {
    const [first, ...others] = this.#faults;
    if (first === undefined) return;
    if (others.length === 0) throw first;
    throw new LockstepError(
      this.#faults.find((fault) => fault.code === 'TEMPLATE_UNKNOWN_VARIABLE')?.code ?? first.code,
      {
        message: `${counted(this.#faults.length, 'file')} of ${this.folder.path} have faults`,
        hint: this.#faults.find((fault) => fault.hint !== undefined)?.hint,
        where: this.#faults.flatMap((fault) => fault.where),
      },
    );
  }
}

async function placedFiles(
  job: TemplateJob,
  definition: PackageDefinition,
  files: RenderedFiles,
): Promise<TreeEntry[]> {
  const placed = await Promise.all(
    definition.files
      .filter((file) => file.from !== treeName)
      .map(async (file): Promise<TreeEntry> => {
        const isKey = file.from === keyName;
        const executable = job.folder.files.get(file.from)?.executable === true && !isKey;
        const content = isKey ? job.key! : files.bytes(file.from);
        // Manual pages must be compressed (Policy 12.1); a template holds what a person can edit
        const compress = file.to.endsWith('.gz') && !/\.gz(\.hbs)?$/.test(file.from);
        return {
          kind: 'file',
          path: file.to,
          mode: file.mode === undefined ? (executable ? 0o755 : 0o644) : parseInt(file.mode, 8),
          content: compress ? await collect(gzip(content)) : content,
        };
      }),
  );
  const symlinks = definition.symlinks.map((link): TreeEntry => ({ kind: 'symlink', ...link }));
  const dirs = definition.dirs.map(({ path, mode }): TreeEntry => {
    return { kind: 'dir', path, mode: parseInt(mode, 8) };
  });
  return [...placed, ...symlinks, ...dirs];
}

/** What Lockstep writes itself. */
async function ownFiles(
  job: TemplateJob,
  definition: PackageDefinition,
  files: RenderedFiles,
): Promise<TreeEntry[]> {
  const copyright =
    definition.copyright === undefined ? defaultCopyright(job.maintainer) : files.text(definition.copyright);
  const made = await docFiles(job.package, { ...job, ...job.changelog }, copyright);
  if (definition.lintianOverrides !== undefined) {
    const overrides = Buffer.from(files.text(definition.lintianOverrides));
    made.push(plainFile(`/usr/share/lintian/overrides/${job.package}`, overrides));
  }
  const placed = new Set([
    ...definition.files.map((file) => file.to),
    ...definition.symlinks.map((link) => link.path),
  ]);
  for (const { path } of made) {
    if (placed.has(path))
      files.fault('package.yaml', `Lockstep writes ${path} itself; use copyright or lintianOverrides`);
  }
  return made;
}

function scriptsOf(definition: PackageDefinition, files: RenderedFiles): TreePackage['scripts'] {
  const scripts: TreePackage['scripts'] = {};
  for (const [name, from] of Object.entries(definition.scripts) as [
    keyof TreePackage['scripts'],
    string | undefined,
  ][]) {
    if (from === undefined) continue;
    const text = files.text(from);
    // dpkg executes them: without an interpreter the installation fails with "Exec format error"
    if (name !== 'templates' && text !== '' && !text.startsWith('#!')) {
      files.fault(from, 'a maintainer script must start with "#!" and its interpreter');
    }
    scripts[name] = text;
  }
  return scripts;
}

/** The fields except Package, Version, Architecture and Source, in the order of a control file. */
function controlOf(job: TemplateJob, definition: PackageDefinition): Record<string, string> {
  const control: Record<string, string> = { Maintainer: job.maintainer };
  for (const [key, field] of Object.entries(relationFields) as [RelationField, string][]) {
    const relations = [...new Set(definition[key].map((item) => item.trim().replace(/\s+/g, ' ')))];
    if (relations.length > 0) control[field] = relations.join(', ');
  }
  control['Section'] = definition.section;
  control['Priority'] = definition.priority;
  if (definition['multi-arch'] !== undefined) control['Multi-Arch'] = definition['multi-arch'];
  if (definition.homepage !== undefined) control['Homepage'] = definition.homepage;
  for (const [name, value] of Object.entries(definition.fields)) if (value !== '') control[name] = value;
  // an empty line, and the " ." that stands for one, are one thing; the writer folds it again (Policy 5.6.13)
  control['Description'] = definition.description
    .trimEnd()
    .split('\n')
    .map((line) => (line.trim() === '.' ? '' : line.trimEnd()))
    .join('\n');
  return control;
}

function conffilesOf(
  job: TemplateJob,
  definition: PackageDefinition,
  entries: readonly TreeEntry[],
): string[] {
  const files = entries.filter((entry) => entry.kind === 'file').map((entry) => entry.path);
  if (definition.conffiles === 'auto') return files.filter((path) => path.startsWith('/etc/')).sort();
  const absent = definition.conffiles.filter((path) => !files.includes(path));
  if (absent.length > 0) {
    const file = `${job.folder.path}/package.yaml`;
    throw new LockstepError('TEMPLATE_INVALID', {
      message: `${file} names conffiles that are not among its files: ${absent.join(', ')}`,
      where: absent.map((value) => ({ file, path: 'conffiles', value })),
    });
  }
  return [...definition.conffiles].sort();
}
