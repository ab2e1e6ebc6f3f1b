/**
 * The source package of a build, written once and remembered under what it was
 * made of: a run that builds nothing does not read tarballs either.
 */
import { z } from 'zod';
import { formatRelations } from '../deb/relation.js';
import { canonicalLine } from '../io/canonical-json.js';
import type { ContentStore } from '../io/content-store.js';
import { sha256Of, writeFileAtomic } from '../io/disk.js';
import { readKept } from '../io/kept-json.js';
import { LockstepError } from '../errors.js';
import type { AptSourcePin, TreePin } from '../source/pin.js';
import { builtSource } from './built.js';
import { builderVersion, hashOf } from './inputs.js';
import { origTarball, type OrigContext } from './orig-tarball.js';
import { buildDependencies, packagingOfFolder, packagingOfSource, type Packaging } from './packaging.js';
import { writeSourcePackage, type Rebuild } from './source-package.js';
import { inCache } from '../io/cache-folders.js';

const preparedSchema = z.strictObject({
  /** With the name of its .dsc, one of the files. */
  source: builtSource.extend({ dsc: z.string() }),
  /** A relationship field. */
  buildDepends: z.string(),
  /** Seconds: of the changelog. */
  date: z.number().int(),
  /** Packages that debian/control names, with their Architecture fields. */
  binaries: z.array(z.strictObject({ package: z.string(), architecture: z.string() })),
});

/** A source package in the store, and what building it takes. */
export type PreparedSource = z.output<typeof preparedSchema>;

/** What is asked for; the date is the changelog's own. */
export type RebuildRequest = Omit<Rebuild, 'date'>;

/**
 * @param folder a `debian` directory of the workspace that replaces the one of the source
 * @throws LockstepError BUILD_PACKAGING, DEB_*, STORE_*, DISK_*, INTERRUPTED
 */
export async function prepareSource(
  pin: AptSourcePin | TreePin,
  folder: string | undefined,
  rebuild: RebuildRequest,
  context: OrigContext,
): Promise<PreparedSource> {
  const { store, signal } = context;
  const own = folder === undefined ? undefined : await packagingOfFolder(folder);
  const key = hashOf({
    builder: builderVersion,
    ...madeOf(pin),
    packaging: own === undefined ? null : packagingDigest(own),
    ...rebuild,
  });
  const path = inCache(context.cacheDir, 'sources', `${key}.json`);
  const kept = await readKept(path, preparedSchema);
  if (kept !== undefined && (await areThere(kept, store))) return kept;

  const packaging = own ?? (await packagingOf(pin, store, signal));
  const from =
    pin.kind === 'apt-source' ? pin : { pin, orig: await origTarball(pin, packaging.top.source, context) };
  // A tracked tree changes without its packaging: the later of the two dates is the date of the package.
  // Lockstep's changelog entry is one second later than the one below it
  const date = 1 + (pin.kind === 'apt-source' ? packaging.top.date : Math.max(packaging.top.date, pin.date));
  const prepared: PreparedSource = {
    source: await writeSourcePackage(from, packaging, { ...rebuild, date }, store, signal),
    buildDepends: formatRelations(buildDependencies(packaging)),
    date,
    binaries: packaging.binaries.map((one) => ({
      package: one.require('Package'),
      architecture: one.require('Architecture'),
    })),
  };
  await writeFileAtomic(path, JSON.stringify(prepared), { fsync: false });
  return prepared;
}

/** Only a pin from an apt archive has its own verified debian/ directory. */
async function packagingOf(
  pin: AptSourcePin | TreePin,
  store: ContentStore,
  signal: AbortSignal | undefined,
): Promise<Packaging> {
  if (pin.kind === 'apt-source') return await packagingOfSource(pin, store, signal);
  throw new LockstepError('BUILD_PACKAGING', {
    message: `The component ${pin.component} is built by method debian, but the workspace has no packaging/${pin.component}/debian`,
    hint: "Put a debian/ directory there, for example Debian's own: docs/how-to/own-packaging.md. Lockstep does not use a debian/ directory from git or from a tarball.",
    where: [{ path: `components.${pin.component}.build`, value: 'debian' }],
  });
}

function madeOf(pin: AptSourcePin | TreePin): object {
  return pin.kind === 'apt-source'
    ? { package: pin.package, files: pin.files.map(({ name, sha256 }) => [name, sha256]) }
    : { tree: pin.archive.sha256, archive: pin.archive.name, upstream: pin.upstreamVersion, date: pin.date };
}

/** By size only: whoever uses them checks their bytes. */
async function areThere({ source }: PreparedSource, store: ContentStore): Promise<boolean> {
  for (const { sha256, size } of source.files) if ((await store.size(sha256)) !== size) return false;
  return true;
}

function packagingDigest(packaging: Packaging): string {
  const lines = packaging.entries.map((entry) => {
    const detail =
      entry.kind === 'file'
        ? [String(entry.isExecutable), sha256Of(entry.content)]
        : entry.kind === 'symlink'
          ? [entry.target]
          : [];
    return canonicalLine([entry.path, entry.kind, ...detail]);
  });
  return sha256Of(lines.join(''));
}
