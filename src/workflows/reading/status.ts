/**
 * `lockstep status`: for each suite, which snapshot it points at and since when, how long its signature is valid, which
 * skips applied to it, and which snapshots are available for it. It reads names, histories, Release files, profiles and
 * the summaries of current snapshots. It takes no lock, so it never waits for a run.
 */
import { join } from 'node:path';
import { keyOfSuite, liveView } from '../../archive/layout.js';
import { readPublished } from '../../archive/publication.js';
import { snapshotField, type PublishedRelease } from '../../archive/release.js';
import { readSignedView } from '../../archive/signed-view.js';
import { keyWarnings, viewEnd } from '../../archive/validity.js';
import { LockstepError } from '../../errors.js';
import { lockHolder } from '../../io/lock.js';
import { suiteOf, suitesOf, type NamedSuite } from '../../profile/load.js';
import { hasEnded } from '../../profile/skip.js';
import { signingEnd } from '../../signing/key-end.js';
import { currentSnapshot, type HistoryEntry } from '../../suite/history.js';
import { listHistories } from '../../suite/history-file.js';
import { readJournal } from '../../suite/journal.js';
import { listSnapshots } from '../../snapshot/snapshot-folder.js';
import { dateOfSnapshotId } from '../../snapshot/snapshot-id.js';
import { SummaryReader } from '../../comparison/summary-reader.js';
import { ownJudgement } from '../keys/archive-keys.js';
import { aheadOfSuite } from '../release/behind-base.js';
import type { Context, Run } from '../workspace/context.js';
import { openRun } from '../workspace/run.js';
import { keyringProfile } from '../keys/keyring-suites.js';
import { listedIn } from '../../archive/release.js';
import { readingTrust } from './named-snapshot.js';
import {
  aheadWarning,
  disagreement,
  isoOf,
  signatureState,
  signatureWarnings,
  skipWarning,
} from './suite-warnings.js';
import { journalPath } from '../move/recover.js';
import { endedSkips, noSkips, skipsIn, type SnapshotSkips } from '../workspace/known-skips.js';
import type { BaseAhead } from '../../resolution/outdated-shape.js';
import type { StatusResult, SuiteStatus } from './status-result.js';

/** The state of a suite on the disk. */
interface Found {
  suite: NamedSuite;
  history: readonly HistoryEntry[];
  /** Why the history cannot be read; null if it can. */
  fault: string | null;
  published: PublishedRelease;
  skips: SnapshotSkips;
  ahead: readonly BaseAhead[];
  /** The base release's name, for messages. */
  base: string;
  /** Expiry of the key that signed the suite. Null: it does not expire. Undefined: unknown. */
  keyEnds: Date | null | undefined;
}

/**
 * @param only one suite; default: all suites of lockstep.yaml
 * @throws LockstepError SUITE_UNKNOWN with the nearest name, DISK_IO
 */
export async function status(context: Context, only: string | undefined): Promise<StatusResult> {
  const run = await openRun(context);
  const { workspace, places, clock } = run;
  if (only !== undefined) suiteOf(workspace, only);
  const now = clock.now();
  const profiles = [...new Set(Object.values(workspace.suites).map(({ profile }) => profile))].sort();
  const found = new Map<string, Found>();
  const reader = new SummaryReader(places);
  const trust = await readingTrust(run);
  for (const suite of profiles.flatMap((profile) => suitesOf(workspace, profile))) {
    found.set(suite.name, await find(run, suite, { reader, keyring: trust.keyring }));
  }
  const newest = new Map<string, string>();
  for (const { profile, id } of await listSnapshots(places.snapshots)) newest.set(profile, id);
  const suites = [...found.values()].map((one) =>
    suiteStatus({
      ...one,
      below: belowOf(one.suite, run, found),
      newest:
        suitesOf(workspace, one.suite.profile)[0]?.name === one.suite.name
          ? newest.get(one.suite.profile)
          : undefined,
      now,
    }),
  );
  const had = new Set([...found.values()].flatMap(({ history }) => history.map(({ to }) => to)));
  const holder = await lockHolder(join(places.state, 'lock'));
  const strays = (await listHistories(places.snapshots)).filter(
    (name) => !found.has(name) && keyOfSuite(name) === undefined,
  );
  return {
    now: now.toISOString(),
    suites: suites.filter(({ suite }) => only === undefined || suite === only),
    unpublished: [...newest]
      .filter(([profile, id]) => !had.has(id) && profile !== keyringProfile)
      .filter(([profile]) => only === undefined || found.get(only)!.suite.profile === profile)
      .map(([profile, snapshot]) => ({ profile, snapshot })),
    running:
      holder === undefined
        ? null
        : { command: holder.command, pid: holder.pid, host: holder.host, since: holder.startedAt },
    warnings: [
      ...keyWarnings(await ownEnd(trust.keyring, now), now),
      ...(holder === undefined ? await unendedMove(run).catch(faultWarning) : []),
      ...endedSkips(run, only === undefined ? profiles : [found.get(only)!.suite.profile]),
      ...(await unendedRotation(run).catch(faultWarning)),
      ...strays.map(
        (name) => `The suite ${name} has a history, but is not in lockstep.yaml: nothing refreshes it.`,
      ),
    ],
  };
}

/** For `.catch`: warns that the file about an unfinished step cannot be read. */
function faultWarning(error: unknown): string[] {
  if (error instanceof LockstepError) return [`${error.message}.`];
  throw error;
}

/** The stage of a key change. `key status` shows when the next step is due. */
async function unendedRotation(run: Run): Promise<string[]> {
  const state = (await run.ledger.keys())?.state;
  if (state === undefined || state.next === null) return [];
  const since = state.stageSince.toISOString().slice(0, 10);
  return [
    `A change to the key ${state.next.fingerprint} is under way (${state.stage === 'both' ? 'signing together with the current one' : 'announced'} since ${since}). See: lockstep key status`,
  ];
}

async function unendedMove(context: Context): Promise<string[]> {
  const journal = await readJournal(journalPath(context));
  if (journal === undefined) return [];
  if (journal === 'damaged') {
    return [
      'A run was killed while it moved a suite, and its journal is damaged. The next command that writes restores every suite to what its InRelease says.',
    ];
  }
  const { suite, to } = journal.move;
  return [
    `A run was killed while it moved ${suite} to ${to}. Machines see the suite either before or after the move. The next command that writes completes or undoes it.`,
  ];
}

/** The expiry of the archive's own key, or of the published key; null also if neither is available. */
async function ownEnd(keyring: Uint8Array | undefined, now: Date): Promise<Date | null> {
  return keyring === undefined ? null : await signingEnd({ armored: '', binary: keyring }, now);
}

async function find(
  run: Run,
  suite: NamedSuite,
  { reader, keyring }: { reader: SummaryReader; keyring: Uint8Array | undefined },
): Promise<Found> {
  const view = liveView(suite.name);
  const published = await readPublished(run.archive, view);
  const keyEnds =
    keyring === undefined || published.release === null
      ? undefined
      : (await readSignedView(run.archive, view, ownJudgement({ keyring }))).keyEnds;
  try {
    const history = run.ledger.history(suite.name);
    const skips = await skipsIn(reader, history.at(-1));
    const outlook = await aheadOfSuite(run, suite.profile, history.at(-1));
    return { suite, published, keyEnds, history, fault: null, skips, ...outlook };
  } catch (error) {
    // One damaged history must not hide the state of the others
    if (!(error instanceof LockstepError)) throw error;
    const hint = error.hint === undefined ? '' : ` ${error.hint}.`;
    const nothing = { history: [], skips: noSkips, base: '', ahead: [] };
    return { suite, published, keyEnds, fault: `${error.message}.${hint}`, ...nothing };
  }
}

/** The suites of the next lower trust level that has a snapshot. Their snapshots can be promoted. */
function belowOf(
  { profile, trust }: NamedSuite,
  { workspace }: Context,
  found: ReadonlyMap<string, Found>,
): { name: string; current: string }[] {
  const level = workspace.trustLevels.indexOf(trust);
  const lower = suitesOf(workspace, profile).flatMap(({ name, trust: other }) => {
    const current = currentSnapshot(found.get(name)?.history ?? []);
    const at = workspace.trustLevels.indexOf(other);
    return at >= level || current === null ? [] : [{ name, current, at }];
  });
  const highest = Math.max(...lower.map(({ at }) => at));
  return lower.filter(({ at }) => at === highest);
}

function movedOf(last: HistoryEntry): SuiteStatus['moved'] {
  const { action, by, at, reason = null, fromSuite = null, reissues = null, security = [] } = last;
  return { action, by, at, reason, fromSuite, reissues, security: [...security] };
}

/** The status of one suite. Pure. */
export function suiteStatus(
  input: Found & {
    /** The suites of the next lower trust level, with their current snapshots. */
    below: readonly { name: string; current: string }[];
    /** The newest snapshot of the profile. Undefined if there is none, or if new snapshots enter another suite. */
    newest: string | undefined;
    now: Date;
  },
): SuiteStatus {
  const { suite, history, fault, published, skips, now } = input;
  const last = history.at(-1);
  const snapshot = last?.to ?? null;
  const had = new Set(history.map(({ to }) => to));
  const isNews = (id: string): boolean => !had.has(id) && (snapshot === null || id > snapshot);
  const { release } = published;
  const says = release?.fields.get(snapshotField) ?? null;
  const end = release === null ? null : viewEnd(release, input.keyEnds);
  const signature = signatureState(published, end, now);
  const agrees = fault === null && says === snapshot && (release === null || published.whole);
  const cut = snapshot === null ? undefined : dateOfSnapshotId(snapshot);
  const candidate = input.below
    .filter(({ current }) => isNews(current))
    .sort((a, b) => (a.current < b.current ? 1 : -1))[0];
  return {
    suite: suite.name,
    profile: suite.profile,
    trust: suite.trust,
    snapshot,
    age: cut === undefined ? null : Math.max(0, Math.floor((now.getTime() - cut.getTime()) / 1000)),
    moved: last === undefined ? null : movedOf(last),
    published:
      release === null
        ? null
        : {
            snapshot: says,
            listed: listedIn(published.release),
            date: isoOf(release.date),
            validUntil: release.validUntil === null ? null : isoOf(release.validUntil),
            end: end === null || end.at === null ? null : isoOf(end.at),
            endsBy: end?.by ?? null,
          },
    signature,
    agrees,
    unpublished: input.newest !== undefined && isNews(input.newest) ? input.newest : null,
    promotable: candidate === undefined ? null : { snapshot: candidate.current, fromSuite: candidate.name },
    skipped: skips.skipped.map((one) => ({ ...one, ended: hasEnded(one, now) })),
    ahead: [...input.ahead],
    warnings: [
      ...(fault === null ? [] : [fault]),
      ...(skips.unread === null ? [] : [skips.unread]),
      ...skips.skipped.map((one) => skipWarning(suite, one, now)),
      ...input.ahead.map((one) => aheadWarning(suite, one, input.base)),
      ...(agrees || fault !== null ? [] : [disagreement(suite.name, snapshot, published)]),
      ...signatureWarnings(suite.name, signature, end),
    ],
  };
}
