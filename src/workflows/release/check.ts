/** Checks what a person wrote: lockstep.yaml, the profiles, and that what they name is there. */
import { LockstepError } from '../../errors.js';
import { namedTemplates } from '../../metapackage/compose.js';
import { keyringTemplate } from '../../metapackage/pinned-packages.js';
import { readTemplate } from '../../metapackage/template-folder.js';
import { placeOf, suitesOf } from '../../profile/load.js';
import { checkWorkspace, type WorkspaceCheck } from '../../profile/profiles.js';
import { skipsOf } from '../../profile/skips-in-force.js';
import { join } from 'node:path';
import { headsOf } from '../../snapshot/chained-lines.js';
import { forkNotes } from '../../snapshot/fork-notes.js';
import { listHistories, readHistoryText } from '../../suite/history-file.js';
import { repositoryOf } from '../../io/commit.js';
import { commitHooks } from '../../io/git-settings.js';
import { newestOf } from '../workspace/ancestry.js';
import type { CheckResult } from './release-results.js';

/** @throws LockstepError WORKSPACE_MISSING, PROFILE_UNKNOWN */
export async function check(
  dir: string,
  profile: string | undefined,
  now: Date,
): Promise<{ result: CheckResult; errors: LockstepError[] }> {
  const checked = await checkWorkspace(dir, profile, now);
  const { profiles, imported } = checked;
  const names = [...profiles, ...imported].map(({ name }) => name).sort();
  const errors = [...checked.errors, ...(await templateFaults(checked))];
  const faults = errors.flatMap((error) =>
    error.where.map(({ message, ...place }) => ({
      code: error.code,
      message: message ?? error.message,
      ...(Object.fromEntries(Object.entries(place).filter(([, value]) => value !== undefined)) as object),
    })),
  );
  const notes = [
    ...profiles.flatMap((one) => skipsOf(one, now).ended.map((sentence) => `${sentence}.`)),
    ...withoutSuite(checked),
    ...(await commitNotes(checked)),
    ...(await forksIn(checked.root, names)),
  ];
  return { result: { ok: errors.length === 0, profiles: names, faults, notes }, errors };
}

/** Templates that are missing or invalid: one error for each place that names one. */
async function templateFaults({ root, profiles }: WorkspaceCheck): Promise<LockstepError[]> {
  const errors: LockstepError[] = [];
  const named = profiles.flatMap((profile) =>
    namedTemplates(profile).map(({ name, path }) => ({ name, at: placeOf(profile, path) })),
  );
  // Every set that is built also gets the keyring package
  const keyring = profiles.length === 0 ? [] : [{ name: keyringTemplate, at: undefined }];
  for (const { name, at } of [...named, ...keyring]) {
    try {
      await readTemplate(root, name, at);
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      errors.push(error);
    }
  }
  return errors;
}

function withoutSuite({ workspace, profiles, imported }: WorkspaceCheck): string[] {
  if (workspace === undefined) return [];
  return [...profiles, ...imported]
    .map(({ name }) => name)
    .filter((name) => suitesOf(workspace, name).length === 0)
    .sort()
    .map(
      (name) =>
        `lockstep.yaml has no suite for the profile ${name}, so it cannot be published. Add one under "suites": ${name}-unstable: { profile: ${name}, trust: ${workspace.trustLevels[0]} }`,
    );
}

/** What people cut or moved at the same time. What cannot be read is for `verify`. */
async function forksIn(root: string, profiles: readonly string[]): Promise<string[]> {
  const places = { snapshots: join(root, 'snapshots'), state: join(root, '.lockstep') };
  const { snapshots } = places;
  const forks = new Map<string, string[]>();
  const histories = new Set<string>();
  try {
    for (const name of profiles) {
      const newest = await newestOf(places, name);
      if (newest.length > 1) forks.set(name, newest);
    }
    for (const suite of await listHistories(snapshots)) {
      const text = await readHistoryText(snapshots, suite);
      if (text !== undefined && hasConflict(text)) histories.add(suite);
    }
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
  }
  return forkNotes(forks, histories);
}

/** Whether two people continued a history, merged by git or left in conflict. */
function hasConflict(text: string): boolean {
  if (/^<{7}/m.test(text)) return true;
  try {
    return headsOf(text).length > 1;
  } catch {
    return false;
  }
}

/** What snapshots.commit does not do here. */
async function commitNotes({ workspace }: WorkspaceCheck): Promise<string[]> {
  if (workspace === undefined || !workspace.snapshots.commit) return [];
  const nothing = 'snapshots.commit is true, but nothing is committed:';
  try {
    const repository = await repositoryOf(workspace.root);
    if (repository === undefined) {
      return [
        `${nothing} ${workspace.root} is not in a git repository. Create one with "git init", or set snapshots.commit to false`,
      ];
    }
    const hooks = await commitHooks(await import('isomorphic-git'), repository);
    if (hooks.length === 0) return [];
    return [
      `The commits of snapshots.commit do not run the hooks of ${repository}: ${hooks.join(', ')}. Check the commits on the server that you push to, or set snapshots.commit to false and commit yourself`,
    ];
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    return [`${nothing} ${error.message}.`];
  }
}
