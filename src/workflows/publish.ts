/** A snapshot becomes what apt reads: plan, then apply, then the suite's history. */
import { applyPublication } from '../archive/apply.js';
import { DiskPort } from '../archive/disk-port.js';
import type { PublicationPlan } from '../archive/plan.js';
import { preparePublication } from '../archive/publication.js';
import { LockstepError } from '../errors.js';
import { suiteOf, suitesOf, type NamedSuite } from '../profile/load.js';
import type { Signer } from '../signing/signer.js';
import { commitFiles } from '../snapshot/commit.js';
import { currentSnapshot, goodSnapshots } from '../snapshot/history.js';
import { appendHistory, readHistory } from '../snapshot/history-file.js';
import type { Snapshot } from '../snapshot/manifest.js';
import { findSnapshot, lastSnapshot, readSnapshot, type SnapshotTrust } from '../snapshot/snapshot-folder.js';
import { archiveSigner } from './archive-signer.js';
import type { Context } from './context.js';
import { exclusively } from './workspace-lock.js';

export interface PublishReport {
  suite: string;
  snapshot: string;
  before: string | null;
  listed: string[];
  verdict: 'publish' | 'refresh' | 'nothing';
  validUntil: string | null;
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
      message: `No suite of lockstep.yaml takes the profile ${profile}`,
      hint: `Add one under "suites": ${profile}-unstable: { profile: ${profile}, trust: unstable }`,
    });
  }
  return first;
}

/** How manifests of this workspace are judged: by the archive's own key. */
export async function ownTrust(context: Context, signer: Pick<Signer, 'publicKey'>): Promise<SnapshotTrust> {
  return { keyring: (await signer.publicKey()).binary, date: context.clock.now() };
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
      hint: fitting.length === 0 ? 'No suite takes that profile' : `Suites for it: ${fitting.join(', ')}`,
    });
  }
  return suite;
}

/** Decides what would be written. Writes nothing to the archive. */
export async function planPublish(
  context: Context,
  snapshot: Snapshot,
  suite: NamedSuite,
  signer: Pick<Signer, 'publicKey'>,
): Promise<PublicationPlan> {
  const { workspace, places, store, clock, signal } = context;
  const { id } = snapshot.manifest;
  const trust = await ownTrust(context, signer);
  const good = goodSnapshots(await readHistory(places.snapshots, suite.name)).filter((other) => other !== id);
  const earlier = await Promise.all(
    good
      .slice(0, suite.retain - 1)
      .map((other) => readSnapshot(places.snapshots, { profile: suite.profile, id: other }, trust)),
  );
  return await preparePublication({
    port: new DiskPort(places.public),
    store,
    cache: places.cache,
    archive: workspace.archive,
    suite,
    snapshot,
    earlier,
    signer,
    clock,
    signal,
  });
}

/** Does what the plan says, and notes the move. The caller holds the workspace's lock. */
export async function applyPublish(
  context: Context,
  plan: PublicationPlan,
  snapshot: Snapshot,
  suite: NamedSuite,
  signer: Signer,
  reason?: string,
): Promise<PublishReport> {
  const { places, store, clock, signal } = context;
  const phase = context.progress.phase(`Publishing ${plan.snapshot} in ${suite.name}`);
  let written;
  try {
    written = await applyPublication(new DiskPort(places.public), plan, {
      store,
      signer,
      clock,
      phase,
      signal,
    });
    await noteMove(context, snapshot, suite, reason);
  } catch (error) {
    phase.fail();
    throw error;
  }
  phase.done(written.writes === 0 ? 'the archive has it already' : `${written.writes} files written`);
  return { ...reportOf(plan, suite), ...written };
}

export function reportOf(plan: PublicationPlan, suite: NamedSuite): PublishReport {
  return {
    suite: suite.name,
    snapshot: plan.snapshot,
    before: plan.before,
    listed: plan.listed,
    verdict: plan.verdict,
    validUntil:
      plan.date === null ? null : new Date(plan.date.getTime() + suite.validFor * 1000).toISOString(),
    writes: plan.writes.length,
    bytes: plan.writes.reduce((sum, write) => sum + (write.kind === 'blob' ? write.size : 0), 0),
  };
}

/** By the history and not by the plan: a run that was killed after its last write is noted by the next one. */
async function noteMove(
  context: Context,
  snapshot: Snapshot,
  suite: NamedSuite,
  reason: string | undefined,
): Promise<void> {
  const { snapshots } = context.places;
  const before = currentSnapshot(await readHistory(snapshots, suite.name));
  const { id } = snapshot.manifest;
  if (before === id) return;
  const file = await appendHistory(snapshots, {
    suite: suite.name,
    action: 'publish',
    from: before,
    to: id,
    manifest: snapshot.sha256,
    profile: suite.profile,
    at: context.clock.now().toISOString(),
    by: context.actor,
    ...(reason === undefined ? {} : { reason }),
  });
  await commitSnapshotFiles(context, [file], `Publish ${id} in ${suite.name}`);
}

/** Where the workspace asks for it, and is a repository. */
export async function commitSnapshotFiles(
  context: Context,
  files: readonly string[],
  message: string,
): Promise<void> {
  const { workspace, clock } = context;
  if (!workspace.snapshots.commit || files.length === 0) return;
  const [, name = 'Lockstep', email = 'lockstep@localhost.invalid'] =
    /^(.*?)\s*<(.*)>$/.exec(workspace.archive.maintainer) ?? [];
  await commitFiles({
    directory: workspace.root,
    files,
    message,
    date: clock.now(),
    fallbackAuthor: { name, email },
  });
}

/** Makes a suite point at a snapshot, or only says what that would write. */
export async function publish(
  context: Context,
  request: { id: string; suite: string; reason: string | undefined; dryRun: boolean },
): Promise<{ report: PublishReport; plan: PublicationPlan }> {
  return await exclusively(context, async () => {
    const signer = await archiveSigner(context);
    const snapshot = await wantedSnapshot(context, { id: request.id }, await ownTrust(context, signer));
    const suite = suiteFor(context, request.suite, snapshot.manifest.profile);
    const plan = await planPublish(context, snapshot, suite, signer);
    if (request.dryRun) return { report: reportOf(plan, suite), plan };
    return { report: await applyPublish(context, plan, snapshot, suite, signer, request.reason), plan };
  });
}
