/**
 * Repairs the faults of the archive, first the pool, then indices, then Release, so that clients never see
 * more faults than before. Release files are signed again over the signed content, or published again.
 */
import { applyPublication } from '../../archive/apply.js';
import { keyOfSuite, liveView } from '../../archive/layout.js';
import { placeOf, type Remedy } from '../../archive/remedy.js';
import { applyRemedy, type RepairOutcome } from '../../archive/repair.js';
import { applyRefresh, planRefresh } from '../../archive/resign.js';
import { readSignedView } from '../../archive/signed-view.js';
import { LockstepError } from '../../errors.js';
import { diskFault } from '../../io/disk.js';
import { signingEnd } from '../../signing/key-end.js';
import type { Signer } from '../../signing/signer.js';
import { currentSnapshot } from '../../suite/history.js';
import { historyPath } from '../../suite/history-file.js';
import { faultsIn } from '../../suite/unbelieved.js';
import { ownJudgement, type ArchiveKeys } from '../keys/archive-keys.js';
import { archiveSigner, signerOf, type ArchiveSigner } from '../keys/archive-signer.js';
import type { Context } from '../workspace/context.js';
import { keyringSuiteNamed, type PublishedSuite } from '../keys/keyring-suites.js';
import { planPublish } from '../move/suite-publication.js';
import { historyOf } from '../workspace/files-read.js';

/**
 * Applies remedies in their order. A remedy that fails is reported and does not stop the others.
 *
 * @throws LockstepError DISK_FULL, DISK_IO, INTERRUPTED
 */
export async function applyRemedies(
  context: Context,
  remedies: readonly Remedy[],
  keys: ArchiveKeys,
): Promise<RepairOutcome[]> {
  const { archive: port, store, signal, progress } = context;
  const phase = progress.phase('Repairing');
  const outcomes: RepairOutcome[] = [];
  try {
    for (const remedy of remedies) {
      const outcome =
        remedy.kind === 'release'
          ? await applyRelease(context, remedy.view, keys)
          : await applyRemedy(port, remedy, { store, signal });
      phase.info(`${placeOf(remedy)}: ${outcome.how ?? `not repaired, ${outcome.reason}`}`);
      outcomes.push(outcome);
    }
  } catch (error) {
    phase.fail();
    throw diskFault(error, 'write to', port.place);
  }
  phase.done(`${outcomes.filter(({ how }) => how !== null).length} of ${outcomes.length} repaired`);
  return outcomes;
}

async function applyRelease(context: Context, view: string, keys: ArchiveKeys): Promise<RepairOutcome> {
  const named = nameOf(view);
  const config = named === undefined ? undefined : context.workspace.suites[named.suite];
  const suite =
    named === undefined
      ? undefined
      : (keyringSuiteNamed(context, named.suite) ??
        (config === undefined ? undefined : { ...config, name: named.suite }));
  if (suite === undefined) {
    return { path: view, how: null, reason: 'lockstep.yaml does not have that suite' };
  }
  try {
    // Each time: faults that need no signature are repaired even if the key is not available
    const signer = await repairSigner(context, suite.name);
    return (
      (await signAgain(context, view, suite, signer, keys)) ??
      (await publishAgain(context, view, suite, signer, keys))
    );
  } catch (error) {
    if (!(error instanceof LockstepError) || /^(?:DISK_|INTERRUPTED)/.test(error.code)) throw error;
    return { path: view, how: null, reason: error.message };
  }
}

/** Only its key signs the suite of a key. */
async function repairSigner(context: Context, suite: string): Promise<ArchiveSigner> {
  const fingerprint = keyOfSuite(suite);
  if (fingerprint === undefined) return await archiveSigner(context);
  return { ...(await signerOf(context, fingerprint)), fingerprints: [fingerprint] };
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
  context: Context,
  view: string,
  suite: PublishedSuite,
  signer: Signer,
  keys: ArchiveKeys,
): Promise<RepairOutcome> {
  const { archive: port, store, clock, signal, places } = context;
  if (view === liveView(suite.name)) {
    const fault = await faultsIn(places.snapshots, historyPath('', suite.name), ownJudgement(keys));
    if (fault !== null) throw fault;
  }
  const history = await historyOf(context, suite.name);
  const id = nameOf(view)?.id ?? currentSnapshot(history);
  if (id === null) return { path: view, how: null, reason: 'its history says that it points at nothing' };
  const sha256 = history.find(({ to }) => to === id)?.manifest;
  const target = { profile: suite.profile, id, sha256 };
  const plan = await planPublish(context, target, suite, signer, { action: 'publish', anew: true });
  const writes = plan.writes.filter(({ path }) => path.startsWith(`${view}/`));
  await applyPublication(port, { ...plan, writes }, { store, signer, clock, signal });
  return { path: view, how: `published again from ${id}` };
}

function nameOf(view: string): { suite: string; id: string | undefined } | undefined {
  const match = /^(?:debian|snapshot\/([^/]+))\/dists\/([^/]+)$/.exec(view);
  const [, id, suite] = match ?? [];
  return suite === undefined || view === liveView('') ? undefined : { suite, id };
}
