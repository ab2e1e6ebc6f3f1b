/** Makes a workspace from what Lockstep itself brings. */
import { basename, resolve } from 'node:path';
import { applyInit, planInit, readBeginnings, type InitOptions } from '../../profile/init.js';

export interface InitRequest extends Omit<InitOptions, 'name'> {
  /** Lockstep's own folder. */
  home: string;
  dryRun: boolean;
  /** The archive's name; from the folder's where not given. */
  name: string | undefined;
}

/** @throws LockstepError WORKSPACE_EXISTS, WORKSPACE_INVALID */
export async function initWorkspace(
  dir: string,
  request: InitRequest,
): Promise<{ workspace: string; files: string[] }> {
  const workspace = resolve(dir);
  const { home, dryRun, name, ...options } = request;
  const plan = planInit(
    { ...options, name: name ?? slugOf(basename(workspace)) },
    await readBeginnings(home),
  );
  if (!dryRun) await applyInit(workspace, plan);
  return { workspace, files: plan.map((file) => file.path) };
}

/** A folder's name as an archive's name: `Wiki Releases` -> `wiki-releases`. */
function slugOf(text: string): string {
  const slug = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '');
  return slug.length > 1 ? slug : 'archive';
}
