/** Makes a workspace from what Lockstep itself brings. */
import { basename, resolve } from 'node:path';
import { applyInit, planInit, readBeginnings, type InitOptions } from '../../profile/init.js';
import type { Starter } from '../../profile/starters.js';
import type { InitResult } from './workspace-results.js';

export interface InitRequest extends Omit<InitOptions, 'name'> {
  /** Lockstep's own folder. */
  home: string;
  dryRun: boolean;
  /** The example that it begins with; null for none. */
  template: Starter | null;
  /** The archive's name; from the folder's where not given. */
  name: string | undefined;
}

/** @throws LockstepError WORKSPACE_EXISTS, WORKSPACE_INVALID */
export async function initWorkspace(dir: string, request: InitRequest): Promise<InitResult> {
  const workspace = resolve(dir);
  const { home, dryRun, template, name, ...options } = request;
  const plan = planInit(
    { ...options, name: name ?? slugOf(basename(workspace)) },
    await readBeginnings(home, template),
  );
  if (!dryRun) await applyInit(workspace, plan);
  const files = plan.map((file) => file.path);
  return { workspace, template, files, next: nextSteps(template) };
}

/** The profile that each example is tried with. */
const firstProfile: Readonly<Record<Starter, string>> = {
  mediawiki: 'mediawiki-1.39',
  'web-stack': 'web-stack',
};

function nextSteps(template: Starter | null): string[] {
  const release = template === null ? [] : [`lockstep release ${firstProfile[template]} --dry-run`];
  return ['lockstep key generate', 'lockstep check', ...release];
}

/** A folder's name as an archive's name: `Wiki Releases` -> `wiki-releases`. */
function slugOf(text: string): string {
  const slug = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '');
  return slug.length > 1 ? slug : 'archive';
}
