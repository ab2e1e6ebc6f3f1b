/**
 * The profiles of a workspace. It reads their files once, and checks a profile only when a command asks for it. So a
 * profile with faults stops only the commands that need it.
 */
import { join } from 'node:path';
import { LockstepError } from '../errors.js';
import { readIfThere } from '../io/disk.js';
import { largestText } from '../io/whole-file.js';
import type { Checked } from './faults.js';
import {
  invalid,
  isImported,
  parseAnyProfile,
  placeOf,
  profileFile,
  profileNamesIn,
  readWorkspace,
  textOf,
} from './load.js';
import { didYouMean } from './nearest.js';
import type { ImportedProfile, Profile } from './profile-schema.js';
import { workspaceFileName, workspaceFolder } from './workspace-folder.js';
import type { Workspace } from './workspace-schema.js';

/** The valid profiles, and the faults of the others. */
export interface ProfilesCheck {
  /** Profiles with components. */
  profiles: Profile[];
  /** Profiles of imported packages. */
  imported: ImportedProfile[];
  /** One error for each file with faults. */
  errors: LockstepError[];
}

export class Profiles {
  readonly #files: ReadonlyMap<string, Uint8Array>;
  readonly #checked = new Map<string, Checked<Profile | ImportedProfile>>();

  private constructor(files: ReadonlyMap<string, Uint8Array>) {
    this.#files = files;
  }

  /** @throws LockstepError DISK_IO */
  static async read(root: string): Promise<Profiles> {
    const files = new Map<string, Uint8Array>();
    for (const name of await profileNamesIn(root)) {
      const bytes = await readIfThere(join(root, profileFile(name)), largestText);
      if (bytes !== undefined) files.set(name, bytes);
    }
    return new Profiles(files);
  }

  /** The files' names in profiles/, without `.yaml`, sorted. */
  get names(): string[] {
    return [...this.#files.keys()];
  }

  /** The unchanged bytes of a profile's file. @throws LockstepError PROFILE_UNKNOWN, with the nearest name */
  bytes(name: string): Uint8Array {
    const bytes = this.#files.get(name);
    if (bytes !== undefined) return bytes;
    const known = this.names;
    throw new LockstepError('PROFILE_UNKNOWN', {
      message: `There is no profile ${JSON.stringify(name)}${didYouMean(name, known)}`,
      hint:
        known.length === 0
          ? 'This workspace has no profiles/*.yaml yet'
          : `The profiles are: ${known.join(', ')}`,
    });
  }

  /** A profile of either form. @throws LockstepError PROFILE_UNKNOWN, PROFILE_INVALID (with every fault) */
  either(name: string): Profile | ImportedProfile {
    const { value, faults } = this.#check(name);
    if (value === undefined) throw invalid('PROFILE_INVALID', profileFile(name), faults);
    return value;
  }

  /**
   * As {@link either}, but undefined if the profile has faults or does not exist. A command that needs it uses {@link
   * either}, which says why.
   */
  readable(name: string): Profile | ImportedProfile | undefined {
    return this.#files.has(name) ? this.#check(name).value : undefined;
  }

  /** A profile with components. Throws as {@link either}, and USAGE for a profile of imported packages. */
  withComponents(name: string): Profile {
    const profile = this.either(name);
    if (!isImported(profile)) return profile;
    throw new LockstepError('USAGE', {
      message: `The profile ${name} has imported packages: there is nothing to resolve, build or cut`,
      hint: `Import packages with: lockstep import ${name} DIR`,
      where: [placeOf(profile, ['kind'])],
    });
  }

  /** A profile of imported packages. Throws as {@link either}, and USAGE for a profile with components. */
  imported(name: string): ImportedProfile {
    const profile = this.either(name);
    if (isImported(profile)) return profile;
    throw new LockstepError('USAGE', {
      message: `The profile ${name} builds its packages from components: packages cannot be imported into it`,
      hint: 'Use a separate profile for imported packages, with "kind: imported" instead of components',
      where: [placeOf(profile, ['components'])],
    });
  }

  /**
   * Checks all profiles, or the named one.
   *
   * @param now time by which skips that end too late are found; without it they are not checked
   * @throws LockstepError PROFILE_UNKNOWN
   */
  check(name?: string, now?: Date): ProfilesCheck {
    const found: ProfilesCheck = { profiles: [], imported: [], errors: [] };
    for (const each of name === undefined ? this.names : [name]) {
      const { value, faults } = this.#check(each, now);
      if (value === undefined) found.errors.push(invalid('PROFILE_INVALID', profileFile(each), faults));
      else if (isImported(value)) found.imported.push(value);
      else found.profiles.push(value);
    }
    return found;
  }

  /** All profiles. @throws LockstepError PROFILE_INVALID for the first profile with faults */
  all(): Pick<ProfilesCheck, 'profiles' | 'imported'> {
    const { errors, ...good } = this.check();
    const [fault] = errors;
    if (fault !== undefined) throw fault;
    return good;
  }

  #check(name: string, now?: Date): Checked<Profile | ImportedProfile> {
    const known = now === undefined ? this.#checked.get(name) : undefined;
    if (known !== undefined) return known;
    const text = textOf(this.bytes(name), profileFile(name));
    const checked =
      typeof text === 'string' ? parseAnyProfile(text, name, now) : { value: undefined, faults: [text] };
    if (now === undefined) this.#checked.set(name, checked);
    return checked;
  }
}

export interface WorkspaceCheck extends ProfilesCheck {
  /** The folder that holds lockstep.yaml, absolute. */
  root: string;
  /** Undefined if lockstep.yaml has faults. */
  workspace: Workspace | undefined;
}

/**
 * Reads lockstep.yaml and all profiles (or the named one) and reports the faults of all of them. If lockstep.yaml has
 * faults, its error is the first.
 *
 * @param now as in {@link Profiles.check}
 * @throws LockstepError WORKSPACE_MISSING, PROFILE_UNKNOWN
 */
export async function checkWorkspace(dir: string, profile?: string, now?: Date): Promise<WorkspaceCheck> {
  const root = await workspaceFolder(dir);
  const { value: workspace, faults } = await readWorkspace(root);
  const errors = workspace === undefined ? [invalid('WORKSPACE_INVALID', workspaceFileName, faults)] : [];
  const found = (await Profiles.read(root)).check(profile, now);
  return { root, workspace, ...found, errors: [...errors, ...found.errors] };
}
