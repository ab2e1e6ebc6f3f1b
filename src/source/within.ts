/**
 * Sources of kind `within`: a folder of another component's upstream tarball,
 * its version read from what is there, and held against what the surrounding
 * tree demands. It fetches nothing: the parent's pin has the bytes.
 */
import { debianVersionOf, isInRange } from '../deb/version.js';
import { LockstepError } from '../errors.js';
import { nearest } from '../profile/nearest.js';
import type { Choice } from './candidate.js';
import { allows, parseConstraint, plainVersion } from './composer.js';
import { treeOfPin, type ComponentTree } from './pin-kinds.js';
import type { SourceContext } from './source-context.js';
import type { Pin, StoredFile, WithinPin } from './pin.js';
import { treeFacts, type TreeFacts } from './tree-facts.js';

type WithinChoice = Extract<Choice, { kind: 'within' }>;

/** What the tarball tells of a folder in it. */
interface FolderFacts {
  /** Whether there are files in it. */
  isThere: boolean;
  /** Folders beside the one that was looked for, and itself. */
  beside: string[];
  /** composer.json of the surrounding tree: its constraint on the library; null when there is none. */
  demanded: string | null;
  /** As installed.json has it; null when no installed.json lists the library. */
  installed: string | null;
  /** Path of that installed.json. */
  installedFrom: string | null;
}

/**
 * The pin of a folder in a parent that was fetched.
 * @param parents pins that were made already, its parent's among them
 * @throws LockstepError SOURCE_PATH_MISSING, RESOLVE_DEMAND, RESOLVE_UNSATISFIABLE (the range of the profile),
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
  const path = base === '' ? choice.path : `${base}/${choice.path}`;
  const facts = folderFacts(await treeFacts(archive, context), base, path, choice.library);
  if (!facts.isThere) throw pathMissing(choice, archive, path, facts);
  const version = choice.library === undefined ? parent.upstreamVersion : versionOf(choice, archive, facts);
  if (choice.library !== undefined) assertDemand(choice, parent, facts, archive);
  assertRange(choice, version, archive);
  return {
    kind: 'within',
    component: choice.component,
    within: choice.parent,
    path,
    ...(choice.library === undefined ? {} : { library: choice.library }),
    ...(facts.demanded === null ? {} : { demanded: facts.demanded }),
    archive,
    upstreamVersion: version,
    date: parent.date,
    provenance: [
      ...parent.provenance,
      {
        step: 'path in a proven tarball',
        subject: path,
        by: archive.name,
        sha256: archive.sha256,
      },
    ],
  };
}

/** The tree that it is in. @throws LockstepError SOURCE_PATH_MISSING */
function parentTree(parent: Pin, choice: WithinChoice): ComponentTree {
  const tree = treeOfPin(parent);
  if (tree !== null) return tree;
  throw new LockstepError('SOURCE_PATH_MISSING', {
    message: `The component ${choice.component} is within ${choice.parent}, which has no tarball of source code`,
    hint: 'Components of kind apt-binary have no tree of source code.',
    where: [{ path: `components.${choice.component}.source.component`, value: choice.parent }],
  });
}

function folderFacts(tree: TreeFacts, base: string, path: string, library: string | undefined): FolderFacts {
  const at = <T>(list: readonly [path: string, value: T][], wanted: string): T | undefined =>
    list.find(([found]) => found === wanted)?.[1];
  const parentFolder = ancestorsOf(path)[0] ?? '';
  const installedFrom =
    ancestorsOf(path)
      .map((folder) => `${folder}/composer/installed.json`)
      .find((file) => at(tree.installed, file) !== undefined || at(tree.faults, file) !== undefined) ?? null;
  const libraries = installedFrom === null ? undefined : at(tree.installed, installedFrom);
  const wanted = library?.toLowerCase();
  const composer = at(tree.composer, base === '' ? 'composer.json' : `${base}/composer.json`);
  return {
    isThere: tree.folders.includes(path),
    beside: tree.folders.filter((folder) => childOf(folder, parentFolder) !== null),
    demanded: composer?.require.find(({ name }) => name === wanted)?.constraint ?? null,
    installed: libraries?.find(({ name }) => name === wanted)?.version ?? null,
    installedFrom,
  };
}

/** The folders that hold `path`, the nearest first: `vendor/wikimedia`, `vendor`. */
function ancestorsOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, parts.length - 1 - index).join('/'));
}

/** The whole path of what lies directly in `folder`, or null. */
function childOf(path: string, folder: string): string | null {
  if (folder !== '' && !path.startsWith(`${folder}/`)) return null;
  const rest = folder === '' ? path : path.slice(folder.length + 1);
  return rest === '' || rest.includes('/') ? null : path;
}

function versionOf(choice: WithinChoice, archive: StoredFile, facts: FolderFacts): string {
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

function assertDemand(choice: WithinChoice, parent: Pin, facts: FolderFacts, archive: StoredFile): void {
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

/** The tree has one version and no other, so the range chooses none: whether it lies in it is all that is asked. */
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
  facts: FolderFacts,
): LockstepError {
  const near = nearest(path, facts.beside);
  return new LockstepError('SOURCE_PATH_MISSING', {
    message: `The component ${choice.component} should be in ${path} of ${archive.name}, but there are no files`,
    hint: near === undefined ? 'Correct "path" in the profile.' : `Did you mean ${near}?`,
    where: [{ path: `components.${choice.component}.source.path`, value: choice.path }],
  });
}
