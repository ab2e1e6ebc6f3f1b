/**
 * Recovery where the journal of a killed run is damaged: nothing says which suite was moving, so every suite is brought
 * to what its InRelease says, and its history to what that Release knows.
 */
import { frozenView, liveView } from '../../archive/layout.js';
import { readSignedView } from '../../archive/signed-view.js';
import { LockstepError } from '../../errors.js';
import { removeFile } from '../../io/disk.js';
import { listSnapshots } from '../../snapshot/snapshot-folder.js';
import { archiveKeys, ownJudgement } from '../keys/archive-keys.js';
import { archiveSigner } from '../keys/archive-signer.js';
import { keyringSuiteNamed } from '../keys/keyring-suites.js';
import { applyRelease } from '../upkeep/apply-remedies.js';
import type { Run } from '../workspace/context.js';
import { bridgeHistory } from './bridge-history.js';
import { journalPath, undo } from './recover.js';

/**
 * Restores every suite, then removes the journal. The caller holds the workspace's lock.
 *
 * @throws LockstepError DISK_FULL, DISK_IO, those of the signer, SNAPSHOT_INVALID
 */
export async function recoverWithoutJournal(run: Run): Promise<void> {
  const { archive, places, workspace } = run;
  const phase = run.progress.phase('A killed run left a damaged journal');
  const keys = await archiveKeys(run, []);
  const ids = (await listSnapshots(places.snapshots)).map(({ id }) => id);
  const suites = [...new Set([...Object.keys(workspace.suites), ...run.ledger.suites])];
  for (const name of suites) {
    const before = { release: null, signature: null };
    const heads = await archive.head(ids.map((id) => `${frozenView(name, id)}/Release`));
    const begun = ids.filter((id) => heads.has(`${frozenView(name, id)}/Release`));
    // In a view that is as its InRelease says, it changes nothing
    for (const to of begun.length === 0 ? ids.slice(-1) : begun) {
      await undo(archive, { move: { suite: name, to }, before });
    }
    const signed = await readSignedView(archive, liveView(name), ownJudgement(keys));
    if (signed.there && signed.findings.length > 0) await applyRelease(run, liveView(name), keys);
  }
  for (const name of suites) await restoreHistory(run, name);
  await removeFile(journalPath(run));
  phase.done('every suite is as its InRelease says');
}

async function restoreHistory(run: Run, name: string): Promise<void> {
  const config = run.workspace.suites[name];
  const suite = keyringSuiteNamed(run, name) ?? (config === undefined ? undefined : { ...config, name });
  if (suite === undefined) return;
  try {
    await bridgeHistory(run, suite, await archiveSigner(run));
  } catch (error) {
    // A history that is damaged too is another fault: the move of its suite reports it
    if (!(error instanceof LockstepError) || error.code !== 'SNAPSHOT_INVALID') throw error;
  }
}
