/**
 * `lockstep verify`: reads all snapshots and the archive again, and trusts only the archive's public key.
 * With repair, it repairs what it can, and reads everything again.
 */
import { join } from 'node:path';
import { ExpectedFiles } from '../../archive/expected.js';
import { liveView } from '../../archive/layout.js';
import { remediesOf, type ArchiveFinding } from '../../archive/remedy.js';
import type { RepairOutcome } from '../../archive/repair.js';
import { readNotes } from '../../archive/unreferenced.js';
import { lasting, verifyArchive, type Scope } from '../../archive/verify-archive.js';
import { LockstepError } from '../../errors.js';
import { readIfThere, sha256Of } from '../../io/disk.js';
import { lockHolder } from '../../io/lock.js';
import { suiteOf } from '../../profile/load.js';
import type { Finding } from '../../snapshot/finding.js';
import { forkNotes } from '../../snapshot/fork-notes.js';
import { currentSnapshot, parseHistory } from '../../suite/history.js';
import { historyPath, listHistories, readHistoryText } from '../../suite/history-file.js';
import type { Snapshot } from '../../snapshot/manifest.js';
import { headsOf } from '../../snapshot/chained-lines.js';
import { isSnapshotId } from '../../snapshot/snapshot-id.js';
import { findSnapshot, listSnapshots } from '../../snapshot/snapshot-folder.js';
import { verifySnapshots, type SnapshotsReading } from '../../suite/verify-records.js';
import { keyringSuites } from '../keys/keyring-suites.js';
import { ownJudgement } from '../keys/archive-keys.js';
import type { Context, Run } from '../workspace/context.js';
import { openRun } from '../workspace/run.js';
import { journalPath } from '../move/recover.js';
import { applyRemedies } from './apply-remedies.js';
import { notesPath } from './dropped-files.js';
import { isUnpublishedImport, lostImports } from './verify-imports.js';
import { readingFaults } from './verify-reading.js';
import { repairRecords } from './repair-records.js';
import { historyFaults } from './verify-histories.js';
import { judgedKeys, type JudgedKeys } from './verify-keys.js';
import { exclusively } from '../workspace/workspace-lock.js';
import { inPhase } from '../../io/progress.js';
import type { VerifyResult } from './upkeep-results.js';

export interface VerifyRequest {
  /** An id or a suite; undefined: everything. */
  target: string | undefined;
  repair: boolean;
  /** Files with additional public keys whose signatures are accepted. */
  keyrings: readonly string[];
}

export type VerifyReport = Omit<VerifyResult, 'ok' | 'faults'> & { faults: Finding[] };

/** The most often that everything is read: again while suites move, and again after a repair that reveals more. */
const tries = 3;

/**
 * @throws LockstepError SNAPSHOT_UNKNOWN, SUITE_UNKNOWN, KEYRING_*, SIGN_KEY_MISSING, LOCK_HELD (with repair),
 * DISK_IO
 */
export async function verify(context: Context, request: VerifyRequest): Promise<VerifyReport> {
  const judged = await judgedKeys(await openRun(context), request.keyrings);
  const scope = await scopeOf(context, request.target);
  if (request.repair) {
    return await exclusively(context, { dryRun: false }, (run) => repairAll(run, scope, judged, request));
  }
  let stamp = await stampOf(context);
  let reading = await readEverything(await openRun(context), scope, judged, true);
  for (let round = 1; round < tries && reading.findings.length > 0; round++) {
    // What a run writes meanwhile looks like damage. Real damage is still there in the next reading
    const now = await stampOf(context);
    if (now === stamp) break;
    stamp = now;
    const again = await readEverything(await openRun(context), scope, judged, true);
    reading = { ...again, findings: lasting(reading.findings, again.findings) };
  }
  return await reportOf(context, reading, [], request.target ?? null);
}

async function repairAll(
  opened: Run,
  scope: Scope,
  before: JudgedKeys,
  { target, keyrings }: VerifyRequest,
): Promise<VerifyReport> {
  const repairs = new Map<string, RepairOutcome>();
  let [run, judged] = [opened, before];
  let reading = await readEverything(run, scope, judged, false);
  const records = await repairRecords(run, reading.findings, judged.keys);
  for (const outcome of records) repairs.set(outcome.path, outcome);
  if (records.length > 0) {
    run = { ...run, ...(await openRun(run)) };
    judged = await judgedKeys(run, keyrings);
    reading = await readEverything(run, scope, judged, false);
  }
  // A repaired Release can reveal faults that its damage hid
  for (let round = 0; round < tries; round++) {
    const remedies = remediesOf(reading.archive);
    if (remedies.length === 0) break;
    const outcomes = await applyRemedies(run, remedies, judged.keys);
    for (const outcome of outcomes) repairs.set(outcome.path, outcome);
    if (outcomes.every(({ how }) => how === null)) break;
    reading = await readEverything(run, scope, judged, false);
  }
  return await reportOf(run, reading, [...repairs.values()], target ?? null);
}

/** @throws LockstepError SNAPSHOT_UNKNOWN, SUITE_UNKNOWN with the nearest */
async function scopeOf(context: Context, target: string | undefined): Promise<Scope> {
  if (target === undefined) return { kind: 'all' };
  const { snapshots } = context.places;
  if (isSnapshotId(target)) {
    await findSnapshot(snapshots, target);
    return { kind: 'snapshot', id: target };
  }
  // A suite that was removed from lockstep.yaml is still in the archive
  if (!(await listHistories(snapshots)).includes(target)) suiteOf(context.workspace, target);
  return { kind: 'suite', suite: target };
}

interface Reading {
  counts: Pick<VerifyReport, 'snapshots' | 'views' | 'files' | 'bytes'>;
  findings: Finding[];
  /** What two people did at the same time, in words. */
  forks: string[];
  /** Faults in `public/`, with their repairs; paths are relative to it. */
  archive: ArchiveFinding[];
}

/** @param isReader whether another run may be active meanwhile */
async function readEverything(
  run: Run,
  scope: Scope,
  { keys, findings: ofKeys }: JudgedKeys,
  isReader: boolean,
): Promise<Reading> {
  const { places, archive: port, workspace, clock, signal, progress } = run;
  const trust = ownJudgement(keys);
  const expected = new ExpectedFiles();
  const imports: Snapshot[] = [];
  const snapshots = await inPhase(
    progress,
    'Reading the snapshots',
    async () =>
      await verifySnapshots({
        root: places.snapshots,
        trust,
        profile: await profileOf(run, scope),
        onSnapshot: (snapshot) => {
          expected.add(snapshot);
          if (isUnpublishedImport(run, snapshot)) imports.push(snapshot);
        },
        signal,
      }),
    ({ good }) => `${good.size} good`,
  );
  const publicKey = await keys.own.publicKey();
  const keyring = keyringSuites(run, keys);
  const notes = await readNotes(notesPath(run));
  return await inPhase(progress, 'Reading the archive', async (phase) => {
    let item = phase.item('views and pool');
    const archive = await verifyArchive({
      port,
      trust,
      now: clock.now(),
      snapshots,
      expected,
      scope,
      suites: Object.keys(workspace.suites),
      publicKey,
      baseUrl: workspace.archive.baseUrl,
      keyring,
      leftBehind: new Map(
        [...notes].flatMap(([path, { size, sha256 }]) =>
          size === undefined || sha256 === undefined ? [] : [[path, { size, sha256 }] as const],
        ),
      ),
      isMoving: async () => isReader && (await lockHolder(join(places.state, 'lock'))) !== undefined,
      current: (suite) => currentOf(run, suite),
      onSize: (totalBytes) => (item = phase.item('views and pool', { totalBytes })),
      onRead: (bytes) => item.advance(bytes),
      signal,
    });
    item.done();
    const unread = await readingFaults(run, archive.views);
    const own = [
      ...(scope.kind === 'all' ? ofKeys : []),
      ...inScope(snapshots, scope),
      ...(await lostImports(run, imports)),
      ...(await historyFaults(run, archive.views, snapshots, isReader)),
    ];
    return {
      findings: [
        ...own.map((finding) => ({ ...finding, path: `snapshots/${finding.path}` })),
        ...archive.findings.map(({ code, kind, path, message, hint }) => {
          return { code, kind, path: `public/${path}`, message, hint };
        }),
        ...unread.map((finding) => ({ ...finding, path: `public/${finding.path}` })),
      ],
      archive: archive.findings,
      forks: forkNotes(snapshots.forks, snapshots.forkedHistories),
      counts: {
        snapshots: snapshots.good.size,
        views: archive.views.length,
        files: archive.files,
        bytes: archive.bytes,
      },
    };
  });
}

/**
 * The snapshot that a suite must point at. It is read now, without a lock, because the suite may have moved since.
 * Undefined if the history is damaged, which is a separate finding.
 */
async function currentOf({ places }: Context, suite: string): Promise<string | undefined> {
  const { snapshots } = places;
  try {
    const text = await readHistoryText(snapshots, suite);
    return text === undefined || headsOf(text).length > 1
      ? undefined
      : (currentSnapshot(parseHistory(text, historyPath(snapshots, suite))) ?? undefined);
  } catch (error) {
    if (error instanceof LockstepError) return undefined;
    throw error;
  }
}

async function profileOf(context: Context, scope: Scope): Promise<string | undefined> {
  switch (scope.kind) {
    case 'all':
      return undefined;
    case 'snapshot':
      return (await findSnapshot(context.places.snapshots, scope.id)).profile;
    case 'suite':
      return context.workspace.suites[scope.suite]?.profile;
  }
}

/** The findings in scope: a check of one suite ignores the histories of others. */
function inScope({ findings }: SnapshotsReading, scope: Scope): Finding[] {
  const history = scope.kind === 'suite' ? historyPath('', scope.suite).replace(/^\//, '') : undefined;
  return findings.filter(
    ({ path }) => scope.kind === 'all' || !path.startsWith('history/') || path === history,
  );
}

async function reportOf(
  context: Context,
  reading: Reading,
  repairs: RepairOutcome[],
  target: string | null,
): Promise<VerifyReport> {
  const { findings, counts } = reading;
  const faults = findings.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const notes = [...reading.forks, ...(faults.length === 0 ? [] : await notesFor(context))];
  const outcomes = repairs.map((outcome) => ({
    ...outcome,
    path: outcome.path.startsWith('snapshots/') ? outcome.path : `public/${outcome.path}`,
  }));
  return { target, ...counts, faults, repairs: outcomes, notes };
}

async function notesFor(context: Context): Promise<string[]> {
  const holder = await lockHolder(join(context.places.state, 'lock'));
  const notes: string[] = [];
  if (holder !== undefined && holder.pid !== process.pid) {
    notes.push(
      `${holder.command} is active here since ${holder.startedAt}: its unfinished work may look like a fault.`,
    );
  }
  if ((await readIfThere(journalPath(context))) !== undefined) {
    notes.push(
      'A run was killed while it moved a suite. The next command that writes completes that move or undoes it.',
    );
  }
  return notes;
}

/** A value that every move, cut and drop changes. */
async function stampOf(context: Context): Promise<string> {
  const { places, archive, workspace } = context;
  const suites = new Set([...Object.keys(workspace.suites), ...(await listHistories(places.snapshots))]);
  const parts: string[] = (await listSnapshots(places.snapshots)).map(
    ({ profile, id }) => `${profile}/${id}`,
  );
  for (const suite of [...suites].sort()) {
    const texts = [
      await readIfThere(historyPath(places.snapshots, suite)),
      await archive.read(`${liveView(suite)}/InRelease`),
    ];
    for (const text of texts) parts.push(text === undefined ? '' : sha256Of(text));
  }
  return sha256Of(parts.join('\n'));
}
