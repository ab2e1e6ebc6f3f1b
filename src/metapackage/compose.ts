/**
 * Profile, pins, built packages and templates make the packages that hold a
 * set together: components of a tree, the metapackage, its config packages,
 * the keyring package. Decisions over data; reading templates and writing
 * packages are done elsewhere.
 */
import { debianVersionOf } from '../deb/version.js';
import { LockstepError } from '../errors.js';
import { sha256Of } from '../io/disk.js';
import type { Profile } from '../profile/profile-schema.js';
import type { Workspace } from '../profile/workspace-schema.js';
import type { ExtensionFacts } from '../source/extension-facts.js';
import { treeOfPin } from '../source/pin-kinds.js';
import type { Pin } from '../source/pin.js';
import { changelogLines } from './changelog-lines.js';
import {
  commonVariables,
  keyringVariables,
  packagesOfSet,
  setVariables,
  type ArchiveKey,
  type FollowedSets,
  type SchemaVariable,
} from './template-context.js';
import { composeExtension } from './extension-package.js';
import { extensionsOfSet, neededBy, type SetExtension } from './extension-set.js';
import { keyringPackageOf, keyringTemplate, packageOfTemplate } from './pinned-packages.js';
import type { SetPackage } from './relations.js';
import { planVersion, type VersionUse } from './revision.js';
import type { TemplateFolder } from './template-folder.js';
import { composeTemplate, type ComposedPackage } from './tree-from-template.js';

export interface SetInput {
  workspace: Workspace;
  profile: Profile;
  /** The profiles of the workspace that are good, this one among them: for the suites that templates may name. */
  profiles: readonly Profile[];
  pins: Readonly<Record<string, Pin>>;
  /** Packages of the components that were built by their debian/ directory, by component. */
  built: Readonly<Record<string, readonly SetPackage[]>>;
  /** Templates by name, at least those of the profile. */
  templates: ReadonlyMap<string, TemplateFolder>;
  key: Pick<ArchiveKey, 'fingerprint'>;
  /** The schema that the set's database needs; left out where it has none. */
  schema?: SchemaVariable | undefined;
  /** What extension.json or skin.json of a component says, by component; see `extensionComponents`. */
  extensions?: Readonly<Record<string, ExtensionFacts>> | undefined;
  /** Packages of PHP's extensions that the set demands: `php8.2-intl`. */
  php?: readonly string[] | undefined;
  /** Those of them that one component demands, by component: for the packages that are made of trees. */
  phpOf?: Readonly<Record<string, readonly string[]>> | undefined;
}

export interface KeyringInput extends FollowedSets {
  workspace: Workspace;
  template: TemplateFolder;
  key: ArchiveKey;
}

/** Packages of one source, which share a version, and what they are made from. */
export interface SourceGroup {
  /** Source package: the metapackage's name, or that of a component's package. */
  source: string;
  /** The component, where the group is one. */
  component?: string | undefined;
  version: string;
  /** sha256 over everything in the packages but their own version. */
  inputs: string;
  packages: ComposedPackage[];
}

/** The keyring package has no upstream: only its number distinguishes the versions. */
const keyringBaseVersion = '1';

/** The templates that a profile needs, and where it names each: those of its tree components, then its metapackage's. */
export function namedTemplates(profile: Profile): { name: string; path: (string | number)[] }[] {
  return [
    ...treeTemplates(profile).map(({ component, template }) => ({
      name: template,
      path: ['components', component, 'build', 'template'],
    })),
    ...profile.metapackage.templates.map((name, index) => ({
      name,
      path: ['metapackage', 'templates', index],
    })),
  ];
}

/** Their names. */
export function templatesOf(profile: Profile): string[] {
  return namedTemplates(profile).map(({ name }) => name);
}

/**
 * Plans the versions of a profile's packages and composes them: first each component with a tree, then the
 * metapackage with all its templates, whose relations contain the versions of the components.
 *
 * @param history versions that were assigned before
 * @throws LockstepError TEMPLATE_*, EXTENSION_INVALID, RESOLVE_UNSATISFIABLE, BUILD_OUTPUT, SOURCE_UNKNOWN_PACKAGE,
 * DEB_VERSION
 */
export async function planSet(input: SetInput, history: readonly VersionUse[]): Promise<SourceGroup[]> {
  const versions = new Map<string, string>();
  const groups: SourceGroup[] = [];
  const suffix = input.workspace.versionSuffix;
  for (const members of groupsOf(input)) {
    const { source, component, baseVersion } = members;
    const at = (version: string): Promise<ComposedPackage[]> => {
      for (const part of members.parts) versions.set(part.package, version);
      return composeGroup(input, members, version, versions);
    };
    // the digest covers the content without the package's own version; number 0 is never assigned
    const inputs = inputsOf(await at(`${baseVersion}+${suffix}0`));
    const version = planVersion(baseVersion, suffix, inputs, history, source);
    groups.push({ source, component, version, inputs, packages: await at(version) });
  }
  return groups;
}

/**
 * Plans the version of the keyring package and composes it.
 *
 * @throws LockstepError PROFILE_UNKNOWN where a suite's profile is not handed in, TEMPLATE_*
 */
export async function planKeyring(input: KeyringInput, history: readonly VersionUse[]): Promise<SourceGroup> {
  const { versionSuffix } = input.workspace;
  const source = keyringPackageOf(input.workspace);
  const inputs = inputsOf([await composeKeyring(input, `${keyringBaseVersion}+${versionSuffix}0`)]);
  // Every machine of the archive has it, whatever it follows
  const own = history.map((use) => ({ ...use, isOwn: true }));
  const version = planVersion(keyringBaseVersion, versionSuffix, inputs, own, source);
  return { source, version, inputs, packages: [await composeKeyring(input, version)] };
}

/**
 * Composes the keyring package at a given version.
 *
 * @throws LockstepError PROFILE_UNKNOWN, TEMPLATE_*
 */
export async function composeKeyring(input: KeyringInput, version: string): Promise<ComposedPackage> {
  const { workspace, profiles, imported, key, template } = input;
  const absent = Object.values(workspace.suites).find(
    (suite) => ![...profiles, ...imported].some((profile) => profile.name === suite.profile),
  );
  if (absent !== undefined) {
    // a pin that leaves a profile's packages out would be worse than no keyring package
    throw new LockstepError('PROFILE_UNKNOWN', {
      message: `The keyring package needs the profiles of all suites, but ${absent.profile} has faults`,
      hint: `Run: lockstep check ${absent.profile}`,
    });
  }
  const variables = keyringVariables(workspace, input, key);
  const name = packageOfTemplate(workspace, keyringTemplate);
  return composeTemplate({
    folder: template,
    package: name,
    source: name,
    version,
    maintainer: workspace.archive.maintainer,
    date: key.date,
    variables,
    changelog: {
      distribution: 'unstable',
      lines: [
        `The key ${key.fingerprint} of the archive ${workspace.archive.origin}`,
        ...variables.suites.map((suite) => `Suite ${suite.name} (${suite.profile}, ${suite.trust})`),
      ],
    },
    key: key.binary,
  });
}

/** sha256 over the content of packages, whatever the order of their parts. */
export function inputsOf(packages: readonly ComposedPackage[]): string {
  const sorted = [...packages].sort((a, b) => (a.package < b.package ? -1 : 1));
  return sha256Of(JSON.stringify(sorted.map(digestible)));
}

/** A package that is made of a template or of an extension. */
type Part = { package: string; template: string } | { package: string; extension: Packaged };

interface Members {
  source: string;
  component: string | undefined;
  baseVersion: string;
  parts: Part[];
}

type Packaged = SetExtension & { package: string };

const isPackaged = (extension: SetExtension): extension is Packaged => extension.package !== null;

function treeTemplates(profile: Profile): { component: string; template: string }[] {
  return Object.entries(profile.components).flatMap(([component, { build }]) =>
    build?.method === 'tree' && build.template !== undefined ? [{ component, template: build.template }] : [],
  );
}

function groupsOf(input: SetInput): Members[] {
  const { workspace, profile, pins } = input;
  const versionOf = (component: string): string => debianVersionOf(pinOf(pins, component).upstreamVersion);
  const partOf = (template: string): Part => ({ package: packageOfTemplate(workspace, template), template });
  const groupOf = (component: string, part: Part): Members => {
    return { source: part.package, component, baseVersion: versionOf(component), parts: [part] };
  };
  const { name, lead, templates } = profile.metapackage;
  return [
    ...treeTemplates(profile).map(({ component, template }) => groupOf(component, partOf(template))),
    // Each after those that it needs: it names their versions
    ...setExtensions(input)
      .filter(isPackaged)
      .map((extension) => groupOf(extension.component, { package: extension.package, extension })),
    { source: name, component: undefined, baseVersion: versionOf(lead), parts: templates.map(partOf) },
  ];
}

function setExtensions({ workspace, profile, pins, extensions = {} }: SetInput): SetExtension[] {
  return extensionsOfSet(workspace, profile, pins, extensions);
}

function pinOf(pins: SetInput['pins'], component: string): Pin {
  const pin = pins[component];
  if (pin === undefined) throw new Error(`component ${component} has no pin: compose comes after resolve`);
  return pin;
}

async function composeGroup(
  input: SetInput,
  { source, component, parts }: Members,
  version: string,
  versions: ReadonlyMap<string, string>,
): Promise<ComposedPackage[]> {
  const { workspace, profile, profiles, pins, built, templates, key, schema } = input;
  const set = packagesOfSet(workspace, profile, pins, built, Object.fromEntries(versions));
  const extensions = setExtensions(input);
  const pin = component === undefined ? undefined : pinOf(pins, component);
  const shared = {
    version,
    maintainer: workspace.archive.maintainer,
    date: pin?.date ?? Math.max(...Object.values(pins).map((other) => other.date)),
    changelog: { distribution: profile.base.codename, lines: changelogLines(profile, pins, set, pin) },
    tree: pin === undefined ? undefined : (treeOfPin(pin) ?? undefined),
  };
  const ofExtension = (extension: Packaged): Promise<ComposedPackage> => {
    if (shared.tree === undefined) throw new Error(`component ${component} has no tree`);
    return composeExtension({
      ...{ ...shared, extension, tree: shared.tree },
      mediawiki: Object.values(set)
        .flat()
        .find((item) => item.package === 'mediawiki')?.version,
      needs: neededBy(extension, extensions)
        .filter(isPackaged)
        .map((other) => ({ package: other.package, version: versions.get(other.package) })),
      php: input.phpOf?.[extension.component] ?? [],
    });
  };
  const common = commonVariables(workspace, profiles, key);
  const more = { schema, extensions, php: input.php };
  let variables: ReturnType<typeof setVariables> | undefined;
  const packages: ComposedPackage[] = [];
  for (const part of parts) {
    if ('extension' in part) {
      packages.push(await ofExtension(part.extension));
      continue;
    }
    const folder = templates.get(part.template);
    if (folder === undefined) throw new Error(`template ${part.template} was not read`);
    variables ??= setVariables(common, profile, pins, set, more);
    packages.push(await composeTemplate({ ...shared, folder, package: part.package, source, variables }));
  }
  return packages;
}

/**
 * Sorts keys at every depth and replaces contents by their hash, so that the digest depends only on the data.
 */
function digestible(value: unknown): unknown {
  if (value instanceof Uint8Array) return { sha256: sha256Of(value) };
  if (Array.isArray(value)) return value.map(digestible);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]): unknown => [key, digestible(inner)]);
}
