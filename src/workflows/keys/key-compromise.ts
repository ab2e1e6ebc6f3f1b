/**
 * `lockstep key rotate --compromised`: someone else may have the archive's key, or it is lost. Another key
 * replaces it at once, without a signature by the old one, and signatures of the old key from a date on are
 * no longer trusted. Machines cannot follow automatically: an attacker with the old key could sign the same.
 */
import { readFile } from 'node:fs/promises';
import { keyOfSuite } from '../../archive/layout.js';
import type { RepairOutcome } from '../../archive/repair.js';
import { LockstepError } from '../../errors.js';
import { writeFileAtomic } from '../../io/disk.js';
import { didYouMean } from '../../profile/nearest.js';
import type { Signer } from '../../signing/signer.js';
import { historyPath, listHistories } from '../../suite/history-file.js';
import { appendKeyChange, keyRecordPath } from '../../snapshot/key-record.js';
import { afterChange, type AcceptedLines, type KeyChange, type KeyState } from '../../snapshot/key-state.js';
import {
  findSnapshot,
  readSnapshot,
  snapshotFiles,
  type SnapshotPlace,
} from '../../snapshot/snapshot-folder.js';
import {
  anyTime,
  lineFiles,
  linesToAccept,
  unbelievedFiles,
  unbelievedSnapshots,
} from '../../suite/unbelieved.js';
import { archiveKeys, incomingAtHand, judgementOf } from './archive-keys.js';
import { archiveSigner, recordedKey, signerOf } from './archive-signer.js';
import type { Context } from '../workspace/context.js';
import { settleKeys } from './keyring-settle.js';
import { keyringProfile } from './keyring-suites.js';
import { commitSnapshotFiles } from '../workspace/commit-files.js';
import { keyRecordOf } from '../workspace/files-read.js';
import { assertRefreshed, refreshAll, viewPath, type RefreshedView } from '../upkeep/refresh.js';
import { applyRemedies } from '../upkeep/apply-remedies.js';
import { exclusively } from '../workspace/workspace-lock.js';

export interface CompromiseRequest {
  /** From when on the old key is not believed; null: from now on. */
  since: Date | null;
  /**
   * Later signatures that a person accepts: ids of snapshots, and record files by their path below
   * `snapshots/`.
   */
  accept: readonly string[];
  dryRun: boolean;
}

export interface CompromiseReport {
  compromised: string;
  current: string;
  since: Date;
  state: KeyState;
  /** What is no longer trusted, in the form of `accept`. */
  unbelieved: string[];
  views: RefreshedView[];
}

/**
 * The next run completes a run that was killed. A run without another available key may accept more of what
 * the last run left untrusted.
 *
 * @throws LockstepError ROTATE_IMPOSSIBLE if no other key is available, SNAPSHOT_UNKNOWN, SNAPSHOT_INVALID,
 * VERIFY_* (for what is accepted), SIGN_*, LOCK_HELD, those of the disk
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
      const accepted = [...good.snapshots.map(({ id }) => id), ...good.lines.map(({ file }) => file)];
      const doubtful = (await unbelieved(context, plan.after)).filter((name) => !accepted.includes(name));
      return { ...told, state: plan.before, unbelieved: doubtful, views: [] };
    }
    const signer = await signerOf(context, plan.current);
    const record = async (change: KeyChange): Promise<void> => {
      await appendKeyChange(places.snapshots, change, new Map([[signer.fingerprint, signer]]));
    };
    if (plan.change !== null) await record(plan.change);
    const signed = await signAnew(context, good.snapshots, signer);
    const lines = [...good.lines, ...(await keyringLines(context, plan))];
    if (lines.length > 0) await record(await acceptance(context, signer, lines));
    const files = [keyRecordPath(places.snapshots), ...signed];
    await commitSnapshotFiles(context, files, `Key ${told.compromised}: compromised`);
    const { state } = (await keyRecordOf(context))!;
    await settleKeys(context, state, await archiveSigner(context));
    const doubtful = await unbelieved(context, state);
    return { ...told, state, unbelieved: doubtful, views: await signViews(context, doubtful) };
  });
}

async function acceptance(
  { clock, actor: by }: Context,
  signer: Signer,
  lines: readonly AcceptedLines[],
): Promise<KeyChange> {
  return { step: 'accept', key: await recordedKey(signer), lines, at: clock.now().toISOString(), by };
}

interface CompromisePlan {
  before: KeyState;
  /** What the record says afterwards. */
  after: KeyState;
  /** The line to add to the record; null if an earlier run added it. */
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
  if (typeof after === 'string')
    throw noOtherKey(context, `The key cannot replace the current one: ${after}`);
  return { before, after, change, ...compromiseOf(after)! };
}

/** No other key is available if an earlier run has already introduced it. */
function plannedBefore(context: Context, state: KeyState, since: Date | null): CompromisePlan {
  const told = compromiseOf(state);
  if (told === null) throw noOtherKey(context);
  if (since !== null && since.getTime() !== told.since.getTime()) {
    throw new LockstepError('ROTATE_IMPOSSIBLE', {
      message: `The record already says that ${told.compromised} is not trusted from ${told.since.toISOString()} on`,
      hint: 'The record only grows: omit --since. --accept ID accepts what you have checked',
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
  message = 'There is no other key to replace it, or nothing was signed yet',
): LockstepError {
  return new LockstepError('ROTATE_IMPOSSIBLE', {
    message,
    hint: 'Create one with: lockstep key generate --next',
    where: [{ file: keyRecordPath(places.snapshots) }],
  });
}

interface Acceptable {
  /** To be signed again. */
  snapshots: SnapshotPlace[];
  /** To be vouched for, of files that need it. */
  lines: AcceptedLines[];
}

/** Whatever a key of the archive has signed at any time may be accepted. Before anything is written. */
async function acceptable(
  context: Context,
  { after }: CompromisePlan,
  names: readonly string[],
): Promise<Acceptable> {
  const { snapshots: root } = context.places;
  const trust = await judgementOf(after);
  const files = await lineFiles(root);
  const good: Acceptable = { snapshots: [], lines: [] };
  for (const name of names.map((each) => each.replace(/^snapshots\//, ''))) {
    if (files.includes(name)) {
      const lines = await linesToAccept(root, name, trust);
      if (lines !== null) good.lines.push(lines);
    } else if (name.endsWith('.jsonl')) throw noSuchFile(name, files);
    else {
      const place = await findSnapshot(root, name);
      await readSnapshot(root, place, anyTime(trust));
      good.snapshots.push(place);
    }
  }
  return good;
}

function noSuchFile(name: string, files: readonly string[]): LockstepError {
  return new LockstepError('SNAPSHOT_UNKNOWN', {
    message: `There is no record file ${name} to accept${didYouMean(name, files)}`,
    hint: `Available: ${files.filter((file) => !isOfKey(file)).join(', ')}`,
  });
}

/**
 * What the suites that are there for a key have pointed at, no person has to judge: Lockstep alone writes those lines,
 * and each suite offers the keyring package of now in the end.
 */
async function keyringLines(context: Context, { after }: CompromisePlan): Promise<AcceptedLines[]> {
  const { snapshots: root } = context.places;
  const trust = await judgementOf(after);
  const lines: AcceptedLines[] = [];
  for (const suite of await listHistories(root)) {
    const key = after.keys.find(({ fingerprint }) => fingerprint === keyOfSuite(suite));
    if (key === undefined || key.state === 'compromised') continue;
    const accepted = await linesToAccept(root, historyPath('', suite), trust);
    if (accepted !== null) lines.push(accepted);
  }
  return lines;
}

/** The paths written. */
async function signAnew(
  context: Context,
  accepted: readonly SnapshotPlace[],
  signer: Signer,
): Promise<string[]> {
  const { places, clock } = context;
  const written: string[] = [];
  for (const place of accepted) {
    const { manifest, signature } = snapshotFiles(places.snapshots, place);
    const signed = await signer.detached(await readFile(manifest), clock.now(), `snapshot ${place.id}`);
    await writeFileAtomic(signature, signed);
    written.push(signature);
  }
  return written;
}

/** What does not hold by what the record says, and is not Lockstep's own to settle. */
async function unbelieved({ places }: Context, state: KeyState): Promise<string[]> {
  const trust = await judgementOf(state);
  const snapshots = await unbelievedSnapshots(places.snapshots, trust);
  const files = await unbelievedFiles(places.snapshots, trust);
  return [
    ...snapshots.filter(({ profile }) => profile !== keyringProfile).map(({ id }) => id),
    ...files.filter((file) => !isOfKey(file)),
  ];
}

/** For the suite of a key: Lockstep settles it itself. */
function isOfKey(file: string): boolean {
  return keyOfSuite(file.replace(/^history\/|\.jsonl$/g, '')) !== undefined;
}

/**
 * Views that the old key signed since then are not signed again unchanged, but rebuilt from the snapshots.
 * The frozen view of an untrusted snapshot does not change.
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
    message: `The key has changed, but ${what} could not be signed with it: ${left.map(({ path }) => path).join(', ')}`,
    hint:
      doubtful.length === 0
        ? 'Check them with: lockstep verify. Then run the same command again'
        : `No longer trusted: ${doubtful.join(', ')}. Compare each with your own records. Accept what is good with lockstep key rotate --compromised --accept NAME. Move a suite away from a bad snapshot with lockstep rollback`,
    where: left.map(({ path, reason }) => ({ path: `public/${path}`, message: reason ?? '' })),
  });
}
