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
  type Read,
} from './composer-files.js';
import { sessionOf, type SourceContext } from './source-context.js';
import { faultAt, parseJson, type FieldFault } from './declared-json.js';
import { extensionDeclaration, type ExtensionDeclaration } from './extension-requires.js';
import type { StoredFile } from './pin.js';
import { eachFile } from './source-tree.js';

/** By path below the tarball's top folder: pairs, because any name may be a path. */
export type KnownOf<T> = [path: string, known: T][];

/** JSON, for the cache. */
export interface TreeFacts {
  /** Every folder that has a regular file somewhere below it. */
  folders: string[];
  /** composer.json. */
  composer: KnownOf<ComposerFacts>;
  /** composer/installed.json of a vendor folder. */
  installed: KnownOf<InstalledLibrary[]>;
  /** extension.json and skin.json. */
  extensions: KnownOf<ExtensionDeclaration>;
  /** includes/Defines.php: the version of MediaWiki that it defines. */
  mediawiki: KnownOf<string>;
  /** What is wrong with any of these files. */
  faults: KnownOf<FieldFault[]>;
}

/** What is known of one path; undefined for nothing. */
export function knownAt<T>(list: KnownOf<T>, path: string): T | undefined {
  return list.find(([found]) => found === path)?.[1];
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
    if (readerOf(path) === undefined) return;
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

/** The files that declare something, and how each is read. */
const readers: readonly [
  path: RegExp,
  read: (path: string, text: string, facts: TreeFacts) => readonly FieldFault[],
][] = [
  [/(?:^|\/)composer\.json$/, ofJson(composerFacts, ({ composer }) => composer)],
  [/(?:^|\/)composer\/installed\.json$/, ofJson(installedFacts, ({ installed }) => installed)],
  [/(?:^|\/)(?:extension|skin)\.json$/, ofJson(extensionDeclaration, ({ extensions }) => extensions)],
  [
    /(?:^|\/)includes\/Defines\.php$/,
    (path, text, { mediawiki }) => {
      const version = /\bdefine\(\s*(['"])MW_VERSION\1\s*,\s*(['"])([^'"\r\n]{1,80})\2\s*\)/.exec(text)?.[3];
      if (version !== undefined) mediawiki.push([path, version]);
      return [];
    },
  ],
];

function ofJson<T>(read: (json: unknown) => Read<T | null>, listOf: (facts: TreeFacts) => KnownOf<T>) {
  return (path: string, text: string, facts: TreeFacts): readonly FieldFault[] => {
    const parsed = parseJson(text);
    if (!('json' in parsed)) return [parsed];
    const { facts: known, faults } = read(parsed.json);
    if (known !== null) listOf(facts).push([path, known]);
    return faults;
  };
}

function readerOf(path: string) {
  return readers.find(([spec]) => spec.test(path))?.[1];
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
    const faults = typeof text === 'string' ? (readerOf(path)?.(path, text, facts) ?? []) : [text];
    if (faults.length > 0) facts.faults.push([path, faults.slice(0, mostFaults)]);
  }
  return facts;
}

function tooMany(archive: StoredFile): LockstepError {
  return new LockstepError('SOURCE_DECLARATION', {
    message: `${archive.name} has more composer.json, installed.json and extension.json files than the limit (${mostFiles}, or ${mostBytes / mebibyte} MiB)`,
    where: [{ file: archive.name }],
  });
}
