/**
 * What a snapshot is: the immutable record of a set's pins and packages, in a
 * versioned format. It owns the shape and the reading of it; signatures and
 * files are snapshot-folder.ts, making one is snapshot-plan.ts, what gates say
 * of it is evidence.ts, and what format 1 had besides is manifest-v1.ts.
 */
import { z } from 'zod';
import { LockstepError, type FaultPlace } from '../errors.js';
import { isPackageName, pathFault } from '../deb/member-name.js';
import { isOneParagraph, type BinaryParagraph } from '../deb/one-paragraph.js';
import { isValidVersion } from '../deb/version.js';
import { oneLine } from '../profile/names.js';
import { skippedVersionResult } from '../profile/skip-shape.js';
import type { Pin } from '../source/pin.js';
import { pinKinds } from '../source/pin-kinds.js';
import { isChangelog } from './pool-path.js';
import { cveIdSpec } from './cve.js';
import type { BareEntry } from './kept-stanza.js';
import { splitManifest } from './manifest-text.js';
import { isPlainPackage } from './plain-package.js';
import { evidenceV1, stepsOfV1 } from './manifest-v1.js';
import { assertReadable } from './newer-format.js';
import { snapshotId } from './result-fields.js';
import { sha256 } from '../io/sha256.js';

/** The newest format this Lockstep reads, and the one it writes. */
export const manifestFormat = 2;

/** Every format this Lockstep reads. */
export const readFormats = [1, manifestFormat] as const;

/** One binary package of the set. */
export interface SnapshotPackage extends BareEntry {
  /** The Packages paragraph without Filename, Size and hashes; one final newline. */
  stanza: BinaryParagraph;
}

/** A manifest together with the hash of its text, by which its successor names it. */
export interface Snapshot {
  manifest: SnapshotManifest;
  /** SHA-256 of the text. */
  sha256: string;
}

const size = z.number().int().nonnegative().describe('Bytes');
const packageName = z.string().refine(isPackageName, { error: 'must be a package name' });
const version = z.string().refine(isValidVersion, { error: 'must be a Debian version' });
const architecture = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, { error: 'must be an architecture' });
const slug = z.string().regex(/^[a-z0-9][a-z0-9.+-]*$/, { error: 'must be a name' });
const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9+.~_:%-]*$/, { error: 'must be a file name' });
const poolPath = z
  .string()
  .refine((path) => path.startsWith('pool/') && pathFault(path) === null && !path.includes('/.'), {
    error: 'must be a path below pool/',
  });
const changelogFile = poolPath.refine(isChangelog, { error: 'must be the path of a changelog' });
const stanza = z.string().refine(isOneParagraph, { error: 'must be one paragraph that ends with a newline' });
/** Its type says that it was judged before it was recorded (src/deb/binary-stanza.ts). */
const packageStanza = stanza as unknown as z.ZodType<BinaryParagraph, string>;
const storedFile = z.object({ name: fileName, size, sha256 });

// The room of a pin checks its details; unknown fields are kept unchanged.
const pin = z.looseObject({
  kind: z.enum(pinKinds),
  component: slug,
  upstreamVersion: z.string(),
  date: z.number().int(),
  provenance: z.array(z.looseObject({ step: z.string(), subject: z.string() })),
});

const skipped = skippedVersionResult.extend({
  version: z.string().regex(/^[^\p{Cc}]+$/u, { error: 'must be a version' }),
  reason: oneLine,
  until: z.iso.date().describe('First day (UTC) on which the skip has no effect'),
});

/** An assigned version and its inputs: the record that planVersion uses. */
const build = z.object({
  /** Source package. */
  package: packageName,
  version,
  /** SHA-256 of everything that the packages were made from, their own version left open. */
  inputs: sha256,
});
export type SnapshotBuild = z.infer<typeof build>;
export const buildsSchema = z.array(build);

/** A snapshot by its id and the SHA-256 of its manifest's text. */
const snapshotRef = z.object({ id: snapshotId, sha256: sha256.describe('SHA-256 of its manifest') });
export type SnapshotRef = z.infer<typeof snapshotRef>;

export const componentSchema = z.object({
  pin,
  build: z.object({
    /** SHA-256 of everything the build's bytes depend on. */
    inputs: sha256,
    /** `debian`, `tree`; `none` for unchanged packages of the base. */
    method: z.string(),
  }),
  skipped: z
    .array(skipped)
    .optional()
    .describe('Newer versions that skips of the profile kept out, the newest first'),
});

export const manifestSchema = z.object({
  format: z.literal(readFormats),
  id: snapshotId,
  profile: slug,
  description: z.string().optional(),
  base: z.object({
    distribution: z.string(),
    /** `12`. */
    release: z.string(),
    /** `bookworm`. */
    codename: z.string(),
    architectures: z.array(architecture).min(1),
  }),
  baseReleaseFiles: z
    .array(
      z.object({
        suite: slug.describe('`bookworm-security`'),
        origin: z.string().nullable().describe('Who publishes it: `Debian`'),
        date: z.iso.datetime().describe('ISO 8601, UTC'),
        sha256: sha256.describe('SHA-256 of its InRelease'),
        signers: z.array(z.string()).readonly().describe('Fingerprints of the keys that signed it'),
      }),
    )
    .optional()
    .describe('Release files of the base that the set was resolved with; left out if it was imported'),
  parent: snapshotRef.nullable().describe('The previous snapshot of the profile'),
  merges: z
    .array(snapshotRef)
    .optional()
    .describe(
      'Other snapshots that it follows: newest ones of other people. Left out for a snapshot that follows at most one',
    ),
  created: z.iso.datetime().describe('ISO 8601, UTC'),
  /** Made in content.ts. */
  inputs: sha256.describe("Digest of the set's inputs: equal inputs give an equal set"),
  components: z.record(slug, componentSchema),
  packages: z.array(
    z.object({
      package: packageName,
      version,
      architecture,
      component: z.string(),
      source: packageName,
      sourceVersion: version,
      area: slug,
      path: poolPath.describe("Below the archive's debian/"),
      size,
      sha256,
      stanza: packageStanza.describe('Its paragraph in Packages, without file name, size and hashes'),
    }),
  ),
  sources: z.array(
    z.object({
      package: packageName,
      version,
      area: slug,
      /** `pool/main/m/mediawiki`. */
      directory: poolPath,
      /** The Sources paragraph without Directory; one final newline. */
      stanza,
      files: z.array(storedFile),
    }),
  ),
  /** `pool/main/m/mediawiki/mediawiki_1.39.17-1_changelog`; left out where there is none. */
  sourceChangelogs: z
    .array(z.object({ path: changelogFile, size, sha256 }))
    .optional()
    .describe('Texts that `apt changelog` shows, as files of the pool'),
  builds: buildsSchema.describe('Versions that it assigned, and the digest of the inputs of each'),
  gates: z
    .array(z.string())
    .optional()
    .describe('Gates whose evidence was recorded with it, in the order of that file'),
  /** See manifest-v1.ts. */
  evidence: evidenceV1
    .optional()
    .describe('Only in format 1. "evidence" of the result has the evidence of every format'),
  schema: z
    .object({
      /** The component whose software owns the database. */
      component: slug,
      /** For people: the series the schema belongs to, `1.39`. */
      version: z.string(),
      /** SHA-256 of the files that make and update the tables: equal digests, equal schema. */
      digest: sha256,
    })
    .optional()
    .describe('Database schema that the set requires; left out if the set has no database'),
  security: z
    .array(z.string().regex(cveIdSpec, { error: 'must be a CVE id' }))
    .optional()
    .describe('CVE ids that it fixes, sorted; left out if it is not a security update'),
  /** docs/explanation/architecture.md, law 4. */
  supersedes: z
    .object({ content: snapshotRef, above: snapshotRef })
    .optional()
    .describe('The snapshot whose content it re-issues, and the snapshot whose versions it exceeds'),
  tool: z.object({ name: z.string(), version: z.string() }),
});

type Written = z.infer<typeof manifestSchema>;

/** What a component was resolved to, and how it was built. */
export interface SnapshotComponent extends Omit<Written['components'][string], 'pin'> {
  pin: Pin;
}

/** `snapshots/<profile>/<id>.json`. */
export interface SnapshotManifest extends Omit<Written, 'components' | 'packages'> {
  components: Record<string, SnapshotComponent>;
  packages: SnapshotPackage[];
}

/** The snapshots that a snapshot follows. */
export function parentsOf({
  parent,
  merges = [],
}: Pick<SnapshotManifest, 'parent' | 'merges'>): SnapshotRef[] {
  return [...(parent === null ? [] : [parent]), ...merges];
}

/** The distribution release that a set is made for. */
export type SnapshotBase = Written['base'];
/** One source package of the set. */
export type SnapshotSource = Written['sources'][number];
/** The changelog of a version of a source package, as a file of the pool (changelog-plan.ts). */
export type SourceChangelog = NonNullable<Written['sourceChangelogs']>[number];
/** The database schema that a set's software needs; what it was before is not known to it. */
export type SnapshotSchema = NonNullable<Written['schema']>;
/** What a snapshot re-issues under higher versions. */
export type Superseding = NonNullable<Written['supersedes']>;

/**
 * Reads a manifest's text. Everything in it is checked before it names a file or becomes part of an index.
 *
 * @param text given as bytes, those are kept: paragraphs are read out of them when somebody asks (kept-stanza.ts)
 * @param file for messages
 * @throws LockstepError SNAPSHOT_INVALID with every fault, SNAPSHOT_NEWER_FORMAT
 */
export function parseManifest(text: string | Buffer, file: string): SnapshotManifest {
  const { value, plain } = jsonOf(typeof text === 'string' ? Buffer.from(text, 'utf8') : text, file);
  assertReadable(value, manifestFormat, file, (format) => ({ file, path: 'format', value: String(format) }));
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
  const value: unknown = splitManifest(bytes) ?? parsedJson(bytes, file);
  const packages =
    typeof value === 'object' && value !== null && 'packages' in value ? value.packages : undefined;
  if (!Array.isArray(packages) || !packages.every(isPlainPackage)) return { value, plain: undefined };
  return { value: { ...(value as object), packages: [] }, plain: packages as SnapshotPackage[] };
}

function parsedJson(bytes: Buffer, file: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw invalid(file, [{ file, message: `it is not JSON: ${(error as Error).message}` }], error);
  }
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
