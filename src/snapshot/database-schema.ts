/**
 * Which database schema a component needs, as one digest over the files that
 * make and update its tables: equal digests, equal schema. Pure over paths and
 * bytes; finding them in source packages, trees and .debs is
 * schema-reader.ts's. Why from the source: docs/decisions/0006.
 */
import { createHash } from 'node:crypto';
import { applyPatch, parsePatch, type StructuredPatch } from 'diff';
import { collect } from '../deb/bytes.js';
import { sha256Of } from '../io/disk.js';
import { pathMatcher } from '../profile/path-pattern.js';
import { LockstepError } from '../errors.js';

/** Raised whenever the same files would get another digest. */
export const schemaDigestFormat = 1;

/** One file of a tree. */
export interface SchemaFile {
  /** Relative to the tree's top, parts separated by `/`. */
  path: string;
  /** To be read, if at all, before the next file is asked for. */
  body: AsyncIterable<Uint8Array>;
}

/** A patch of debian/patches, in the order of `series`. */
export interface SchemaPatch {
  /** Its file, for messages. */
  name: string;
  bytes: Uint8Array;
}

/**
 * The digest over the files of a tree that match `paths`. The order of the files does not matter.
 *
 * @param paths patterns as in path-pattern.ts
 * @param patches applied to the tree first, as dpkg-source does it: no fuzz, but at any place in the file
 * @throws LockstepError BUILD_PACKAGING where a patch of one of the files does not apply
 */
export async function schemaContents(
  files: AsyncIterable<SchemaFile>,
  paths: readonly string[],
  patches: readonly SchemaPatch[] = [],
) {
  const isMeant = pathMatcher(paths);
  const changes = changesOf(patches, isMeant);
  // What the digest is over: the files' names and the SHA-256 of what is in them once all patches are applied
  const hashes = new Map<string, string>();
  // latin1 stands for bytes one by one: what is not UTF-8 comes out as it went in
  const texts = new Map<string, string>();
  for await (const { path, body } of files) {
    if (changes.some((change) => change.reads === path))
      texts.set(path, (await collect(body)).toString('latin1'));
    else if (isMeant(path)) hashes.set(path, await hashOf(body));
  }
  applyChanges(changes, texts);
  for (const [path, text] of texts) {
    if (isMeant(path)) hashes.set(path, sha256Of(Buffer.from(text, 'latin1')));
  }
  return { files: hashes, digest: digestOf(hashes) };
}

function digestOf(files: ReadonlyMap<string, string>): string {
  const sorted = [...files].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return sha256Of(JSON.stringify({ format: schemaDigestFormat, files: sorted }));
}

async function hashOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of body) hash.update(piece);
  return hash.digest('hex');
}

/**
 * The changes that bear on files that are meant, those of a file together where any of them does: `reads` is null where
 * the file is new, `writes` where it goes.
 */
function changesOf(patches: readonly SchemaPatch[], isMeant: (path: string) => boolean) {
  const touches = (...paths: (string | null)[]): boolean =>
    paths.some((path) => path !== null && isMeant(path));
  return patches.flatMap(({ name, bytes }) => {
    const text = Buffer.from(bytes).toString('latin1');
    // Patches of other files do not matter
    const named = [...text.matchAll(/^(?:---|\+\+\+) ([^\t\n]+)/gm)].map(([, path]) => pathIn(path?.trim()));
    if (!touches(...named)) return [];
    return parsed(name, text).flatMap((one) => {
      const [reads, writes] = [pathIn(one.oldFileName), pathIn(one.newFileName)];
      return touches(reads, writes) && one.hunks.length > 0
        ? [{ patch: name, reads, writes, parsed: one }]
        : [];
    });
  });
}

function parsed(name: string, text: string): StructuredPatch[] {
  try {
    // git's mail signature looks like one more removed line
    return parsePatch(text.replace(/\n-- \n[^\n]*\n*$/, '\n'));
  } catch (error) {
    throw unusable(name, `it is not a valid patch: ${(error as Error).message}`, error);
  }
}

/** Without its first part (`a/`, `b/`, the source's folder): dpkg-source applies patches with `-p1`. */
function pathIn(name: string | undefined): string | null {
  if (name === undefined || name === '/dev/null') return null;
  const slash = name.indexOf('/');
  return slash < 0 ? name : name.slice(slash + 1);
}

function applyChanges(changes: ReturnType<typeof changesOf>, texts: Map<string, string>): void {
  for (const { patch, reads, writes, parsed: change } of changes) {
    // dpkg-source's patches made by diff name a new file on both sides
    const before = (reads === null ? undefined : texts.get(reads)) ?? '';
    const after = applyPatch(before, change, { fuzzFactor: 0, autoConvertLineEndings: false });
    if (after === false) {
      throw unusable(patch, `it does not apply to ${writes ?? reads ?? 'a file'}`);
    }
    if (reads !== null && reads !== writes) texts.delete(reads);
    if (writes !== null) texts.set(writes, after);
  }
}

function unusable(patch: string, message: string, cause?: unknown): LockstepError {
  return new LockstepError('BUILD_PACKAGING', {
    message: `${patch}: ${message}`,
    hint: 'The database schema is read from the patched source. dpkg-source would refuse the patch too',
    where: [{ file: patch, message }],
    cause,
  });
}

/** For people: the series of an upstream version, `1.39.17` -> `1.39`. */
export function seriesOf(upstreamVersion: string): string {
  return /^\d+(?:\.\d+)?/.exec(upstreamVersion)?.[0] ?? upstreamVersion;
}
