/**
 * `lockstep key rotate --compromised`: someone else may have the archive's key, or it is lost. Another key
 * replaces it at once, without a signature by the old one, and signatures of the old key from a date on are
 * no longer trusted. Machines cannot follow automatically: an attacker with the old key could sign the same.
 */
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { keyOfSuite } from '../../archive/layout.js';
import type { RepairOutcome } from '../../archive/repair.js';
import { counted } from '../../counted.js';
import { LockstepError } from '../../errors.js';
import { writeFileAtomic } from '../../io/disk.js';
import { didYouMean } from '../../profile/nearest.js';
import type { Signer } from '../../signing/signer.js';
import { historyPath, listHistories } from '../../suite/history-file.js';
import { keyRecordPath } from '../../snapshot/key-record.js';
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
import { archiveKeys, incomingAtHand, judgementOf, rotateImpossible } from './archive-keys.js';
import { archiveSigner, recordedKey, signerOfKey } from './archive-signer.js';
import type { Context, Run } from '../workspace/context.js';
import { settleKeys } from './keyring-settle.js';
import { keyringProfile } from './keyring-suites.js';
import { commitSnapshotFiles } from '../workspace/commit-files.js';
import { assertRefreshed, refreshAll, viewPath } from '../upkeep/refresh.js';
import { applyRemedies } from '../upkeep/apply-remedies.js';
import { exclusively } from '../workspace/workspace-lock.js';
import type { RefreshedView } from '../upkeep/upkeep-results.js';

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
  return await exclusively(context, request, async (run) => {
    const { before, after, change, ...told } = await planCompromise(run, request);
    const good = await acceptable(run, after, request.accept);
    if (request.dryRun) {
      const accepted = [...good.snapshots.map(({ id }) => id), ...good.lines.map(({ file }) => file)];
      const doubtful = (await unbelieved(run, after)).filter((name) => !accepted.includes(name));
      return { ...told, state: before, unbelieved: doubtful, views: [] };
    }
    const signer = await signerOfKey(run, told.current);
    const signers = new Map([[signer.fingerprint, signer]]);
    if (change !== null) await run.ledger.addKeyChange(change, signers);
    const signed = await signAnew(run, good.snapshots, signer);
    const lines = [...good.lines, ...(await keyringLines(run, after))];
    if (lines.length > 0) {
      const key = await recordedKey(signer);
      await run.ledger.addKeyChange({ step: 'accept', key, lines, ...stamp(run) }, signers);
    }
    const files = [keyRecordPath(run.places.snapshots), ...signed];
    await commitSnapshotFiles(run, files, `Key ${told.compromised}: compromised`);
    const { state } = (await run.ledger.keys())!;
    await settleKeys(run, state, await archiveSigner(run));
    const doubtful = await unbelieved(run, state);
    return { ...told, state, unbelieved: doubtful, views: await signViews(run, doubtful) };
  });
}

/** Who signs afterwards is `current`. */
interface CompromisePlan extends Pick<CompromiseReport, 'compromised' | 'current' | 'since'> {
  before: KeyState;
  /** What the record says afterwards. */
  after: KeyState;
  /** The line to add to the record; null if an earlier run added it. */
  change: KeyChange | null;
}

function stamp({ clock, actor: by }: Context): Pick<KeyChange, 'at' | 'by'> {
  return { at: clock.now().toISOString(), by };
}

async function planCompromise(run: Run, { since }: CompromiseRequest): Promise<CompromisePlan> {
  const before = (await run.ledger.keys())?.state;
  if (before === undefined) throw noOtherKey(run);
  const next = await incomingAtHand(run, before);
  if (next === undefined) return plannedBefore(run, before, since);
  const change: KeyChange = {
    step: 'compromise',
    key: await recordedKey(next),
    compromised: before.current.fingerprint,
    since: (since ?? run.clock.now()).toISOString(),
    ...stamp(run),
  };
  const after = afterChange(before, change);
  if (typeof after === 'string') throw noOtherKey(run, `The key cannot replace the current one: ${after}`);
  return { before, after, change, ...compromiseOf(after)! };
}

/** No other key is available if an earlier run has already introduced it. */
function plannedBefore(context: Context, state: KeyState, since: Date | null): CompromisePlan {
  const told = compromiseOf(state);
  if (told === null) throw noOtherKey(context);
  if (since !== null && since.getTime() !== told.since.getTime()) {
    throw rotateImpossible(
      context,
      `The record already says that ${told.compromised} is not trusted from ${told.since.toISOString()} on`,
      'The record only grows: omit --since. --accept ID accepts what you have checked',
    );
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
  context: Context,
  message = 'There is no other key to replace it, or nothing was signed yet',
): LockstepError {
  return rotateImpossible(context, message, 'Create one with: lockstep key generate --next');
}

interface Acceptable {
  /** To be signed again. */
  snapshots: SnapshotPlace[];
  /** To be vouched for, of files that need it. */
  lines: AcceptedLines[];
}

/** Whatever a key of the archive has signed at any time may be accepted. Before anything is written. */
async function acceptable(context: Context, after: KeyState, names: readonly string[]): Promise<Acceptable> {
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
      const evidence = await linesToAccept(root, relative(root, snapshotFiles(root, place).evidence), trust);
      if (evidence !== null) good.lines.push(evidence);
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
async function keyringLines(context: Context, after: KeyState): Promise<AcceptedLines[]> {
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
async function signViews(run: Run, doubtful: readonly string[]): Promise<RefreshedView[]> {
  const { views } = await refreshAll(run);
  const remedies = views
    .filter(({ fault, snapshot }) => fault !== null && !doubtful.includes(snapshot ?? ''))
    .map((view) => ({ kind: 'release' as const, view: viewPath(view) }));
  if (remedies.length === 0) return views;
  const outcomes = await applyRemedies(run, remedies, await archiveKeys(run, []));
  const left = outcomes.filter(({ how }) => how === null);
  if (left.length > 0) throw undecided(left, doubtful);
  const again = await refreshAll(run);
  assertRefreshed(again.views.filter(({ snapshot }) => !doubtful.includes(snapshot ?? '')));
  return again.views;
}

function undecided(left: readonly RepairOutcome[], doubtful: readonly string[]): LockstepError {
  const what = left.length === 1 ? 'a view' : counted(left.length, 'view');
  return new LockstepError('ARCHIVE_INVALID', {
    message: `The key has changed, but ${what} could not be signed with it: ${left.map(({ path }) => path).join(', ')}`,
    hint:
      doubtful.length === 0
        ? 'Check them with: lockstep verify. Then run the same command again'
        : `No longer trusted: ${doubtful.join(', ')}. Compare each with your own records. Accept what is good with lockstep key rotate --compromised --accept NAME. Move a suite away from a bad snapshot with lockstep rollback`,
    where: left.map(({ path, reason }) => ({ path: `public/${path}`, message: reason ?? '' })),
  });
}
