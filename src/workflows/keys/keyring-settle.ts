/**
 * Has the archive say what the record of keys says: the suites that are there
 * for a key, the key files, the signatures. Each of it again writes nothing, so
 * what a killed run left is completed by the next one. The caller holds the
 * workspace's lock.
 */
import { writeKeyFiles } from '../../archive/key-files.js';
import { frozenView, keyOfSuite, keyringSuite, liveView } from '../../archive/layout.js';
import { LockstepError } from '../../errors.js';
import type { Signer } from '../../signing/signer.js';
import { historyPath } from '../../suite/history-file.js';
import type { TemplateFolder } from '../../metapackage/template-folder.js';
import { publishedKeys, type KeyState } from '../../snapshot/key-state.js';
import { currentSnapshot } from '../../suite/history.js';
import type { Snapshot } from '../../snapshot/manifest.js';
import { listSnapshots } from '../../snapshot/snapshot-folder.js';
import { anyTime, holdsAnyTime, unbelievedSnapshots } from '../../suite/unbelieved.js';
import { archiveKeys, judgementOf } from './archive-keys.js';
import { dropSnapshot, onlyIn } from '../upkeep/dropped-files.js';
import { keyringInputs, noteOfferedInputs, offeredInputs } from './keyring-inputs.js';
import { cutKeyringPackage, readKeyringTemplate, publishKeyringSuite } from './keyring-publication.js';
import { keyringProfile, keyringSuites } from './keyring-suites.js';
import { commitSnapshotFiles } from '../workspace/commit-files.js';
import type { Run } from '../workspace/context.js';

/**
 * After a move of a suite: the suite of the current key offers the current keyring package, and machines get
 * that suite in their sources. A rollback of a set does not downgrade the keyring package of a machine.
 *
 * @throws LockstepError of the signer and the disk; faults of profiles and templates are only reported,
 * because the suite has already moved
 */
export async function ensureKeyringSuite(run: Run, signer: Signer): Promise<void> {
  const { progress } = run;
  const state = (await run.ledger.keys())?.state;
  if (state === undefined) return;
  const suite = keyringSuite(state.current.fingerprint);
  try {
    const template = await readKeyringTemplate(run);
    if (template === null) return;
    const inputs = await keyringInputs(run, template);
    if (run.ledger.history(suite).length > 0 && (await offeredInputs(run)) === inputs) return;
    // A move needs no other key: the next one's suite is brought up to date with the next step of the change
    await offerKeyringPackage(run, template, [state.current.fingerprint], signer);
    await settleKeyFiles(run);
    await noteOfferedInputs(run, inputs);
  } catch (error) {
    if (!(error instanceof LockstepError) || !/^(?:PROFILE|TEMPLATE|WORKSPACE)_/.test(error.code))
      throw error;
    const phase = progress.phase(`The keyring package in ${suite} does not change`);
    phase.info(error.message);
    phase.fail();
  }
}

/**
 * Publishes the current keyring package in the suite of every key that can sign it, and the key files.
 * Removes the suite of a compromised key.
 *
 * @param signer of the archive
 */
export async function settleKeys(run: Run, state: KeyState, signer: Signer): Promise<void> {
  for (const { fingerprint, state: kind } of state.keys) {
    if (kind === 'compromised') await removeKeyringSuite(run, keyringSuite(fingerprint));
  }
  const template = await readKeyringTemplate(run);
  if (template !== null) {
    const fingerprints = publishedKeys(state).map(({ fingerprint }) => fingerprint);
    const snapshot = await offerKeyringPackage(run, template, fingerprints, signer);
    await settleFormerSuites(run, state, snapshot, signer);
  }
  await dropUnbelieved(run, state, signer);
  await settleKeyFiles(run);
}

/** Publishes the current keyring package in the suites of these keys. */
async function offerKeyringPackage(
  run: Run,
  template: TemplateFolder,
  fingerprints: readonly string[],
  signer: Signer,
): Promise<Snapshot> {
  const snapshot = await cutKeyringPackage(run, template, signer);
  for (const fingerprint of fingerprints) await publishKeyringSuite(run, snapshot, fingerprint, signer);
  return snapshot;
}

/**
 * A machine that was off during the last change knows the previous key, and gets the new one from its suite.
 * If that key is no longer available, or has expired, the suite still offers its last package; but no suite
 * offers a compromised key.
 */
async function settleFormerSuites(
  run: Run,
  { keys }: KeyState,
  snapshot: Snapshot,
  signer: Signer,
): Promise<void> {
  const former = keys.filter((key) => key.state === 'former').map(({ fingerprint }) => fingerprint);
  const last = former.at(-1);
  const isRenewed = last !== undefined && (await offerToSleepers(run, last, snapshot, signer));
  for (const suite of (isRenewed ? former.slice(0, -1) : former).map(keyringSuite)) {
    const offered = run.ledger.history(suite).at(-1);
    if (offered === undefined) continue;
    const handsOut = keys.some(
      ({ state, since }) =>
        state === 'compromised' && (since === null || since.getTime() <= new Date(offered.at).getTime()),
    );
    if (handsOut) await removeKeyringSuite(run, suite);
  }
}

/**
 * Removes snapshots of the keyring package that are no longer trusted: nobody can check them, and the suites
 * now offer newer ones.
 */
async function dropUnbelieved(run: Run, state: KeyState, signer: Signer): Promise<void> {
  const { places } = run;
  if (state.keys.every((key) => key.state !== 'compromised')) return;
  const trust = await judgementOf(state);
  const offered = new Set<string>();
  for (const suite of run.ledger.suites) {
    const id = keyOfSuite(suite) === undefined ? null : currentSnapshot(run.ledger.history(suite));
    if (id !== null) offered.add(id);
  }
  for (const place of await unbelievedSnapshots(places.snapshots, trust, keyringProfile)) {
    // What a stranger changed is verify's to tell
    if (offered.has(place.id) || !(await holdsAnyTime({ root: places.snapshots, trust }, place))) continue;
    const { snapshot, left } = await onlyIn(run, place, anyTime(trust));
    const reason = 'It was signed with a key that someone else may have';
    await dropSnapshot(run, snapshot!, { left, signer, reason });
  }
}

/**
 * Removes everything that only a compromised key signed. The Release files are removed first: without them no
 * client uses the rest.
 */
async function removeKeyringSuite(run: Run, suite: string): Promise<void> {
  const { archive: port, ledger, places, signal } = run;
  const ids = (await listSnapshots(places.snapshots, keyringProfile)).map(({ id }) => id);
  for (const view of [liveView(suite), ...ids.map((id) => frozenView(suite, id))]) {
    for (const name of ['InRelease', 'Release.gpg', 'Release'])
      await port.remove(`${view}/${name}`, { signal });
    for (const { path } of await port.list(view, { signal })) await port.remove(path, { signal });
  }
  if (!ledger.suites.includes(suite)) return;
  await ledger.removeHistory(suite);
  await commitSnapshotFiles(run, [], `${suite}: its key is compromised`, [
    historyPath(places.snapshots, suite),
  ]);
}

/** Whether that could be done. */
async function offerToSleepers(
  run: Run,
  fingerprint: string,
  snapshot: Snapshot,
  signer: Signer,
): Promise<boolean> {
  try {
    await publishKeyringSuite(run, snapshot, fingerprint, signer);
    return true;
  } catch (error) {
    if (!(error instanceof LockstepError) || !/^SIGN_KEY_(?:MISSING|EXPIRED)$/.test(error.code)) throw error;
    return false;
  }
}

/**
 * The key files and the lines for machines; the paths of those that change.
 *
 * @param suites whose lines; of all suites otherwise
 */
export async function settleKeyFiles(
  run: Run,
  { dryRun = false, suites }: { dryRun?: boolean; suites?: readonly string[] } = {},
): Promise<string[]> {
  const { archive, workspace, signal } = run;
  const keys = await archiveKeys(run, []);
  const all = [...Object.keys(workspace.suites), ...run.ledger.suites];
  return await writeKeyFiles(archive, {
    baseUrl: workspace.archive.baseUrl,
    suites: suites ?? [...new Set(all)],
    publicKey: await keys.own.publicKey(),
    keyring: keyringSuites(run, keys),
    dryRun,
    signal,
  });
}
