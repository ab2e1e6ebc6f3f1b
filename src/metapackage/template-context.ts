/**
 * What templates may name: the variables, made of workspace, profile, pins and
 * versions. Pure. docs/reference/templates.md is about this.
 */
import { LockstepError } from '../errors.js';
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

/** A suite as templates see it. */
export interface SuiteVariable {
  name: string;
  profile: string;
  trust: string;
  codename: string;
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

/** A suite as the keyring package's templates see it. */
export interface FollowedSuite extends SuiteVariable {
  /** Whether a new machine of its release follows it by default: the first published suite. */
  proposed: boolean;
  /** Areas that a machine which follows it has: `main contrib`. */
  areas: string;
}

/** Origin and Label of a Release file. */
export interface ReleaseIdentity {
  origin: string;
  label: string;
}

/** Variables of every template. */
export interface CommonVariables {
  archive: {
    name: string;
    origin: string;
    label: string;
    description: string;
    baseUrl: string;
    /** Host of baseUrl, without port, for `Acquire::Snapshots::URI::Host::<host>`. */
    host: string;
    area: string;
    maintainer: string;
    keyringPackage: string;
    keyringPath: string;
    /** Marks the versions of what is built here: `+lockstep1` (docs/decisions/0001). */
    versionSuffix: string;
  };
  /** What the Release files of the suites call themselves, each once: apt pins by it. The archive's own come first. */
  identities: ReleaseIdentity[];
  /** By profile, then from the highest trust level to the lowest: the first of a codename is the one to propose. */
  suites: SuiteVariable[];
  key: { fingerprint: string };
}

/** A component as templates see it. */
export interface ComponentVariable {
  name: string;
  upstreamVersion: string;
  relation: string;
  /** Ready relation strings by its rule. */
  relations: string[];
  /** The packages of it that are in the set, by name. */
  packages: Record<string, { version: string }>;
}

/** The database schema that the set needs, as templates see it; empty texts where the set has no database. */
export interface SchemaVariable {
  component: string;
  /** For people: `1.39`. */
  version: string;
  /** SHA-256. */
  digest: string;
}

/** An extension or a skin that the wiki loads, as templates see it. */
export interface ExtensionVariable {
  component: string;
  /** As MediaWiki registers it. */
  name: string;
  kind: 'extension' | 'skin';
  /** Whether MediaWiki's own packages bring it along. */
  bundled: boolean;
  /** Its package and that one's version; empty where it is bundled. */
  package: string;
  version: string;
  /** The folder on a machine: absolute, or below MediaWiki's own where it is bundled. */
  folder: string;
  /** Its extension.json or skin.json, in the folder. */
  path: string;
  /** Where its web resources are asked for: `extensions/Cite`. */
  address: string;
  /** Names of those of this list that it cannot be loaded without. */
  needs: string[];
}

/** Variables of the templates of a profile. */
export interface SetVariables extends CommonVariables {
  profile: { name: string; description: string };
  base: {
    distribution: string;
    release: string;
    codename: string;
    architectures: string[];
    phpVersion: string;
  };
  components: Record<string, ComponentVariable>;
  /** Those of all components, sorted by package. */
  relations: string[];
  /** In the order in which they are loaded. */
  extensions: ExtensionVariable[];
  /** Packages of PHP's extensions that the trees of the set demand: `php8.2-intl`. */
  phpPackages: string[];
  schema: SchemaVariable;
  settings: Record<string, unknown>;
}

/** Variables of the keyring package's template. */
export interface KeyringVariables extends CommonVariables {
  suites: FollowedSuite[];
  pinnedPackages: string[];
  /** Suites that the machine follows for the key alone. */
  keyringSuites: string[];
}

/** @param profiles the workspace's profiles; a suite of another one is left out */
export function commonVariables(
  workspace: Workspace,
  profiles: readonly Pick<Profile, 'name' | 'base'>[],
  key: Pick<ArchiveKey, 'fingerprint'>,
): CommonVariables {
  const { name, origin, label, description, baseUrl, area, maintainer } = workspace.archive;
  const keyringPackage = keyringPackageOf(workspace);
  return {
    archive: {
      name,
      origin,
      label,
      description,
      baseUrl,
      host: new URL(baseUrl).hostname,
      area,
      maintainer,
      keyringPackage,
      keyringPath: `/usr/share/keyrings/${keyringPackage}.gpg`,
      versionSuffix: workspace.versionSuffix,
    },
    identities: identitiesOf(workspace, profiles),
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

function identitiesOf(
  { archive, suites }: Workspace,
  profiles: readonly Pick<Profile, 'name'>[],
): ReleaseIdentity[] {
  const found = [
    archive,
    ...Object.values(suites).filter((suite) => profiles.some(({ name }) => name === suite.profile)),
  ];
  const each = found.map(({ origin = archive.origin, label = archive.label }) => ({ origin, label }));
  return [...new Map(each.map((one) => [`${one.origin}\n${one.label}`, one])).values()];
}

export function keyringVariables(
  workspace: Workspace,
  { profiles, imported, published }: FollowedSets,
  key: Pick<ArchiveKey, 'fingerprint' | 'suites'>,
): KeyringVariables {
  const made = commonVariables(workspace, profiles, key);
  // Imported sets come after those that are made here: they are not what a machine of this archive has for all else
  const suites = [...made.suites, ...commonVariables(workspace, imported, key).suites];
  const firstOf = (codename: string): SuiteVariable | undefined =>
    suites.find((suite) => suite.codename === codename && published.has(suite.name));
  return {
    ...made,
    identities: identitiesOf(workspace, [...profiles, ...imported]),
    suites: suites.map((suite) => ({
      ...suite,
      proposed: suite === firstOf(suite.codename),
      areas: (published.get(suite.name) ?? [workspace.archive.area]).join(' '),
    })),
    pinnedPackages: exactPackages(workspace, profiles),
    keyringSuites: [...key.suites],
  };
}

/**
 * @param packages the packages of each component that are in the set; a missing component is not a variable
 * @param more.schema of the set's database; left out if it has none
 * @param more.extensions in the order in which they are loaded
 * @param more.php packages of PHP's extensions that the set demands
 * @throws LockstepError RESOLVE_UNSATISFIABLE, see relationsOf
 */
export function setVariables(
  common: CommonVariables,
  profile: Profile,
  pins: Readonly<Record<string, Pin>>,
  packages: Readonly<Record<string, readonly SetPackage[]>>,
  more: {
    schema?: SchemaVariable | undefined;
    extensions?: readonly SetExtension[] | undefined;
    php?: readonly string[] | undefined;
  } = {},
): SetVariables {
  const { schema, extensions = [], php = [] } = more;
  const components: Record<string, ComponentVariable> = {};
  for (const [name, { relation }] of Object.entries(profile.components)) {
    const own = packages[name];
    // the version of a component made from a template is not known yet while an earlier one is composed
    if (own === undefined) continue;
    components[name] = {
      name,
      upstreamVersion: pins[name]?.upstreamVersion ?? '',
      relation,
      relations: relationsOf(name, relation, own),
      packages: Object.fromEntries(own.map((item) => [item.package, { version: item.version }])),
    };
  }
  const { distribution, release, codename, architectures, phpVersion } = profile.base;
  return {
    ...common,
    profile: { name: profile.name, description: profile.description },
    base: { distribution, release, codename, architectures, phpVersion },
    components,
    relations: Object.values(components)
      .flatMap((component) => component.relations)
      .sort((a, b) => byText(packageIn(a), packageIn(b))),
    extensions: extensions.map((one) => extensionVariable(one, extensions, packages[one.component])),
    phpPackages: [...php].sort(),
    schema: schema ?? { component: '', version: '', digest: '' },
    settings: profile.metapackage.settings,
  };
}

function extensionVariable(
  one: SetExtension,
  all: readonly SetExtension[],
  own: readonly SetPackage[] | undefined,
): ExtensionVariable {
  const { component, facts, folder, file: path, address } = one;
  return {
    component,
    ...{ name: facts.name, kind: facts.kind, folder, path, address },
    bundled: one.package === null,
    package: one.package ?? '',
    version: own?.find((item) => item.package === one.package)?.version ?? '',
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

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
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
