/**
 * The Packages indices of the base release, proven by src/source, as whole
 * files: a closure of dependencies looks at thousands of paragraphs. What is
 * chosen from them is base-closure.ts's.
 */
import type { Phase } from '../io/progress.js';
import type { ArchiveRoots } from '../source/archive-roots.js';
import { packagesIndices } from '../source/apt-index.js';
import { openReleases } from '../source/apt-archive.js';
import { toldIn, type SourceContext } from '../source/source-context.js';

/** One index of the base. */
export interface BaseIndex {
  suite: string;
  archive: ArchiveRoots;
  /** SHA-256 of the index as served; it identifies the content. */
  sha256: string;
  /** All of it, decompressed and proven. */
  read(): Promise<Buffer>;
}

/**
 * The indices of every suite of the base for one architecture. Only their InRelease files are asked
 * for; an index is fetched when it is read.
 * @throws LockstepError as openRelease; `read`: NET_*, SOURCE_HASH_MISMATCH, DATA_DAMAGED
 */
export async function baseIndices(
  context: SourceContext,
  architecture: string,
  phase: Phase,
): Promise<BaseIndex[]> {
  const told = toldIn(phase, context);
  return (await openReleases(told)).flatMap((release) =>
    packagesIndices(release, architecture).map((index) => ({
      suite: release.suite,
      archive: release.archive,
      sha256: index.hash.sha256,
      read: () => index.bytes(told),
    })),
  );
}
