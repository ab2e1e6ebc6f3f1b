/**
 * The one way from a file that an index or a Release lists to its bytes in the
 * store: every mirror of the archive is asked until one gives what was
 * promised. Nothing else may download from the base's archives.
 */
import type { SourceFile } from '../deb/dsc.js';
import type { Refusal } from '../io/http.js';
import { refusalsOf } from '../io/http-places.js';
import { remembered } from '../io/keyed.js';
import { inItem, type Item, type Phase } from '../io/progress.js';
import type { ArchivePaths, ArchiveRoots } from './archive-roots.js';
import { sessionOf, type SourceContext } from './source-context.js';
import { NotOnMirrorError } from './not-on-mirror.js';
import type { StoredFile } from './pin.js';

/** A file that the archive of a suite vouches for. */
export interface ArchiveFile extends SourceFile {
  archive: ArchiveRoots;
  paths: ArchivePaths;
  /** Whose index lists it. */
  suite: string;
  /** What progress calls it; its name otherwise. */
  label?: string;
}

/**
 * Fetches a file whose hash is known. Its bytes are hashed as they come, and again whenever they are read.
 *
 * @throws LockstepError SOURCE_NOT_ON_MIRROR ({@link NotOnMirrorError}: no mirror gave it, and one at least said that
 * it has no such file), SOURCE_HASH_MISMATCH, NET_*, STORE_*, DISK_*, INTERRUPTED
 */
export async function fetchFromArchive(
  { archive, paths, suite, name, size, sha256 }: ArchiveFile,
  { http, store, signal, phase }: Pick<SourceContext, 'http' | 'store' | 'signal' | 'phase'>,
  item: Item,
): Promise<void> {
  const places = archive.placesOf(paths);
  const onRefusal = (refusal: Refusal): void => tellOnce(refusal, phase);
  try {
    await http.download(places, store, { sha256, size }, { item, onRefusal, signal });
  } catch (error) {
    const refusals = refusalsOf(error, places[0]![0]) ?? [];
    const lacks = refusals.filter((one) => one.error.code === 'NET_NOT_FOUND');
    if (lacks.length === 0) throw error;
    const final = refusals.every((one) =>
      ['NET_NOT_FOUND', 'SOURCE_HASH_MISMATCH', 'NET_TOO_LARGE'].includes(one.error.code),
    );
    const tried = refusals.map(({ url, said }) => ({ url, said }));
    throw new NotOnMirrorError({ file: name, suite, tried, final }, { cause: error });
  }
}

/**
 * Messages of a phase, by server and fault, to avoid repetition: a mirror that lags lacks hundreds of files.
 */
const toldBy = new WeakMap<Phase, Set<string>>();

function tellOnce({ url, said, error }: Refusal, phase: Phase | undefined): void {
  if (phase === undefined) return;
  const told = remembered(toldBy, phase, () => new Set<string>());
  const key = `${new URL(url).host} ${error.code}`;
  if (told.has(key)) return;
  told.add(key);
  phase.info(`${url}: ${said}; trying the next mirror, now and for later files with the same error`);
}

/**
 * As {@link fetchFromArchive}, a few files at a time, each with its progress; not where the store has it.
 */
export async function fetchFile(file: ArchiveFile, context: SourceContext): Promise<StoredFile> {
  const { name, size, sha256 } = file;
  if ((await context.store.size(sha256)) !== size) await fetchAnew(file, context);
  return { name, size, sha256 };
}

/** As {@link fetchFile}, where the store may hold the file damaged. */
export async function fetchAnew(file: ArchiveFile, context: SourceContext): Promise<void> {
  await sessionOf(context).limit(async () => {
    // A fault that stopped all downloads is reported once, where it happened
    const reason = (): string | undefined => (context.signal?.aborted === true ? 'stopped' : undefined);
    await inItem(
      context.phase,
      file.label ?? file.name,
      async (item) => await fetchFromArchive(file, context, item),
      { totalBytes: file.size, reason },
    );
  });
}
