/**
 * What a snapshot is: the immutable record of a set's pins and packages, in a
 * versioned format. It owns the shape and the reading of it; signatures and
 * files are snapshot-folder.ts, making one is snapshot-plan.ts, what gates say
 * of it is evidence.ts, and what format 1 had besides is manifest-v1.ts.
 */
import { z } from 'zod';
import { LockstepError, type FaultPlace } from '../errors.js';
import { isPackageName, memberNameFault } from '../deb/member-name.js';
import { isOneParagraph } from '../deb/one-paragraph.js';
import { isValidVersion } from '../deb/version.js';
import { oneLine } from '../profile/names.js';
import type { SkippedVersion } from '../profile/skip.js';
import type { Pin, StoredFile } from '../source/pin.js';
import { pinKinds } from '../source/pin-kinds.js';
import { isChangelog } from './pool-path.js';
import { cveIdSpec } from './cve.js';
import type { BareEntry } from './kept-stanza.js';
import { splitManifest } from './manifest-text.js';
import { isPlainPackage } from './plain-package.js';
import { evidenceV1, stepsOfV1, type EvidenceV1 } from './manifest-v1.js';
import { isSnapshotId } from './snapshot-id.js';
import { sha256 } from '../io/sha256.js';

/** The newest format this Lockstep reads, and the one it writes. */
export const manifestFormat = 2;

/** Every format this Lockstep reads. */
export const readFormats = [1, manifestFormat] as const;

/** The distribution release that a set is made for. */
export interface SnapshotBase {
  distribution: string;
  /** `12`. */
  release: string;
  /** `bookworm`. */
  codename: string;
  architectures: string[];
}

/** What a component was resolved to, and how it was built. */
export interface SnapshotComponent {
  pin: Pin;
  build: {
    /** SHA-256 of everything the build's bytes depend on. */
    inputs: string;
    /** `debian`, `tree`; `none` for unchanged packages of the base. */
    method: string;
  };
  /** Newer versions that skips of the profile kept out, the newest first; left out where there is none. */
  skipped?: SkippedVersion[] | undefined;
}

/** One binary package of the set. */
export interface SnapshotPackage extends BareEntry {
  /** The Packages paragraph without Filename, Size and hashes; one final newline. */
  stanza: string;
}

/** One source package of the set. */
export interface SnapshotSource {
  package: string;
  version: string;
  area: string;
  /** `pool/main/m/mediawiki`. */
  directory: string;
  /** The Sources paragraph without Directory; one final newline. */
  stanza: string;
  files: StoredFile[];
}

/** The changelog of a version of a source package, as a file of the pool (changelog-plan.ts). */
export interface SourceChangelog {
  /** `pool/main/m/mediawiki/mediawiki_1.39.17-1_changelog`. */
  path: string;
  /** Bytes. */
  size: number;
  sha256: string;
}

/** An assigned version and its inputs: the record that planVersion uses. */
export interface SnapshotBuild {
  /** Source package. */
  package: string;
  version: string;
  /** SHA-256 of everything that the packages were made from, their own version left open. */
  inputs: string;
}

/** The database schema that a set's software needs; what it was before is not known to it. */
export interface SnapshotSchema {
  /** The component whose software owns the database. */
  component: string;
  /** For people: the series the schema belongs to, `1.39`. */
  version: string;
  /** SHA-256 of the files that make and update the tables: equal digests, equal schema. */
  digest: string;
}

/** What a snapshot re-issues under higher versions (docs/explanation/architecture.md, law 4). */
export interface Superseding {
  /** The snapshot whose content it is. */
  content: SnapshotRef;
  /** The snapshot whose versions it lies above. */
  above: SnapshotRef;
}

/** A snapshot by its id and the SHA-256 of its manifest's text. */
export interface SnapshotRef {
  id: string;
  sha256: string;
}

/** `snapshots/<profile>/<id>.json`. */
export interface SnapshotManifest {
  format: (typeof readFormats)[number];
  id: string;
  profile: string;
  description?: string | undefined;
  base: SnapshotBase;
  /** The snapshot of this profile before this one. */
  parent: SnapshotRef | null;
  /** ISO 8601, UTC. */
  created: string;
  /** SHA-256 of what the set is: equal inputs, equal set (content.ts). */
  inputs: string;
  components: Record<string, SnapshotComponent>;
  packages: SnapshotPackage[];
  sources: SnapshotSource[];
  /** Left out where there is none. */
  sourceChangelogs?: SourceChangelog[] | undefined;
  /** One for each source package that was built here. */
  builds: SnapshotBuild[];
  /** In format 1 only: see manifest-v1.ts. */
  evidence?: EvidenceV1[] | undefined;
  /** Left out where the set has no database. */
  schema?: SnapshotSchema | undefined;
  /** CVE ids that this snapshot fixes, sorted; left out if it is not a security update. */
  security?: string[] | undefined;
  /** Only in the snapshot of a `rollback --supersede`. */
  supersedes?: Superseding | undefined;
  tool: { name: string; version: string };
}

/** A manifest together with the hash of its text, by which its successor names it. */
export interface Snapshot {
  manifest: SnapshotManifest;
  /** SHA-256 of the text. */
  sha256: string;
}

const size = z.number().int().nonnegative();
const packageName = z.string().refine(isPackageName, { error: 'must be a package name' });
const version = z.string().refine(isValidVersion, { error: 'must be a Debian version' });
const architecture = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, { error: 'must be an architecture' });
const slug = z.string().regex(/^[a-z0-9][a-z0-9.+-]*$/, { error: 'must be a name' });
const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9+.~_:%-]*$/, { error: 'must be a file name' });
const snapshotId = z.string().refine(isSnapshotId, { error: 'must be a snapshot id' });
const snapshotRef = z.object({ id: snapshotId, sha256 });
const poolPath = z
  .string()
  .refine((path) => path.startsWith('pool/') && memberNameFault(path) === null && !/\/[./]|\/$/.test(path), {
    error: 'must be a path below pool/',
  });
const changelogFile = poolPath.refine(isChangelog, { error: 'must be the path of a changelog' });
const stanza = z.string().refine(isOneParagraph, { error: 'must be one paragraph that ends with a newline' });
const storedFile = z.object({ name: fileName, size, sha256 });

// The room of a pin checks its details; unknown fields are kept unchanged.
const pin = z.looseObject({
  kind: z.enum(pinKinds),
  component: slug,
  upstreamVersion: z.string(),
  date: z.number().int(),
  provenance: z.array(z.looseObject({ step: z.string(), subject: z.string() })),
});

const skipped = z.object({
  version: z.string().regex(/^[^\p{Cc}]+$/u, { error: 'must be a version' }),
  reason: oneLine,
  until: z.iso.date(),
  security: z.boolean(),
});

export const buildsSchema = z.array(z.object({ package: packageName, version, inputs: sha256 }));

const manifestSchema = z.object({
  format: z.literal(readFormats),
  id: snapshotId,
  profile: slug,
  description: z.string().optional(),
  base: z.object({
    distribution: z.string(),
    release: z.string(),
    codename: z.string(),
    architectures: z.array(architecture).min(1),
  }),
  parent: snapshotRef.nullable(),
  created: z.iso.datetime(),
  inputs: sha256,
  components: z.record(
    slug,
    z.object({
      pin,
      build: z.object({ inputs: sha256, method: z.string() }),
      skipped: z.array(skipped).optional(),
    }),
  ),
  packages: z.array(
    z.object({
      package: packageName,
      version,
      architecture,
      component: z.string(),
      source: packageName,
      sourceVersion: version,
      area: slug,
      path: poolPath,
      size,
      sha256,
      stanza,
    }),
  ),
  sources: z.array(
    z.object({
      package: packageName,
      version,
      area: slug,
      directory: poolPath,
      stanza,
      files: z.array(storedFile),
    }),
  ),
  sourceChangelogs: z.array(z.object({ path: changelogFile, size, sha256 })).optional(),
  builds: buildsSchema,
  evidence: evidenceV1.optional(),
  schema: z.object({ component: slug, version: z.string(), digest: sha256 }).optional(),
  security: z.array(z.string().regex(cveIdSpec, { error: 'must be a CVE id' })).optional(),
  supersedes: z.object({ content: snapshotRef, above: snapshotRef }).optional(),
  tool: z.object({ name: z.string(), version: z.string() }),
});

/**
 * Reads a manifest's text. Everything in it is checked before it names a file or becomes part of an index.
 *
 * @param text given as bytes, those are kept: paragraphs are read out of them when somebody asks (kept-stanza.ts)
 * @param file for messages
 * @throws LockstepError SNAPSHOT_INVALID with every fault, SNAPSHOT_NEWER_FORMAT
 */
export function parseManifest(text: string | Buffer, file: string): SnapshotManifest {
  const { value, plain } = jsonOf(typeof text === 'string' ? Buffer.from(text, 'utf8') : text, file);
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined;
  if (typeof format === 'number' && format > manifestFormat) {
    throw new LockstepError('SNAPSHOT_NEWER_FORMAT', {
      message: `${file} has format ${format}; this Lockstep reads formats up to ${manifestFormat}`,
      hint: 'Use the Lockstep that wrote it, or a newer one',
      where: [{ file, path: 'format', value: String(format) }],
    });
  }
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) {
    const places = parsed.error.issues.map((issue) => ({
      file,
      path: issue.path.map(String).join('.'),
      message: issue.message,
    }));
    throw invalid(file, places, parsed.error);
  }
  // The schema checks of a pin what this room relies on; its type is the source room's.
  const manifest = parsed.data as unknown as SnapshotManifest;
  if (plain !== undefined) manifest.packages = plain;
  if (manifest.format === 1) stepsOfV1(Object.values(manifest.components));
  const faults = contradictions(manifest);
  if (faults.length > 0)
    throw invalid(
      file,
      faults.map((fault) => ({ file, ...fault })),
    );
  return manifest;
}

/** `plain`: the packages, removed from `value`, if the fast check accepts all of them without the schema. */
function jsonOf(bytes: Buffer, file: string): { value: unknown; plain: SnapshotPackage[] | undefined } {
  const split = splitManifest(bytes);
  if (split !== undefined) {
    const { rest, packages } = split;
    if (packages.every(isPlainPackage)) return { value: rest, plain: packages as SnapshotPackage[] };
    return { value: { ...rest, packages }, plain: undefined };
  }
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw invalid(file, [{ file, message: `it is not JSON: ${(error as Error).message}` }], error);
  }
  const plain = plainPackagesOf(value);
  return { value: plain === undefined ? value : { ...(value as object), packages: [] }, plain };
}

/** The packages of a manifest, if none of them needs the schema to be told good. */
function plainPackagesOf(value: unknown): SnapshotPackage[] | undefined {
  const packages =
    typeof value === 'object' && value !== null && 'packages' in value ? value.packages : undefined;
  return Array.isArray(packages) && packages.every(isPlainPackage)
    ? (packages as SnapshotPackage[])
    : undefined;
}

/** What no schema says: names that must agree, and what may be there once only. */
export function contradictions(
  content: Pick<SnapshotManifest, 'packages' | 'sources' | 'sourceChangelogs' | 'components'>,
): { path: string; message: string }[] {
  const faults: { path: string; message: string }[] = [];
  // A set that is made here has one version of each package; one that was imported may have several
  const several = Object.keys(content.components).length === 0;
  const binaries = new Map<string, string>();
  const paths = new Map<string, string>();
  const claim = (path: string, hash: string, at: string): void => {
    const before = paths.get(path);
    if (before !== undefined && before !== hash) {
      faults.push({ path: at, message: `${path} is listed with two hashes` });
    }
    paths.set(path, hash);
  };
  for (const [index, entry] of content.packages.entries()) {
    const at = `packages.${index}`;
    const says = fieldsOf(entry.stanza, ['Package', 'Version', 'Architecture']);
    if (says[0] !== entry.package || says[1] !== entry.version || says[2] !== entry.architecture) {
      faults.push({
        path: `${at}.stanza`,
        message: `the paragraph describes ${says.join(' ')}, not ${entry.package} ${entry.version} ${entry.architecture}`,
      });
    }
    const key = `${entry.package}:${entry.architecture}${several ? ` ${entry.version}` : ''}`;
    const before = binaries.get(key);
    if (before !== undefined) {
      faults.push({ path: at, message: `${key} occurs twice: ${before} and ${entry.version}` });
    }
    binaries.set(key, entry.version);
    claim(entry.path, entry.sha256, `${at}.path`);
  }
  const sources = new Set<string>();
  for (const [index, entry] of content.sources.entries()) {
    const key = `${entry.package} ${entry.version}`;
    if (sources.has(key)) faults.push({ path: `sources.${index}`, message: `${key} occurs twice` });
    sources.add(key);
    for (const file of entry.files) {
      claim(`${entry.directory}/${file.name}`, file.sha256, `sources.${index}.files`);
      if (!isChangelog(file.name)) continue;
      faults.push({ path: `sources.${index}.files`, message: `${file.name} is the name of a changelog` });
    }
  }
  for (const [index, entry] of (content.sourceChangelogs ?? []).entries()) {
    claim(entry.path, entry.sha256, `sourceChangelogs.${index}.path`);
  }
  return faults;
}

/**
 * The first values of single-line fields; undefined for missing ones. Cheaper than parsing: there may be
 * 100,000.
 */
function fieldsOf(stanza: string, names: readonly string[]): (string | undefined)[] {
  return names.map((name) => {
    const start = stanza.startsWith(`${name}:`) ? 0 : stanza.indexOf(`\n${name}:`) + 1;
    if (start === 0 && !stanza.startsWith(`${name}:`)) return undefined;
    const end = stanza.indexOf('\n', start);
    return stanza.slice(start + name.length + 1, end).trim();
  });
}

function invalid(file: string, where: FaultPlace[], cause?: unknown): LockstepError {
  const first = where[0];
  const more = where.length > 1 ? ` (and ${where.length - 1} more)` : '';
  return new LockstepError('SNAPSHOT_INVALID', {
    message: `${file} is not a snapshot manifest: ${first?.path ?? ''}${first?.path === undefined ? '' : ': '}${first?.message ?? ''}${more}`,
    hint: 'It was changed or damaged after it was cut. Restore it from version control or a backup',
    where,
    cause,
  });
}
