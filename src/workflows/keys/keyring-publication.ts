/**
 * Publishes the suites of keys: builds the keyring package, cuts it as a separate snapshot, and publishes it
 * in the suite, which only its key signs. The caller holds the workspace's lock.
 */
import { debBudget } from '../../deb/deb-budget.js';
import { join } from 'node:path';
import { keyringSuite } from '../../archive/layout.js';
import { LockstepError } from '../../errors.js';
import { applyBuild } from '../../build/build-plan.js';
import { exists } from '../../io/disk.js';
import type { SourceGroup } from '../../metapackage/compose.js';
import { keyringTemplate } from '../../metapackage/pinned-packages.js';
import { definitionFileName, readTemplate, type TemplateFolder } from '../../metapackage/template-folder.js';
import type { Signer } from '../../signing/signer.js';
import { packageEntry } from '../../snapshot/content.js';
import type { Snapshot } from '../../snapshot/manifest.js';
import { moveTime } from '../../suite/move-rules.js';
import { planSnapshot } from '../../snapshot/snapshot-plan.js';
import { listSnapshots, readSnapshot, type SnapshotTrust } from '../../snapshot/snapshot-folder.js';
import { vetSet } from '../../vetting/vet.js';
import { archiveKeys, ownTrust } from './archive-keys.js';
import { signerOfKey } from './archive-signer.js';
import { buildContext, planTrees, versionHistory } from '../release/set-build.js';
import { changelogsOf } from '../release/set-changelogs.js';
import { newestOf as newestSnapshots } from '../workspace/ancestry.js';
import type { Context, Run } from '../workspace/context.js';
import { keyringGroup, keyringKey, publishedSuites } from './keyring-package.js';
import { keyringProfile, keyringSuiteNamed } from './keyring-suites.js';
import { cutRequest, writeCut } from '../workspace/cutting.js';
import { beginMove, endMove, recoverMove } from '../move/recover.js';
import { assertHistory, headAfter } from '../move/history-check.js';
import { applyPublish, planPublish } from '../move/suite-publication.js';
import { inPhase, type Phase } from '../../io/progress.js';

/** What the keyring package is made from. An archive of imported packages alone may do without: null. Throws as readTemplate. */
export async function readKeyringTemplate({ places, workspace }: Context): Promise<TemplateFolder | null> {
  if (!(await exists(join(places.templates, keyringTemplate, definitionFileName)))) return null;
  return await readTemplate(workspace.root, keyringTemplate);
}

/**
 * The current keyring package.
 *
 * @throws LockstepError PROFILE_*, TEMPLATE_*, KEYRING_INVALID, SIGN_*
 */
export async function composeKeyringPackage(run: Run, template: TemplateFolder): Promise<SourceGroup> {
  if (run.workspace.profileNames.includes(keyringProfile)) {
    throw new LockstepError('PROFILE_INVALID', {
      message: `The name ${keyringProfile} is reserved for the suites that keep the keys of machines up to date`,
      hint: 'Rename the profile',
      where: [{ file: `profiles/${keyringProfile}.yaml` }],
    });
  }
  const key = await keyringKey(await archiveKeys(run, []));
  const given = { template, key, published: await publishedSuites(run) };
  return await keyringGroup(run, given, await versionHistory(run, keyringProfile));
}

/**
 * Builds the keyring package and cuts it as a snapshot, where it is another one than before.
 *
 * @throws LockstepError as composeKeyringPackage, and what building, the signer and the disk throw
 */
export async function cutKeyringPackage(
  run: Run,
  template: TemplateFolder,
  signer: Signer,
): Promise<Snapshot> {
  return await inPhase(
    run.progress,
    'Building the keyring package',
    (phase) => cut(run, template, signer, phase),
    ({ manifest }) => manifest.packages.map(({ package: name, version }) => `${name} ${version}`).join(),
  );
}

async function cut(run: Run, template: TemplateFolder, signer: Signer, phase: Phase): Promise<Snapshot> {
  const { workspace, places, store, signal } = run;
  const group = await composeKeyringPackage(run, template);
  const building = buildContext(run, phase);
  const built = [];
  for (const plan of await planTrees([group], building)) {
    built.push(...(await applyBuild(plan, building)).packages);
  }
  const vetting = await vetSet(built, { store, cacheDir: places.cache, budget: debBudget, signal });
  const { area } = workspace.archive;
  const { profiles, imported } = run.profiles.all();
  const bases = [...profiles, ...imported].map(({ base }) => base);
  const { last, anew } = await newestOf(places.snapshots, await ownTrust(run));
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
      sourceChangelogs: await changelogsOf(run, packages, last === null ? [] : [last.manifest]),
      builds: [{ package: group.source, version: group.version, inputs: group.inputs }],
      evidence: [vetting],
    },
    ...(await cutRequest(run, last, await keyringForks(run))),
    anew,
  });
  if (plan.kind === 'unchanged') return last!;
  await writeCut(run, plan, signer, `Cut ${plan.id} of the keyring package`);
  return plan;
}

/** The keyring package is made of the present state alone, so the next one replaces whatever people cut at the same time. */
async function keyringForks(run: Run): Promise<Snapshot[]> {
  const { snapshots } = run.places;
  const found: Snapshot[] = [];
  for (const id of await newestSnapshots(run.places, keyringProfile)) {
    found.push(await readSnapshot(snapshots, { profile: keyringProfile, id }));
  }
  return found;
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
 * @param fingerprint of the key that the suite is there for, which alone signs it
 * @param signer signs the line of its history
 */
export async function publishKeyringSuite(
  run: Run,
  snapshot: Snapshot,
  fingerprint: string,
  signer: Signer,
): Promise<void> {
  const { clock, actor } = run;
  const own = await signerOfKey(run, fingerprint);
  const suite = keyringSuiteNamed(run, keyringSuite(fingerprint))!;
  const { id } = snapshot.manifest;
  const target = { profile: keyringProfile, id, sha256: snapshot.sha256 };
  const standing = await assertHistory(run, suite.name);
  const history = run.ledger.history(suite.name);
  const last = history.at(-1);
  const line = {
    suite: suite.name,
    action: 'publish',
    from: last?.to ?? null,
    to: id,
    manifest: snapshot.sha256,
    profile: keyringProfile,
    at: moveTime(history, clock.now()),
    by: actor,
  } as const;
  const head = headAfter(run, suite.name, last?.to === id ? null : line);
  const plan = await planPublish(run, target, suite, { action: 'publish', history: head });
  if (last?.to === id) {
    if (plan.writes.length > 0) await applyPublish(run, plan, suite, own);
    return;
  }
  const message = `Publish ${id} in ${suite.name}`;
  const journal = await beginMove(run, { move: line, head, date: plan.date, message, standing });
  try {
    await applyPublish(run, plan, suite, own);
    await endMove(run, journal, signer);
  } catch (error) {
    // What this recovery cannot undo, the next run undoes
    await recoverMove(run, () => Promise.resolve(signer)).catch(() => undefined);
    throw error;
  }
}
