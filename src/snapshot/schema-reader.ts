/**
 * Reads the files that determine a component's database schema: from the source package that will be built,
 * from a tree, or from unchanged packages. Results are cached under the hashes of their inputs.
 */
import { z } from 'zod';
import { readDeb } from '../deb/deb-file.js';
import { readTar } from '../deb/tar.js';
import { LockstepError } from '../errors.js';
import { canonical } from '../build/inputs.js';
import { nativeTarball } from '../build/packaging.js';
import { collect } from '../deb/bytes.js';
import { decompressByName } from '../io/compress.js';
import type { ContentStore } from '../io/content-store.js';
import { keptOrMade } from '../io/kept-json.js';
import { sha256Of } from '../io/disk.js';
import { throwIfInterrupted } from '../io/interrupt.js';
import type { StoredFile } from '../source/pin.js';
import { readSourceTree } from '../source/source-tree.js';
import {
  schemaContents,
  schemaDigestFormat,
  seriesOf,
  type SchemaFile,
  type SchemaPatch,
} from './database-schema.js';
import type { SnapshotSchema } from './manifest.js';
import { inCache } from '../io/cache-folders.js';
import { sha256 } from '../io/sha256.js';

/** Where a component's files are; every one of the named files is in the store. */
export type SchemaSource =
  /** A source package to build: tarballs and the packaging with its patches. */
  | { kind: 'source'; files: readonly StoredFile[] }
  /** A folder of a tarball. */
  | { kind: 'tree'; archive: StoredFile; path: string }
  /** Unchanged packages; paths are below `/` of a machine with these packages. */
  | { kind: 'packages'; files: readonly StoredFile[] };

export interface SchemaRequest {
  component: string;
  /** Of the component's pin. */
  upstreamVersion: string;
  /** `metapackage.database.paths` of the profile. */
  paths: readonly string[];
  from: SchemaSource;
}

export interface SchemaReading {
  store: ContentStore;
  /** Absolute path of the cache folder. */
  cache: string;
  signal?: AbortSignal | undefined;
}

/** What is kept: nothing but the digest is asked for again. */
const keptSchema = z.strictObject({ digest: sha256, files: z.number().int() });

/**
 * The schema that a component's software needs.
 *
 * @throws LockstepError SOURCE_PATH_MISSING where no file is meant by the paths, BUILD_PACKAGING where a
 * patch does not apply, STORE_*, DEB_*, DATA_DAMAGED, DISK_*, INTERRUPTED
 */
export async function readSchema(request: SchemaRequest, reading: SchemaReading): Promise<SnapshotSchema> {
  const { component, upstreamVersion, paths } = request;
  const path = inCache(reading.cache, 'schemas', `${keyOf(request)}.json`);
  const kept = await keptOrMade(path, keptSchema, async () => {
    const { digest, files } = await contentsOf(request, reading);
    return { digest, files: files.size };
  });
  if (kept.files === 0) {
    throw new LockstepError('SOURCE_PATH_MISSING', {
      message: `metapackage.database.paths matches no file of ${component} ${upstreamVersion}`,
      hint: 'They are patterns of the files that create and update its tables: maintenance/**/*.sql',
      where: paths.map((value) => ({ path: 'metapackage.database.paths', value })),
    });
  }
  return { component, version: seriesOf(upstreamVersion), digest: kept.digest };
}

function keyOf({ paths, from }: SchemaRequest): string {
  const files = from.kind === 'tree' ? [from.archive] : from.files;
  return sha256Of(
    canonical({
      format: schemaDigestFormat,
      paths: [...paths].sort(),
      kind: from.kind,
      path: from.kind === 'tree' ? from.path : null,
      files: files.map(({ name, sha256 }) => [name, sha256]),
    }),
  );
}

/** The files themselves, for tests that compare sources and packages. It does not use the cache. */
export async function contentsOf({ paths, from }: SchemaRequest, reading: SchemaReading) {
  throwIfInterrupted(reading.signal);
  switch (from.kind) {
    case 'source': {
      const patches = await patchesOf(from.files, reading);
      return await schemaContents(filesOfSource(from.files, reading), paths, patches);
    }
    case 'tree':
      return await schemaContents(filesOfTree(from.archive, from.path, reading), paths);
    case 'packages':
      return await schemaContents(filesOfPackages(from.files, reading), paths);
  }
}

async function* filesOfTree(
  archive: StoredFile,
  path: string,
  { store, signal }: SchemaReading,
  below = '',
): AsyncGenerator<SchemaFile> {
  for await (const member of readSourceTree(store, archive, path, { signal })) {
    if (member.kind === 'file') yield { path: `${below}${member.path}`, body: member.body };
  }
}

/** Upstream's tarballs, further ones in the folder they are named after (dpkg-source(1), 3.0 (quilt)). */
async function* filesOfSource(
  files: readonly StoredFile[],
  reading: SchemaReading,
): AsyncGenerator<SchemaFile> {
  const native = nativeTarball({ files: [...files] });
  for (const file of files) {
    const further = /\.orig(?:-([A-Za-z0-9-]+))?\.tar\.[a-z0-9]+$/.exec(file.name);
    if (further === null && file !== native) continue;
    const below = further?.[1] === undefined ? '' : `${further[1]}/`;
    yield* filesOfTree(file, '', reading, below);
  }
}

async function patchesOf(
  files: readonly StoredFile[],
  { store, signal }: SchemaReading,
): Promise<SchemaPatch[]> {
  const packaging = files.find((file) => /\.debian\.tar\.[a-z0-9]+$/.test(file.name));
  // A native package has its changes made already
  if (packaging === undefined) return [];
  const folder = 'debian/patches/';
  const found = new Map<string, Buffer>();
  const bytes = decompressByName(packaging.name, store.open(packaging.sha256), { signal });
  for await (const { header, body } of readTar(bytes, packaging.name)) {
    const path = header.path;
    if (header.kind === 'file' && path.startsWith(folder)) {
      found.set(path.slice(folder.length), await collect(body));
    }
  }
  const series = (found.get('debian.series') ?? found.get('series'))?.toString('utf8') ?? '';
  return series.split('\n').flatMap((line): SchemaPatch[] => {
    // Quilt's options behind the name (`-p0`) are ignored by dpkg-source too
    const [name = ''] = line
      .replace(/(^|\s)#.*/, '')
      .trim()
      .split(/\s+/);
    if (name === '') return [];
    const patch = found.get(name);
    if (patch !== undefined) return [{ name: `${packaging.name}: ${folder}${name}`, bytes: patch }];
    throw new LockstepError('BUILD_PACKAGING', {
      message: `${packaging.name} lists the patch ${name} in debian/patches/series but does not contain it`,
      where: [{ file: packaging.name, value: name }],
    });
  });
}

async function* filesOfPackages(
  files: readonly StoredFile[],
  { store, signal }: SchemaReading,
): AsyncGenerator<SchemaFile> {
  for (const file of files) {
    throwIfInterrupted(signal);
    // What is kept by the hash must be of these bytes: the files may end before the stream has
    await store.verify(file.sha256);
    const stream = store.open(file.sha256);
    try {
      const deb = await readDeb(stream, { file: file.name, decompress: decompressByName });
      for await (const { header, body } of deb.files) {
        if (header.kind === 'file') yield { path: header.path, body };
      }
    } finally {
      stream.destroy();
    }
  }
}
