/**
 * Reading a tarball of source code as a tree: names without the top folder,
 * nothing that leaves the tree. It unpacks nothing to disk.
 */
import { watched } from '../deb/bytes.js';
import { assertLinkStaysInside, memberName } from '../deb/member-name.js';
import { readTar, type TarEntry } from '../deb/tar.js';
import { LockstepError } from '../errors.js';
import { decompressByName } from '../io/compress.js';
import type { ContentStore } from '../io/content-store.js';
import { inItem, type Item } from '../io/progress.js';
import type { StoredFile } from './pin.js';
import type { SourceContext } from './source-context.js';

/** One member of a tree. */
export interface TreeMember {
  /** Below the folder that was asked for, without slashes at its ends; empty for that folder itself. */
  path: string;
  kind: 'file' | 'dir' | 'symlink';
  /** Permission bits. */
  mode: number;
  /** Bytes; 0 for what is not a file. */
  size: number;
  /** Of symlinks; it does not lead out of the folder that was asked for. */
  linkTarget: string | null;
  /** To be read, if at all, before the next member is asked for. */
  body: AsyncIterable<Buffer>;
}

export interface ReadTreeOptions {
  signal?: AbortSignal | undefined;
  /** Told how many bytes of the (compressed) tarball were read since the last call. */
  onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * The members of the folder `path` of a tarball in the store (`''` for all of
 * it), in the tarball's order, its one top folder taken off.
 *
 * The bytes are proven only when the iteration has ended without a fault: keep
 * nothing of it before.
 * @throws LockstepError DEB_ARCHIVE (no single top folder; hard links or devices in the folder),
 * DEB_UNSAFE_NAME, DATA_DAMAGED, STORE_MISSING, STORE_CORRUPT, INTERRUPTED
 */
export async function* readSourceTree(
  store: ContentStore,
  archive: StoredFile,
  path: string,
  options: ReadTreeOptions = {},
): AsyncGenerator<TreeMember> {
  try {
    const folder = path === '' ? '' : memberName(path);
    const packed = watched(store.open(archive.sha256), ({ length }) => options.onBytes?.(length));
    const bytes = decompressByName(archive.name, packed, { signal: options.signal });
    let top: string | null = null;
    for await (const entry of readTar(bytes, archive.name)) {
      const full = entry.header.path;
      if (full === '') continue;
      const first = full.split('/', 1)[0]!;
      top ??= first;
      if (first !== top || (full === first && entry.header.kind !== 'dir')) {
        throw refused(archive, `it has more than one folder at its top (${top}, ${first})`);
      }
      const below = belowFolder(full.slice(first.length + 1), folder);
      if (below !== null) yield memberOf(entry, below, archive);
    }
  } catch (error) {
    throw await faultOfStored(store, archive.sha256, error);
  }
}

/** Shows each file of a whole tarball, as one item of progress. Throws as {@link readSourceTree}. */
export async function eachFile(
  archive: StoredFile,
  context: SourceContext,
  visit: (file: TreeMember) => Promise<void>,
): Promise<void> {
  const read = async (item: Item): Promise<void> => {
    const options = { signal: context.signal, onBytes: (bytes: number) => item.advance(bytes) };
    for await (const member of readSourceTree(context.store, archive, '', options)) {
      if (member.kind === 'file') await visit(member);
    }
  };
  await inItem(context.phase, `reading ${archive.name}`, read, { totalBytes: archive.size });
}

/** Makes something of bytes of the store. A fault is one of the disk if they are no longer those of the hash. */
export async function readStored<T>(store: ContentStore, sha256: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw await faultOfStored(store, sha256, error);
  }
}

/**
 * Why bytes of the store could not be understood: bytes that were damaged on
 * our own disk look like a damaged tarball, but are only to be fetched again.
 * Hands back the fault to throw.
 */
async function faultOfStored(store: ContentStore, sha256: string, error: unknown): Promise<unknown> {
  const looksDamaged =
    error instanceof LockstepError && (error.code === 'DATA_DAMAGED' || error.code.startsWith('DEB_'));
  if (!looksDamaged) return error;
  return await store.verify(sha256).then(
    () => error,
    (fault: unknown) => fault,
  );
}

/** The path below a folder, empty for the folder itself; null for what is not in it. */
export function belowFolder(path: string, folder: string): string | null {
  if (folder === '' || path === folder) return folder === '' ? path : '';
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : null;
}

function memberOf({ header, body }: TarEntry, path: string, archive: StoredFile): TreeMember {
  const { kind, mode, size, linkTarget } = header;
  if (kind !== 'file' && kind !== 'dir' && kind !== 'symlink') {
    throw refused(archive, `${JSON.stringify(header.path)} is a ${kind}, which a source tree cannot contain`);
  }
  if (kind === 'symlink') assertLinkStaysInside(path, linkTarget ?? '', archive.name);
  return { path, kind, mode, size, linkTarget, body };
}

function refused(archive: StoredFile, why: string): LockstepError {
  return new LockstepError('DEB_ARCHIVE', {
    message: `The tarball ${archive.name} is not a usable source tree: ${why}`,
    where: [{ file: archive.name }],
  });
}
