/**
 * Sources of kind `within`: a folder of another component's upstream tarball,
 * its version read from what is there, and held against what the surrounding
 * tree demands. It fetches nothing: the parent's pin has the bytes.
 */
import { debianVersionOf, isInRange } from '../deb/version.js';
import { LockstepError } from '../errors.js';
import { collect } from '../io/bytes.js';
import { sha256Of } from '../io/disk.js';
import type { Phase } from '../io/progress.js';
import { nearest } from '../profile/nearest.js';
import { readCached, writeCached } from './cache-file.js';
import type { Choice } from './candidate.js';
import { allows, parseConstraint, plainVersion } from './composer.js';
import { demandIn, installedIn } from './composer-files.js';
import type { SourceContext } from './context.js';
import type { Pin, StoredFile, WithinPin } from './pin.js';
import { readSourceTree } from './source-tree.js';

type WithinChoice = Extract<Choice, { kind: 'within' }>;

/** What one reading of a tarball tells of a folder in it. */
interface TreeFacts {
  /** Regular files below the folder. */
  files: number;
  /** Folders beside the one that was looked for, when it is not there. */
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
 * @throws LockstepError SOURCE_PATH_MISSING, RESOLVE_DEMAND, RESOLVE_UNSATISFIABLE (the range of the profile),
 * and what reading the tarball throws
 */
export async function fetchWithin(
  choice: WithinChoice,
  parent: Pin,
  context: SourceContext,
  phase: Phase,
): Promise<WithinPin> {
  const { archive, base } = treeOf(parent, choice);
  const path = base === '' ? choice.path : `${base}/${choice.path}`;
  const facts = await treeFacts(archive, base, path, choice.library, context, phase);
  if (facts.files === 0) throw pathMissing(choice, archive, path, facts);
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

/** The parent's upstream tarball, and the folder in it that is the parent's own tree. */
function treeOf(parent: Pin, choice: WithinChoice): { archive: StoredFile; base: string } {
  switch (parent.kind) {
    case 'within':
      return { archive: parent.archive, base: parent.path };
    case 'apt-source': {
      const archive =
        parent.files.find((file) => /\.orig\.tar\.[a-z0-9]+$/.test(file.name)) ??
        parent.files.find((file) => /(?<!\.debian)\.tar\.[a-z0-9]+$/.test(file.name));
      if (archive !== undefined) return { archive, base: '' };
      break;
    }
    case 'apt-binary':
      break;
  }
  throw new LockstepError('SOURCE_PATH_MISSING', {
    message: `The component ${choice.component} is within ${choice.parent}, which has no tarball of source code`,
    hint: 'Only components of kind apt-source, or within one, have a tree.',
    where: [{ path: `components.${choice.component}.source.component`, value: choice.parent }],
  });
}

async function treeFacts(
  archive: StoredFile,
  base: string,
  path: string,
  library: string | undefined,
  context: SourceContext,
  phase: Phase,
): Promise<TreeFacts> {
  const name = `${archive.sha256}-${sha256Of(JSON.stringify([base, path, library ?? null])).slice(0, 16)}`;
  const kept = await readCached<TreeFacts>(context, 'trees', name);
  if (kept !== undefined) return kept;
  const facts = await readFacts(archive, base, path, library, context, phase);
  await writeCached(context, 'trees', name, facts);
  return facts;
}

async function readFacts(
  archive: StoredFile,
  base: string,
  path: string,
  library: string | undefined,
  context: SourceContext,
  phase: Phase,
): Promise<TreeFacts> {
  const composerPath = base === '' ? 'composer.json' : `${base}/composer.json`;
  const installedPaths = ancestorsOf(path).map((folder) => `${folder}/composer/installed.json`);
  const parentFolder = ancestorsOf(path)[0] ?? '';
  const texts = new Map<string, string>();
  const beside = new Set<string>();
  let files = 0;
  const item = phase.item(`reading ${archive.name}`, { totalBytes: archive.size });
  try {
    const options = { signal: context.signal, onBytes: (bytes: number) => item.advance(bytes) };
    for await (const member of readSourceTree(context.store, archive, base, options)) {
      const full = base === '' ? member.path : `${base}/${member.path}`;
      if (full.startsWith(`${path}/`) && member.kind === 'file') files += 1;
      const sibling = childOf(full, parentFolder);
      if (sibling !== null && member.kind === 'dir') beside.add(sibling);
      if (member.kind === 'file' && (full === composerPath || installedPaths.includes(full))) {
        texts.set(full, (await collect(member.body)).toString('utf8'));
      }
    }
    item.done();
  } catch (error) {
    item.fail(error instanceof Error ? error.message : String(error));
    throw error;
  }
  const composer = texts.get(composerPath);
  const installedFrom = installedPaths.find((candidate) => texts.has(candidate)) ?? null;
  const versions = installedFrom === null ? undefined : installedIn(texts.get(installedFrom)!);
  return {
    files,
    beside: files > 0 ? [] : [...beside],
    demanded: composer === undefined || library === undefined ? null : (demandIn(composer, library) ?? null),
    installed: library === undefined ? null : (versions?.get(library.toLowerCase()) ?? null),
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

function versionOf(choice: WithinChoice, archive: StoredFile, facts: TreeFacts): string {
  if (facts.installed === null) {
    throw new LockstepError('SOURCE_PATH_MISSING', {
      message: `${facts.installedFrom ?? 'vendor/composer/installed.json'} of ${archive.name} ${facts.installedFrom === null ? 'is not there' : `does not list ${choice.library}`}, so its version is not known`,
      hint: 'Correct "library" in the profile; without it the version of the surrounding component is taken.',
      where: [{ path: `components.${choice.component}.source.library`, value: choice.library }],
    });
  }
  const version = plainVersion(facts.installed);
  if (version === null) {
    throw new LockstepError('RESOLVE_UNSATISFIABLE', {
      message: `${choice.library} in ${archive.name} is of ${facts.installed}, a branch without a version number`,
      where: [{ file: facts.installedFrom ?? undefined, value: facts.installed }],
    });
  }
  return version;
}

function assertDemand(choice: WithinChoice, parent: Pin, facts: TreeFacts, archive: StoredFile): void {
  if (facts.demanded === null || facts.installed === null) return;
  const constraint = parseConstraint(facts.demanded);
  if (constraint !== null && allows(constraint, facts.installed)) return;
  const who = `${parent.component} ${parent.upstreamVersion}`;
  throw new LockstepError('RESOLVE_DEMAND', {
    message:
      constraint === null
        ? `${who} demands ${choice.library} ${JSON.stringify(facts.demanded)} in its composer.json (${archive.name}), which is no constraint that Composer knows`
        : `${who} demands ${choice.library} ${facts.demanded} in its composer.json (${archive.name}), but ${choice.path} is ${facts.installed}, as ${facts.installedFrom} says`,
    hint: 'Take another version of the surrounding component, or report it to its upstream: it does not fit itself.',
    where: [{ file: 'composer.json', path: `require.${choice.library}`, value: facts.demanded }],
  });
}

function assertRange(choice: WithinChoice, version: string, archive: StoredFile): void {
  if (choice.range === undefined || isInRange(debianVersionOf(version), choice.range)) return;
  throw new LockstepError('RESOLVE_UNSATISFIABLE', {
    message: `No version of ${choice.component} fits ${choice.range}: there is ${version} in ${choice.path} of ${archive.name}, and no other`,
    hint: 'Widen the range, or take another version of the surrounding component.',
    where: [{ path: `components.${choice.component}.source.version`, value: choice.range }],
  });
}

function pathMissing(
  choice: WithinChoice,
  archive: StoredFile,
  path: string,
  facts: TreeFacts,
): LockstepError {
  const near = nearest(path, facts.beside);
  return new LockstepError('SOURCE_PATH_MISSING', {
    message: `The component ${choice.component} is to be in ${path} of ${archive.name}, and there are no files there`,
    hint: near === undefined ? 'Correct "path" in the profile.' : `Did you mean ${near}?`,
    where: [{ path: `components.${choice.component}.source.path`, value: choice.path }],
  });
}
