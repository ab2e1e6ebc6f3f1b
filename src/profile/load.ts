/**
 * Reads lockstep.yaml and profiles/*.yaml from a workspace: the files'
 * contents, checked, with every fault at its line. It only reads; templates
 * are src/metapackage's to read.
 */
import { join } from 'node:path';
import { counted } from '../counted.js';
import { LockstepError, type ErrorCode, type FaultPlace } from '../errors.js';
import { namesIn, readIfThere } from '../io/disk.js';
import { largestText } from '../io/whole-file.js';
import { baseReleases } from './base-release.js';
import { checkYaml, type Checked } from './faults.js';
import { didYouMean, nearest } from './nearest.js';
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
import { workspaceFileName, workspaceFolder } from './workspace-folder.js';
import { YamlFile, type FieldPath } from './yaml-file.js';

/** The files that values were read from, for faults that show only later (a range nothing fits, say). */
const readFrom = new WeakMap<object, YamlFile>();

/**
 * Reads the workspace that a folder belongs to.
 *
 * @param dir the folder that holds lockstep.yaml, or one below it
 * @throws LockstepError WORKSPACE_MISSING, WORKSPACE_INVALID (with every fault)
 */
export async function loadWorkspace(dir: string): Promise<Workspace> {
  const { value, faults } = await readWorkspace(await workspaceFolder(dir));
  if (value === undefined) throw invalid('WORKSPACE_INVALID', workspaceFileName, faults);
  return value;
}

/** Whether a profile is one of imported packages. */
export function isImported(profile: Profile | ImportedProfile): profile is ImportedProfile {
  return 'kind' in profile;
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

/** A component that a profile does not have. */
export function noComponent(
  { name, components }: { name: string; components: object },
  component: string,
  place: { path: string; message?: string },
): LockstepError {
  const names = Object.keys(components);
  const near = nearest(component, names);
  return new LockstepError('USAGE', {
    message: place.message ?? `The profile ${name} has no component ${component}`,
    hint: near === undefined ? `It has ${names.join(', ')}.` : `Did you mean ${near}?`,
    where: [{ path: place.path, value: component }],
  });
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
  const base = { ...value.base, phpVersion: known.phpVersion };
  return { value: remember(file, { ...value, name, file: file.file, base }), faults };
}

/** One error that lists all faults of a file. */
export function invalid(code: ErrorCode, file: string, faults: readonly FaultPlace[]): LockstepError {
  return new LockstepError(code, {
    message: `${file} has ${counted(faults.length, 'fault')}`,
    hint: 'Correct the listed faults. Nothing was changed',
    where: faults,
  });
}

/** lockstep.yaml with its faults. @throws LockstepError WORKSPACE_MISSING */
export async function readWorkspace(root: string): Promise<Checked<Workspace>> {
  const bytes = (await readIfThere(join(root, workspaceFileName), largestText)) ?? new Uint8Array();
  const text = textOf(bytes, workspaceFileName);
  if (typeof text !== 'string') return { value: undefined, faults: [text] };
  return parseWorkspace(text, { root, profileNames: await profileNamesIn(root) });
}

/** The text of a file, or the fault that it is not text. */
export function textOf(bytes: Uint8Array, shown: string): string | FaultPlace {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { file: shown, line: 1, column: 1, message: 'is not UTF-8 text' };
  }
}

/** Names of the profiles that are there, sorted. */
export async function profileNamesIn(root: string): Promise<string[]> {
  const names = await namesIn(join(root, 'profiles'));
  const profiles = names
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.slice(0, -'.yaml'.length));
  return profiles.filter(isProfileName).sort();
}

/** A profile's file, below the workspace. */
export function profileFile(name: string): string {
  return `profiles/${name}.yaml`;
}

function remember<T extends object>(file: YamlFile, value: T): T {
  readFrom.set(value, file);
  return value;
}
