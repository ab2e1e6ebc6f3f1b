/**
 * Shared by the commands that only read: finds the snapshot that a person names, and verifies it without the archive's
 * secret key. It takes no lock and writes only to the cache.
 */
import { keyringFiles } from '../../archive/layout.js';
import { counted } from '../../counted.js';
import { LockstepError } from '../../errors.js';
import { didYouMean } from '../../profile/nearest.js';
import { readDropped } from '../../snapshot/dropped.js';
import { goodSnapshots, type HistoryEntry } from '../../suite/history.js';
import type { Snapshot, SnapshotRef } from '../../snapshot/manifest.js';
import type { SuiteHistory } from '../../suite/pointers.js';
import {
  findSnapshot,
  listSnapshots,
  readSnapshot,
  type SnapshotPlace,
  type SnapshotTrust,
} from '../../snapshot/snapshot-folder.js';
import { parseSnapshotName } from '../../snapshot/snapshot-name.js';
import { archiveKeys } from '../keys/archive-keys.js';
import type { Context, Run } from '../workspace/context.js';
import { replaced } from '../workspace/snapshot-records.js';

/** The keys by which a reading command verifies snapshots, and a note for the person. */
export interface ReadingTrust extends SnapshotTrust {
  /** Null if signatures are verified with the archive's own key. */
  note: string | null;
  /** Lines of histories that a person accepted. */
  accepted?: ReadonlySet<string> | undefined;
}

/**
 * Verifies with the public half of the archive's key, otherwise with the published keyring. A clone of the workspace
 * may have neither: then nothing is verified, and the note says so.
 */
export async function readingTrust(run: Run): Promise<ReadingTrust> {
  const { archive, clock } = run;
  const taken = { kind: 'recorded', at: clock.now() } as const;
  try {
    const { keyring, ends, accepted } = await archiveKeys(run, []);
    return { keyring, taken: { ...taken, ends }, accepted, note: null };
  } catch (error) {
    if (!(error instanceof LockstepError) || !isOfKey(error)) throw error;
    const published = await archive.read(keyringFiles.binary);
    const why = `the archive's own key is not available here (${error.code})`;
    return published === undefined
      ? { taken, note: `Signatures are not checked: ${why}.` }
      : { keyring: published, taken, note: `Signatures are checked with the published keyring: ${why}.` };
  }
}

/** Whether the archive's key is only unavailable. A changed key and a damaged record of keys are faults to report. */
function isOfKey({ code }: LockstepError): boolean {
  return code !== 'SIGN_KEY_CHANGED' && code !== 'SNAPSHOT_INVALID' && code !== 'SNAPSHOT_NEWER_FORMAT';
}

/** A snapshot that a person named. */
export interface NamedSnapshot {
  snapshot: Snapshot;
  /** As typed: `mediawiki-1.39-stable~1`. */
  name: string;
  /** The suite in the name; null if the name is an id. */
  suite: string | null;
}

/**
 * Finds and reads the named snapshot: an id or a suite, optionally followed by `~N`.
 *
 * @throws LockstepError USAGE, SNAPSHOT_UNKNOWN, SUITE_UNKNOWN (each with the nearest), SNAPSHOT_INVALID,
 * SNAPSHOT_NEWER_FORMAT, VERIFY_*
 */
export async function namedSnapshot(run: Run, name: string, trust: SnapshotTrust): Promise<NamedSnapshot> {
  const { kind, base, back } = parseSnapshotName(name);
  if (kind === 'id') {
    const place = await findSnapshot(run.places.snapshots, base).catch(unlessDropped(run, base));
    return { snapshot: await ancestor(run, place, back, trust), name, suite: null };
  }
  const history = await suiteHistory(run, base);
  const good = goodSnapshots(history);
  const id = good[back];
  if (id === undefined) throw nothingThere(base, good, back);
  const entry = history.findLast(({ to }) => to === id)!;
  const ref = { id, sha256: entry.manifest };
  const snapshot = await referred(run, entry.profile, ref, trust, `the history of ${base}`);
  return { snapshot, name, suite: base };
}

function nothingThere(suite: string, good: readonly string[], back: number): LockstepError {
  if (good.length === 0) {
    return new LockstepError('SNAPSHOT_UNKNOWN', {
      message: `The suite ${suite} points at no snapshot yet`,
      hint: `Publish one: lockstep publish ID ${suite}`,
    });
  }
  return new LockstepError('SNAPSHOT_UNKNOWN', {
    message: `The suite ${suite} cannot be followed back ${counted(back, 'step')}: it has only ${counted(good.length, 'good snapshot')}`,
    hint: `From the current one back: ${good.join(', ')}. See also: lockstep history ${suite}`,
  });
}

async function ancestor(
  context: Context,
  place: SnapshotPlace,
  back: number,
  trust: SnapshotTrust,
): Promise<Snapshot> {
  let snapshot = await readSnapshot(context.places.snapshots, place, trust);
  for (let step = 0; step < back; step++) {
    const { id, parent } = snapshot.manifest;
    if (parent === null) {
      throw new LockstepError('SNAPSHOT_UNKNOWN', {
        message: `${place.id} has no parent ${back === 1 ? '' : `${counted(back, 'step')} back`}: ${id} is the first of ${place.profile}`,
        hint: `lockstep snapshots ${place.profile} lists them`,
      });
    }
    snapshot = await referred(context, place.profile, parent, trust, id);
  }
  return snapshot;
}

/** A snapshot that a record names by id and hash. */
export async function referred(
  context: Context,
  profile: string,
  ref: SnapshotRef,
  trust: SnapshotTrust,
  by: string,
): Promise<Snapshot> {
  const place = { profile, ...ref };
  const reading = readSnapshot(context.places.snapshots, place, trust);
  const snapshot = await reading.catch(unlessDropped(context, ref.id));
  if (snapshot.sha256 === ref.sha256) return snapshot;
  throw replaced(context, place, by);
}

/** For `.catch`: reports that a snapshot was dropped instead of that it is unknown. */
function unlessDropped({ places }: Context, id: string): (error: unknown) => Promise<never> {
  return async (error) => {
    if (!(error instanceof LockstepError) || error.code !== 'SNAPSHOT_UNKNOWN') throw error;
    const drop = (await readDropped(places.snapshots)).find((dropped) => dropped.id === id);
    if (drop === undefined) throw error;
    throw new LockstepError('SNAPSHOT_UNKNOWN', {
      message: `The snapshot ${id} of ${drop.profile} was dropped at ${drop.at} by ${drop.by}${drop.reason === undefined ? '' : `: ${drop.reason}`}`,
      hint: error.hint,
    });
  };
}

/**
 * The history of a suite, the oldest move first.
 *
 * @throws LockstepError SUITE_UNKNOWN if neither lockstep.yaml nor a history has the suite
 */
export async function suiteHistory(run: Run, suite: string): Promise<readonly HistoryEntry[]> {
  const { workspace } = run;
  const known = knownSuites(run);
  if (known.includes(suite)) return run.ledger.history(suite);
  const profiles = await knownProfiles(run);
  const takers = Object.entries(workspace.suites).filter(([, { profile }]) => profile === suite);
  throw new LockstepError('SUITE_UNKNOWN', {
    message: `There is no suite or snapshot ${JSON.stringify(suite)}${didYouMean(suite, known)}`,
    hint: profiles.includes(suite)
      ? `It is a profile. Its suites are: ${takers.map(([name]) => name).join(', ') || 'none'}; its snapshots: lockstep snapshots ${suite}`
      : `The suites are: ${known.join(', ') || 'none yet'}`,
  });
}

/** The suites of lockstep.yaml, and those that have a history but were removed from lockstep.yaml; sorted. */
export function knownSuites({ workspace, ledger }: Run): string[] {
  return [...new Set([...Object.keys(workspace.suites), ...ledger.suites])].sort();
}

/** Profiles that have a file or a snapshot; sorted. */
export async function knownProfiles({ workspace, places }: Context): Promise<string[]> {
  const cut = (await listSnapshots(places.snapshots)).map(({ profile }) => profile);
  return [...new Set([...workspace.profileNames, ...cut])].sort();
}

/**
 * Every suite with its history. A suite that was removed from lockstep.yaml lists only the snapshot that it points at.
 */
export function allHistories(run: Run): SuiteHistory[] {
  const { workspace, ledger } = run;
  return knownSuites(run).map((suite) => ({
    suite,
    history: ledger.history(suite),
    retain: Object.hasOwn(workspace.suites, suite) ? workspace.suites[suite]!.retain : 1,
  }));
}
