/**
 * Stores an existing package again under another version, with the same data. src/deb writes it; src/suite
 * decides the version.
 */
import { repackDeb } from '../deb/deb-repack.js';
import { assertSafeFileName } from '../deb/member-name.js';
import type { VersionMoves } from '../deb/relation-moves.js';
import { withoutEpoch } from '../deb/version.js';
import { LockstepError } from '../errors.js';
import { decompressByName, xzCompress } from '../io/compress.js';
import { BuildCache, type CacheContext } from './build-cache.js';
import type { BuiltPackage } from './built.js';
import { hashOf } from './inputs.js';

/**
 * Increase it whenever this room would produce other bytes from the same package. The package is then
 * repacked again.
 */
const repackVersion = 1;

/** A package and its new version and relationships. */
export interface RepackRequest extends Omit<BuiltPackage, 'control'> {
  /** The version that it gets. */
  to: string;
  /** Packages that its relationships name and that have moved too. */
  moves: VersionMoves;
}

/** SHA-256, lower-case hex, of everything that the repacked bytes depend on. */
export function repackInputHash({ file, to, moves }: Pick<RepackRequest, 'file' | 'to' | 'moves'>): string {
  const named = [...moves]
    .map(([name, own]) => [name, own.map(({ from, to: above }) => [from, above]).sort(inOrder)] as const)
    .sort(inOrder);
  return hashOf({ repack: repackVersion, of: file.sha256, to, moves: named });
}

function inOrder(
  a: readonly [string, ...unknown[]] | string[],
  b: readonly [string, ...unknown[]] | string[],
): number {
  return a[0] < b[0] ? -1 : 1;
}

/**
 * Repacks into the store, or takes what an earlier run made of the same.
 *
 * @throws LockstepError SOURCE_MISMATCH (the file is of another package than the one it is listed as),
 * STORE_MISSING, STORE_CORRUPT, DEB_*, DISK_*, INTERRUPTED
 */
export async function repackPackage(request: RepackRequest, context: CacheContext): Promise<BuiltPackage> {
  const { store, cacheDir, signal } = context;
  const cache = new BuildCache(cacheDir, store);
  const inputs = repackInputHash(request);
  const [made] = (await cache.find(inputs, { signal }))?.packages ?? [];
  if (made !== undefined) return made;
  const { package: name, architecture, source, sourceVersion, file, to } = request;
  const fileName = `${name}_${withoutEpoch(to)}_${architecture}.deb`;
  assertSafeFileName(fileName);
  const deb = await repackDeb(
    store.open(file.sha256),
    { version: to, moves: request.moves },
    {
      decompress: (member, input) => decompressByName(member, input, { signal }),
      compress: (input) => xzCompress(input, { signal }),
      file: file.name,
    },
  );
  const says = ['Package', 'Version', 'Architecture'].map((field) => deb.before.require(field));
  const listed = [name, request.version, architecture];
  if (says.join(' ') !== listed.join(' ')) {
    await deb.close();
    throw new LockstepError('SOURCE_MISMATCH', {
      message: `${file.name} is listed as ${listed.join(' ')}, but its control file says ${says.join(' ')}`,
      hint: 'The snapshot was made from other files, so it cannot be re-issued.',
      where: [{ file: file.name }],
    });
  }
  // The store's stream fails in place of its end where the bytes are damaged: then nothing is kept
  const blob = await store.put(deb.bytes, {}, { name: fileName, signal });
  const built: BuiltPackage = {
    package: name,
    version: to,
    architecture,
    source,
    sourceVersion,
    control: deb.control,
    file: { name: fileName, ...blob },
  };
  await cache.keep({ format: 1, inputs, packages: [built], sources: [] });
  return built;
}
