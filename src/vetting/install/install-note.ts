/**
 * What a proof of installability could not look at, or what a release manager
 * should know of a set that it let through: data for the evidence, and its words.
 */
import type { BelowBase } from './below-base.js';

export type InstallNote =
  /** Machines of an earlier snapshot were not tried; `said` is what apt said, null: it has no such package. */
  | { kind: 'earlier-not-installable'; snapshot: string; metapackage: string; said: string | null }
  | { kind: 'recommends-unmet'; package: string; recommends: string[] }
  /** A skip keeps packages below the distribution's own. */
  | { kind: 'below-base'; packages: BelowBase[] }
  | { kind: 'files-not-in-store'; snapshot: string }
  | { kind: 'no-contents'; architecture: string }
  /** The mirror lacks an index that its suite names. */
  | { kind: 'contents-not-on-mirror'; path: string; suite: string };

/**
 * A note as a sentence without a full stop.
 *
 * @param base `Debian 12`
 */
export function noteWords(note: InstallNote, base: string): string {
  switch (note.kind) {
    case 'earlier-not-installable': {
      const { snapshot, metapackage, said } = note;
      const why = said === null ? `it has no ${metapackage}` : `it cannot be installed: ${said}`;
      return `no upgrade from ${snapshot} was tried: ${why}`;
    }
    case 'recommends-unmet':
      return `${note.package} recommends ${note.recommends.join(' | ')}, which ${base} does not have`;
    case 'below-base': {
      const [first] = note.packages;
      const names = note.packages.map((one) => one.package).join(', ');
      return `only machines with the archive's keyring package can install the set: a skip keeps ${names} at ${first?.version}, and ${base} has ${first?.own}`;
    }
    case 'files-not-in-store':
      return `the files of ${note.snapshot} were not compared: its packages are not in the content store`;
    case 'no-contents':
      return `${base} has no Contents for ${note.architecture}, so the check for files in both was skipped`;
    case 'contents-not-on-mirror':
      return `the mirror lacks the ${note.path} that ${note.suite} names, so the check for files in both was skipped there`;
  }
}
