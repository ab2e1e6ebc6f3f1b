/**
 * The folder `snapshots/`: for each snapshot a manifest, its signature and its
 * evidence, `<profile>/<id>.json`, `.json.asc` and `.evidence.jsonl`. It writes a
 * manifest once and never again, reads it, and checks signature and chain. What
 * a manifest says is manifest.ts.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError, type FaultPlace } from '../errors.js';
import { exists, namesEnding, readIfThere, sha256Of, writeFileAtomic } from '../io/disk.js';
import { notThere, onDisk } from '../io/disk-fault.js';
import type { Signer } from '../signing/signer-port.js';
import { assertGood, verifyDetached } from '../signing/verifier.js';
import type { LineTrust } from './chained-lines.js';
import { withEvidence } from './evidence-file.js';
import type { Snapshot, SnapshotManifest } from './manifest.js';
import { parseManifest } from './manifest.js';
import type { SnapshotPlan } from './snapshot-plan.js';
import { isSnapshotId } from './snapshot-id.js';
import { nearestSnapshotId } from './snapshot-name.js';

/** Where a snapshot is. */
export interface SnapshotPlace {
  profile: string;
  id: string;
}

/** Where the name of a file with evidence ends; an id stands before it. */
export const evidenceEnding = '.evidence.jsonl';

/** Absolute paths of a snapshot's files. One that no gate was asked about has no evidence. */
export function snapshotFiles(root: string, place: SnapshotPlace) {
  const stem = join(root, place.profile, place.id);
  return {
    manifest: `${stem}.json`,
    signature: `${stem}.json.asc`,
    evidence: `${stem}${evidenceEnding}`,
  };
}

export type SnapshotFiles = ReturnType<typeof snapshotFiles>;

/**
 * Every existing snapshot, by profile and then by id, oldest first. Reads names only.
 *
 * @param root absolute path of `snapshots/`
 */
export async function listSnapshots(root: string, profile?: string): Promise<SnapshotPlace[]> {
  const profiles = profile === undefined ? await foldersIn(root) : [profile];
  const places: SnapshotPlace[] = [];
  for (const name of profiles) {
    const ids = await namesEnding('.json', join(root, name));
    for (const id of ids.filter(isSnapshotId).sort()) places.push({ profile: name, id });
  }
  return places;
}

async function foldersIn(root: string): Promise<string[]> {
  const entries = await onDisk('list', root, () =>
    readdir(root, { withFileTypes: true }).catch(notThere([])),
  );
  return entries
    .filter((entry) => entry.isDirectory() && entry.name !== historyFolder)
    .map((entry) => entry.name)
    .sort();
}

/**
 * The folder of the suites' histories, next to the folders of the profiles. No profile may have that name.
 */
export const historyFolder = 'history';

/** How a manifest is judged when it is read. */
export interface SnapshotTrust extends Pick<LineTrust, 'taken'> {
  /** Public keys, binary or armored. Without it, the signature is not checked. */
  keyring?: Uint8Array;
}

/**
 * Reads one snapshot.
 *
 * @throws LockstepError SNAPSHOT_UNKNOWN, SNAPSHOT_INVALID, SNAPSHOT_NEWER_FORMAT; with a keyring also
 * VERIFY_NO_SIGNATURE, VERIFY_BAD_SIGNATURE, VERIFY_UNKNOWN_KEY
 */
export async function readSnapshot(
  root: string,
  place: SnapshotPlace,
  trust?: SnapshotTrust,
): Promise<Snapshot> {
  const files = snapshotFiles(root, place);
  const bytes = await readIfThere(files.manifest);
  if (bytes === undefined) {
    const there = (await listSnapshots(root, place.profile)).map(({ id }) => id);
    throw new LockstepError('SNAPSHOT_UNKNOWN', {
      message: `The profile ${place.profile} has no snapshot ${place.id}`,
      hint: there.length === 0 ? 'It has none yet' : `Its snapshots: ${there.slice(-8).join(', ')}`,
      where: [{ file: files.manifest }],
    });
  }
  if (trust?.keyring !== undefined) {
    const signature = await readIfThere(files.signature);
    if (signature === undefined) {
      throw new LockstepError('VERIFY_NO_SIGNATURE', {
        message: `The snapshot ${place.id} has no signature`,
        hint: 'Restore it from version control or a backup',
        where: [{ file: files.signature }],
      });
    }
    const options = { taken: trust.taken, subject: files.manifest };
    assertGood(await verifyDetached(bytes, signature, trust.keyring, options), files.manifest);
  }
  const manifest = parseManifest(bytes, files.manifest);
  if (manifest.id !== place.id || manifest.profile !== place.profile) {
    throw otherSnapshot(files.manifest, manifest, { file: files.manifest, path: 'id' });
  }
  return { manifest, sha256: sha256Of(bytes) };
}

/** SNAPSHOT_INVALID: under the name of one snapshot lies another one. */
export function otherSnapshot(
  where: string,
  found: Pick<SnapshotManifest, 'id' | 'profile'>,
  place: FaultPlace,
): LockstepError {
  return new LockstepError('SNAPSHOT_INVALID', {
    message: `${where} holds the snapshot ${found.id} of ${found.profile}`,
    hint: 'It was renamed or overwritten. Restore it from version control or a backup',
    where: [{ value: found.id, ...place }],
  });
}

/** The newest snapshot of a profile, or null. Throws as {@link readSnapshot}. */
export async function lastSnapshot(
  root: string,
  profile: string,
  trust?: SnapshotTrust,
): Promise<Snapshot | null> {
  const last = (await listSnapshots(root, profile)).at(-1);
  return last === undefined ? null : await readSnapshot(root, last, trust);
}

/** Finds a snapshot by its id alone: ids are unique over the profiles. SNAPSHOT_UNKNOWN. */
export async function findSnapshot(root: string, id: string): Promise<SnapshotPlace> {
  const all = await listSnapshots(root);
  const found = all.find((place) => place.id === id);
  if (found !== undefined) return found;
  const newest = all
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .slice(-8)
    .map((place) => `${place.id} (${place.profile})`);
  const nearest = nearestSnapshotId(
    id,
    all.map((place) => place.id),
  );
  throw new LockstepError('SNAPSHOT_UNKNOWN', {
    message: `No profile has a snapshot ${id}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`,
    hint:
      newest.length === 0 ? 'There are no snapshots yet' : `The newest snapshots are: ${newest.join(', ')}`,
  });
}

/**
 * Writes a planned snapshot: the signature first, the manifest last, so that an existing manifest is always
 * signed. Nothing is written before the signer has signed.
 *
 * @returns the absolute paths written; none for an unchanged set
 * @throws LockstepError SNAPSHOT_INVALID if the id already exists; what the signer and the disk throw
 */
export async function applySnapshot(
  root: string,
  plan: SnapshotPlan,
  options: { signer: Signer; now: Date; signal?: AbortSignal },
): Promise<string[]> {
  if (plan.kind === 'unchanged') return [];
  const signed = await signSnapshot(root, plan, options);
  return await writeSnapshot(signed, options.signal);
}

/** The first half of {@link applySnapshot}: nothing is written. Throws as that. */
export async function signSnapshot(
  root: string,
  plan: SnapshotPlan & { kind: 'cut' },
  options: { signer: Signer; now: Date },
) {
  const files = snapshotFiles(root, { profile: plan.manifest.profile, id: plan.id });
  if (await exists(files.manifest)) {
    throw new LockstepError('SNAPSHOT_INVALID', {
      message: `The snapshot ${plan.id} already exists, and a snapshot never changes`,
      where: [{ file: files.manifest }],
    });
  }
  const gates = plan.evidence.map(({ gate }) => gate);
  if (gates.join() !== (plan.manifest.gates ?? []).join()) throw new TypeError('a gate was not announced');
  const signature = await options.signer.detached(plan.text, options.now, `snapshot ${plan.id}`);
  // Empty where no gate was asked
  const evidence = await withEvidence('', plan.evidence, plan, options);
  return { text: plan.text, signature, evidence, files };
}

type SignedSnapshot = Awaited<ReturnType<typeof signSnapshot>>;

/** The second half of {@link applySnapshot}. */
export async function writeSnapshot(
  { text, signature, evidence, files }: SignedSnapshot,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  if (evidence !== '') await writeFileAtomic(files.evidence, evidence, { signal });
  await writeFileAtomic(files.signature, signature, { signal });
  await writeFileAtomic(files.manifest, text, { signal });
  return [files.manifest, files.signature, ...(evidence === '' ? [] : [files.evidence])];
}
