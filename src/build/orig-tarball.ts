/**
 * The `.orig` tarball of a tree from its upstream: upstream's own tarball if dpkg-source can read it,
 * otherwise the stored tree, compressed. The same tree gives the same bytes.
 */
import { z } from 'zod';
import type { HashedFile } from '../deb/dsc.js';
import { debianVersionOf } from '../deb/version.js';
import { decompressByName, xzCompress } from '../io/compress.js';
import { writeFileAtomic } from '../io/disk.js';
import { readKept } from '../io/kept-json.js';
import { inItem, type Item, type Phase } from '../io/progress.js';
import type { TreePin } from '../source/pin.js';
import { inCache } from '../io/cache-folders.js';
import type { CacheContext } from './build-cache.js';
import { putHashed, weakHashes } from './hashed-file.js';

/** A lower level than for packages: the tree is compressed again for each new commit. */
const preset = 3;

/** dpkg-source(1): what an original tarball may be compressed with. */
const readable = /\.(?:tar\.(gz|xz|bz2)|t(gz|xz))$/;

const keptSchema = z.strictObject({
  size: z.number(),
  sha256: z.string(),
  md5: z.string(),
  sha1: z.string(),
});

/** The cache holds what is remembered of tarballs made before. */
export interface OrigContext extends CacheContext {
  phase?: Phase | undefined;
}

/**
 * @param source name of the source package
 * @throws LockstepError DEB_VERSION, STORE_*, DATA_DAMAGED, DISK_*, INTERRUPTED
 */
export async function origTarball(pin: TreePin, source: string, context: OrigContext): Promise<HashedFile> {
  const { store, cacheDir } = context;
  const { archive } = pin;
  const [, plain, short] = readable.exec(archive.name) ?? [];
  const ending = plain ?? short;
  const stem = `${source}_${debianVersionOf(pin.upstreamVersion)}.orig.tar`;
  // Compressing MediaWiki takes a minute: remembered under the tree's own hash
  const path = inCache(cacheDir, 'sources', `orig-${archive.sha256}-${ending ?? 'made'}.json`);
  const kept = await readKept(path, keptSchema);
  const there = kept !== undefined && (await store.size(kept.sha256)) === kept.size;
  const file = there ? kept : await write(pin, ending !== undefined, context);
  if (!there) await writeFileAtomic(path, JSON.stringify(file), { fsync: false });
  return { name: `${stem}.${ending ?? 'xz'}`, ...file };
}

async function write(
  { archive }: TreePin,
  asItIs: boolean,
  { store, signal, phase }: OrigContext,
): Promise<z.output<typeof keptSchema>> {
  const { name, size: totalBytes, sha256 } = archive;
  if (asItIs) return { size: totalBytes, sha256, ...(await weakHashes(sha256, store)) };
  const compress = async (item: Item) => {
    async function* counted(): AsyncGenerator<Buffer> {
      for await (const piece of store.open(sha256)) {
        item.advance((piece as Buffer).length);
        yield piece as Buffer;
      }
    }
    const tar = decompressByName(name, counted(), { signal });
    const {
      size,
      sha256: made,
      md5,
      sha1,
    } = await putHashed(name, xzCompress(tar, { signal, preset }), store);
    return { size, sha256: made, md5, sha1 };
  };
  return await inItem(phase, `compressing ${name}`, compress, { totalBytes });
}
