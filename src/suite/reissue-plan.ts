/**
 * Plans the re-issue of an earlier set above a later one (docs/decisions/0007-superseding-versions.md): which
 * of its packages are re-issued under higher versions, which are listed unchanged, and which stay on
 * machines. Pure; src/build/repack.ts repacks, src/workflows/move/supersede.ts cuts the snapshot.
 */
import type { Stanza } from '../deb/deb822.js';
import { isReissueOf, supersedingVersion } from '../deb/really-version.js';
import {
  changesMeaning,
  movedFields,
  namedPackages,
  relationFieldsOf,
  versionedRelations,
  type VersionMove,
  type VersionMoves,
} from '../deb/relation-moves.js';
import { satisfies } from '../deb/relation.js';
import { compareVersions } from '../deb/version.js';
import { LockstepError } from '../errors.js';
import { distinct, grouped } from '../io/keyed.js';
import { stanzaOf } from '../snapshot/content.js';
import type { SnapshotManifest, SnapshotPackage } from '../snapshot/manifest.js';
import { debFileName } from '../snapshot/pool-path.js';
import { highestVersions, raise } from './highest-versions.js';

export { highestVersions, supersededPackages } from './highest-versions.js';

/** What the decision reads of a manifest. */
export type SupersedeSet = Pick<SnapshotManifest, 'id' | 'components' | 'packages'>;

export interface SupersedeInput {
  /** What the suite points at. */
  current: SupersedeSet;
  /** What is brought back. */
  target: SupersedeSet;
  /**
   * Highest versions that machines may have in addition to those of `current`: see {@link highestVersions}.
   */
  exceed?: ReadonlyMap<string, string>;
  /** Packages that are the archive's and not the set's (its keyring): they never go back. */
  keep?: ReadonlySet<string>;
  /** The packages of all superseding snapshots so far, so that no version stands for two contents. */
  issued?: readonly SnapshotPackage[];
}

/** Why a package gets a higher version. */
export type ReissueReason =
  /** Its version in the target is lower than one that machines may have. */
  | { kind: 'lower' }
  /** It does not accept the new version of a package that is re-issued. */
  | { kind: 'demands'; package: string; relation: string }
  /** The distribution's, and a package of the set does not accept the higher version that machines have. */
  | { kind: 'demanded'; by: string; relation: string };

export interface Reissue {
  /** Its version in the target. */
  item: SnapshotPackage;
  /** The version that is exceeded. */
  above: string;
  /** The version that it gets. */
  to: string;
  why: ReissueReason;
  /** Packages that its relationships name and that are re-issued too. */
  moves: VersionMoves;
  /** What an earlier superseding snapshot has of exactly this; it is taken again. */
  same: SnapshotPackage | null;
}

/** A package that is listed unchanged. */
export interface KeptPackage {
  item: SnapshotPackage;
  /** `archive`: taken from the current set. `distribution`: lower in the target, left to the distribution. */
  why: 'equal' | 'higher' | 'new' | 'distribution' | 'archive';
}

/** A package that only the current set has. */
export interface GonePackage {
  item: SnapshotPackage;
  /** A dependency that the re-issued packages do not satisfy, so that apt removes it; or null. */
  broken: string | null;
}

/**
 * Decides for every package what happens to it.
 *
 * - A package of the archive that is lower in the target than on machines is re-issued above it.
 * - So is a package that would not accept such a higher version: `mediawiki-full (= ...)` names an exact one.
 * - The distribution's packages are not re-issued, because a re-issue would hide the distribution's next
 *   security update, unless the set cannot be installed with the higher version.
 *
 * @throws LockstepError MOVE_UNNEEDED if no package gets a lower version, or the suite already has that
 * content
 */
export function planSupersede(input: SupersedeInput) {
  const { current, target } = input;
  const attempt = new Attempt(input);
  while (!attempt.settle());
  const { reissues } = attempt;
  if (!reissues.some(({ why }) => why.kind === 'lower')) {
    throw new LockstepError('MOVE_UNNEEDED', {
      message: `No package of the set gets a lower version with ${target.id}, so there is nothing to supersede`,
      hint: 'Machines without the pin follow without it: omit --supersede.',
    });
  }
  const listed = new Set(current.packages.map(({ sha256 }) => sha256));
  if (reissues.every(({ same }) => same !== null && listed.has(same.sha256))) {
    throw new LockstepError('MOVE_UNNEEDED', {
      message: `${current.id} already has the content of ${target.id}, under higher versions`,
      hint: 'Choose another snapshot with --to.',
    });
  }
  assertFileNames(reissues);
  return { reissues, kept: attempt.kept(), gone: attempt.gone() };
}

export type SupersedePlan = ReturnType<typeof planSupersede>;

/** A file system's 255 bytes, less what is added to a name while it is written. */
const longestFileName = 220;

/** Versions grow where sets are superseded back and forth with no release in between. */
function assertFileNames(reissues: readonly Reissue[]): void {
  for (const { item, to } of reissues) {
    if (debFileName(item.package, to, item.architecture).length <= longestFileName) continue;
    throw new LockstepError('DEB_INVALID', {
      message: `The file name of ${item.package} would be too long with the version ${to}`,
      hint: 'Too many re-issues follow each other. First cut and publish a new release: it gets a short version.',
      where: [{ path: item.package, value: to }],
    });
  }
}

/** One round of the decision; rounds repeat until no version stands for two contents. */
class Attempt {
  reissues: Reissue[] = [];
  readonly #input: SupersedeInput;
  readonly #members: Member[];
  readonly #byName: ReadonlyMap<string, Member[]>;
  /** The highest version of each package that machines may have. */
  readonly #above: Map<string, string>;
  /** Versions above that which stand for something else already. */
  readonly #spent = new Map<string, string>();
  readonly #issued: ReadonlyMap<string, SnapshotPackage>;
  /** Packages whose highest version is a re-issue of the same, but with other relationships. */
  readonly #differing = new Set<string>();
  #why = new Map<string, ReissueReason>();

  constructor(input: SupersedeInput) {
    const { current, target, exceed, issued } = input;
    this.#input = input;
    this.#members = target.packages.map((item) => memberOf(item, target));
    this.#byName = grouped(this.#members, ({ item }) => item.package);
    this.#above = highestVersions([current.packages, target.packages]);
    for (const [name, version] of exceed ?? []) raise(this.#above, name, version);
    this.#issued = new Map((issued ?? []).map((item) => [keyOf(item, item.version), item]));
  }

  /** Whether this round's decision stands. */
  settle(): boolean {
    this.#why = new Map();
    for (const { item, isOurs } of this.#members) {
      if (isOurs && !this.#isKept(item) && this.#isLower(item))
        this.#why.set(item.package, { kind: 'lower' });
    }
    while (this.#spread());
    this.reissues = this.#members
      .filter(({ item }) => this.#why.has(item.package))
      .map((member) => this.#reissueOf(member));
    return this.reissues.filter((reissue) => !this.#isFree(reissue)).length === 0;
  }

  kept(): KeptPackage[] {
    const { current, keep = new Set<string>() } = this.#input;
    const now = highestVersions([current.packages]);
    const brought = highestVersions([this.#members.map(({ item }) => item)]);
    const archives = current.packages.filter(
      ({ package: name, version }) =>
        keep.has(name) && compareVersions(version, brought.get(name) ?? version) >= 0,
    );
    const replaced = new Set(archives.map(({ package: name }) => name));
    const others = this.#members.filter(
      ({ item }) => !this.#why.has(item.package) && !replaced.has(item.package),
    );
    return [
      ...archives.map((item): KeptPackage => ({ item, why: 'archive' })),
      ...others.map(({ item }): KeptPackage => {
        if (this.#isKept(item)) return { item, why: 'archive' };
        if (this.#isLower(item)) return { item, why: 'distribution' };
        const before = now.get(item.package);
        if (before === undefined) return { item, why: 'new' };
        return { item, why: compareVersions(before, item.version) === 0 ? 'equal' : 'higher' };
      }),
    ];
  }

  gone(): GonePackage[] {
    const { current } = this.#input;
    const now = highestVersions([current.packages]);
    const there = new Set(this.#members.map(({ item }) => item.package));
    return current.packages
      .filter((item) => !there.has(item.package) && !this.#isKept(item))
      .map((item) => ({ item, broken: this.#brokenIn(item, now) }));
  }

  /** Adds what must follow those that are re-issued so far. */
  #spread(): boolean {
    const before = this.#why.size;
    for (const member of this.#members) {
      const { item, isOurs, relations } = member;
      for (const relation of relations) {
        const other = relation.package;
        if (other === item.package || !this.#byName.has(other)) continue;
        const isMoving = this.#why.has(item.package);
        if (this.#why.has(other)) {
          // Of the distribution's own that machines have in a higher version, that one's relationships count
          const isThere = isOurs ? !this.#isKept(item) : !this.#isLower(item);
          if (!isMoving && isThere && changesMeaning(relation, this.#movesOf(other, item))) {
            this.#why.set(item.package, { kind: 'demands', package: other, relation: relation.text });
          }
        } else if ((isOurs && !this.#isKept(item)) || isMoving) {
          if (changesMeaning(relation, this.#staysOf(other, item))) {
            this.#why.set(other, { kind: 'demanded', by: item.package, relation: relation.text });
          }
        }
      }
    }
    return this.#why.size > before;
  }

  #isKept({ package: name }: SnapshotPackage): boolean {
    return this.#input.keep?.has(name) === true;
  }

  #isLower({ package: name, version }: SnapshotPackage): boolean {
    return compareVersions(version, this.#above.get(name)!) < 0;
  }

  /** The new versions of a package, as one of this architecture sees it. */
  #movesOf(name: string, seenBy: SnapshotPackage): VersionMove[] {
    const seen = distinct(this.#seen(name, seenBy), ({ version }) => version);
    return seen.map((item) => ({ from: item.version, to: this.#versionOf(item) }));
  }

  /** What machines have in place of a package of the distribution that is lower in the target. */
  #staysOf(name: string, seenBy: SnapshotPackage): VersionMove[] {
    return distinct(this.#seen(name, seenBy), ({ version }) => version)
      .filter((item) => this.#isLower(item) && !this.#isKept(item))
      .map((item) => ({ from: item.version, to: this.#above.get(name)! }));
  }

  #seen(name: string, { architecture }: SnapshotPackage): SnapshotPackage[] {
    const items = (this.#byName.get(name) ?? []).map(({ item }) => item);
    if (architecture === 'all') return items;
    return items.filter((item) => item.architecture === 'all' || item.architecture === architecture);
  }

  #versionOf(item: SnapshotPackage): string {
    const above = this.#above.get(item.package)!;
    // Machines that have exactly this already need no other
    const isThere = this.#issued.has(keyOf(item, above)) && isReissueOf(above, item.version);
    if (isThere && !this.#differing.has(item.package)) return above;
    return supersedingVersion(this.#spent.get(item.package) ?? above, item.version);
  }

  #reissueOf({ item, stanza }: Member): Reissue {
    const moves = new Map<string, VersionMove[]>();
    for (const name of [...namedPackages(stanza)].sort()) {
      if (this.#why.has(name)) moves.set(name, this.#movesOf(name, item));
    }
    const to = this.#versionOf(item);
    const found = this.#issued.get(keyOf(item, to));
    const same = found !== undefined && isSame(found, item, stanza, moves) ? found : null;
    return {
      item,
      above: this.#above.get(item.package)!,
      to,
      why: this.#why.get(item.package)!,
      moves,
      same,
    };
  }

  /** A version that was assigned to other content must be exceeded too. */
  #isFree({ item, to, same }: Reissue): boolean {
    if (same !== null || !this.#issued.has(keyOf(item, to))) return true;
    if (to === this.#above.get(item.package)) this.#differing.add(item.package);
    else raise(this.#spent, item.package, to);
    return false;
  }

  #brokenIn(item: SnapshotPackage, now: ReadonlyMap<string, string>): string | null {
    const stanza = stanzaOf(item);
    const broken = versionedRelations(stanza).find(({ field, package: name, alternative }) => {
      const before = now.get(name);
      if (!['Depends', 'Pre-Depends'].includes(field) || !this.#why.has(name) || before === undefined)
        return false;
      return (
        satisfies(alternative, before) &&
        this.#movesOf(name, item).some(({ to }) => !satisfies(alternative, to))
      );
    });
    return broken?.text ?? null;
  }
}

/** A package of the target with what is asked of it again and again. */
function memberOf(item: SnapshotPackage, { components }: SupersedeSet) {
  const stanza = stanzaOf(item);
  return {
    item,
    stanza,
    relations: versionedRelations(stanza),
    isOurs: components[item.component]?.pin.kind !== 'apt-binary',
  };
}

type Member = ReturnType<typeof memberOf>;

function keyOf({ package: name, architecture }: SnapshotPackage, version: string): string {
  return `${name} ${architecture} ${version}`;
}

/** Whether `found` is the content of `item`, with the relationships that it would get now. */
function isSame(found: SnapshotPackage, item: SnapshotPackage, stanza: Stanza, moves: VersionMoves): boolean {
  const wanted = relationFieldsOf(stanza.with(movedFields(stanza, moves)));
  const has = relationFieldsOf(stanzaOf(found));
  return (
    found.source === item.source &&
    found.sourceVersion === item.sourceVersion &&
    JSON.stringify(has) === JSON.stringify(wanted)
  );
}
