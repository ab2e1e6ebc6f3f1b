/**
 * A snapshot becomes what apt reads: plan, then apply. It writes the archive and
 * nothing else; the suite's history, and whether it may move at all, are suite-move.ts.
 */
import { applyPublication } from '../../archive/apply.js';
import type { PublicationPlan } from '../../archive/publication-plan.js';
import {
  prepareListing,
  preparePublication,
  type ListedSnapshot,
  type PublicationRequest,
} from '../../archive/publication.js';
import type { PublishedRelease } from '../../archive/release.js';
import { LockstepError } from '../../errors.js';
import { suiteOf, suitesOf, type NamedSuite } from '../../profile/load.js';
import type { Signer } from '../../signing/signer.js';
import { goodSnapshots, type HistoryEntry } from '../../suite/history.js';
import type { KeyState } from '../../snapshot/key-state.js';
import type { Snapshot } from '../../snapshot/manifest.js';
import {
  findSnapshot,
  lastSnapshot,
  listSnapshots,
  readSnapshot,
  type SnapshotTrust,
} from '../../snapshot/snapshot-folder.js';
import { archiveKeys, ownJudgement } from '../keys/archive-keys.js';
import type { Context } from '../workspace/context.js';
import { keyringSuites, type PublishedSuite } from '../keys/keyring-suites.js';
import { listedSnapshot, snapshotRecords, type SnapshotTarget } from '../workspace/snapshot-records.js';
import { historyOf } from '../workspace/files-read.js';

export interface PublishReport {
  suite: string;
  snapshot: string;
  before: string | null;
  listed: string[];
  verdict: 'publish' | 'refresh' | 'nothing';
  validUntil: string | null;
  /** What people should know of the key that signs. */
  warnings: string[];
  writes: number;
  bytes: number;
}

/** Which snapshot: one by its id, or the newest of a profile. */
export type SnapshotWanted = { id: string } | { profile: string };

/** The suite that a profile's new snapshots enter: that of the lowest trust level. */
export function entrySuite(context: Context, profile: string): NamedSuite {
  const [first] = suitesOf(context.workspace, profile);
  if (first === undefined) {
    throw new LockstepError('SUITE_UNKNOWN', {
      message: `lockstep.yaml has no suite for the profile ${profile}`,
      hint: `Add one under "suites": ${profile}-unstable: { profile: ${profile}, trust: unstable }`,
    });
  }
  return first;
}

/** How manifests of this workspace are judged: by the archive's own key. */
export async function ownTrust(signer: Pick<Signer, 'publicKey'>): Promise<SnapshotTrust> {
  const { binary, ends } = await signer.publicKey();
  return ownJudgement({ keyring: binary, ends });
}

/** @throws LockstepError SNAPSHOT_UNKNOWN, SNAPSHOT_INVALID, SNAPSHOT_NEWER_FORMAT, VERIFY_* */
export async function wantedSnapshot(
  context: Context,
  wanted: SnapshotWanted,
  trust: SnapshotTrust,
): Promise<Snapshot> {
  const { snapshots } = context.places;
  if ('id' in wanted) return await readSnapshot(snapshots, await findSnapshot(snapshots, wanted.id), trust);
  const last = await lastSnapshot(snapshots, wanted.profile, trust);
  if (last === null) {
    throw new LockstepError('SNAPSHOT_UNKNOWN', {
      message: `The profile ${wanted.profile} has no snapshot yet`,
      hint: `Cut one with: lockstep cut ${wanted.profile}`,
    });
  }
  return last;
}

/** The suite by name, or the entry suite; it must take the snapshot's profile. */
export function suiteFor(context: Context, name: string | undefined, profile: string): NamedSuite {
  if (name === undefined) return entrySuite(context, profile);
  const suite = { ...suiteOf(context.workspace, name), name };
  if (suite.profile !== profile) {
    const fitting = suitesOf(context.workspace, profile).map((other) => other.name);
    throw new LockstepError('SUITE_UNKNOWN', {
      message: `The suite ${name} takes the profile ${suite.profile}, not ${profile}`,
      hint: fitting.length === 0 ? 'No suite has that profile' : `Suites for it: ${fitting.join(', ')}`,
    });
  }
  return suite;
}

/** Which snapshots stay listed depends on how the suite comes to point at this one (goodSnapshots). */
export type MoveKind = Pick<HistoryEntry, 'action' | 'reissues'>;

type PlannedMove = MoveKind & { there?: PublishedRelease; anew?: boolean };

/**
 * Decides what would be written. Writes nothing to the archive.
 *
 * @param move `there`: the suite's Release files, if the caller has read them; `anew`: do not trust them
 */
export async function planPublish(
  context: Context,
  target: SnapshotTarget,
  suite: PublishedSuite,
  signer: Pick<Signer, 'publicKey'>,
  move: PlannedMove = { action: 'publish' },
): Promise<PublicationPlan> {
  return await preparePublication(await requestOf(context, target, suite, signer, move));
}

/**
 * Prepares the indices of a suite with a new snapshot, without writing to the archive, so that the
 * publication finds them. It covers only the suite of the lowest trust level, which the snapshot enters
 * first. Obstacles are reported by the publication itself.
 */
export async function prepareEntry(
  context: Context,
  target: SnapshotTarget,
  signer: Pick<Signer, 'publicKey'>,
): Promise<void> {
  const [suite] = suitesOf(context.workspace, target.profile);
  if (suite === undefined) return;
  try {
    await prepareListing(await requestOf(context, target, suite, signer, { action: 'publish' }));
  } catch (error) {
    if (!(error instanceof LockstepError) || error.code === 'INTERRUPTED') throw error;
  }
}

async function requestOf(
  context: Context,
  target: SnapshotTarget,
  suite: PublishedSuite,
  signer: Pick<Signer, 'publicKey'>,
  move: PlannedMove,
): Promise<PublicationRequest> {
  const { workspace, places, store, archive, clock, signal } = context;
  const { id } = target;
  const history = await historyOf(context, suite.name);
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
      return listedSnapshot(context, named, signer);
    }),
  );
  const listed = await listedSnapshot(context, target, signer);
  const keys = await archiveKeys(context, []);
  await assertStillBelieved(keys.state, [listed, ...earlier]);
  return {
    port: archive,
    store,
    records: snapshotRecords(context),
    archive: workspace.archive,
    suite,
    snapshot: listed,
    earlier,
    live: move.there,
    anew: move.anew,
    publicKey: await keys.own.publicKey(),
    keyring: await keyringSuites(context, keys),
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
): Promise<PublishReport> {
  const { archive, store, clock, signal } = context;
  const phase = context.progress.phase(`Publishing ${plan.snapshot} in ${suite.name}`);
  let written;
  try {
    written = await applyPublication(archive, plan, {
      store,
      signer,
      clock,
      phase,
      signal,
    });
  } catch (error) {
    phase.fail();
    throw error;
  }
  phase.done(written.writes === 0 ? 'the archive already has it' : `${written.writes} files written`);
  return { ...reportOf(plan), ...written };
}

export function reportOf(plan: PublicationPlan): PublishReport {
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
