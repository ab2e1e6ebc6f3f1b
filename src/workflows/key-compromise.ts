/**
 * `lockstep key rotate --compromised`: somebody else may have the archive's key,
 * or it is lost. Another one takes over at once, on its own word, and what the
 * old one signed from a date on counts no more. Machines cannot follow by
 * themselves: whatever the old key vouches for, a thief could vouch for too.
 */
import { frozenView, keyringSuite, liveView } from '../archive/layout.js';
import { LockstepError } from '../errors.js';
import { removeFile, writeFileAtomic } from '../io/disk.js';
import { readFile } from 'node:fs/promises';
import { historyPath } from '../snapshot/history-file.js';
import { appendKeyChange, keyRecordPath, keyringOf, type KeyState } from '../snapshot/key-record.js';
import { findSnapshot, listSnapshots, readSnapshot, snapshotFiles } from '../snapshot/snapshot-folder.js';
import { archiveKeys, incomingAtHand, ownJudgement } from './archive-keys.js';
import { archiveSigner, recordedKey, signerOf } from './archive-signer.js';
import type { Context } from './context.js';
import { settleKeys } from './keyring-settle.js';
import { historyOf, keyRecordOf } from './readings.js';
import { keyringProfile } from './keyring-suites.js';
import { commitSnapshotFiles } from './publish.js';
import { assertRefreshed, refreshAll, type RefreshedView } from './refresh.js';
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
 * @throws LockstepError ROTATE_IMPOSSIBLE where no other key is at hand, SNAPSHOT_UNKNOWN, SNAPSHOT_INVALID, VERIFY_*
 * (of a snapshot to accept), SIGN_*, LOCK_HELD, those of the disk
 */
export async function replaceCompromisedKey(
  context: Context,
  request: CompromiseRequest,
): Promise<CompromiseReport> {
  const { places, clock, actor: by } = context;
  return await exclusively(context, request, async () => {
    const before = (await keyRecordOf(context))?.state;
    const next = before === undefined ? undefined : await incomingAtHand(context, before);
    if (before === undefined || next === undefined) throw noOtherKey(context);
    const since = request.since ?? clock.now();
    const told = { compromised: before.current.fingerprint, current: next.fingerprint, since };
    if (request.dryRun) return { ...told, state: before, unbelieved: [], views: [] };
    const own = await signerOf(context, next.fingerprint);
    const accepted = await accept(context, before, request.accept, own.fingerprint);
    await appendKeyChange(
      places.snapshots,
      {
        step: 'compromise',
        key: await recordedKey(own),
        compromised: told.compromised,
        since: since.toISOString(),
        at: clock.now().toISOString(),
        by,
      },
      new Map([[own.fingerprint, own]]),
    );
    const removed = await removeKeyringSuite(context, keyringSuite(told.compromised));
    const files = [keyRecordPath(places.snapshots), ...accepted];
    await commitSnapshotFiles(context, files, `Key ${told.compromised}: compromised`, removed);
    const { state } = (await keyRecordOf(context))!;
    await settleKeys(context, state, await archiveSigner(context));
    return { ...told, state, unbelieved: await unbelieved(context), views: await signViews(context) };
  });
}

function noOtherKey({ places }: Context): LockstepError {
  return new LockstepError('ROTATE_IMPOSSIBLE', {
    message: 'There is no other key that could take over, or nothing was signed yet',
    hint: 'Make one with: lockstep key generate --next',
    where: [{ file: keyRecordPath(places.snapshots) }],
  });
}

/** Signs manifests anew that the old key signed; the paths written. */
async function accept(
  context: Context,
  before: KeyState,
  ids: readonly string[],
  fingerprint: string,
): Promise<string[]> {
  const { places, clock } = context;
  const keyring = await keyringOf([before.current]);
  const signer = await signerOf(context, fingerprint);
  const written: string[] = [];
  for (const id of ids) {
    const place = await findSnapshot(places.snapshots, id);
    await readSnapshot(places.snapshots, place, ownJudgement({ keyring }));
    const { manifest, signature } = snapshotFiles(places.snapshots, place);
    await writeFileAtomic(
      signature,
      await signer.detached(await readFile(manifest), clock.now(), `snapshot ${id}`),
    );
    written.push(signature);
  }
  return written;
}

/** Nothing of what the old key alone vouches for may stay; its Release files go first. */
async function removeKeyringSuite(context: Context, suite: string): Promise<string[]> {
  const { archive: port, places, signal } = context;
  const ids = (await listSnapshots(places.snapshots, keyringProfile)).map(({ id }) => id);
  for (const view of [liveView(suite), ...ids.map((id) => frozenView(suite, id))]) {
    for (const name of ['InRelease', 'Release.gpg', 'Release'])
      await port.remove(`${view}/${name}`, { signal });
    for (const { path } of await port.list(view, { signal })) await port.remove(path, { signal });
  }
  if ((await historyOf(context, suite)).length === 0) return [];
  const history = historyPath(places.snapshots, suite);
  await removeFile(history);
  return [history];
}

async function unbelieved(context: Context): Promise<string[]> {
  const { places } = context;
  const trust = ownJudgement(await archiveKeys(context, []));
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

/** What the old key signed since is not signed anew as it stands: it is made out of the snapshots. */
async function signViews(context: Context): Promise<RefreshedView[]> {
  const { views } = await refreshAll(context);
  const remedies = views
    .filter(({ fault }) => fault !== null)
    .map(({ suite, snapshot }) => ({
      kind: 'release' as const,
      view: snapshot === null ? liveView(suite) : frozenView(suite, snapshot),
    }));
  if (remedies.length === 0) return views;
  await applyRemedies(context, remedies, await archiveKeys(context, []));
  const again = await refreshAll(context);
  assertRefreshed(again.views);
  return again.views;
}
