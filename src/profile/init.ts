/**
 * A new workspace: which files it begins with (planInit) and writing them
 * (applyInit). What it begins with beyond lockstep.yaml (profiles, templates)
 * comes from Lockstep's own folder and is handed in. It never overwrites.
 */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { LockstepError } from '../errors.js';
import { exists, writeFileAtomic } from '../io/disk.js';
import { notThere, onDisk } from '../io/disk-fault.js';
import { schemaFiles } from './json-schema.js';
import { invalid, parseProfile, parseWorkspace } from './load.js';
import { placeholdersIn } from './placeholder.js';
import type { Starter } from './starters.js';
import { workspaceFileName } from './workspace-folder.js';

/** A file of a new workspace. */
export interface PlannedFile {
  /** Relative to the workspace. */
  path: string;
  content: string | Uint8Array;
  mode: number;
}

export interface InitOptions {
  /** Names the archive: `wikifarm` gives the package `wikifarm-archive-keyring`. */
  name: string;
  /** Origin and Label of its Release files; the name with a capital where not given. */
  origin?: string | undefined;
  /** Where machines will find the archive; loopback, for `lockstep serve`, where not given. */
  baseUrl?: string | undefined;
  /** `Name <address>`; an address that cannot exist where not given. */
  maintainer?: string | undefined;
}

/**
 * The files of a new workspace: lockstep.yaml with two suites for each profile that is ready to use, the
 * given files, schemas for editors, .gitignore.
 *
 * @param begin initial content of profiles/, templates/ and packaging/
 * @throws LockstepError WORKSPACE_INVALID if an option is invalid for lockstep.yaml
 */
export function planInit(options: InitOptions, begin: readonly PlannedFile[]): PlannedFile[] {
  const profiles = begin.flatMap((file) => /^profiles\/([^/]+)\.yaml$/.exec(file.path)?.[1] ?? []).sort();
  // Machines could follow nothing in the suites of one that has to be filled in first
  const ready = profiles.filter((name) => !isToBeFilledIn(begin, name));
  const content = workspaceText(options, ready);
  const { value, faults } = parseWorkspace(content, { root: '/', profileNames: profiles });
  if (value === undefined) throw invalid('WORKSPACE_INVALID', workspaceFileName, faults);
  const files: PlannedFile[] = [
    { path: workspaceFileName, content, mode: 0o644 },
    { path: '.gitignore', content: gitignore, mode: 0o644 },
    { path: '.gitattributes', content: gitattributes, mode: 0o644 },
    ...schemaFiles().map((file) => ({ ...file, mode: 0o644 })),
    ...begin,
  ];
  for (const [folder, about] of Object.entries(folders)) {
    const path = `${folder}/README.md`;
    if (!files.some((file) => file.path === path)) files.push({ path, content: about, mode: 0o644 });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function isToBeFilledIn(begin: readonly PlannedFile[], name: string): boolean {
  const content = begin.find((file) => file.path === `profiles/${name}.yaml`)?.content ?? '';
  const text = typeof content === 'string' ? content : Buffer.from(content).toString('utf8');
  const { value } = parseProfile(text, name);
  return value !== undefined && placeholdersIn(value).length > 0;
}

/**
 * Writes a plan to a folder, which may exist and contain other files. lockstep.yaml is written last: until
 * then the folder is not a workspace.
 *
 * @throws LockstepError WORKSPACE_EXISTS if any file of the plan already exists; then nothing is written
 */
export async function applyInit(dir: string, plan: readonly PlannedFile[]): Promise<void> {
  const root = resolve(dir);
  const inTheWay: string[] = [];
  for (const file of plan) {
    if (await exists(join(root, file.path))) inTheWay.push(file.path);
  }
  if (inTheWay.length > 0) {
    const isWorkspace = inTheWay.includes(workspaceFileName);
    throw new LockstepError('WORKSPACE_EXISTS', {
      message: isWorkspace
        ? `${root} is already a Lockstep workspace`
        : `${root} contains files that a new workspace would overwrite: ${inTheWay.join(', ')}`,
      hint: 'Choose another folder, or move these files away',
      where: inTheWay.map((path) => ({ file: path })),
    });
  }
  const last = plan.filter((file) => file.path === workspaceFileName);
  for (const file of [...plan.filter((other) => !last.includes(other)), ...last]) {
    await writeFileAtomic(join(root, file.path), file.content, { mode: file.mode });
  }
}

/**
 * What Lockstep's own folder offers a new workspace: the profiles, templates
 * and packaging of an example. The keyring package's template is always there:
 * each set needs it.
 *
 * @param home the folder Lockstep is installed in
 * @param starter null for a workspace without a profile
 */
export async function readBeginnings(
  home: string,
  starter: Starter | null = 'mediawiki',
): Promise<PlannedFile[]> {
  const all = ['profiles', 'templates', 'packaging'];
  if (starter === 'mediawiki') return await filesBelow(home, all);
  const keyring = await filesBelow(home, ['templates/archive-keyring']);
  if (starter === null) return keyring;
  return [...keyring, ...(await filesBelow(join(home, 'starters', starter), all))];
}

async function filesBelow(home: string, folders: readonly string[]): Promise<PlannedFile[]> {
  const files: PlannedFile[] = [];
  for (const folder of folders) {
    const names = await onDisk('list', join(home, folder), () =>
      readdir(join(home, folder), { recursive: true }).catch(notThere<string[]>([])),
    );
    for (const name of names.sort()) {
      const path = join(home, folder, name);
      const status = await onDisk('read', path, () => lstat(path));
      if (!status.isFile()) continue;
      const content = await onDisk('read', path, () => readFile(path));
      files.push({ path: `${folder}/${name}`, content, mode: (status.mode & 0o111) === 0 ? 0o644 : 0o755 });
    }
  }
  return files;
}

const gitattributes = `# Two people may add signed lines to one record: git keeps the lines of both, and
# "lockstep merge SUITE" says where the suite goes on. The record of keys is not
# among them: one person at a time changes the key.
snapshots/history/*.jsonl merge=union
snapshots/dropped.jsonl merge=union
`;

const gitignore = `# Keys, locks, caches and logs
.lockstep/
# The archive itself: made from snapshots and the store
public/
`;

const folders: Record<string, string> = {
  profiles:
    'One YAML file for each set of software that is released together: what it is built of, or\n' +
    '`kind: imported` where its packages come by `lockstep import`.\n',
  packaging:
    "`<component>/debian/`: a component's own debian/ directory, used instead of the source package's.\n",
  templates:
    'One folder for each package that is made from templates; `package.yaml` says what goes where.\n',
  snapshots:
    'Signed manifests of every snapshot, and the history of each suite. Keep them under version control.\n',
};

function workspaceText(options: InitOptions, profiles: readonly string[]): string {
  const origin = options.origin ?? options.name.charAt(0).toUpperCase() + options.name.slice(1);
  const suites = profiles.flatMap((profile) =>
    ['unstable', 'stable'].map((trust) => [
      `${profile}-${trust}`,
      { profile, trust, validFor: '14d', retain: 3, ...(trust === 'unstable' ? { default: true } : {}) },
    ]),
  );
  const data = {
    format: 1,
    archive: {
      name: options.name,
      origin,
      label: origin,
      description: `Release snapshots of ${origin}`,
      baseUrl: options.baseUrl ?? 'http://127.0.0.1:8470',
      area: 'main',
      maintainer: options.maintainer ?? `${origin} Archive <archive@${options.name}.invalid>`,
    },
    versionSuffix: 'lockstep',
    signing: { method: 'openpgp', keyFile: '.lockstep/keys/archive.asc' },
    trustLevels: ['unstable', 'stable'],
    suites: Object.fromEntries(suites) as Record<string, unknown>,
    snapshots: { commit: true },
  };
  return [
    '# yaml-language-server: $schema=schemas/lockstep.schema.json',
    '# Origin, Label and the names of suites cannot change once machines follow them.',
    stringify(data, { lineWidth: 0 }),
  ].join('\n');
}
