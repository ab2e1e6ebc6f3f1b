/**
 * Bringing promised files of an archive into the store, a few at a time, each
 * with its progress.
 */
import type { ListedFile } from '../deb/dsc.js';
import type { Phase } from '../io/progress.js';
import { sessionOf, signalOf, type SourceContext } from './context.js';
import type { StoredFile } from './pin.js';

/**
 * Fetches a file whose hash is known, unless the store has it. Its bytes are
 * hashed as they come, and again whenever they are read.
 * @throws LockstepError NET_*, SOURCE_HASH_MISMATCH
 */
export async function fetchFile(
  url: string,
  { name, size, sha256 }: ListedFile,
  context: SourceContext,
  phase: Phase,
): Promise<StoredFile> {
  if ((await context.store.size(sha256)) !== size) {
    await sessionOf(context).limit(async () => {
      const item = phase.item(name, { totalBytes: size });
      try {
        await context.http.download(url, context.store, { sha256, size }, { item, ...signalOf(context) });
        item.done();
      } catch (error) {
        // What stopped all downloads is told once, where it happened
        const stopped = context.signal?.aborted === true;
        item.fail(stopped || !(error instanceof Error) ? 'stopped' : error.message);
        throw error;
      }
    });
  }
  return { name, size, sha256 };
}
