/**
 * `lockstep key rotate --compromised`: somebody else may have the archive's key,
 * or it is lost. Another one takes over at once, on its own word, and what the
 * old one signed from a date on counts no more. Machines cannot follow by
 * themselves: whatever the old key vouches for, a thief could vouch for too.
 */
import { readFile } from 'node:fs/promises';
import type { RepairOutcome } from '../archive/repair.js';
import { LockstepError } from '../errors.js';
import { writeFileAtomic } from '../io/disk.js';
import { appendKeyChange, keyRecordPath, keyringOf } from '../snapshot/key-record.js';
import { afterChange, countingKeys, endsOf, type KeyChange, type KeyState } from '../snapshot/key-state.js';
import {
  findSnapshot,
  listSnapshots,
  readSnapshot,
  snapshotFiles,
  type SnapshotPlace,
} from '../snapshot/snapshot-folder.js';
import { archiveKeys, incomingAtHand, ownJudgement } from './archive-keys.js';
import { archiveSigner, recordedKey, signerOf } from './archive-signer.js';
import type { Context } from './context.js';
import { settleKeys } from './keyring-settle.js';
import { commitSnapshotFiles } from './publish.js';
import { keyRecordOf } from './readings.js';
import { assertRefreshed, refreshAll, viewPath, type RefreshedView } from './refresh.js';
import { applyRemedies } from './repair.js';
import { exclusively } from './workspace-lock.js';

export interface CompromiseRequest {
  /** From when on the old key is not believed; null: from now on. */
  since: Date | null;
  /** Ids of snapshots that were signed since, were looked at and are good. */
  accept: readonly string[];
  dryRun: boolean;
}

export interface CompromiseReport {
  compromised: string;
  current: string;
  since: Date;
  state: KeyState;
  /** Ids of snapshots that are not believed any more. */
  unbelieved: string[];
  views: RefreshedView[];
}

/**
 * A run of it that was killed is completed by the next one, and one without another key at hand may accept more of what
 * the last one left unbelieved.
 *
 * @throws LockstepError ROTATE_IMPOSSIBLE where no other key is at hand, SNAPSHOT_UNKNOWN, SNAPSHOT_INVALID, VERIFY_*
 * (of a snapshot to accept), SIGN_*, LOCK_HELD, those of the disk
 */
export async function replaceCompromisedKey(
  context: Context,
  request: CompromiseRequest,
): Promise<CompromiseReport> {
  const { places } = context;
  return await exclusively(context, request, async () => {
    const plan = await planCompromise(context, request);
    const told = { compromised: plan.compromised, current: plan.current, since: plan.since };
    const good = await acceptable(context, plan, request.accept);
    if (request.dryRun) {
      const doubtful = (await unbelieved(context, plan.after)).filter((id) => !request.accept.includes(id));
      return { ...told, state: plan.before, unbelieved: doubtful, views: [] };
    }
    const { change } = plan;
    if (change !== null) {
      const own = await signerOf(context, plan.current);
      await appendKeyChange(places.snapshots, change, new Map([[own.fingerprint, own]]));
    }
    const accepted = await signAnew(context, good, plan.current);
    const files = [keyRecordPath(places.snapshots), ...accepted];
    await commitSnapshotFiles(context, files, `Key ${told.compromised}: compromised`);
    const { state } = (await keyRecordOf(context))!;
    await settleKeys(context, state, await archiveSigner(context));
    const doubtful = await unbelieved(context, state);
    return { ...told, state, unbelieved: doubtful, views: await signViews(context, doubtful) };
  });
}

interface CompromisePlan {
  before: KeyState;
  /** What the record says afterwards. */
  after: KeyState;
  /** What is to be added to the record; null: an earlier run did. */
  change: KeyChange | null;
  compromised: string;
  /** Who signs then. */
  current: string;
  since: Date;
}

async function planCompromise(context: Context, { since }: CompromiseRequest): Promise<CompromisePlan> {
  const { clock, actor: by } = context;
  const before = (await keyRecordOf(context))?.state;
  if (before === undefined) throw noOtherKey(context);
  const next = await incomingAtHand(context, before);
  if (next === undefined) return plannedBefore(context, before, since);
  const change: KeyChange = {
    step: 'compromise',
    key: await recordedKey(next),
    compromised: before.current.fingerprint,
    since: (since ?? clock.now()).toISOString(),
    at: clock.now().toISOString(),
    by,
  };
  const after = afterChange(before, change);
  if (typeof after === 'string') throw noOtherKey(context, `The key cannot take over: ${after}`);
  return { before, after, change, ...compromiseOf(after)! };
}

/** No other key is at hand where an earlier run has brought it in. */
function plannedBefore(context: Context, state: KeyState, since: Date | null): CompromisePlan {
  const told = compromiseOf(state);
  if (told === null) throw noOtherKey(context);
  if (since !== null && since.getTime() !== told.since.getTime()) {
    throw new LockstepError('ROTATE_IMPOSSIBLE', {
      message: `The record says already that ${told.compromised} is not believed from ${told.since.toISOString()} on`,
      hint: 'The record is only ever added to: leave --since out. --accept ID takes what you have looked at',
      where: [{ file: keyRecordPath(context.places.snapshots) }],
    });
  }
  return { before: state, after: state, change: null, ...told };
}

/** The key that was compromised last, where the current one took over from it. */
function compromiseOf({
  keys,
  current,
}: KeyState): Omit<CompromisePlan, 'before' | 'after' | 'change'> | null {
  const bad = keys.filter((key) => key.compromisedSince !== null).at(-1);
  if (bad === undefined) return null;
  return { compromised: bad.fingerprint, current: current.fingerprint, since: bad.compromisedSince! };
}

function noOtherKey(
  { places }: Context,
  message = 'There is no other key that could take over, or nothing was signed yet',
): LockstepError {
  return new LockstepError('ROTATE_IMPOSSIBLE', {
    message,
    hint: 'Make one with: lockstep key generate --next',
    where: [{ file: keyRecordPath(places.snapshots) }],
  });
}

/**
 * Snapshots that may be signed anew: signed by the compromised key at any time, or by the one that takes over. Before
 * anything is written.
 */
async function acceptable(
  context: Context,
  { after, compromised, current }: CompromisePlan,
  ids: readonly string[],
): Promise<SnapshotPlace[]> {
  const { places } = context;
  const keys = after.keys.filter(({ fingerprint }) => [compromised, current].includes(fingerprint));
  const trust = ownJudgement({ keyring: await keyringOf(keys) });
  const good: SnapshotPlace[] = [];
  for (const id of ids) {
    const place = await findSnapshot(places.snapshots, id);
    await readSnapshot(places.snapshots, place, trust);
    good.push(place);
  }
  return good;
}

/** The paths written. */
async function signAnew(
  context: Context,
  accepted: readonly SnapshotPlace[],
  fingerprint: string,
): Promise<string[]> {
  const { places, clock } = context;
  const signer = await signerOf(context, fingerprint);
  const written: string[] = [];
  for (const place of accepted) {
    const { manifest, signature } = snapshotFiles(places.snapshots, place);
    const signed = await signer.detached(await readFile(manifest), clock.now(), `snapshot ${place.id}`);
    await writeFileAtomic(signature, signed);
    written.push(signature);
  }
  return written;
}

/** Snapshots that do not hold by what the record says. */
async function unbelieved({ places }: Context, state: KeyState): Promise<string[]> {
  const trust = ownJudgement({ keyring: await keyringOf(countingKeys(state)), ends: endsOf(state) });
  const doubtful: string[] = [];
  for (const place of await listSnapshots(places.snapshots)) {
    try {
      await readSnapshot(places.snapshots, place, trust);
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      doubtful.push(place.id);
    }
  }
  return doubtful;
}

/**
 * What the old key signed since is not signed anew as it stands: it is made out of the snapshots. The frozen view of a
 * snapshot that is not believed stays as it is.
 *
 * @throws LockstepError ARCHIVE_INVALID where a view lists such a snapshot: a person has to decide
 */
async function signViews(context: Context, doubtful: readonly string[]): Promise<RefreshedView[]> {
  const { views } = await refreshAll(context);
  const remedies = views
    .filter(({ fault, snapshot }) => fault !== null && !doubtful.includes(snapshot ?? ''))
    .map((view) => ({ kind: 'release' as const, view: viewPath(view) }));
  if (remedies.length === 0) return views;
  const outcomes = await applyRemedies(context, remedies, await archiveKeys(context, []));
  const left = outcomes.filter(({ how }) => how === null);
  if (left.length > 0) throw undecided(left, doubtful);
  const again = await refreshAll(context);
  assertRefreshed(again.views.filter(({ snapshot }) => !doubtful.includes(snapshot ?? '')));
  return again.views;
}

function undecided(left: readonly RepairOutcome[], doubtful: readonly string[]): LockstepError {
  const what = left.length === 1 ? 'a view' : `${left.length} views`;
  return new LockstepError('ARCHIVE_INVALID', {
    message: `The key has changed, but ${what} could not be signed by it: ${left.map(({ path }) => path).join(', ')}`,
    hint:
      doubtful.length === 0
        ? 'Look at them with: lockstep verify. Then run the same again'
        : `Snapshots that are not believed any more: ${doubtful.join(', ')}. Look at each; take a good one with lockstep key rotate --compromised --accept ID, and move a suite away from a bad one with lockstep rollback`,
    where: left.map(({ path, reason }) => ({ path: `public/${path}`, message: reason ?? '' })),
  });
}
