/**
 * `lockstep key rotate`: changes the archive's key in steps that machines can follow, or at once if someone
 * else may have the old one. The record of keys contains the steps so far; a run continues from there.
 */
import { keyringSuite } from '../../archive/layout.js';
import { LockstepError } from '../../errors.js';
import { keyringPackageOf } from '../../metapackage/pinned-packages.js';
import type { Signer } from '../../signing/signer.js';
import { currentSnapshot } from '../../suite/history.js';
import { keyRecordPath } from '../../snapshot/key-record.js';
import { signersOfChange, type KeyState, type KeyStep } from '../../snapshot/key-state.js';
import { readSnapshot } from '../../snapshot/snapshot-folder.js';
import { compareVersions } from '../../deb/version.js';
import {
  archiveKeys,
  incomingAtHand,
  ownJudgement,
  rotateImpossible,
  type ArchiveKeys,
} from './archive-keys.js';
import { archiveSigner, recordedKey, signerOfKey } from './archive-signer.js';
import type { Context, Run } from '../workspace/context.js';
import { openRun } from '../workspace/run.js';
import { composeKeyringPackage, readKeyringTemplate } from './keyring-publication.js';
import { settleKeys } from './keyring-settle.js';
import { keyringProfile } from './keyring-suites.js';
import { commitSnapshotFiles } from '../workspace/commit-files.js';
import { assertRefreshed, refreshAll } from '../upkeep/refresh.js';
import { planRotation, type RotationFacts, type RotationPlan } from './rotation-plan.js';
import { exclusively } from '../workspace/workspace-lock.js';
import type { RefreshedView } from '../upkeep/upkeep-results.js';

export interface RotateRequest {
  /** Also where machines would be left behind. */
  now: boolean;
  /** Gives up a next key that was announced. */
  abandon: boolean;
  dryRun: boolean;
}

export interface RotateReport {
  plan: RotationPlan;
  /** What was done; null: nothing, or a dry run. */
  done: KeyStep | null;
  state: KeyState;
  /** Views that were signed again. */
  views: RefreshedView[];
}

/** How far a change of the key is, and what comes next when. Writes nothing, takes no lock. */
export async function keyStatus(context: Context): Promise<{ state: KeyState; plan: RotationPlan }> {
  const run = await openRun(context);
  const facts = await rotationFacts(run);
  return { state: facts.state, plan: planRotation(facts) };
}

/**
 * Takes the next step, and completes what an earlier run left, that also where it is too early for a step.
 *
 * @throws LockstepError ROTATE_EARLY, ROTATE_IMPOSSIBLE, SIGN_*, LOCK_HELD, SNAPSHOT_INVALID (the record), those of
 * composing the keyring package and of the disk
 */
export async function rotateKey(context: Context, request: RotateRequest): Promise<RotateReport> {
  return await exclusively(context, request, async (run) => {
    const facts = await rotationFacts(run);
    const plan = planRotation(facts);
    const step = request.abandon ? 'abandon' : plan.step;
    if (request.dryRun) return { plan, done: null, state: facts.state, views: [] };
    if (step === 'abandon') {
      if (facts.state.next === null)
        throw rotateImpossible(run, 'No next key is announced, so there is none to withdraw');
    } else {
      assertPossible(run, plan);
      if (!request.now && isEarly(plan)) {
        await settle(run, facts.state);
        throw tooEarly(plan);
      }
    }
    if (step !== null) await takeStep(run, facts.state, step, plan);
    const { state } = (await run.ledger.keys())!;
    const views = await settle(run, state);
    return { plan, done: step, state, views };
  });
}

/** Everything that follows from what the record says. */
async function settle(run: Run, state: KeyState): Promise<RefreshedView[]> {
  await settleKeys(run, state, await archiveSigner(run));
  const { views } = await refreshAll(run);
  assertRefreshed(views);
  return views;
}

function assertPossible(context: Context, { step, obstacles }: RotationPlan): void {
  const firm = obstacles.filter(({ waits }) => !waits);
  if (step === null || firm.length === 0) return;
  throw rotateImpossible(
    context,
    `The step cannot be taken: ${firm.map(({ message }) => message).join('; ')}`,
  );
}

function isEarly({ step, obstacles }: RotationPlan): boolean {
  return step !== null && obstacles.some(({ waits }) => waits);
}

function tooEarly({ step, obstacles }: RotationPlan): LockstepError {
  const early = obstacles.filter(({ waits }) => waits);
  return new LockstepError('ROTATE_EARLY', {
    message: `It is too early for the step "${step}": ${early.map(({ message }) => message).join('; ')}`,
    hint: 'The step was not taken. Run the command again after that time. --now takes the step at once and LEAVES BEHIND every machine that has not yet followed',
  });
}

async function takeStep(
  run: Run,
  state: KeyState,
  step: Exclude<KeyStep, 'compromise'>,
  plan: RotationPlan,
): Promise<void> {
  const { places, clock, actor: by } = run;
  const at = clock.now().toISOString();
  const key =
    step === 'abandon' || state.next !== null
      ? { fingerprint: state.next!.fingerprint, public: state.next!.public }
      : await recordedKey(await signerOfKey(run, plan.next!));
  const signers = new Map<string, Signer>();
  for (const name of signersOfChange(state, { step, key })) signers.set(name, await signerOfKey(run, name));
  await run.ledger.addKeyChange({ step, key, at, by }, signers);
  await commitSnapshotFiles(run, [keyRecordPath(places.snapshots)], `Key ${key.fingerprint}: ${step}`);
}

/** @throws LockstepError ROTATE_IMPOSSIBLE where the archive has signed nothing yet */
async function rotationFacts(run: Run): Promise<RotationFacts> {
  const { clock } = run;
  const record = await run.ledger.keys();
  if (record === null) {
    throw rotateImpossible(
      run,
      'There is no record of keys yet. First publish or release something with this key',
    );
  }
  const { state } = record;
  const keys = await archiveKeys(run, []);
  const nextAtHand = (await incomingAtHand(run, state))?.fingerprint ?? null;
  const history = run.ledger.history(keyringSuite(state.current.fingerprint));
  const [first] = history;
  return {
    state,
    nextAtHand,
    suiteOutSince: first === undefined ? null : new Date(first.at),
    suitesBehind:
      first === undefined || state.stage !== 'steady' ? [] : await suitesBehind(run, first.to, keys),
    package: state.stage === 'steady' ? await packageState(run, state) : 'good',
    now: clock.now(),
  };
}

async function packageState(run: Run, { current }: KeyState): Promise<RotationFacts['package']> {
  const template = await readKeyringTemplate(run);
  if (template === null) return 'none';
  const { packages } = await composeKeyringPackage(run, template);
  const suite = Buffer.from(keyringSuite(current.fingerprint));
  const texts = packages.flatMap(({ scripts, entries }) => [
    ...Object.values(scripts).map((script) => Buffer.from(script)),
    ...entries.flatMap((entry) => (entry.kind === 'file' ? [entry.content] : [])),
  ]);
  const names = texts.some((text) => text instanceof Uint8Array && Buffer.from(text).includes(suite));
  return names ? 'good' : 'silent';
}

/**
 * Suites whose machines have a keyring package that is older than the first one which names the suite of the current
 * key. Machines of imported packages have that by the `.sources` file of their suite.
 */
async function suitesBehind(run: Run, firstId: string, keys: ArchiveKeys): Promise<string[]> {
  const { workspace, places } = run;
  const trust = ownJudgement(keys);
  const name = keyringPackageOf(workspace);
  const versionIn = async (profile: string, id: string): Promise<string | undefined> =>
    (await readSnapshot(places.snapshots, { profile, id }, trust)).manifest.packages.find(
      (one) => one.package === name,
    )?.version;
  const least = await versionIn(keyringProfile, firstId);
  const { imported } = run.profiles.check();
  const behind: string[] = [];
  for (const [suite, { profile }] of Object.entries(workspace.suites)) {
    if (imported.some((one) => one.name === profile)) continue;
    const id = currentSnapshot(run.ledger.history(suite));
    if (id === null) continue;
    const version = await versionIn(profile, id);
    if (least === undefined || version === undefined || compareVersions(version, least) < 0)
      behind.push(suite);
  }
  return behind;
}
