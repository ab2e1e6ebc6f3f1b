/**
 * The variables of templates, made from workspace, profile, pins and versions. Pure. docs/reference/templates.md
 * documents them.
 */
import { LockstepError } from '../errors.js';
import { byText, distinct } from '../io/keyed.js';
import type { Profile } from '../profile/profile-schema.js';
import type { Workspace } from '../profile/workspace-schema.js';
import type { Pin } from '../source/pin.js';
import { neededBy, type SetExtension } from './extension-set.js';
import { exactPackages, keyringPackageOf, packageOfTree } from './pinned-packages.js';
import { relationsOf, type SetPackage } from './relations.js';

/** The archive's signing key. */
export interface ArchiveKey {
  fingerprint: string;
  /** The public key, not armored. */
  binary: Uint8Array;
  /** When the key was created, in seconds: the date of the keyring package's files. */
  date: number;
  /** The suites from which machines get the key's updates (layout.ts, keyringSuite). */
  suites: readonly string[];
}

/** The sets that machines of the archive can follow. */
export interface FollowedSets {
  /**
   * All profiles that a suite names and whose packages Lockstep builds: the apt pin names the packages of all of them.
   */
  profiles: readonly Profile[];
  /**
   * The profiles of imported packages. The apt pin leaves them out: the machine may need other versions of them from
   * another source.
   */
  imported: readonly Pick<Profile, 'name' | 'base'>[];
  /** Suites that are published, or will be published by this command, and the areas of each. */
  published: ReadonlyMap<string, readonly string[]>;
}

/** The database schema that the set needs, as templates see it; empty texts if the set has no database. */
export interface SchemaVariable {
  component: string;
  /** Version for messages: `1.39`. */
  version: string;
  /** SHA-256. */
  digest: string;
}

/**
 * The variables that every template has.
 *
 * @param profiles the workspace's profiles; a suite of any other profile is left out
 */
export function commonVariables(
  workspace: Workspace,
  profiles: readonly Pick<Profile, 'name' | 'base'>[],
  key: Pick<ArchiveKey, 'fingerprint'>,
) {
  const { name, origin, label, description, baseUrl, area, maintainer } = workspace.archive;
  const keyringPackage = keyringPackageOf(workspace);
  return {
    archive: {
      name,
      origin,
      label,
      description,
      baseUrl,
      /** Without port, for `Acquire::Snapshots::URI::Host::<host>`. */
      host: new URL(baseUrl).hostname,
      area,
      maintainer,
      keyringPackage,
      keyringPath: `/usr/share/keyrings/${keyringPackage}.gpg`,
      /** Marks the versions of packages that Lockstep built: `+lockstep1` (docs/decisions/0001). */
      versionSuffix: workspace.versionSuffix,
    },
    identities: identitiesOf(workspace, profiles),
    /**
     * Sorted by profile, then from the highest trust level to the lowest, so the first suite of a codename is the one
     * to propose.
     */
    suites: Object.entries(workspace.suites)
      .flatMap(([suite, { profile: profileName, trust, default: isDefault }]) => {
        const profile = profiles.find((candidate) => candidate.name === profileName);
        return profile === undefined
          ? []
          : [{ name: suite, profile: profileName, trust, codename: profile.base.codename, isDefault }];
      })
      .sort(
        (a, b) =>
          Number(b.isDefault) - Number(a.isDefault) ||
          byText(a.profile, b.profile) ||
          workspace.trustLevels.indexOf(b.trust) - workspace.trustLevels.indexOf(a.trust) ||
          byText(a.name, b.name),
      )
      .map(({ name, profile, trust, codename }) => ({ name, profile, trust, codename })),
    key: { fingerprint: key.fingerprint },
  };
}

/**
 * The identity fields in the suites' Release files, without duplicates: apt pins by them. The archive's own come first.
 */
function identitiesOf({ archive, suites }: Workspace, profiles: readonly Pick<Profile, 'name'>[]) {
  const found = [
    archive,
    ...Object.values(suites).filter((suite) => profiles.some(({ name }) => name === suite.profile)),
  ];
  return distinct(found.map(({ origin = archive.origin, label = archive.label }) => ({ origin, label })));
}

/** Variables of the keyring package's template. */
export function keyringVariables(
  workspace: Workspace,
  { profiles, imported, published }: FollowedSets,
  key: Pick<ArchiveKey, 'fingerprint' | 'suites'>,
) {
  const made = commonVariables(workspace, profiles, key);
  // Imported sets come last, because a machine of this archive does not follow them by default
  const suites = [...made.suites, ...commonVariables(workspace, imported, key).suites];
  const firstOf = (codename: string) =>
    suites.find((suite) => suite.codename === codename && published.has(suite.name));
  return {
    ...made,
    identities: identitiesOf(workspace, [...profiles, ...imported]),
    suites: suites.map((suite) => ({
      ...suite,
      /**
       * Whether a new machine of this Debian release follows the suite by default: true for the first published suite.
       */
      proposed: suite === firstOf(suite.codename),
      /** Archive areas that a machine which follows the suite uses: `main contrib`. */
      areas: (published.get(suite.name) ?? [workspace.archive.area]).join(' '),
    })),
    pinnedPackages: exactPackages(workspace, profiles),
    /** Suites that the machine follows only to get the key. */
    keyringSuites: [...key.suites],
  };
}

/**
 * The variables of a profile's templates.
 *
 * @param packages the set's packages, by component; a component that is missing here is not a variable
 * @param more.schema the database schema of the set; left out if it has no database
 * @param more.extensions in the order in which the wiki loads them
 * @param more.php packages of PHP extensions that the set requires
 * @throws LockstepError RESOLVE_UNSATISFIABLE, see relationsOf
 */
export function setVariables(
  common: ReturnType<typeof commonVariables>,
  profile: Profile,
  pins: Readonly<Record<string, Pin>>,
  packages: Readonly<Record<string, readonly SetPackage[]>>,
  more: {
    schema?: SchemaVariable | undefined;
    extensions?: readonly SetExtension[] | undefined;
    php?: readonly string[] | undefined;
  } = {},
) {
  const { schema, extensions = [], php = [] } = more;
  const components = Object.entries(profile.components).flatMap(([name, { relation }]) => {
    const own = packages[name];
    // The version of a component made from a template is unknown while an earlier one is composed
    if (own === undefined) return [];
    return [
      {
        name,
        upstreamVersion: pins[name]?.upstreamVersion ?? '',
        relation,
        /** Complete relations for control files, by the relation's rule. */
        relations: relationsOf(name, relation, own),
        /** The component's packages in the set, by name. */
        packages: Object.fromEntries(own.map((item) => [item.package, { version: item.version }])),
      },
    ];
  });
  const { distribution, release, codename, architectures, phpVersion } = profile.base;
  return {
    ...common,
    profile: { name: profile.name, description: profile.description },
    base: { distribution, release, codename, architectures, phpVersion },
    components: Object.fromEntries(components.map((component) => [component.name, component])),
    /** The relations of all components, sorted by package. */
    relations: components
      .flatMap((component) => component.relations)
      .sort((a, b) => byText(packageIn(a), packageIn(b))),
    extensions: extensions.map((one) => extensionVariable(one, extensions, packages[one.component])),
    phpPackages: [...php].sort(),
    schema: schema ?? { component: '', version: '', digest: '' },
    settings: profile.metapackage.settings,
  };
}

/** An extension or a skin that the wiki loads, as templates see it. */
function extensionVariable(
  one: SetExtension,
  all: readonly SetExtension[],
  own: readonly SetPackage[] | undefined,
) {
  const { component, facts, folder, file: path, address } = one;
  return {
    component,
    ...{ name: facts.name, kind: facts.kind, folder, path, address },
    bundled: one.package === null,
    /** Its package and that package's version; both empty for a bundled extension. */
    package: one.package ?? '',
    version: own?.find((item) => item.package === one.package)?.version ?? '',
    /** Names of the entries of this list that it requires. */
    needs: neededBy(one, all).map((other) => other.facts.name),
  };
}

/**
 * The packages of each component in the set. A component made from a template is included only if its version is
 * already known.
 *
 * @param built packages of the components that were built, by component
 * @param treeVersions versions of the packages made from templates, by package
 * @throws LockstepError BUILD_OUTPUT, SOURCE_UNKNOWN_PACKAGE if a package that the profile names does not exist
 */
export function packagesOfSet(
  workspace: Pick<Workspace, 'archive'>,
  profile: Profile,
  pins: Readonly<Record<string, Pin>>,
  built: Readonly<Record<string, readonly SetPackage[]>>,
  treeVersions: Readonly<Record<string, string>>,
): Record<string, SetPackage[]> {
  const packages: Record<string, SetPackage[]> = {};
  for (const [name, component] of Object.entries(profile.components)) {
    const pin = pins[name];
    if (component.build?.method === 'tree') {
      const own = packageOfTree(workspace, name, component.build);
      const version = treeVersions[own];
      if (version !== undefined) packages[name] = [{ package: own, version, architecture: 'all' }];
    } else if (component.source.kind === 'apt-binary') {
      const there = pin?.kind === 'apt-binary' ? pin.packages : [];
      packages[name] = named(name, component.source.packages, there, 'SOURCE_UNKNOWN_PACKAGE');
    } else {
      packages[name] = named(name, component.packages ?? [], built[name] ?? [], 'BUILD_OUTPUT');
    }
  }
  return packages;
}

const packageIn = (relation: string): string => relation.split(' ', 1)[0] ?? '';

/** The packages with these names. Each name must exist. */
function named(
  component: string,
  names: readonly string[],
  there: readonly SetPackage[],
  code: 'BUILD_OUTPUT' | 'SOURCE_UNKNOWN_PACKAGE',
): SetPackage[] {
  const absent = names.filter((name) => !there.some((item) => item.package === name));
  if (absent.length > 0) {
    const known = [...new Set(there.map((item) => item.package))].sort();
    throw new LockstepError(code, {
      message: `The component ${component} has no package ${absent.join(', ')}`,
      hint: `It has: ${known.join(', ') || 'none'}`,
      where: [{ path: `components.${component}` }],
    });
  }
  return there.filter((item) => names.includes(item.package));
}
