/**
 * What a source package says about itself, after its bytes are proven: when its packaging was last changed
 * (debian/changelog), and whether upstream's own signature of the tarball is valid. The facts are cached under the
 * .dsc's hash, because the .dsc names all files.
 */
import { parseChangelogTop } from '../deb/changelog.js';
import type { Dsc } from '../deb/dsc.js';
import { readTar } from '../deb/tar.js';
import { LockstepError } from '../errors.js';
import { collect } from '../deb/bytes.js';
import { decompressByName } from '../io/compress.js';
import { assertGood, verifyDetached } from '../signing/verifier.js';
import { cached } from './cache-file.js';
import { type SourceContext } from './source-context.js';
import type { Provenance, StoredFile } from './pin.js';
import { readStored } from './source-tree.js';

export interface SourceFacts {
  /** Date of the top entry of debian/changelog, in seconds. */
  date: number;
  /** One entry for each of upstream's signatures that was checked. */
  provenance: Provenance[];
}

/** Bytes of a file of debian/ that is read. Larger files are ignored. */
const largestText = 32 * 1024 * 1024;

const changelogPath = 'debian/changelog';
/** Paths at which uscan(1) looks for upstream's keys. The newest convention comes first. */
const keyPaths = [
  'debian/upstream/signing-key.asc',
  'debian/upstream/signing-key.pgp',
  'debian/upstream-signing-key.pgp',
];

/**
 * Reads the facts, or takes them from the cache.
 * @throws LockstepError DEB_SYNTAX (no changelog), DEB_ARCHIVE, VERIFY_BAD_SIGNATURE
 */
export async function sourceFacts(
  dsc: Dsc,
  dscFile: StoredFile,
  files: readonly StoredFile[],
  context: SourceContext,
): Promise<SourceFacts> {
  return await cached(context, 'sources', dscFile.sha256, async () => {
    const packaging = await readPackaging(files, context);
    const changelog = packaging.get(changelogPath);
    if (changelog === undefined) {
      throw new LockstepError('DEB_SYNTAX', {
        message: `The source package ${dsc.source} ${dsc.version} has no ${changelogPath}`,
        where: [{ file: dscFile.name }],
      });
    }
    const { date } = parseChangelogTop(changelog.toString('utf8'), `${changelogPath} of ${dsc.source}`);
    const keys = keyPaths.map((path) => packaging.get(path)).find((bytes) => bytes !== undefined);
    return { date, provenance: await upstreamSignatures(files, keys, context) };
  });
}

/** The required files of debian/, by path. Their place depends on the source format (dpkg-source(1)). */
async function readPackaging(
  files: readonly StoredFile[],
  context: SourceContext,
): Promise<Map<string, Buffer>> {
  const named = (ending: RegExp): StoredFile | undefined => files.find((file) => ending.test(file.name));
  // 3.0 (quilt): a separate tarball. 1.0: a patch. Native: with the other files, below the top folder.
  const apart = named(/\.debian\.tar\.[a-z0-9]+$/);
  if (apart !== undefined) return await readFrom(apart, (path) => path, context);
  const patch = named(/\.diff\.gz$/);
  if (patch !== undefined) {
    const text = (
      await collect(atMost(decompressByName(patch.name, context.store.open(patch.sha256))))
    ).toString('utf8');
    const changelog = addedFile(text, changelogPath);
    return new Map(changelog === null ? [] : [[changelogPath, Buffer.from(changelog)]]);
  }
  const native = named(/\.tar\.[a-z0-9]+$/);
  if (native === undefined) return new Map();
  return await readFrom(native, (path) => path.replace(/^[^/]+\//, ''), context);
}

async function readFrom(
  file: StoredFile,
  rename: (path: string) => string,
  context: SourceContext,
): Promise<Map<string, Buffer>> {
  return await readStored(context.store, file.sha256, async () => {
    const found = new Map<string, Buffer>();
    const bytes = decompressByName(file.name, context.store.open(file.sha256), context);
    for await (const { header, body } of readTar(bytes, file.name)) {
      const path = rename(header.path);
      if (header.kind !== 'file' || (path !== changelogPath && !keyPaths.includes(path))) continue;
      if (header.size <= largestText) found.set(path, await collect(body));
    }
    return found;
  });
}

async function* atMost(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const piece of source) {
    size += piece.length;
    if (size > largestText) return;
    yield piece;
  }
}

/** The text of a file that a unified diff creates; null if the diff does not create it. */
export function addedFile(diff: string, path: string): string | null {
  const lines = diff.split('\n');
  const start = lines.findIndex(
    (line) => line.startsWith('+++ ') && line.slice(4).split('\t')[0]!.trim().endsWith(`/${path}`),
  );
  if (start < 0 || !/^@@ -0,0 \+1(?:,\d+)? @@/.test(lines[start + 1] ?? '')) return null;
  const added: string[] = [];
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith('+')) break;
    added.push(line.slice(1));
  }
  return `${added.join('\n')}\n`;
}

/**
 * Verifies each upstream tarball that has a signature, with the keys that the maintainer keeps for it. Debian already
 * vouches for the tarball; this shows whether upstream does too. If that cannot be decided (no key, a weak signature),
 * the provenance records it. An invalid signature is a fault. A key that has expired since is accepted: Debian accepted
 * the signature, and its InRelease records that.
 */
async function upstreamSignatures(
  files: readonly StoredFile[],
  keys: Buffer | undefined,
  context: SourceContext,
): Promise<Provenance[]> {
  const proofs: Provenance[] = [];
  for (const tarball of files) {
    const signature = files.find((file) => file.name === `${tarball.name}.asc`);
    if (signature === undefined) continue;
    const step = (result: string): string => `upstream signature: ${result}`;
    if (keys === undefined) {
      proofs.push({ step: step('no key in debian/upstream'), subject: tarball.name, sha256: tarball.sha256 });
      continue;
    }
    const verdict = await verifyDetached(
      context.store.open(tarball.sha256),
      await context.store.read(signature.sha256),
      keys,
      { taken: { kind: 'recorded', at: context.clock.now() }, subject: signature.name },
    );
    if (verdict.result === 'bad') assertGood(verdict, `${tarball.name} by its upstream`);
    if (verdict.result !== 'good')
      context.phase?.info(`${tarball.name}: the upstream signature is ${verdict.result} (${verdict.reason})`);
    proofs.push({
      step: step(verdict.result),
      ...(verdict.result === 'good' ? { kind: 'signature' as const } : {}),
      subject: tarball.name,
      ...(verdict.fingerprint === undefined ? {} : { by: verdict.fingerprint }),
      sha256: tarball.sha256,
    });
  }
  return proofs;
}
