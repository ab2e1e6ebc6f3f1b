/**
 * What a package's bytes depend on, as one SHA-256: two builds with the same
 * hash make the same bytes, and a build whose hash is known need not run.
 * Pure; whatever is not in here must not change a byte.
 */
import { memberName } from '../deb/member-name.js';
import { canonicalLine } from '../io/canonical-json.js';
import { sha256Of } from '../io/disk.js';
import type { StoredFile } from '../source/pin.js';
import type { TreeEntry, TreeFrom, TreePackage } from './tree-package.js';

/**
 * Increase it whenever this room would produce other bytes from the same inputs (another command line,
 * another order of members). Everything is then built again.
 */
export const builderVersion = 2;

/** JSON with sorted keys and no blanks: the same value is the same text. */
export function canonical(value: unknown): string {
  return canonicalLine(value).trimEnd();
}

/** SHA-256, lower-case hex, of such a text. */
export function hashOf(value: unknown): string {
  return sha256Of(canonical(value));
}

/** What the method `debian` builds from. */
export interface DebianInputs {
  /** The source package as built, including Lockstep's changelog entry: name and SHA-256 of each file. */
  files: readonly StoredFile[];
  version: string;
  /** `amd64`: what `any` stands for. */
  architecture: string;
  /** Of base-digest.ts: every package that is in the build root. */
  baseDigest: string;
}

/** SHA-256, lower-case hex, of what a build by the method `debian` depends on. */
export function debianInputHash(inputs: DebianInputs): string {
  return hashOf({
    builder: builderVersion,
    method: 'debian',
    files: inputs.files
      .map(({ name, sha256 }) => [name, sha256] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
    version: inputs.version,
    architecture: inputs.architecture,
    base: inputs.baseDigest,
  });
}

/** SHA-256, lower-case hex, of what a package by the method `tree` depends on. */
export function treeInputHash(tree: TreePackage, from: readonly TreeFrom[] = []): string {
  return hashOf({
    builder: builderVersion,
    method: 'tree',
    package: tree.package,
    version: tree.version,
    architecture: tree.architecture,
    source: tree.source,
    // The order of fields is the order written
    control: Object.entries(tree.control).map(([name, value]) => [name, value]),
    entries: tree.entries.map(entryInputs).sort((a, b) => (a[0]! < b[0]! ? -1 : 1)),
    conffiles: [...tree.conffiles].sort(),
    scripts: tree.scripts,
    triggers: tree.triggers,
    date: tree.date,
    from: from.map(({ archive, path, to, exclude, data }) => ({
      archive: archive.sha256,
      ...{ path, to, exclude, data },
    })),
  });
}

function entryInputs(entry: TreeEntry): string[] {
  const path = memberName(entry.path);
  switch (entry.kind) {
    case 'file': {
      const { content } = entry;
      const sha256 = content instanceof Uint8Array ? sha256Of(content) : content.sha256;
      return [path, 'file', entry.mode.toString(8), sha256];
    }
    case 'symlink':
      return [path, 'symlink', entry.target];
    case 'dir':
      return [path, 'dir', entry.mode.toString(8)];
  }
}
