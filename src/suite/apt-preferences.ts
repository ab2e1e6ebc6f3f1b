/**
 * The apt preferences that hold a machine at one snapshot: which packages,
 * which priority, and the text of the file. Pure.
 */
import { downgradePriority } from '../deb/apt-limits.js';
import { relationsOf } from '../deb/relation.js';
import { byText, grouped, reached } from '../io/keyed.js';
import { stanzaOf } from '../snapshot/content.js';
import type { SnapshotManifest, SnapshotPackage } from '../snapshot/manifest.js';
import { newestOfEach } from '../snapshot/several-versions.js';
import type { NamedVersion } from './highest-versions.js';

/** Above that with which the keyring package has a machine follow its suite. */
export const holdPriority = downgradePriority + 1;

export interface PinFileRequest {
  manifest: SnapshotManifest;
  /** The archive's keyring package, which is never held: a machine with an old key would trust nothing one day. */
  keyringPackage: string;
  /** Where machines find the packages once their suite lists others; left out where no suite ever had them. */
  frozen?: { baseUrl: string; suite: string } | undefined;
}

/**
 * Holds the packages that the archive builds, and packages that they require in an exact version. It does not
 * hold unchanged packages of the base release with a minimum version, so that they get security updates.
 *
 * @throws LockstepError DEB_SYNTAX for a package whose relations cannot be read
 */
export function planPinFile({ manifest, keyringPackage, frozen }: PinFileRequest) {
  const newest = { ...manifest, packages: newestOfEach(manifest.packages) };
  const packages = heldPackages(newest, keyringPackage);
  const about = `snapshot ${manifest.id} of ${manifest.profile}`;
  const where =
    frozen === undefined
      ? []
      : [`permanently listed by ${frozen.baseUrl}/snapshot/${manifest.id} ${frozen.suite}`];
  const records = packages.map(({ package: name, version }) =>
    [
      ...[about, ...where].map((line) => `Explanation: ${line}`),
      `Package: ${name}`,
      `Pin: version ${version}`,
      `Pin-Priority: ${holdPriority}`,
    ].join('\n'),
  );
  return {
    snapshot: manifest.id,
    profile: manifest.profile,
    priority: holdPriority,
    packages,
    /** The file, one record per package. */
    text: records.map((record) => `${record}\n`).join('\n'),
  };
}

export type PinFile = ReturnType<typeof planPinFile>;

/** Sorted by package; named as apt does: with `:<architecture>` only where architectures differ in their version. */
function heldPackages(manifest: SnapshotManifest, keyringPackage: string): NamedVersion[] {
  const isBuilt = ({ component }: SnapshotPackage): boolean =>
    manifest.components[component]?.build.method !== 'none';
  const packages = manifest.packages.filter((item) => item.package !== keyringPackage);
  const held = reached(packages.filter(isBuilt), (item) => demandedBy(item, packages));
  return [...grouped(held, (item) => item.package)]
    .flatMap(([name, items]): NamedVersion[] => {
      const [first] = items;
      return items.every(({ version }) => version === first!.version)
        ? [{ package: name, version: first!.version }]
        : items.map(({ architecture, version }) => ({ package: `${name}:${architecture}`, version }));
    })
    .sort((a, b) => byText(a.package, b.package));
}

/** Packages of the set that one demands in exactly the version they have; of alternatives none is demanded. */
function demandedBy(item: SnapshotPackage, all: readonly SnapshotPackage[]): SnapshotPackage[] {
  const stanza = stanzaOf(item);
  return ['Pre-Depends', 'Depends'].flatMap((field) =>
    relationsOf(stanza, field).flatMap(([only, ...others]) => {
      if (only?.constraint?.operator !== '=' || others.length > 0) return [];
      const { version } = only.constraint;
      return all.filter((other) => other.package === only.package && other.version === version);
    }),
  );
}
