/**
 * Repairs the faults of the archive, first the pool, then indices, then Release, so that clients never see
 * more faults than before. Release files are signed again over the signed content, or published again.
 */
import { applyPublication } from '../../archive/apply.js';
import { keyOfSuite, liveView } from '../../archive/layout.js';
import { pathOfRemedy, type Remedy } from '../../archive/remedy.js';
import { applyRemedy, type RepairOutcome } from '../../archive/repair.js';
import { applyRefresh, planRefresh } from '../../archive/resign.js';
import { readSignedView } from '../../archive/signed-view.js';
import { LockstepError } from '../../errors.js';
import { onDisk } from '../../io/disk-fault.js';
import { signingEnd } from '../../signing/key-end.js';
import type { Signer } from '../../signing/signer.js';
import { currentSnapshot } from '../../suite/history.js';
import { historyPath } from '../../suite/history-file.js';
import { faultsIn } from '../../suite/unbelieved.js';
import { ownJudgement, type ArchiveKeys } from '../keys/archive-keys.js';
import { archiveSigner, signerOfKey, type ArchiveSigner } from '../keys/archive-signer.js';
import type { Context, Run } from '../workspace/context.js';
import { keyringSuiteNamed, type PublishedSuite } from '../keys/keyring-suites.js';
import { planPublish } from '../move/suite-publication.js';
import { inPhase, type Phase } from '../../io/progress.js';

/**
 * Applies remedies in their order. A remedy that fails is reported and does not stop the others.
 *
 * @throws LockstepError DISK_FULL, DISK_IO, INTERRUPTED
 */
export async function applyRemedies(
  run: Run,
  remedies: readonly Remedy[],
  keys: ArchiveKeys,
): Promise<RepairOutcome[]> {
  const { archive: port, store, signal, progress } = run;
  const repair = async (phase: Phase): Promise<RepairOutcome[]> => {
    const outcomes: RepairOutcome[] = [];
    for (const remedy of remedies) {
      const outcome =
        remedy.kind === 'release'
          ? await applyRelease(run, remedy.view, keys)
          : await applyRemedy(port, remedy, { store, signal });
      phase.info(`${pathOfRemedy(remedy)}: ${outcome.how ?? `not repaired, ${outcome.reason}`}`);
      outcomes.push(outcome);
    }
    return outcomes;
  };
  return await inPhase(
    progress,
    'Repairing',
    (phase) => onDisk('write to', port.place, () => repair(phase)),
    (outcomes) => `${outcomes.filter(({ how }) => how !== null).length} of ${outcomes.length} repaired`,
  );
}

/** Signs the Release files of a view again, or publishes it again if none of them can be trusted. */
export async function applyRelease(run: Run, view: string, keys: ArchiveKeys): Promise<RepairOutcome> {
  const name = suiteOfView(view)?.suite ?? '';
  const config = run.workspace.suites[name];
  const suite = keyringSuiteNamed(run, name) ?? (config === undefined ? undefined : { ...config, name });
  if (suite === undefined) {
    return { path: view, how: null, reason: 'lockstep.yaml does not have that suite' };
  }
  try {
    // Each time: what needs no signature is repaired even without the key
    const signer = await repairSigner(run, suite.name);
    return (
      (await signAgain(run, view, suite, signer, keys)) ??
      (await publishAgain(run, view, suite, signer, keys))
    );
  } catch (error) {
    if (!(error instanceof LockstepError) || /^(?:DISK_|INTERRUPTED)/.test(error.code)) throw error;
    return { path: view, how: null, reason: error.message };
  }
}

/** A suite that exists for one key is signed by that key only. */
async function repairSigner(run: Run, suite: string): Promise<ArchiveSigner> {
  const fingerprint = keyOfSuite(suite);
  if (fingerprint === undefined) return await archiveSigner(run);
  return { ...(await signerOfKey(run, fingerprint)), fingerprints: [fingerprint] };
}

/** Undefined where none of its Release files can be trusted. */
async function signAgain(
  context: Context,
  view: string,
  suite: PublishedSuite,
  signer: ArchiveSigner,
  keys: ArchiveKeys,
): Promise<RepairOutcome | undefined> {
  const { archive: port, clock, workspace, signal } = context;
  const signed = await readSignedView(port, view, ownJudgement(keys));
  const { release } = signed;
  if (release === null || release.suite !== suite.name) return undefined;
  const plan = planRefresh({
    signed: { ...signed, release },
    kind: view.startsWith('debian/') ? 'live' : 'frozen',
    archive: workspace.archive,
    suite,
    fingerprints: signer.fingerprints,
    keyEnds: await signingEnd(await signer.publicKey(), clock.now()),
    force: true,
    now: clock.now(),
  });
  await applyRefresh(port, plan, { signer, clock, signal });
  return { path: view, how: 'signed again' };
}

/**
 * Makes a view out of its snapshot. The suite stays where its history says that it is, and that must hold: no person has
 * said here what it is to point at.
 */
async function publishAgain(
  run: Run,
  view: string,
  suite: PublishedSuite,
  signer: Signer,
  keys: ArchiveKeys,
): Promise<RepairOutcome> {
  const { archive: port, store, clock, signal, places } = run;
  if (view === liveView(suite.name)) {
    const fault = await faultsIn(places.snapshots, historyPath('', suite.name), ownJudgement(keys));
    if (fault !== null) throw fault;
  }
  const history = run.ledger.history(suite.name);
  const id = suiteOfView(view)?.id ?? currentSnapshot(history);
  if (id === null) return { path: view, how: null, reason: 'its history says that it points at nothing' };
  const sha256 = history.find(({ to }) => to === id)?.manifest;
  const target = { profile: suite.profile, id, sha256 };
  const plan = await planPublish(run, target, suite, { action: 'publish', anew: true });
  const writes = plan.writes.filter(({ path }) => path.startsWith(`${view}/`));
  await applyPublication(port, { ...plan, writes }, { store, signer, clock, signal });
  return { path: view, how: `published again from ${id}` };
}

function suiteOfView(view: string): { suite: string; id: string | undefined } | undefined {
  const match = /^(?:debian|snapshot\/([^/]+))\/dists\/([^/]+)$/.exec(view);
  const [, id, suite] = match ?? [];
  return suite === undefined || view === liveView('') ? undefined : { suite, id };
}
