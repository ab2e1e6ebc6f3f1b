/**
 * The configuration of this machine's apt: sources.list(5) in both forms, lists behind mirror+file:, and the
 * settings for dates and proxies. It only reads; mirror.ts decides which entry is Debian's.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseStanzas } from '../deb/deb822.js';
import { LockstepError } from '../errors.js';
import { namesIn, readIfThere, removeTree, tempDir, writeFileAtomic } from '../io/disk.js';
import { answerOf } from '../io/process.js';
import { parseAptDump, proxyDetector, type AptAccess, type AptSettings } from './apt-access.js';

/** One suite of one entry. */
export interface AptEntry {
  file: string;
  line: number;
  /** Those that can be fetched (http, https, file), lists of mirrors taken apart; may be empty. */
  uris: string[];
  suite: string;
  areas: string[];
  /** Path or key, null when the entry has none. */
  signedBy: string | null;
  /** The entry's own word on Valid-Until, null when it has none. */
  checkValidUntil: boolean | null;
}

export interface AptConfiguration {
  entries: AptEntry[];
  /** The files that were read. */
  files: string[];
  /** Where Acquire::Check-Valid-Until is turned off, `file:line`; null where it is not. */
  datesIgnoredBy: string | null;
  access: AptAccess;
}

/** A file of apt's configuration. */
export interface AptFile {
  path: string;
  text: string;
}

const aptFolder = '/etc/apt';

/** An apt that knows nothing: for tests, and machines without one. */
export const noAptConfiguration: AptConfiguration = {
  entries: [],
  files: [],
  datesIgnoredBy: null,
  access: { settings: new Map(), accounts: [] },
};

const oneLine = /^deb(?:-src)?\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)(?:\s+(.*))?$/;

/** Entries of a one-line file (`*.list`). It ignores invalid lines: apt reports them. */
export function parseSourcesList({ path, text }: AptFile): AptEntry[] {
  const entries: AptEntry[] = [];
  text.split('\n').forEach((raw, index) => {
    const match = oneLine.exec(raw.replace(/#.*$/, '').trim());
    if (!match) return;
    const [, optionText = '', uri, suite, areas = ''] = match;
    const option = (name: string): string | undefined =>
      [...optionText.matchAll(new RegExp(`(?<!\\S)${name}=(\\S*)`, 'gi'))].at(-1)?.[1];
    entries.push({
      file: path,
      line: index + 1,
      uris: [uri!],
      suite: suite!,
      areas: words(areas),
      signedBy: option('signed-by') ?? null,
      checkValidUntil: yesNo(option('check-valid-until')),
    });
  });
  return entries;
}

/** Entries of a deb822 file (`*.sources`), one for each suite. A file that cannot be read gives none. */
export function parseSourcesStanzas({ path, text }: AptFile): AptEntry[] {
  let stanzas;
  try {
    stanzas = parseStanzas(text, { file: path });
  } catch (error) {
    if (error instanceof LockstepError) return [];
    throw error;
  }
  return stanzas
    .filter((stanza) => !/^(?:no|false|without|off|disable|0)$/i.test(stanza.get('Enabled') ?? 'yes'))
    .filter((stanza) => words(stanza.get('Types')).some((type) => type === 'deb' || type === 'deb-src'))
    .flatMap((stanza) =>
      words(stanza.get('Suites')).map((suite) => ({
        file: path,
        line: stanza.placeOf('URIs').line ?? 1,
        uris: words(stanza.get('URIs')),
        suite,
        areas: words(stanza.get('Components')),
        signedBy: stanza.get('Signed-By')?.trim() ?? null,
        checkValidUntil: yesNo(stanza.get('Check-Valid-Until')),
      })),
    );
}

/** URIs of a list behind `mirror+file:` (apt-transport-mirror(1)), best priority first. */
export function parseMirrorList(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*$/, '').trim().split(/\s+/))
    .filter(([uri]) => uri !== undefined && uri !== '')
    .map(([uri, ...options]) => {
      const priority = options.find((option) => option.startsWith('priority:'))?.slice(9);
      return { uri: uri!, priority: priority === undefined ? Infinity : Number(priority) };
    })
    .sort((a, b) => (a.priority === b.priority ? 0 : a.priority - b.priority))
    .map(({ uri }) => uri);
}

/**
 * What the files of apt.conf(5) say of dates, in the order in which apt reads them; the last one wins. `apt-config`
 * shows the value, but not the place.
 */
export function parseAptSettings(files: readonly AptFile[]): Pick<AptConfiguration, 'datesIgnoredBy'> {
  const lines = files
    .flatMap(({ path, text: whole }) =>
      whole.split('\n').map((line, index) => ({ line, place: `${path}:${index + 1}` })),
    )
    .filter(({ line }) => !/^\s*(?:\/\/|#)/.test(line));
  const text = lines.map(({ line }) => line).join('\n');
  const check = [...text.matchAll(/(?<=^|[\s:{;])Check-Valid-Until\s+"?([^";\s]+)"?\s*;/gi)].at(-1);
  const checkedAt = lines[text.slice(0, check?.index).split('\n').length - 1]?.place;
  return { datesIgnoredBy: yesNo(check?.[1]) === false ? (checkedAt ?? null) : null };
}

/**
 * Reads apt's configuration. Files that are missing or that this user may not
 * read count as not there: apt as root may know more than we do.
 * @param root apt's own folder; another one in tests
 */
export async function readAptConfiguration(root = aptFolder): Promise<AptConfiguration> {
  const sources = [
    ...(await readFiles(root, ['sources.list'])),
    ...(await readFiles(join(root, 'sources.list.d'), /\.(?:list|sources)$/)),
  ];
  const settings = [
    ...(await readFiles(join(root, 'apt.conf.d'), /^[^.]+(?:\.conf)?$/)),
    ...(await readFiles(root, ['apt.conf'])),
  ];
  const entries = sources.flatMap((file) =>
    file.path.endsWith('.sources') ? parseSourcesStanzas(file) : parseSourcesList(file),
  );
  return {
    entries: await Promise.all(
      entries.map(async (entry) => ({
        ...entry,
        uris: (await Promise.all(entry.uris.map(fetchable))).flat(),
      })),
    ),
    files: sources.map((file) => file.path),
    ...parseAptSettings(settings),
    access: {
      settings: await readSettings(root),
      accounts: [
        ...(await readFiles(root, ['auth.conf'])),
        ...(await readFiles(join(root, 'auth.conf.d'), /^[\w.-]+\.conf$/)),
      ].map(({ text }) => text),
    },
  };
}

/** By apt's own program, which knows all forms of its files. */
async function readSettings(root: string): Promise<AptSettings> {
  const dump = async (env: Record<string, string>): Promise<AptSettings> =>
    parseAptDump((await answerOf('apt-config', ['dump'], { env })) ?? '');
  if (root === aptFolder) return await dump({});
  const folder = await tempDir(tmpdir(), 'lockstep-apt-');
  try {
    const file = join(folder, 'apt.conf');
    await writeFileAtomic(file, `Dir::Etc "${root}";\n`, { fsync: false });
    return await dump({ APT_CONFIG: file });
  } finally {
    await removeTree(folder);
  }
}

/**
 * Asks the programs of `Acquire::http::Proxy-Auto-Detect` for the proxy of each host, as apt does. A program that fails
 * or prints nothing changes nothing.
 */
export async function detectProxies(access: AptAccess, uris: readonly string[]): Promise<AptAccess> {
  const settings = new Map(access.settings);
  for (const url of uris.map((uri) => new URL(uri))) {
    const detector = proxyDetector(settings, url);
    const name = `acquire::${url.protocol}:proxy::${url.hostname}`;
    if (detector === undefined || settings.has(name)) continue;
    const answer = (await answerOf(detector, [url.href], {}))?.split('\n', 1)[0]?.trim() ?? '';
    if (answer !== '') settings.set(name, answer);
  }
  return { ...access, settings };
}

async function fetchable(uri: string): Promise<string[]> {
  if (/^mirror\+file:/.test(uri)) {
    const list = uri.slice('mirror+'.length);
    if (!URL.canParse(list) || new URL(list).hostname !== '') return [];
    return parseMirrorList((await readable(fileURLToPath(list))) ?? '').filter(isPlain);
  }
  return isPlain(uri) ? [uri.replace(/^copy:/, 'file:')] : [];
}

function isPlain(uri: string): boolean {
  return /^(?:https?|file|copy):/.test(uri);
}

async function readFiles(folder: string, wanted: readonly string[] | RegExp): Promise<AptFile[]> {
  const names =
    wanted instanceof RegExp ? (await namesIn(folder)).filter((name) => wanted.test(name)).sort() : wanted;
  const files = await Promise.all(
    names.map(async (name) => ({ path: join(folder, name), text: await readable(join(folder, name)) })),
  );
  return files.flatMap(({ path, text }) => (text === undefined ? [] : [{ path, text }]));
}

/** Some hide sources with passwords in them from other users; that file is then not ours to use. */
async function readable(path: string): Promise<string | undefined> {
  try {
    return (await readIfThere(path))?.toString('utf8');
  } catch (error) {
    if (error instanceof LockstepError && error.code === 'DISK_IO') return undefined;
    throw error;
  }
}

function words(value: string | undefined): string[] {
  return (value ?? '').split(/\s+/).filter((word) => word !== '');
}

function yesNo(value: string | undefined): boolean | null {
  if (value === undefined) return null;
  return !/^(?:no|false|without|off|disable|0)$/i.test(value.trim());
}
