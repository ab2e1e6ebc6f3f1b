/**
 * A package that was built elsewhere and is imported: the checks before it may name a file or be in an index,
 * and the package rules that apply to it. Pure; foreign-reader.ts reads the bytes.
 */
import type { BuiltPackage } from '../build/built.js';
import { parseStanza, type Stanza } from '../deb/deb822.js';
import { isPackageName, shownName } from '../deb/member-name.js';
import { isOneParagraph } from '../deb/one-paragraph.js';
import type { TarHeader } from '../deb/tar.js';
import { isValidVersion, withoutEpoch } from '../deb/version.js';
import { LockstepError } from '../errors.js';
import { vetPackage } from './package-rules.js';

/** What was read of a package. */
export interface ForeignContents {
  /** The control file. */
  control: string;
  /** The file of that name in the control archive, where it has one. */
  conffiles: string | undefined;
  members: readonly TarHeader[];
  /** Its changelog, where it brings one. */
  changelog?: Buffer | undefined;
}

/**
 * Rules that hold for packages of others as well. Not `setuid`: a distribution's own programs have that bit on
 * purpose. Not `overlap`: an archive holds packages that are never installed together.
 */
const rules = new Set(['special-file', 'world-writable', 'owner', 'foreign-root', 'dpkg-state', 'conffile']);

/** File systems allow 255 bytes for a name; some are left for temporary ones. */
const longestFileName = 200;

/**
 * @param architectures those of the profile; `all` is good always
 * @returns a package that may be taken in, or everything that is wrong with it
 */
export function judgeForeign(
  contents: ForeignContents,
  architectures: readonly string[],
): { package: Omit<BuiltPackage, 'file'> } | { faults: string[] } {
  const faults: string[] = [];
  let control: Stanza;
  try {
    control = parseStanza(contents.control, { file: 'control' });
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    const told = error.where.filter(({ message }) => message !== undefined);
    if (told.length === 0) return { faults: [error.message] };
    return { faults: told.map(({ line, message }) => `control, line ${line}: ${message}`) };
  }
  const name = control.get('Package') ?? '';
  const version = control.get('Version') ?? '';
  const architecture = control.get('Architecture') ?? '';
  if (!isPackageName(name)) faults.push(`control: Package ${shownName(name)} is not a package name`);
  if (!isValidVersion(version)) faults.push(`control: Version ${shownName(version)} is not a Debian version`);
  if (!/^[a-z0-9][a-z0-9-]*$/.test(architecture)) {
    faults.push(`control: Architecture ${shownName(architecture)} is not an architecture`);
  } else if (architecture !== 'all' && !architectures.includes(architecture)) {
    faults.push(`it is for ${architecture}, but the profile is for ${architectures.join(', ')}`);
  }
  // What apt reads in an index has no comments, which only source packages may have (deb822(5))
  if (/^#/m.test(contents.control)) faults.push('control: it has a comment, which an index cannot contain');
  if (!isOneParagraph(control.text())) faults.push('control: it is not a single plain paragraph');
  const source = sourceOf(control, name, isValidVersion(version) ? version : '0');
  if (source === undefined && control.has('Source')) {
    faults.push(
      `control: Source ${shownName(control.get('Source') ?? '')} is not "name" or "name (version)"`,
    );
  }
  if (
    faults.length === 0 &&
    `${name}_${withoutEpoch(version)}_${architecture}.deb`.length > longestFileName
  ) {
    faults.push('its name and version are too long for a file name');
  }
  if (faults.length > 0 || source === undefined) return { faults };
  const findings = findingsOn(name, contents);
  if (findings.length > 0) return { faults: findings };
  return { package: { package: name, version, architecture, ...source, control: control.text() } };
}

/** The source package, Policy 5.6.1: itself where it names none, of the same version where it names no other. */
function sourceOf(
  control: Stanza,
  name: string,
  version: string,
): { source: string; sourceVersion: string } | undefined {
  const match = /^(\S+)(?:\s+\((\S+)\))?$/.exec(control.get('Source') ?? name);
  const [, source = '', sourceVersion = version] = match ?? [];
  if (!isPackageName(source) || !isValidVersion(sourceVersion)) return undefined;
  return { source, sourceVersion };
}

function findingsOn(name: string, { members, conffiles }: ForeignContents): string[] {
  const found = vetPackage({ package: name, members, conffiles: conffilesOf(conffiles) }).filter(({ rule }) =>
    rules.has(rule),
  );
  if (found.length === 0) return [];
  // Folders alone do no harm: base-files brings those of the whole system
  const folders = new Set(members.flatMap(({ kind, path }) => (kind === 'dir' ? [`/${path}`] : [])));
  return found
    .filter(({ rule, path }) => rule !== 'foreign-root' || !folders.has(path))
    .map(({ path, message, rule }) => `${shownName(path)} ${message} [${rule}]`);
}

/** deb-conffiles(5): one path a line; `remove-on-upgrade` marks those that are no longer shipped. */
function conffilesOf(text: string | undefined): string[] {
  return (text ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('remove-on-upgrade '));
}
