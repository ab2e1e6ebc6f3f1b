/**
 * Publishes the suites of keys: builds the keyring package, cuts it as a separate snapshot, and publishes it
 * in the suite, which only its key signs. The caller holds the workspace's lock.
 */
import { join } from 'node:path';
import { keyringSuite } from '../../archive/layout.js';
import { LockstepError } from '../../errors.js';
import { applyBuild, planBuild, prepareBuild } from '../../build/builder.js';
import { exists } from '../../io/disk.js';
import type { Phase } from '../../io/progress.js';
import type { SourceGroup } from '../../metapackage/compose.js';
import { keyringTemplate } from '../../metapackage/pinned-packages.js';
import { definitionFileName, readTemplate } from '../../metapackage/template-folder.js';
import { checkWorkspace } from '../../profile/load.js';
import type { Signer } from '../../signing/signer.js';
import { packageEntry } from '../../snapshot/content.js';
import { takenIds } from '../../snapshot/dropped.js';
import { historyPath } from '../../suite/history-file.js';
import type { Snapshot } from '../../snapshot/manifest.js';
import { moveTime } from '../../suite/move-rules.js';
import { planSnapshot } from '../../snapshot/snapshot-plan.js';
import {
  applySnapshot,
  listSnapshots,
  readSnapshot,
  type SnapshotTrust,
} from '../../snapshot/snapshot-folder.js';
import { vetSet } from '../../vetting/vet.js';
import { archiveKeys } from './archive-keys.js';
import { builderContext, versionHistory } from '../release/set-build.js';
import { changelogsOf } from '../release/set-changelogs.js';
import type { Context } from '../workspace/context.js';
import { keyringGroup, keyringKey, publishedSuites } from './keyring-package.js';
import { keyringProfile, keyringSuiteNamed } from './keyring-suites.js';
import { commitSnapshotFiles } from '../workspace/commit-files.js';
import { applyPublish, ownTrust, planPublish } from '../move/suite-publication.js';
import { snapshotRecords } from '../workspace/snapshot-records.js';
import { addToHistory, historyOf } from '../workspace/files-read.js';

/** Whether the archive has a keyring package at all: one of imported packages alone may do without. */
export async function hasKeyringTemplate({ places }: Context): Promise<boolean> {
  return await exists(join(places.templates, keyringTemplate, definitionFileName));
}

/**
 * The current keyring package.
 *
 * @throws LockstepError PROFILE_*, TEMPLATE_*, KEYRING_INVALID, SIGN_*
 */
export async function composeKeyringPackage(context: Context): Promise<SourceGroup> {
  const { workspace } = context;
  const { profiles, imported, errors } = await checkWorkspace(workspace.root);
  const [fault] = errors;
  if (fault !== undefined) throw fault;
  if (workspace.profileNames.includes(keyringProfile)) {
    throw new LockstepError('PROFILE_INVALID', {
      message: `The name ${keyringProfile} is reserved for the suites that keep the keys of machines up to date`,
      hint: 'Rename the profile',
      where: [{ file: `profiles/${keyringProfile}.yaml` }],
    });
  }
  return await keyringGroup({
    workspace,
    profiles,
    imported,
    template: await readTemplate(workspace.root, keyringTemplate),
    key: await keyringKey(await archiveKeys(context, [])),
    published: await publishedSuites(context),
    history: await versionHistory(context, keyringProfile),
  });
}

/**
 * Builds the keyring package and cuts it as a snapshot, where it is another one than before.
 *
 * @throws LockstepError as composeKeyringPackage, and what building, the signer and the disk throw
 */
export async function cutKeyringPackage(context: Context, signer: Signer): Promise<Snapshot> {
  const phase = context.progress.phase('Building the keyring package');
  try {
    const snapshot = await cut(context, signer, phase);
    phase.done(snapshot.manifest.packages.map(({ package: name, version }) => `${name} ${version}`).join());
    return snapshot;
  } catch (error) {
    phase.fail();
    throw error;
  }
}

async function cut(context: Context, signer: Signer, phase: Phase): Promise<Snapshot> {
  const { workspace, places, store, clock, signal } = context;
  const group = await composeKeyringPackage(context);
  const builder = builderContext(context, phase);
  const built = [];
  for (const { trees, ...tree } of group.packages) {
    const request = { method: 'tree' as const, component: group.source, tree, from: trees };
    const output = await applyBuild(planBuild(await prepareBuild(request, builder)), builder);
    built.push(...output.packages);
  }
  const detail = await vetSet(built, { store, cacheDir: places.cache, signal });
  const { area } = workspace.archive;
  const { profiles, imported } = await checkWorkspace(workspace.root);
  const bases = [...profiles, ...imported].map(({ base }) => base);
  const { last, anew } = await newestOf(places.snapshots, await ownTrust(signer));
  const packages = built.map((item) => packageEntry(item, { component: group.source, area }));
  const plan = planSnapshot({
    content: {
      profile: keyringProfile,
      description: `The keyring package of ${workspace.archive.label}`,
      // It is for every release that the archive has anything for
      base: {
        distribution: 'debian',
        release: 'any',
        codename: 'any',
        architectures: [...new Set(bases.flatMap(({ architectures }) => architectures))].sort(),
      },
      components: {},
      packages,
      sources: [],
      sourceChangelogs: await changelogsOf(context, packages, last === null ? [] : [last.manifest]),
      builds: [{ package: group.source, version: group.version, inputs: group.inputs }],
      evidence: [{ gate: 'vetting', result: 'passed', detail }],
    },
    last,
    anew,
    taken: await takenIds(places.snapshots),
    now: clock.now(),
    tool: { name: 'lockstep', version: context.toolVersion },
  });
  if (plan.kind === 'unchanged') return last!;
  const files = await applySnapshot(places.snapshots, plan, { signer, now: clock.now(), signal });
  await snapshotRecords(context).make(plan);
  await commitSnapshotFiles(context, files, `Cut ${plan.id} of the keyring package`);
  return plan;
}

/**
 * The one that the next is cut after. Where a compromised key has signed it too late, the next is cut whether anything
 * has changed or not: the chain goes on, and machines get what is believed.
 */
async function newestOf(
  snapshots: string,
  trust: SnapshotTrust,
): Promise<{ last: Snapshot | null; anew: boolean }> {
  const place = (await listSnapshots(snapshots, keyringProfile)).at(-1);
  if (place === undefined) return { last: null, anew: false };
  try {
    return { last: await readSnapshot(snapshots, place, trust), anew: false };
  } catch (error) {
    if (!(error instanceof LockstepError) || !error.code.startsWith('VERIFY_')) throw error;
    return { last: await readSnapshot(snapshots, place), anew: true };
  }
}

/**
 * Has the suite of a key offer a snapshot of the keyring package. The same again writes nothing.
 *
 * @param own signs the suite: the key that it is there for, alone
 * @param signer signs the line of its history
 */
export async function publishKeyringSuite(
  context: Context,
  snapshot: Pick<Snapshot, 'sha256'> & { manifest: Pick<Snapshot['manifest'], 'id'> },
  { own, signer }: { own: Signer; signer: Signer },
): Promise<void> {
  const { places, clock, actor } = context;
  const suite = keyringSuiteNamed(context, keyringSuite(own.fingerprint))!;
  const { id } = snapshot.manifest;
  const target = { profile: keyringProfile, id, sha256: snapshot.sha256 };
  const plan = await planPublish(context, target, suite, signer);
  if (plan.writes.length > 0) await applyPublish(context, plan, suite, own);
  const history = await historyOf(context, suite.name);
  const last = history.at(-1);
  if (last?.to === id) return;
  await addToHistory(
    context,
    {
      suite: suite.name,
      action: 'publish',
      from: last?.to ?? null,
      to: id,
      manifest: snapshot.sha256,
      profile: keyringProfile,
      at: moveTime(history, clock.now()),
      by: actor,
    },
    { signer, date: clock.now() },
  );
  await commitSnapshotFiles(
    context,
    [historyPath(places.snapshots, suite.name)],
    `Publish ${id} in ${suite.name}`,
  );
}
