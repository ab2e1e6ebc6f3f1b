/**
 * All workspaces of a user share the cache. Each workspace records its path in the cache, and a garbage collection
 * reads what all of them refer to, so that it keeps what another workspace needs. This file removes no cached data.
 */
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LockstepError } from '../../errors.js';
import {
  exists,
  lookAt,
  namesIn,
  readIfThere,
  removeFile,
  sha256Of,
  writeFileAtomic,
} from '../../io/disk.js';
import { onDisk } from '../../io/disk-fault.js';
import { readKept } from '../../io/kept-json.js';
import { lockHolder } from '../../io/lock.js';
import { throwIfInterrupted } from '../../io/interrupt.js';
import { workspaceFileName } from '../../profile/workspace-folder.js';
import { canonicalJson } from '../../io/canonical-json.js';
import type { Context } from '../workspace/context.js';
import { inCache } from '../../io/cache-folders.js';

const addressSchema = z.object({ workspace: z.string() });

function addressFolder({ places }: Pick<Context, 'places'>): string {
  return inCache(places.cache, 'workspaces');
}

/**
 * Records this workspace's path in the cache, or renews the record. It ignores a read-only cache: a command
 * that only reads must not fail.
 */
export async function registerWorkspace(
  context: Pick<Context, 'places' | 'workspace' | 'clock'>,
): Promise<void> {
  const { root } = context.workspace;
  const file = join(addressFolder(context), `${sha256Of(root)}.json`);
  const now = context.clock.now();
  try {
    if ((await readIfThere(file)) === undefined) {
      await writeFileAtomic(file, canonicalJson({ workspace: root }), { fsync: false });
    }
    await onDisk('date', file, () => utimes(file, now, now));
  } catch (error) {
    if (!(error instanceof LockstepError) || error.code !== 'DISK_IO') throw error;
  }
}

/** What other workspaces need from the content store. */
export interface OthersNeeds {
  /** Every SHA-256 in their files, so it includes all that they refer to, and more. */
  hashes: Set<string>;
  /** Workspaces whose needs are unknown: they are missing now, but existed recently. */
  unreachable: { workspace: string; address: string }[];
}

/** The other workspaces that share the cache, each with the file that records its path. */
export async function* otherWorkspaces(
  context: Context,
): AsyncGenerator<{ workspace: string; address: string }> {
  const folder = addressFolder(context);
  for (const name of await namesIn(folder)) {
    const address = join(folder, name);
    const kept = await readKept(address, addressSchema);
    if (kept !== undefined && kept.workspace !== context.workspace.root) yield { ...kept, address };
  }
}

/** The active runs in other workspaces that share the cache. */
export async function runsUnderWay(context: Context): Promise<{ workspace: string; command: string }[]> {
  const runs: { workspace: string; command: string }[] = [];
  for await (const { workspace } of otherWorkspaces(context)) {
    const holder = await lockHolder(join(workspace, '.lockstep', 'lock'));
    if (holder !== undefined) runs.push({ workspace, command: holder.command });
  }
  return runs;
}

/** What all workspaces need, including this one. As {@link needsOfOthers}. */
export async function workspacesNeeds(context: Context): Promise<OthersNeeds> {
  const needs = await needsOfOthers(context);
  await addNeedsOf(context.workspace.root, needs.hashes);
  return needs;
}

async function addNeedsOf(root: string, hashes: Set<string>): Promise<void> {
  for (const file of await referringFiles(root)) {
    addHashes((await readIfThere(file))?.toString('utf8') ?? '', hashes);
  }
}

/** Seconds after its last run for which a missing workspace is remembered. */
const forgottenAfter = 30 * 86_400;

/**
 * Reads what the other workspaces refer to. A workspace that has been missing for {@link forgottenAfter} and for
 * `grace` seconds is forgotten. The workspaces' files are not verified: too many references do no harm.
 */
export async function needsOfOthers(context: Context, grace = 0): Promise<OthersNeeds> {
  const needs: OthersNeeds = { hashes: new Set(), unreachable: [] };
  for await (const { workspace, address } of otherWorkspaces(context)) {
    throwIfInterrupted(context.signal);
    if (await exists(join(workspace, workspaceFileName))) {
      await addNeedsOf(workspace, needs.hashes);
      continue;
    }
    const age = context.clock.now().getTime() - ((await lookAt(address))?.mtime.getTime() ?? 0);
    if (age > Math.max(grace, forgottenAfter) * 1000) await removeFile(address);
    else needs.unreachable.push({ workspace, address });
  }
  return needs;
}

/** The notes about workspaces whose needs are unknown. @param doing as in `cleaned` */
export function unreachableNotes({ unreachable }: OthersNeeds, doing: string): string[] {
  return unreachable.map(
    ({ workspace, address }) =>
      `The content store is not ${doing}: ${workspace} also uses it and is missing now. If it was deleted, remove ${address}`,
  );
}

/** Every SHA-256 in a text. */
export function hashesIn(text: string): string[] {
  return text.match(/\b[0-9a-f]{64}\b/g) ?? [];
}

export function addHashes(text: string, hashes: Set<string>): void {
  for (const hash of hashesIn(text)) hashes.add(hash);
}

/** Manifests and the files derived from them. They name everything that a workspace can still need from the store. */
async function referringFiles(root: string): Promise<string[]> {
  const files: string[] = [];
  for (const folder of [join(root, 'snapshots'), join(root, '.lockstep', 'indices')]) {
    for (const below of await namesIn(folder)) {
      for (const name of await namesIn(join(folder, below))) files.push(join(folder, below, name));
    }
  }
  return files.filter((file) => file.endsWith('.json'));
}
