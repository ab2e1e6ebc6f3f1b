/**
 * Sources of kind `within`: a folder of another component's upstream tarball. Its version is read from the folder and
 * must satisfy what the surrounding tree demands. It fetches nothing: the parent's pin has the bytes.
 */
import { dirname, join } from 'node:path/posix';
import { debianVersionOf, isInRange } from '../deb/version.js';
import { LockstepError } from '../errors.js';
import { nearest } from '../profile/nearest.js';
import type { Choice } from './candidate.js';
import { allows, parseConstraint, plainVersion } from './composer.js';
import { treeOfPin, type ComponentTree } from './pin-kinds.js';
import type { SourceContext } from './source-context.js';
import type { Pin, StoredFile, WithinPin } from './pin.js';
import { knownAt, treeFacts, type TreeFacts } from './tree-facts.js';

type WithinChoice = Extract<Choice, { kind: 'within' }>;

/** What the surrounding trees say about a library. */
interface LibraryFacts {
  /** The surrounding tree's constraint on the library, from its composer.json; null if it has none. */
  demanded: string | null;
  /** The version in installed.json; null if no installed.json lists the library. */
  installed: string | null;
  /** Path of that installed.json. */
  installedFrom: string | null;
}

/**
 * The pin of a folder in a parent that was fetched.
 * @param parents pins of components that were fetched before, including the parent's
 * @throws LockstepError SOURCE_PATH_MISSING, RESOLVE_DEMAND, RESOLVE_UNSATISFIABLE (the profile's range),
 * SOURCE_DECLARATION, and what reading the tarball throws
 */
export async function fetchWithin(
  choice: WithinChoice,
  context: SourceContext,
  parents: ReadonlyMap<string, Pin>,
): Promise<WithinPin> {
  const parent = parents.get(choice.parent);
  if (parent === undefined) {
    throw new LockstepError('SOURCE_PATH_MISSING', {
      message: `The component ${choice.component} is within ${choice.parent}, which is not in the profile`,
      where: [{ path: `components.${choice.component}.source.component`, value: choice.parent }],
    });
  }
  const { archive, path: base } = parentTree(parent, choice);
  const path = join(base, choice.path);
  const facts = await treeFacts(archive, context);
  if (!facts.folders.includes(path)) throw pathMissing(choice, archive, path, facts.folders);
  const { library } = choice;
  let version = parent.upstreamVersion;
  let demanded: string | null = null;
  if (library !== undefined) {
    const found = libraryFacts(facts, base, path, library);
    ({ demanded } = found);
    version = versionOf(choice, archive, found);
    assertDemand(choice, parent, found, archive);
  }
  assertRange(choice, version, archive);
  return {
    kind: 'within',
    component: choice.component,
    within: choice.parent,
    path,
    ...(library === undefined ? {} : { library }),
    ...(demanded === null ? {} : { demanded }),
    archive,
    upstreamVersion: version,
    date: parent.date,
    provenance: [
      ...parent.provenance,
      { step: 'path in a proven tarball', subject: path, by: archive.name, sha256: archive.sha256 },
    ],
  };
}

/** The tree that contains it. @throws LockstepError SOURCE_PATH_MISSING */
function parentTree(parent: Pin, choice: WithinChoice): ComponentTree {
  const tree = treeOfPin(parent);
  if (tree !== null) return tree;
  throw new LockstepError('SOURCE_PATH_MISSING', {
    message: `The component ${choice.component} is within ${choice.parent}, which has no tarball of source code`,
    hint: 'Components of kind apt-binary have no tree of source code.',
    where: [{ path: `components.${choice.component}.source.component`, value: choice.parent }],
  });
}

function libraryFacts(tree: TreeFacts, base: string, path: string, library: string): LibraryFacts {
  const installedFrom =
    ancestorsOf(path)
      .map((folder) => `${folder}/composer/installed.json`)
      .find((file) => (knownAt(tree.installed, file) ?? knownAt(tree.faults, file)) !== undefined) ?? null;
  const libraries = installedFrom === null ? undefined : knownAt(tree.installed, installedFrom);
  const wanted = library.toLowerCase();
  const composer = knownAt(tree.composer, join(base, 'composer.json'));
  return {
    demanded: composer?.require.find(({ name }) => name === wanted)?.constraint ?? null,
    installed: libraries?.find(({ name }) => name === wanted)?.version ?? null,
    installedFrom,
  };
}

/** The folders above `path`, the nearest first: `vendor/wikimedia`, `vendor`. */
function ancestorsOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, parts.length - 1 - index).join('/'));
}

function versionOf(choice: WithinChoice, archive: StoredFile, facts: LibraryFacts): string {
  if (facts.installed === null) {
    throw new LockstepError('SOURCE_PATH_MISSING', {
      message: `${facts.installedFrom ?? 'vendor/composer/installed.json'} of ${archive.name} ${facts.installedFrom === null ? 'is missing' : `does not list ${choice.library}`}, so its version is not known`,
      hint: 'Correct "library" in the profile. Without it, the version of the surrounding component is used.',
      where: [{ path: `components.${choice.component}.source.library`, value: choice.library }],
    });
  }
  const version = plainVersion(facts.installed);
  if (version === null) {
    throw new LockstepError('RESOLVE_UNSATISFIABLE', {
      message: `${choice.library} in ${archive.name} is ${facts.installed}, a branch without a version number`,
      where: [{ file: facts.installedFrom ?? undefined, value: facts.installed }],
    });
  }
  return version;
}

function assertDemand(choice: WithinChoice, parent: Pin, facts: LibraryFacts, archive: StoredFile): void {
  if (facts.demanded === null || facts.installed === null) return;
  const constraint = parseConstraint(facts.demanded);
  if (constraint !== null && allows(constraint, facts.installed)) return;
  const who = `${parent.component} ${parent.upstreamVersion}`;
  throw new LockstepError('RESOLVE_DEMAND', {
    message:
      constraint === null
        ? `${who} demands ${choice.library} ${JSON.stringify(facts.demanded)} in its composer.json (${archive.name}), which is not a valid Composer constraint`
        : `${who} demands ${choice.library} ${facts.demanded} in its composer.json (${archive.name}), but ${choice.path} is ${facts.installed}, as ${facts.installedFrom} says`,
    hint: 'Use another version of the surrounding component, or report the contradiction to its upstream.',
    where: [{ file: 'composer.json', path: `require.${choice.library}`, value: facts.demanded }],
  });
}

/** Refuses a version outside the profile's range. The tree has only one version, so the range does not choose. */
function assertRange(choice: WithinChoice, version: string, archive: StoredFile): void {
  if (choice.range === undefined || isInRange(debianVersionOf(version), choice.range, 'any')) return;
  throw new LockstepError('RESOLVE_UNSATISFIABLE', {
    message: `No version of ${choice.component} matches the range ${choice.range}: ${version} in ${choice.path} of ${archive.name} is the only one`,
    hint: 'Widen the range, or use another version of the surrounding component.',
    where: [{ path: `components.${choice.component}.source.version`, value: choice.range }],
  });
}

function pathMissing(
  choice: WithinChoice,
  archive: StoredFile,
  path: string,
  folders: readonly string[],
): LockstepError {
  const beside = folders.filter((folder) => dirname(folder) === dirname(path));
  const near = nearest(path, beside);
  return new LockstepError('SOURCE_PATH_MISSING', {
    message: `The component ${choice.component} should be in ${path} of ${archive.name}, but there are no files`,
    hint: near === undefined ? 'Correct "path" in the profile.' : `Did you mean ${near}?`,
    where: [{ path: `components.${choice.component}.source.path`, value: choice.path }],
  });
}
