/**
 * One reading of a tarball of source code, for everything that is asked of
 * its tree later: which folders there are, and what the files say in which
 * software declares itself. Kept under the tarball's hash, so that MediaWiki's
 * 90 MB are decompressed once, however many components are within it.
 *
 * Nothing is judged here: a broken file in a folder that no component is made
 * of is nobody's fault.
 */
import { LockstepError } from '../errors.js';
import { collect } from '../deb/bytes.js';
import { cached } from './cache-file.js';
import {
  composerFacts,
  installedFacts,
  type ComposerFacts,
  type InstalledLibrary,
} from './composer-files.js';
import { sessionOf, type SourceContext } from './source-context.js';
import { faultAt, parseJson, type FieldFault } from './declared-json.js';
import { extensionDeclaration, type ExtensionDeclaration } from './extension-requires.js';
import type { StoredFile } from './pin.js';
import { eachFile } from './source-tree.js';

/** By path below the tarball's top folder. JSON, for the cache; pairs, because any name may be a path. */
export interface TreeFacts {
  /** Every folder that has a regular file somewhere below it. */
  folders: string[];
  /** composer.json. */
  composer: [path: string, facts: ComposerFacts][];
  /** composer/installed.json of a vendor folder. */
  installed: [path: string, libraries: InstalledLibrary[]][];
  /** extension.json and skin.json. */
  extensions: [path: string, declaration: ExtensionDeclaration][];
  /** includes/Defines.php: the version of MediaWiki that it defines. */
  mediawiki: [path: string, version: string][];
  /** What is wrong with any of these files. */
  faults: [path: string, faults: FieldFault[]][];
}

const mebibyte = 1024 * 1024;
/** installed.json of MediaWiki has 200 kB. */
const largestFile = 4 * mebibyte;
/** Of all such files of a tarball: MediaWiki has about 200 with 2 MB. */
const mostFiles = 5000;
const mostBytes = 64 * mebibyte;
const mostFaults = 20;

/** Part of the cached file's name: raised when a file is read otherwise than before. */
const reading = 1;

/** @throws LockstepError SOURCE_DECLARATION (more such files than any software has), and what reading the tarball throws */
export async function treeFacts(archive: StoredFile, context: SourceContext): Promise<TreeFacts> {
  const name = `${archive.sha256}-declarations-${reading}`;
  return await sessionOf(context).once(`tree ${archive.sha256}`, () =>
    cached(context, 'trees', name, () => readFacts(archive, context)),
  );
}

async function readFacts(archive: StoredFile, context: SourceContext): Promise<TreeFacts> {
  const folders = new Set<string>();
  const texts = new Map<string, string | FieldFault>();
  let bytes = 0;
  await eachFile(archive, context, async ({ path, size, body }) => {
    addFolders(path, folders);
    if (kindOf(path) === null) return;
    if (size > largestFile) {
      texts.set(path, faultAt('', undefined, `is larger than ${largestFile / mebibyte} MiB`));
      return;
    }
    bytes += size;
    if (texts.size >= mostFiles || bytes > mostBytes) throw tooMany(archive);
    texts.set(path, (await collect(body)).toString('utf8'));
  });
  return factsOf(folders, texts);
}

function addFolders(path: string, folders: Set<string>): void {
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    const folder = path.slice(0, slash);
    if (folders.has(folder)) return;
    folders.add(folder);
  }
}

type DeclaringFile = 'composer' | 'installed' | 'extension' | 'mediawiki';

function kindOf(path: string): DeclaringFile | null {
  switch (path.slice(path.lastIndexOf('/') + 1)) {
    case 'composer.json':
      return 'composer';
    case 'installed.json':
      return /(?:^|\/)composer\/installed\.json$/.test(path) ? 'installed' : null;
    case 'extension.json':
    case 'skin.json':
      return 'extension';
    case 'Defines.php':
      return /(?:^|\/)includes\/Defines\.php$/.test(path) ? 'mediawiki' : null;
    default:
      return null;
  }
}

/** What the files say, by path; of a file that could not be read its fault. Pure. */
export function factsOf(
  folders: ReadonlySet<string>,
  texts: ReadonlyMap<string, string | FieldFault>,
): TreeFacts {
  const facts: TreeFacts = {
    folders: [...folders].sort(),
    composer: [],
    installed: [],
    extensions: [],
    mediawiki: [],
    faults: [],
  };
  for (const [path, text] of [...texts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const faults = typeof text === 'string' ? addFacts(facts, path, text) : [text];
    if (faults.length > 0) facts.faults.push([path, faults.slice(0, mostFaults)]);
  }
  return facts;
}

function addFacts(facts: TreeFacts, path: string, text: string): FieldFault[] {
  const kind = kindOf(path);
  if (kind === 'mediawiki') {
    const version = /\bdefine\(\s*(['"])MW_VERSION\1\s*,\s*(['"])([^'"\r\n]{1,80})\2\s*\)/.exec(text)?.[3];
    if (version !== undefined) facts.mediawiki.push([path, version]);
    return [];
  }
  const parsed = parseJson(text);
  if (!('json' in parsed)) return [parsed];
  switch (kind) {
    case 'composer': {
      const read = composerFacts(parsed.json);
      facts.composer.push([path, read.facts]);
      return read.faults;
    }
    case 'installed': {
      const read = installedFacts(parsed.json);
      facts.installed.push([path, read.facts]);
      return read.faults;
    }
    case 'extension': {
      const read = extensionDeclaration(parsed.json);
      if (read.facts !== null) facts.extensions.push([path, read.facts]);
      return read.faults;
    }
    case null:
      return [];
  }
}

function tooMany(archive: StoredFile): LockstepError {
  return new LockstepError('SOURCE_DECLARATION', {
    message: `${archive.name} has more composer.json, installed.json and extension.json files than the limit (${mostFiles}, or ${mostBytes / mebibyte} MiB)`,
    where: [{ file: archive.name }],
  });
}
