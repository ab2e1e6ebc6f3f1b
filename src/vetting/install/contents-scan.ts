/**
 * Which packages of the base distribution have certain files, by its Contents
 * indices: large (34 MB packed, 500 unpacked), so they are read as a stream,
 * and what was found is kept.
 */
import { z } from 'zod';
import { decompressByName } from '../../io/compress.js';
import { lacksBlob } from '../../io/damaged-blob.js';
import { sha256Of } from '../../io/disk.js';
import type { Phase } from '../../io/progress.js';
import { toldIn, type SourceContext } from '../../source/source-context.js';
import { fetchIndex, type ListedIndex } from '../../source/fetch-index.js';
import { openReleases } from '../../source/apt-archive.js';
import { canonicalPath } from './overlaps.js';
import { keptVerdict } from './verdicts.js';

/** The archive area of the base that sets use. */
const area = 'main';
/** Raised when {@link ownersIn} would find something else. */
const format = 1;

/** Paths of the set, as in the package, each with the base's packages that also contain it. */
const baseOwners = z.array(z.object({ path: z.string(), owners: z.array(z.string()) }));
type BaseOwners = z.infer<typeof baseOwners>;

/**
 * The Contents of every suite of the base that has any, for one architecture; those that hold nothing (as those
 * of Debian's security archive) are left out.
 *
 * @throws LockstepError as openRelease
 */
export async function contentsIndices(
  context: SourceContext,
  architecture: string,
  phase: Phase,
): Promise<ListedIndex[]> {
  const releases = await openReleases(toldIn(phase, context));
  return releases.flatMap((release) =>
    [architecture, 'all'].flatMap((name) => {
      const { sha256 } = release.release;
      const plain = `${area}/Contents-${name}`;
      if (sha256.get(plain)?.size === 0) return [];
      const path = [`${plain}.xz`, `${plain}.gz`].find((one) => sha256.has(one));
      return path === undefined ? [] : [{ release, path, hash: sha256.get(path)! }];
    }),
  );
}

/**
 * The base's packages that contain files of the set, except packages with the same name as the package of the
 * set.
 *
 * @param wanted paths of the set with the names of the packages that contain them
 * @throws LockstepError NET_*, SOURCE_HASH_MISMATCH, STORE_*, DATA_DAMAGED, DISK_*, INTERRUPTED
 */
export async function ownersIn(
  index: ListedIndex,
  wanted: ReadonlyMap<string, ReadonlySet<string>>,
  context: SourceContext,
  { cache, phase }: { cache: string; phase: Phase },
): Promise<BaseOwners> {
  const listed = [...wanted].map(([path, names]) => `${path}\t${[...names].sort().join(' ')}`);
  const of = [`contents ${format}`, index.hash.sha256, sha256Of(listed.sort().join('\n'))];
  return await keptVerdict(cache, of, baseOwners, async () => {
    const folders = new Set([...wanted.keys()].map((own) => folderOf(latin1(canonicalPath(own))).folder));
    return match(await linesBelow(index, folders, context, { cache, phase }), wanted);
  });
}

/** The search patterns for the lines. */
function match(lines: string, wanted: ReadonlyMap<string, ReadonlySet<string>>): BaseOwners {
  // Bytes are compared as Latin-1, which costs nothing; so ours are put into that form too
  const bytewise = new Map([...wanted.keys()].map((own) => [latin1(canonicalPath(own)), own] as const));
  const found: BaseOwners = [];
  for (const line of lines.split('\n')) {
    const own = bytewise.get(canonicalPath(pathIn(line)));
    if (own === undefined) continue;
    const owners = line
      .slice(blankIn(line) + 1)
      .split(',')
      .map((location) => location.slice(location.lastIndexOf('/') + 1))
      .filter((name) => !wanted.get(own)!.has(name));
    if (owners.length > 0) found.push({ path: own, owners });
  }
  return found;
}

/** `path   section/package,section/package`: paths may hold blanks, locations do not. */
function blankIn(line: string): number {
  return Math.max(line.lastIndexOf(' '), line.lastIndexOf('\t'));
}

function pathIn(line: string): string {
  return line.slice(0, blankIn(line)).trimEnd();
}

/** Folders that have something of nearly every package. */
const crowded = new Set([
  'usr/share/doc',
  'usr/share/icons',
  'usr/share/lintian',
  'usr/share/locale',
  'usr/share/man',
]);

/**
 * The folder by which a path is kept: three levels deep, four below the crowded ones.
 *
 * @returns `whole`: all that is below the folder is kept by it
 */
function folderOf(path: string): { folder: string; whole: boolean } {
  const parts = path.split('/').slice(0, -1);
  const levels = crowded.has(parts.slice(0, 3).join('/')) ? 4 : 3;
  return { folder: parts.slice(0, levels).join('/'), whole: parts.length >= levels };
}

/**
 * The lines of some folders, as Latin-1. Kept by their names: the next version of a package has other files, and
 * seldom other folders.
 */
async function linesBelow(
  index: ListedIndex,
  folders: ReadonlySet<string>,
  context: SourceContext,
  { cache, phase }: { cache: string; phase: Phase },
): Promise<string> {
  const { sha256, size } = index.hash;
  const of = [`contents lines ${format}`, sha256, ...[...folders].sort()];
  return await keptVerdict(cache, of, z.string(), async () => {
    if ((await context.store.size(sha256)) !== size) await fetchIndex(index, toldIn(phase, context));
    return await readLines(index, folders, context).catch(async (error: unknown) => {
      // Damaged on the local disk, and moved away by this or another reader: it is fetched again
      if (!lacksBlob(error)) throw error;
      await fetchIndex(index, toldIn(phase, context));
      return await readLines(index, folders, context);
    });
  });
}

async function readLines(
  { path, hash }: ListedIndex,
  folders: ReadonlySet<string>,
  context: SourceContext,
): Promise<string> {
  const stream = decompressByName(path, context.store.open(hash.sha256), context);
  let lines = '';
  // Adjacent lines belong to the same folder: one comparison decides most of them
  let last = '\n';
  let taken = false;
  const visit = (text: string, at: number, end: number): void => {
    if (!text.startsWith(last, at)) {
      const raw = pathIn(text.slice(at, end));
      const canonical = canonicalPath(raw);
      const { folder, whole } = folderOf(canonical);
      taken = folders.has(folder);
      const length = folder.length - (canonical.length - raw.length);
      last = whole && length > 0 ? `${raw.slice(0, length)}/` : '\n';
    }
    if (taken) lines += text.slice(at, end + 1);
  };
  let rest = '';
  for await (const piece of stream as AsyncIterable<Buffer>) {
    const text = rest + piece.toString('latin1');
    let at = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
      visit(text, at, end);
      at = end + 1;
    }
    rest = text.slice(at);
  }
  if (rest !== '') visit(`${rest}\n`, 0, rest.length);
  return lines;
}

function latin1(path: string): string {
  return Buffer.from(path, 'utf8').toString('latin1');
}
