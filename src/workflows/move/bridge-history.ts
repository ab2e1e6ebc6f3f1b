/**
 * A history whose last lines are lost, and of which no copy is left: a new signed line says so and leads to the snapshot
 * that the signed Release names, so that the suite can move again. It changes no existing line.
 */
import { liveView } from '../../archive/layout.js';
import { readReleaseTexts } from '../../archive/publication.js';
import { snapshotField } from '../../archive/release.js';
import { readSignedView } from '../../archive/signed-view.js';
import type { Signer } from '../../signing/signer.js';
import { listSnapshots, readSnapshot } from '../../snapshot/snapshot-folder.js';
import type { HistoryMove } from '../../suite/history.js';
import { moveTime } from '../../suite/move-rules.js';
import { archiveKeys, ownJudgement } from '../keys/archive-keys.js';
import type { PublishedSuite } from '../keys/keyring-suites.js';
import type { Run } from '../workspace/context.js';
import { cutHistory, headAfter } from './history-check.js';
import { beginMove, endMove } from './recover.js';
import { applyPublish, planPublish } from './suite-publication.js';

/**
 * @returns the message of the new line; null if the history lacks nothing, or if nothing says where the suite is
 * @throws LockstepError SNAPSHOT_INVALID (another fault of the history, or of the manifest), those of a publication
 */
export async function bridgeHistory(run: Run, suite: PublishedSuite, signer: Signer): Promise<string | null> {
  const { archive, places, clock, actor } = run;
  const trust = ownJudgement(await archiveKeys(run, []));
  const { release } = await readSignedView(archive, liveView(suite.name), trust);
  const history = run.ledger.history(suite.name);
  const cut = cutHistory(suite.name, run.ledger.text(suite.name), release);
  const begins = history.length === 0 && release !== null;
  if (cut === null && !begins) return null;
  const id = release?.fields.get(snapshotField);
  const place = (await listSnapshots(places.snapshots)).find((one) => one.id === id);
  if (place === undefined) return null;
  const { manifest, sha256 } = await readSnapshot(places.snapshots, place, trust);
  const reason = cut?.message ?? `The history of ${suite.name} was lost`;
  const move = {
    suite: suite.name,
    action: 'publish',
    from: history.at(-1)?.to ?? null,
    to: manifest.id,
    manifest: sha256,
    profile: manifest.profile,
    at: moveTime(history, clock.now()),
    by: actor,
    reason,
  } as const;
  await publishWithLine(run, suite, { move, message: `Repair the history of ${suite.name}` }, signer);
  return reason;
}

/**
 * Publishes what a line of the history says, and adds the line: a move without the rules of one, since the suite had
 * that snapshot before.
 *
 * @param line `after`: SHA-256 of the line that it follows first; `message`: of the git commit
 * @throws LockstepError those of a publication
 */
export async function publishWithLine(
  run: Run,
  suite: PublishedSuite,
  { move, after, message }: { move: HistoryMove; after?: string; message: string },
  signer: Signer,
): Promise<void> {
  const head = headAfter(run, suite.name, move, after);
  const standing = await readReleaseTexts(run.archive, liveView(suite.name));
  const target = { profile: move.profile, id: move.to, sha256: move.manifest };
  const plan = await planPublish(run, target, suite, { action: 'publish', history: head });
  const follows = after === undefined ? {} : { after };
  const journal = await beginMove(run, { move, head, ...follows, date: plan.date, message, standing });
  await applyPublish(run, plan, suite, signer);
  await endMove(run, journal, signer);
}
