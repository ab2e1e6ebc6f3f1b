/**
 * What a package that was built here may contain. Pure: rules over the list
 * of a package's members; reading the .deb is vet.ts. The distribution's own
 * packages are not judged here: its signature vouches for them.
 */
import type { TarHeader } from '../deb/tar.js';

/** What the rules ask of a member: a package may have 200,000, so nothing more of each is held. */
export type VettedMember = Pick<TarHeader, 'path' | 'kind' | 'mode' | 'uid' | 'gid'>;

export function vettedMember({ path, kind, mode, uid, gid }: TarHeader): VettedMember {
  return { path, kind, mode, uid, gid };
}

/** One package as the rules see it. */
export interface VettedPackage {
  package: string;
  /** Members of data.tar; paths as in the archive. */
  members: readonly VettedMember[];
  conffiles: readonly string[];
  /** Packages whose files it may take over (Replaces). */
  replaces: readonly string[];
  /** Packages it is never installed together with (Conflicts, or Breaks of all versions). */
  conflicts: readonly string[];
}

/** Every rule, by the name that evidence and faults give it. */
export const ruleNames = [
  'special-file',
  'setuid',
  'world-writable',
  'owner',
  'foreign-root',
  'dpkg-state',
  'conffile',
  'overlap',
] as const;

export type RuleName = (typeof ruleNames)[number];

export interface RuleBreach {
  rule: RuleName;
  package: string;
  /** Absolute path on the machine that installs it. */
  path: string;
  message: string;
}

/** Folders a package of an archive must leave to others (FHS 3.0, Policy 9.1). */
const foreignRoots = [
  '/dev',
  '/home',
  '/media',
  '/mnt',
  '/proc',
  '/root',
  '/run',
  '/sys',
  '/tmp',
  '/usr/local',
  '/var/tmp',
];

function isBelow(path: string, root: string): boolean {
  return path === root || path.startsWith(`${root}/`);
}

/** The findings on one package by itself. */
export function vetPackage(contents: Pick<VettedPackage, 'package' | 'members' | 'conffiles'>): RuleBreach[] {
  const findings: RuleBreach[] = [];
  const findAt = (path: string, rule: RuleName, message: string): void => {
    findings.push({ rule, package: contents.package, path, message });
  };
  for (const member of contents.members) {
    const path = `/${member.path}`;
    const find = (rule: RuleName, message: string): void => findAt(path, rule, message);
    if (member.kind === 'char-device' || member.kind === 'block-device' || member.kind === 'fifo') {
      find('special-file', 'is a device or a pipe; packages may contain only files, folders and links');
    }
    if ((member.mode & 0o6000) !== 0 && member.kind === 'file') {
      find('setuid', 'has a set-user-id or set-group-id bit: it would run with rights that its caller lacks');
    }
    if (member.kind !== 'symlink' && (member.mode & 0o002) !== 0 && (member.mode & 0o1000) === 0) {
      find('world-writable', 'is writable for everyone on the machine');
    }
    // Policy 10.9: files belong to root unless an id is reserved for them; postinst does what is dynamic
    if (member.uid !== 0 && member.uid >= 100)
      find('owner', `belongs to user id ${member.uid}, which has no meaning on other machines`);
    if (member.gid !== 0 && member.gid >= 100)
      find('owner', `belongs to group id ${member.gid}, which has no meaning on other machines`);
    const foreign = foreignRoots.find((root) => isBelow(path, root));
    if (foreign !== undefined)
      find('foreign-root', `is in ${foreign}, which belongs to the machine and its users`);
    if (path === '/var/lib/dpkg' || isBelow(path, '/var/lib/dpkg'))
      find('dpkg-state', "is in dpkg's own database");
  }
  const missing = new Set(contents.conffiles);
  // dpkg does not put a folder in its place that is listed, and fails with what is in it
  if (missing.size > 0) {
    for (const { path, kind } of contents.members) if (kind !== 'dir') missing.delete(`/${path}`);
  }
  for (const conffile of contents.conffiles) {
    if (missing.has(conffile))
      findAt(conffile, 'conffile', 'is listed as a conffile but is not a file of the package');
  }
  return findings;
}

/** Paths that two packages of a set both ship, where apt would stop half-way through an installation. */
export function vetOverlaps(set: readonly VettedPackage[]): RuleBreach[] {
  const owners = new Map<string, VettedPackage>();
  const findings: RuleBreach[] = [];
  for (const contents of set) {
    for (const member of contents.members) {
      if (member.kind === 'dir') continue;
      const path = `/${member.path}`;
      const other = owners.get(path);
      owners.set(path, contents);
      if (other === undefined || other.package === contents.package) continue;
      const settled =
        contents.replaces.includes(other.package) ||
        other.replaces.includes(contents.package) ||
        contents.conflicts.includes(other.package) ||
        other.conflicts.includes(contents.package);
      if (!settled) {
        findings.push({
          rule: 'overlap',
          package: contents.package,
          path,
          message: `is also shipped by ${other.package}, and neither package declares Replaces or Conflicts`,
        });
      }
    }
  }
  return findings;
}
