/**
 * The archive's signature on each .dsc of a build, which dget and dscverify require. A signed .dsc never
 * changes: a file of the pool never changes, and an unchanged set gives no new snapshot.
 */
import { posix } from 'node:path';
import { putHashed } from '../../build/hashed-file.js';
import type { BuiltSource } from '../../build/built.js';
import { parseStanza } from '../../deb/deb822.js';
import { parseDsc, sourcesStanza } from '../../deb/dsc.js';
import { LockstepError } from '../../errors.js';
import { splitClearsigned } from '../../signing/clearsigned.js';
import { usableSince } from '../../signing/key-end.js';
import type { Signer } from '../../signing/signer.js';
import { readBuilds } from '../../snapshot/builds-reader.js';
import { sourceEntry } from '../../snapshot/content.js';
import { listSnapshots, readSnapshot } from '../../snapshot/snapshot-folder.js';
import type { BuiltSet } from './set-build.js';
import type { Context } from '../workspace/context.js';

/**
 * The set with signed .dsc files instead of the unsigned ones of the builds.
 *
 * @param signer null for a run that signs nothing: earlier signed files are used, the rest does not change
 * @throws LockstepError SIGN_*, STORE_*, DISK_*, and what reading earlier snapshots throws
 */
export async function withSignedSources(
  context: Context,
  set: BuiltSet,
  signer: Pick<Signer, 'clearsign' | 'publicKey'> | null,
): Promise<BuiltSet> {
  const since = signer === null ? null : await usableSince((await signer.publicKey()).binary);
  const outputs = [];
  for (const output of set.outputs) {
    // The date of the source, or the key's creation if it is later. So the same key signs the same set with the same
    // bytes
    const made = (set.pins.get(output.component)?.date ?? 0) * 1000;
    const date = new Date(Math.max(since?.getTime() ?? 0, made));
    const sources = [];
    for (const source of output.sources) sources.push(await signed(context, source, signer, date));
    outputs.push({ ...output, sources });
  }
  return { ...set, outputs };
}

async function signed(
  context: Context,
  source: BuiltSource,
  signer: Pick<Signer, 'clearsign'> | null,
  date: Date,
): Promise<BuiltSource> {
  const { store, workspace } = context;
  const dsc = source.files.find(({ name }) => name.endsWith('.dsc'));
  if (dsc === undefined) return source;
  const text = (await store.read(dsc.sha256)).toString('utf8');
  const path = posix.join(sourceEntry(source, workspace.archive.area).directory, dsc.name);
  const before = (await inSnapshots(context, source, dsc.name, text)) ?? (await inPool(context, path, text));
  if (before === undefined && signer === null) return source;
  const bytes = before ?? Buffer.from(await signer!.clearsign(text, date, dsc.name));
  const file = await putHashed(dsc.name, bytes, store);
  const listed = parseStanza(source.stanza);
  const [Priority, Section] = [listed.get('Priority') ?? undefined, listed.get('Section') ?? undefined];
  const { name, size, sha256 } = file;
  return {
    ...source,
    stanza: sourcesStanza(parseDsc(text, dsc.name), file, { Priority, Section }),
    files: source.files.map((one) => (one === dsc ? { name, size, sha256 } : one)),
  };
}

/** The signed file in a snapshot of any profile: all profiles share one pool. */
async function inSnapshots(
  { places, store }: Context,
  { package: name, version }: BuiltSource,
  file: string,
  text: string,
): Promise<Buffer | undefined> {
  for (const place of (await listSnapshots(places.snapshots)).reverse()) {
    const isIt = (one: { package: string; version: string }): boolean =>
      one.package === name && one.version === version;
    if (!(await readBuilds(places.snapshots, place)).some(isIt)) continue;
    const { manifest } = await readSnapshot(places.snapshots, place);
    const there = manifest.sources.find(isIt)?.files.find((one) => one.name === file);
    if (there === undefined || (await store.size(there.sha256)) !== there.size) continue;
    const bytes = await store.read(there.sha256);
    if (isSigned(bytes, text)) return bytes;
  }
  return undefined;
}

/** The signed file in the pool, published by a snapshot that was dropped since. */
async function inPool({ archive }: Context, path: string, text: string): Promise<Buffer | undefined> {
  const bytes = await archive.read(`debian/${path}`);
  return bytes !== undefined && isSigned(bytes, text) ? Buffer.from(bytes) : undefined;
}

/** Whether the bytes are this text with a signature. It does not verify the signature: any signer will do. */
function isSigned(bytes: Uint8Array, text: string): boolean {
  try {
    return splitClearsigned(bytes).text.trimEnd() === text.trimEnd();
  } catch (error) {
    if (error instanceof LockstepError) return false;
    throw error;
  }
}
