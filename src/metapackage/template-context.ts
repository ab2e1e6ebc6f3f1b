/**
 * What templates may name: the variables, made of workspace, profile, pins and
 * versions. Pure. docs/reference/templates.md is about this.
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
  /** When it was made, seconds: the date of the keyring package's files. */
  date: number;
  /** The suites that keep a machine's key up to date (layout.ts, keyringSuite). */
  suites: readonly string[];
}

/** The sets that machines of the archive can follow. */
export interface FollowedSets {
  /** All profiles that suites take and that are made here: the pin names the packages of all of them. */
  profiles: readonly Profile[];
  /** Those of imported packages: another source of a machine may want other versions, so the pin leaves them out. */
  imported: readonly Pick<Profile, 'name' | 'base'>[];
  /** Suites that are published, or are about to be, and the areas that each has. */
  published: ReadonlyMap<string, readonly string[]>;
}

/** The database schema that the set needs, as templates see it; empty texts where the set has no database. */
export interface SchemaVariable {
  component: string;
  /** For people: `1.39`. */
  version: string;
  /** SHA-256. */
  digest: string;
}

/**
 * Variables of every template.
 *
 * @param profiles the workspace's profiles; a suite of another one is left out
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
      /** Marks the versions of what is built here: `+lockstep1` (docs/decisions/0001). */
      versionSuffix: workspace.versionSuffix,
    },
    identities: identitiesOf(workspace, profiles),
    /** By profile, then from the highest trust level to the lowest: the first of a codename is the one to propose. */
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

/** What the Release files of the suites call themselves, each once: apt pins by it. The archive's own come first. */
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
  // Imported sets come after those that are made here: they are not what a machine of this archive has for all else
  const suites = [...made.suites, ...commonVariables(workspace, imported, key).suites];
  const firstOf = (codename: string) =>
    suites.find((suite) => suite.codename === codename && published.has(suite.name));
  return {
    ...made,
    identities: identitiesOf(workspace, [...profiles, ...imported]),
    suites: suites.map((suite) => ({
      ...suite,
      /** Whether a new machine of its release follows it by default: the first published suite. */
      proposed: suite === firstOf(suite.codename),
      /** Areas that a machine which follows it has: `main contrib`. */
      areas: (published.get(suite.name) ?? [workspace.archive.area]).join(' '),
    })),
    pinnedPackages: exactPackages(workspace, profiles),
    /** Suites that the machine follows for the key alone. */
    keyringSuites: [...key.suites],
  };
}

/**
 * Variables of the templates of a profile.
 *
 * @param packages the packages of each component that are in the set; a missing component is not a variable
 * @param more.schema of the set's database; left out if it has none
 * @param more.extensions in the order in which they are loaded
 * @param more.php packages of PHP's extensions that the set demands
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
    // the version of a component made from a template is not known yet while an earlier one is composed
    if (own === undefined) return [];
    return [
      {
        name,
        upstreamVersion: pins[name]?.upstreamVersion ?? '',
        relation,
        /** Ready relation strings by its rule. */
        relations: relationsOf(name, relation, own),
        /** The packages of it that are in the set, by name. */
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
    /** Those of all components, sorted by package. */
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
    /** Its package and that one's version; empty where it is bundled. */
    package: one.package ?? '',
    version: own?.find((item) => item.package === one.package)?.version ?? '',
    /** Names of those of this list that it cannot be loaded without. */
    needs: neededBy(one, all).map((other) => other.facts.name),
  };
}

/**
 * The packages of each component that go into the set; components from templates only if their version is
 * already known.
 *
 * @param built packages of the components that were built, by component
 * @param treeVersions versions of the packages made from templates, by package
 * @throws LockstepError BUILD_OUTPUT, SOURCE_UNKNOWN_PACKAGE if a package that the profile names does not
 * exist
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

/** Those of the packages that are named; each name must be there. */
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
