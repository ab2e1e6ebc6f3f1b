/**
 * A package that was built elsewhere and is imported: the checks before it may name a file or be in an index,
 * and the package rules that apply to it. Pure; foreign-reader.ts reads the bytes.
 */
import { judgeBinaryStanza, type BinaryStanza } from '../deb/binary-stanza.js';
import { shownName } from '../deb/member-name.js';
import { withoutEpoch } from '../deb/version.js';
import { vetPackage, type VettedMember } from './package-rules.js';

/** What was read of a package. */
export interface ForeignContents {
  /** The control file. */
  control: string;
  /** The file of that name in the control archive, where it has one. */
  conffiles: string | undefined;
  members: readonly VettedMember[];
  /** Its changelog, where it brings one. */
  changelog?: Buffer | undefined;
}

/**
 * Rules that hold for packages of others as well. Not `setuid`: a distribution's own programs have that bit on
 * purpose. Not `overlap`: an archive holds packages that are never installed together.
 */
const rules = new Set(['special-file', 'world-writable', 'owner', 'foreign-root', 'dpkg-state', 'conffile']);

/** Further rules for packages that dpkg takes, by the name at the end of the message. */
export const foreignRules = {
  'control-field': 'a control file that apt, Policy or deb-control(5) do not allow',
  architecture: 'architectures that are not those of the profile',
  'file-name': 'a name and version that are too long for a file in the pool',
} as const;

const told = (rule: keyof typeof foreignRules, message: string): string => `${message} [${rule}]`;

/** File systems allow 255 bytes for a name; some are left for temporary ones. */
const longestFileName = 200;

/**
 * @param architectures those of the profile; `all` is good always
 * @returns a package that may be taken in, or everything that is wrong with it
 */
export function judgeForeign(
  contents: ForeignContents,
  architectures: readonly string[],
): { stanza: BinaryStanza } | { faults: string[] } {
  const stanza = judgeBinaryStanza(contents.control);
  if ('faults' in stanza)
    return { faults: stanza.faults.map((fault) => told('control-field', `control: ${fault}`)) };
  const { package: name, version, architecture } = stanza;
  const faults: string[] = [];
  if (architecture !== 'all' && !architectures.includes(architecture)) {
    faults.push(
      told('architecture', `it is for ${architecture}, but the profile is for ${architectures.join(', ')}`),
    );
  }
  if (`${name}_${withoutEpoch(version)}_${architecture}.deb`.length > longestFileName) {
    faults.push(told('file-name', 'its name and version are too long for a file name'));
  }
  if (faults.length > 0) return { faults };
  const findings = findingsOn(name, contents);
  return findings.length > 0 ? { faults: findings } : { stanza };
}

function findingsOn(name: string, { members, conffiles }: ForeignContents): string[] {
  const found = vetPackage({ package: name, members, conffiles: conffilesOf(conffiles) }).filter(({ rule }) =>
    rules.has(rule),
  );
  if (found.length === 0) return [];
  // Folders alone do no harm: base-files brings those of the whole system, dpkg those of its database
  const folders = new Set(members.flatMap(({ kind, path }) => (kind === 'dir' ? [`/${path}`] : [])));
  return found
    .filter(({ rule, path }) => (rule !== 'foreign-root' && rule !== 'dpkg-state') || !folders.has(path))
    .map(({ path, message, rule }) => `${shownName(path)} ${message} [${rule}]`);
}

/** deb-conffiles(5): one path a line; `remove-on-upgrade` marks those that are no longer shipped. */
function conffilesOf(text: string | undefined): string[] {
  return (text ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('remove-on-upgrade '));
}
