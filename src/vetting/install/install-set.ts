/**
 * A set as machines of one architecture see it: its paragraphs, which versions
 * it decides, and what its metapackage brings. Pure.
 */
import { downgradePriority } from '../../deb/apt-limits.js';
import type { Stanza } from '../../deb/deb822.js';
import { relationsOf } from '../../deb/relation.js';
import { sha256Of } from '../../io/disk.js';
import { reached, remembered } from '../../io/keyed.js';
import { stanzaOf } from '../../snapshot/content.js';
import type { SnapshotComponent, SnapshotPackage } from '../../snapshot/manifest.js';

/** The set to prove: a snapshot's manifest, or a set before the cut. */
export interface InstallSet {
  /** Of a snapshot; null for one that is not cut yet. */
  id: string | null;
  packages: readonly SnapshotPackage[];
  components: Readonly<Record<string, Pick<SnapshotComponent, 'pin' | 'skipped'>>>;
}

/** Whether a package is an unchanged package of the distribution. */
export function isTaken(set: Pick<InstallSet, 'components'>, { component }: SnapshotPackage): boolean {
  return set.components[component]?.pin.kind === 'apt-binary';
}

/** The part of a set that one architecture can install. */
export class ArchSet {
  readonly id: string | null;
  readonly architecture: string;
  readonly components: InstallSet['components'];
  readonly packages: readonly SnapshotPackage[];
  /** By name. */
  readonly byName: ReadonlyMap<string, SnapshotPackage>;
  /**
   * Names of those that the set decides the version of: all but the distribution's own, unless one of the others
   * demands it exactly. On machines the keyring package's pin names them.
   */
  readonly decided: ReadonlySet<string>;
  readonly #stanzas = new Map<string, Stanza>();

  constructor(set: InstallSet, architecture: string) {
    this.id = set.id;
    this.architecture = architecture;
    this.components = set.components;
    this.packages = set.packages.filter((entry) => ['all', architecture].includes(entry.architecture));
    this.byName = new Map(this.packages.map((entry) => [entry.package, entry]));
    const own = this.packages.filter((entry) => !isTaken(set, entry)).map((entry) => entry.package);
    this.decided = new Set([...own, ...own.flatMap((name) => this.#exactOf(name))]);
  }

  /** Packages of the set that one of it demands in just the version they have. */
  #exactOf(name: string): string[] {
    const stanza = this.stanzaOf(name)!;
    return relationsOf(stanza, 'Depends').flatMap(([first, ...others]) => {
      if (first?.constraint?.operator !== '=' || others.length > 0) return [];
      return this.byName.get(first.package)?.version === first.constraint.version ? [first.package] : [];
    });
  }

  /** A Packages file of them. */
  packagesText(): string {
    return this.packages
      .map(({ stanza, path, size, sha256 }) => {
        return `${stanza}Filename: ./${path}\nSize: ${size}\nSHA256: ${sha256}\n\n`;
      })
      .join('');
  }

  /** Identifies this set. */
  get key(): string {
    return sha256Of(this.packagesText());
  }

  stanzaOf(name: string): Stanza | undefined {
    const entry = this.byName.get(name);
    return entry && remembered(this.#stanzas, name, () => stanzaOf(entry));
  }

  /** The decided packages that come with one of the set, itself first: by Depends, inside of the set. */
  demandedBy(name: string): string[] {
    const own = (names: readonly string[]): string[] => names.filter((one) => this.decided.has(one));
    const demanded = reached(own([name]), (one) => {
      const groups = ['Pre-Depends', 'Depends'].flatMap((field) => relationsOf(this.stanzaOf(one)!, field));
      // Of alternatives another may be installed
      return own(groups.flatMap((group) => (group.length === 1 ? group[0]!.package : [])));
    });
    return [...demanded];
  }

  /** apt's preferences that make these versions win, as the keyring package's pin does on machines. */
  pins(names: Iterable<string> = this.decided): string {
    return [...names]
      .sort()
      .flatMap((name) => {
        const entry = this.byName.get(name);
        return entry === undefined
          ? []
          : [`Package: ${name}\nPin: version ${entry.version}\nPin-Priority: ${downgradePriority}\n\n`];
      })
      .join('');
  }
}
