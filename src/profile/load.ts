/**
 * Reads lockstep.yaml and profiles/*.yaml from a workspace: the files'
 * contents, checked, with every fault at its line. It only reads; templates
 * are src/metapackage's to read.
 */
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LockstepError, type ErrorCode, type FaultPlace } from '../errors.js';
import { notThere, onDisk, readIfThere } from '../io/disk.js';
import { baseReleases, baseSuites } from './base-release.js';
import { checkYaml, type Checked } from './faults.js';
import { didYouMean } from './nearest.js';
import {
  importedProfileSchema,
  profileSchema,
  type ImportedProfile,
  type Profile,
  type ProfileBase,
} from './profile-schema.js';
import { importedProfileRules, isProfileName, profileRules, workspaceRules } from './profile-rules.js';
import { skipRules } from './skip-rules.js';
import { workspaceSchema, type SuiteConfig, type Workspace } from './workspace-schema.js';
import { YamlFile, type FieldPath } from './yaml-file.js';

/** The file that makes a folder a workspace. */
export const workspaceFileName = 'lockstep.yaml';

/** The files that values were read from, for faults that show only later (a range nothing fits, say). */
const readFrom = new WeakMap<object, YamlFile>();

/**
 * Reads the workspace in a folder.
 *
 * @param dir the folder that holds lockstep.yaml; its parents are not searched
 * @throws LockstepError WORKSPACE_MISSING, WORKSPACE_INVALID (with every fault)
 */
export async function loadWorkspace(dir: string): Promise<Workspace> {
  const { workspace, faults } = await readWorkspace(dir);
  if (workspace === undefined) throw invalid('WORKSPACE_INVALID', workspaceFileName, faults);
  return workspace;
}

/**
 * Reads one profile of a workspace whose packages are made of components.
 *
 * @param name the file's name in profiles/, without `.yaml`
 * @throws LockstepError PROFILE_UNKNOWN (with the nearest name), PROFILE_INVALID (with every fault), USAGE for a
 * profile of imported packages
 */
export async function loadProfile(workspace: Pick<Workspace, 'root'>, name: string): Promise<Profile> {
  return withComponents(await loadAnyProfile(workspace, name));
}

/** The same profile, if its packages are made of components. USAGE. */
export function withComponents(profile: Profile | ImportedProfile): Profile {
  if (!isImported(profile)) return profile;
  const { name } = profile;
  throw new LockstepError('USAGE', {
    message: `The profile ${name} has imported packages: there is nothing to resolve, build or cut`,
    hint: `Import packages with: lockstep import ${name} DIR`,
    where: [placeOf(profile, ['kind'])],
  });
}

/**
 * Reads one profile of a workspace whose packages are imported. Throws as {@link loadProfile}, USAGE for a
 * profile with components.
 */
export async function loadImportedProfile(
  workspace: Pick<Workspace, 'root'>,
  name: string,
): Promise<ImportedProfile> {
  const profile = await loadAnyProfile(workspace, name);
  if (isImported(profile)) return profile;
  throw new LockstepError('USAGE', {
    message: `The profile ${name} builds its packages from components: packages cannot be imported into it`,
    hint: 'Use a separate profile for imported packages, with "kind: imported" instead of components',
    where: [placeOf(profile, ['components'])],
  });
}

/** Reads one profile of either form. Throws as {@link loadProfile}, but no USAGE. */
export async function loadAnyProfile(
  workspace: Pick<Workspace, 'root'>,
  name: string,
): Promise<Profile | ImportedProfile> {
  const read = await readProfile(workspace.root, name);
  if (read === undefined) throw unknownProfile(name, await profileNamesIn(workspace.root));
  if (read.value === undefined) throw invalid('PROFILE_INVALID', profileFile(name), read.faults);
  return read.value;
}

/** Whether a profile is one of imported packages. */
export function isImported(profile: Profile | ImportedProfile): profile is ImportedProfile {
  return 'kind' in profile;
}

export interface WorkspaceCheck {
  /** Present where lockstep.yaml is good. */
  workspace: Workspace | undefined;
  /** The profiles with components that are good. */
  profiles: Profile[];
  /** The profiles of imported packages that are good. */
  imported: ImportedProfile[];
  /** One for each file with faults, lockstep.yaml's first. */
  errors: LockstepError[];
}

/**
 * Reads lockstep.yaml and all profiles (or the one that is named) and reports
 * the faults of all of them, also where lockstep.yaml itself has some.
 *
 * @param now by which skips are judged that end too late; not judged where left out
 * @throws LockstepError WORKSPACE_MISSING, PROFILE_UNKNOWN
 */
export async function checkWorkspace(dir: string, profileName?: string, now?: Date): Promise<WorkspaceCheck> {
  const { workspace, faults } = await readWorkspace(dir);
  const errors: LockstepError[] = [];
  if (workspace === undefined) errors.push(invalid('WORKSPACE_INVALID', workspaceFileName, faults));
  const known = await profileNamesIn(dir);
  const profiles: Profile[] = [];
  const imported: ImportedProfile[] = [];
  for (const name of profileName === undefined ? known : [profileName]) {
    const read = await readProfile(dir, name, now);
    if (read === undefined) throw unknownProfile(name, known);
    if (read.value === undefined) errors.push(invalid('PROFILE_INVALID', profileFile(name), read.faults));
    else if (isImported(read.value)) imported.push(read.value);
    else profiles.push(read.value);
  }
  return { workspace, profiles, imported, errors };
}

/**
 * Where a field of a workspace or profile stands in its file. Of an object
 * that was not read from a file, only the path is known.
 */
export function placeOf(read: Workspace | Profile | ImportedProfile, path: FieldPath): FaultPlace {
  const file = readFrom.get(read);
  return file === undefined ? { path: path.join('.') } : file.place(path);
}

/** The same by a path in words, `components.wiki.skip[0].until`: no name in a profile has a dot or a bracket. */
export function placeOfWords(read: Profile | ImportedProfile, path: string): FaultPlace {
  const parts = path.split(/[.[\]]+/).filter((part) => part !== '');
  return placeOf(
    read,
    parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part)),
  );
}

/**
 * The suite of that name.
 *
 * @throws LockstepError SUITE_UNKNOWN, with the nearest name
 */
export function suiteOf(workspace: Workspace, name: string): SuiteConfig {
  const suite = Object.hasOwn(workspace.suites, name) ? workspace.suites[name] : undefined;
  if (suite === undefined) {
    const known = Object.keys(workspace.suites);
    throw new LockstepError('SUITE_UNKNOWN', {
      message: `${workspaceFileName} has no suite "${name}"${didYouMean(name, known)}`,
      hint: `The suites are: ${known.join(', ') || 'none; add one under "suites"'}`,
      where: [placeOf(workspace, ['suites'])],
    });
  }
  return suite;
}

/** A suite with its name, as templates and plans list it. */
export interface NamedSuite extends SuiteConfig {
  name: string;
}

/** The suites that take a profile, from the lowest trust level to the highest, then by name. */
export function suitesOf(workspace: Workspace, profileName: string): NamedSuite[] {
  return Object.entries(workspace.suites)
    .map(([name, suite]) => ({ ...suite, name }))
    .filter((suite) => suite.profile === profileName)
    .sort(
      (a, b) =>
        workspace.trustLevels.indexOf(a.trust) - workspace.trustLevels.indexOf(b.trust) ||
        (a.name < b.name ? -1 : 1),
    );
}

/**
 * Checks the text of lockstep.yaml. Pure.
 *
 * @param profileNames names of the files in profiles/, without `.yaml`
 */
export function parseWorkspace(
  text: string,
  context: { root: string; profileNames: string[] },
): Checked<Workspace> {
  const file = new YamlFile(text, workspaceFileName);
  const { value, faults } = checkYaml(file, workspaceSchema, workspaceRules(context.profileNames));
  if (value === undefined) return { value: undefined, faults };
  return { value: remember(file, { ...value, ...context }), faults };
}

/** Checks the text of a profile with components. Pure. */
export function parseProfile(text: string, name: string): Checked<Profile> {
  return checkProfile(new YamlFile(text, profileFile(name)), name);
}

/**
 * Checks the text of a profile of either form: one that gives a kind is of imported packages. Pure.
 *
 * @param now as in {@link checkWorkspace}
 */
export function parseAnyProfile(text: string, name: string, now?: Date): Checked<Profile | ImportedProfile> {
  const file = new YamlFile(text, profileFile(name));
  const { data } = file;
  if (typeof data !== 'object' || data === null || !('kind' in data)) return checkProfile(file, name, now);
  return completed(file, name, checkYaml(file, importedProfileSchema, importedProfileRules));
}

function checkProfile(file: YamlFile, name: string, now?: Date): Checked<Profile> {
  return completed(file, name, checkYaml(file, profileSchema, [...profileRules, ...skipRules(now)]));
}

/** A profile with what follows from its base. */
function completed<T extends { base: { codename: string } & Omit<ProfileBase, 'suites' | 'phpVersion'> }>(
  file: YamlFile,
  name: string,
  { value, faults }: Checked<T>,
): Checked<Omit<T, 'base'> & { name: string; file: string; base: ProfileBase }> {
  const known = baseReleases.find((base) => base.codename === value?.base.codename);
  if (value === undefined || known === undefined) return { value: undefined, faults };
  const base = { ...value.base, suites: baseSuites(known.codename), phpVersion: known.phpVersion };
  return { value: remember(file, { ...value, name, file: file.file, base }), faults };
}

/** One error that lists all faults of a file. */
export function invalid(code: ErrorCode, file: string, faults: readonly FaultPlace[]): LockstepError {
  const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`;
  return new LockstepError(code, {
    message: `${file} has ${count}`,
    hint: 'Correct the listed faults. Nothing was changed',
    where: faults,
  });
}

async function readWorkspace(
  dir: string,
): Promise<{ workspace: Workspace | undefined; faults: FaultPlace[] }> {
  const root = resolve(dir);
  const text = await readText(join(root, workspaceFileName), workspaceFileName);
  if (text === undefined) {
    throw new LockstepError('WORKSPACE_MISSING', {
      message: `${root} is not a Lockstep workspace: it has no ${workspaceFileName}`,
      hint: 'Change to the workspace, or create one with: lockstep init DIR',
    });
  }
  if (typeof text !== 'string') return { workspace: undefined, faults: [text] };
  const { value, faults } = parseWorkspace(text, { root, profileNames: await profileNamesIn(root) });
  return { workspace: value, faults };
}

async function readProfile(
  root: string,
  name: string,
  now?: Date,
): Promise<Checked<Profile | ImportedProfile> | undefined> {
  if (!isProfileName(name)) return undefined;
  const text = await readText(join(root, profileFile(name)), profileFile(name));
  if (text === undefined) return undefined;
  if (typeof text !== 'string') return { value: undefined, faults: [text] };
  return parseAnyProfile(text, name, now);
}

/** The text of a file, nothing where there is none, or the fault that it is not text. */
async function readText(path: string, shown: string): Promise<string | FaultPlace | undefined> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { file: shown, line: 1, column: 1, message: 'is not UTF-8 text' };
  }
}

/** Names of the profiles that are there, sorted. */
async function profileNamesIn(root: string): Promise<string[]> {
  const dir = join(root, 'profiles');
  const names = await onDisk('list', dir, () => readdir(dir).catch(notThere<string[]>([])));
  return names
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.slice(0, -'.yaml'.length))
    .filter(isProfileName)
    .sort();
}

/** A profile's file, below the workspace. */
export function profileFile(name: string): string {
  return `profiles/${name}.yaml`;
}

function unknownProfile(name: string, known: readonly string[]): LockstepError {
  return new LockstepError('PROFILE_UNKNOWN', {
    message: `There is no profile ${JSON.stringify(name)}${didYouMean(name, known)}`,
    hint:
      known.length === 0
        ? 'This workspace has no profiles/*.yaml yet'
        : `The profiles are: ${known.join(', ')}`,
  });
}

function remember<T extends object>(file: YamlFile, value: T): T {
  readFrom.set(value, file);
  return value;
}
