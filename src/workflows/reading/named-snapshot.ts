/**
 * What the commands that only read have in common: finding the snapshot that a
 * person names, and judging it without the archive's secret. No lock is taken
 * and nothing is written but what the cache keeps.
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

/** How snapshots are judged here, and what a person should know about it. */
export interface ReadingTrust extends SnapshotTrust {
  /** Null where signatures are checked with the archive's own key. */
  note: string | null;
  /** Lines of histories that are vouched for. */
  accepted?: ReadonlySet<string> | undefined;
}

/** By the public half of the archive's key, else by the keyring that is published; a clone may have neither. */
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

/** A key that is not at hand; that it is another one, or that the record is damaged, is told. */
function isOfKey({ code }: LockstepError): boolean {
  return code !== 'SIGN_KEY_CHANGED' && code !== 'SNAPSHOT_INVALID' && code !== 'SNAPSHOT_NEWER_FORMAT';
}

/** A snapshot that a person named. */
export interface NamedSnapshot {
  snapshot: Snapshot;
  /** As typed: `mediawiki-1.39-stable~1`. */
  name: string;
  /** Where it was named by a suite. */
  suite: string | null;
}

/**
 * Finds and reads what was named: an id, a suite, either with `~N` behind it.
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

/** A snapshot that something names by its hash too. */
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

/** Who asks for a snapshot that was dropped hears so. */
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
 * @throws LockstepError SUITE_UNKNOWN for one that neither lockstep.yaml nor a history knows
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

/** Suites of lockstep.yaml, and those that have a history though they were taken out of it; sorted. */
export function knownSuites({ workspace, ledger }: Run): string[] {
  return [...new Set([...Object.keys(workspace.suites), ...ledger.suites])].sort();
}

/** Profiles that have a file or a snapshot; sorted. */
export async function knownProfiles({ workspace, places }: Context): Promise<string[]> {
  const cut = (await listSnapshots(places.snapshots)).map(({ profile }) => profile);
  return [...new Set([...workspace.profileNames, ...cut])].sort();
}

/** Every suite with its history. One that was taken out of lockstep.yaml lists no more than it points at. */
export function allHistories(run: Run): SuiteHistory[] {
  const { workspace, ledger } = run;
  return knownSuites(run).map((suite) => ({
    suite,
    history: ledger.history(suite),
    retain: Object.hasOwn(workspace.suites, suite) ? workspace.suites[suite]!.retain : 1,
  }));
}
