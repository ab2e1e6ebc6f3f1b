/**
 * A snapshot becomes what apt reads: plan, then apply. It writes the archive and
 * nothing else; the suite's history, and whether it may move at all, are suite-move.ts.
 */
import { applyPublication } from '../../archive/apply.js';
import type { PublicationPlan } from '../../archive/publication-plan.js';
import { prepareListing, preparePublication, type PublicationRequest } from '../../archive/publication.js';
import type { PublishedRelease } from '../../archive/release.js';
import { counted } from '../../counted.js';
import { LockstepError } from '../../errors.js';
import { suitesOf } from '../../profile/load.js';
import type { Signer } from '../../signing/signer.js';
import { goodSnapshots, type HistoryEntry } from '../../suite/history.js';
import type { KeyState } from '../../snapshot/key-state.js';
import type { LineHead } from '../../snapshot/chained-lines.js';
import { listSnapshots } from '../../snapshot/snapshot-folder.js';
import { headAfter } from './history-check.js';
import { archiveKeys } from '../keys/archive-keys.js';
import type { Context, Run } from '../workspace/context.js';
import { keyringSuites, type PublishedSuite } from '../keys/keyring-suites.js';
import { listedSnapshot, type SnapshotTarget } from '../workspace/snapshot-records.js';
import { inPhase } from '../../io/progress.js';
import type { PublishResult } from './move-results.js';
import type { ListedSnapshot } from '../../archive/snapshot-record.js';

/** Which snapshots stay listed depends on how the suite comes to point at this one (goodSnapshots). */
type PlannedMove = Pick<HistoryEntry, 'action' | 'reissues'> & {
  there?: PublishedRelease;
  anew?: boolean;
  history?: LineHead | undefined;
};

/**
 * Decides what would be written. Writes nothing to the archive.
 *
 * @param move `there`: the suite's Release files, if the caller has read them; `anew`: do not trust them; `history`:
 * where the suite's history will stand, if the move adds a line to it
 */
export async function planPublish(
  run: Run,
  target: SnapshotTarget,
  suite: PublishedSuite,
  move: PlannedMove = { action: 'publish' },
): Promise<PublicationPlan> {
  return await preparePublication(await requestOf(run, target, suite, move));
}

/**
 * Prepares the indices of a suite with a new snapshot, without writing to the archive, so that the
 * publication finds them. It covers only the suite of the lowest trust level, which the snapshot enters
 * first. Obstacles are reported by the publication itself.
 */
export async function prepareEntry(run: Run, target: SnapshotTarget): Promise<void> {
  const [suite] = suitesOf(run.workspace, target.profile);
  if (suite === undefined) return;
  try {
    await prepareListing(await requestOf(run, target, suite, { action: 'publish' }));
  } catch (error) {
    if (!(error instanceof LockstepError) || error.code === 'INTERRUPTED') throw error;
  }
}

async function requestOf(
  run: Run,
  target: SnapshotTarget,
  suite: PublishedSuite,
  move: PlannedMove,
): Promise<PublicationRequest> {
  const { workspace, places, store, archive, clock, signal } = run;
  const { id } = target;
  const history = run.ledger.history(suite.name);
  const manifests = new Map(history.map(({ to, manifest }) => [to, manifest]));
  // One that was dropped since is not listed again
  const there = new Set((await listSnapshots(places.snapshots, suite.profile)).map((place) => place.id));
  const { action, reissues } = move;
  const good = goodSnapshots([...history, { action, reissues, to: id }]).filter(
    (other) => other !== id && there.has(other),
  );
  const earlier = await Promise.all(
    good.slice(0, suite.retain - 1).map((other) => {
      const named = { profile: suite.profile, id: other, sha256: manifests.get(other) };
      return listedSnapshot(run, named);
    }),
  );
  const listed = await listedSnapshot(run, target);
  const keys = await archiveKeys(run, []);
  await assertStillBelieved(keys.state, [listed, ...earlier]);
  return {
    port: archive,
    store,
    records: run.records,
    archive: workspace.archive,
    suite,
    snapshot: listed,
    earlier,
    live: move.there,
    anew: move.anew,
    history: move.history ?? headAfter(run, suite.name, null),
    publicKey: await keys.own.publicKey(),
    keyring: keyringSuites(run, keys),
    clock,
    signal,
  };
}

/**
 * A record of a snapshot is made once of its verified manifest. Where a key was compromised since, its signature must
 * hold today too: nothing that a thief may have signed gets a signature of the key that took over.
 */
async function assertStillBelieved(
  state: KeyState | null,
  snapshots: readonly Pick<ListedSnapshot, 'load'>[],
): Promise<void> {
  if (state?.keys.some((key) => key.state === 'compromised') !== true) return;
  for (const { load } of snapshots) await load();
}

/** Does what the plan says. The caller holds the workspace's lock. */
export async function applyPublish(
  context: Context,
  plan: PublicationPlan,
  suite: PublishedSuite,
  signer: Signer,
): Promise<PublishResult> {
  const { archive, store, clock, signal } = context;
  const written = await inPhase(
    context.progress,
    `Publishing ${plan.snapshot} in ${suite.name}`,
    (phase) => applyPublication(archive, plan, { store, signer, clock, phase, signal }),
    ({ writes }) =>
      writes === 0 ? 'the archive already has it' : `${counted(writes, 'file')} written in all`,
  );
  return { ...reportOf(plan), ...written };
}

export function reportOf(plan: PublicationPlan): PublishResult {
  return {
    suite: plan.suite,
    snapshot: plan.snapshot,
    before: plan.before,
    listed: plan.listed,
    verdict: plan.verdict,
    validUntil: plan.validUntil?.toISOString() ?? null,
    warnings: plan.warnings,
    writes: plan.writes.length,
    bytes: plan.writes.reduce((sum, write) => sum + (write.kind === 'blob' ? write.size : 0), 0),
  };
}
