/**
 * The versions on machines that cannot downgrade: the highest published versions, and the re-issues that are
 * higher than a set. Pure.
 */
import { reallyMark } from '../deb/really-version.js';
import { compareVersions } from '../deb/version.js';

/** A version of a package. */
export interface NamedVersion {
  package: string;
  version: string;
}

/** The highest version of each package over several lists. */
export function highestVersions(lists: Iterable<readonly NamedVersion[]>): Map<string, string> {
  const highest = new Map<string, string>();
  for (const list of lists) for (const { package: name, version } of list) raise(highest, name, version);
  return highest;
}

/** Notes a version where it is higher than the one noted. */
export function raise(highest: Map<string, string>, name: string, version: string): void {
  const before = highest.get(name);
  if (before === undefined || compareVersions(before, version) < 0) highest.set(name, version);
}

/** A package that machines without the pin have in a re-issue that is higher. */
export interface SupersededPackage extends NamedVersion {
  above: string;
}

/** The packages of a set that are lower than a re-issue, by package. */
export function supersededPackages(
  next: { packages: readonly NamedVersion[] },
  superseding: { packages: readonly NamedVersion[] },
): SupersededPackage[] {
  const highest = highestVersions([
    superseding.packages.filter(({ version }) => version.includes(reallyMark)),
  ]);
  return next.packages
    .map(({ package: name, version }) => ({ package: name, version, above: highest.get(name) ?? version }))
    .filter(({ version, above }) => compareVersions(version, above) < 0)
    .sort((a, b) => (a.package < b.package ? -1 : 1));
}

/** What keeps machines without the pin from following a suite to a snapshot. */
export interface LeftOnReissue {
  /** The superseding snapshot that they stay on. */
  id: string;
  /** The snapshot whose content that is. */
  content: string;
  /** Packages whose re-issue is higher than what the snapshot has. */
  packages: SupersededPackage[];
}

/** What must be said of a move to `to` when machines stay on a re-issue; nothing where they follow. */
export function leftOnReissueWords(suite: string, to: string, left: LeftOnReissue | null): string[] {
  if (left === null) return [];
  const [first] = left.packages;
  const more = left.packages.length > 1 ? ` and ${left.packages.length - 1} more` : '';
  return [
    `Machines without the pin that installed the re-issue ${left.id} stay on it, with the content ` +
      `of ${left.content}: its ${first?.package} ${first?.above}${more} is higher than the version ` +
      `in ${to}. To move them too, cut a newer snapshot, or run: lockstep rollback ${suite} ` +
      `--supersede --to ${to} --reason TEXT`,
  ];
}
