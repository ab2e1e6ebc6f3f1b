/**
 * `lockstep refresh`: signs views again before they expire. Their indices do not change, so the cost does not
 * depend on the number of packages; it reads no manifests.
 */
import { frozenView, keyringSuite, liveView } from '../../archive/layout.js';
import { readReleaseTexts } from '../../archive/publication.js';
import { applyRefresh, planRefresh, type ResignRequest } from '../../archive/resign.js';
import { keyWarnings } from '../../archive/validity.js';
import { readSignedView } from '../../archive/signed-view.js';
import { counted } from '../../counted.js';
import { LockstepError } from '../../errors.js';
import { throwIfInterrupted } from '../../io/interrupt.js';
import { signingEnd } from '../../signing/key-end.js';
import { readPublicKeyFile, type PublicKey } from '../../signing/public-key.js';
import type { Signer } from '../../signing/signer.js';
import type { RecordedKey } from '../../snapshot/key-state.js';
import { listSnapshots } from '../../snapshot/snapshot-folder.js';
import { ownJudgement, rotateImpossible, type ArchiveKeys } from '../keys/archive-keys.js';
import { archiveSigner, recordedKey, signerOfKey } from '../keys/archive-signer.js';
import type { Context, Run } from '../workspace/context.js';
import { settleKeyFiles } from '../keys/keyring-settle.js';
import { keyringSuiteNamed, type PublishedSuite } from '../keys/keyring-suites.js';
import { namedSuite } from '../move/target-suite.js';
import { exclusively } from '../workspace/workspace-lock.js';
import { inPhase } from '../../io/progress.js';
import type { RefreshedView, RefreshResult } from './upkeep-results.js';

export interface RefreshRequest {
  /** Empty: all suites. */
  suites: readonly string[];
  /** Sign also suites that are not due. */
  force: boolean;
  /** Files with public keys that signed before the current key. */
  formerKeys: readonly string[];
  dryRun: boolean;
}

export type Refreshed = Omit<RefreshResult, 'dryRun'>;

/**
 * Signs every view that is due again, and rewrites the key files if the key has changed. A view that cannot be signed
 * is reported, and the others are still signed.
 *
 * @throws LockstepError SUITE_UNKNOWN with the nearest, FILE_MISSING, KEYRING_INVALID, LOCK_HELD, those of the signer
 * and of the disk
 */
export async function refresh(context: Context, request: RefreshRequest): Promise<Refreshed> {
  const names = request.suites.length > 0 ? request.suites : Object.keys(context.workspace.suites);
  const suites = names.map((name) => namedSuite(context, name));
  const former = await Promise.all(
    request.formerKeys.map((path) => readPublicKeyFile({ path, flag: '--former-key' })),
  );
  return await exclusively(context, request, async (run) => {
    const adopts = await adopted(run, former);
    return await refreshSuites(run, { ...request, suites, former, adopts });
  });
}

/** Signs everything that is due, as `refresh` without arguments does. The caller holds the workspace's lock. */
export async function refreshAll(run: Run): Promise<Refreshed> {
  const suites = Object.keys(run.workspace.suites).map((name) => namedSuite(run, name));
  return await refreshSuites(run, { suites, former: [], adopts: [], force: false, dryRun: false });
}

async function refreshSuites(
  run: Run,
  request: Pick<RefreshRequest, 'force' | 'dryRun'> & {
    suites: readonly PublishedSuite[];
    former: readonly { keyring: Uint8Array }[];
    adopts: readonly RecordedKey[];
  },
): Promise<Refreshed> {
  await assertThere(run, request.suites);
  const signer = await archiveSigner(run, { former: request.adopts, dryRun: request.dryRun });
  const publicKey = await signer.publicKey();
  const { binary, ends } = publicKey;
  const now = run.clock.now();
  const keyEnds = await signingEnd(publicKey, now);
  const keyring = Buffer.concat([binary, ...request.former.map((key) => key.keyring)]);
  const by = { ...request, signer, fingerprints: signer.fingerprints, keyring, ends, keyEnds };
  const lines = { dryRun: request.dryRun, suites: request.suites.map(({ name }) => name) };
  // First, because machines can verify a new signature only with the published key
  let keyFiles = request.adopts.length === 0 ? await settleKeyFiles(run, lines) : [];
  const isAll = request.suites.length === Object.keys(run.workspace.suites).length;
  const views = isAll ? await refreshKeyringSuite(run, by) : [];
  for (const suite of request.suites) {
    const ids = (await listSnapshots(run.places.snapshots, suite.profile)).map(({ id }) => id);
    for (const id of [null, ...ids]) {
      throwIfInterrupted(run.signal);
      const view = await refreshView(run, suite, id, by);
      if (view !== undefined) views.push(view);
    }
  }
  // Existing machines have the previous key; new ones should get the key that signs
  if (request.adopts.length > 0) keyFiles = await settleKeyFiles(run, lines);
  return { views, keyFiles: keyFiles.sort(), warnings: keyWarnings(keyEnds, now) };
}

/**
 * Called before the first write: if none of the published files exists, the folder is not the archive.
 *
 * @throws LockstepError ARCHIVE_INVALID
 */
async function assertThere(run: Run, suites: readonly PublishedSuite[]): Promise<void> {
  const { archive: port } = run;
  const published: string[] = [];
  for (const { name } of suites) {
    if (run.ledger.history(name).length === 0) continue;
    const files = await readReleaseTexts(port, liveView(name));
    if (Object.values(files).some((text) => text !== undefined)) return;
    published.push(liveView(name));
  }
  if (published.length === 0) return;
  throw new LockstepError('ARCHIVE_INVALID', {
    message: `The archive is not at ${port.place}: the histories record publications, but there is no Release file`,
    hint: 'If it was moved or is not mounted, restore it there. If it is lost, recreate it with: lockstep verify --repair',
    where: published.map((view) => ({ path: `public/${view}` })),
  });
}

/**
 * Refreshes the keyring suite of the current key. Those of earlier keys do not expire, and no available key can sign
 * them.
 */
async function refreshKeyringSuite(run: Run, by: RefreshedBy): Promise<RefreshedView[]> {
  const { fingerprint } = by.signer;
  const suite = keyringSuiteNamed(run, keyringSuite(fingerprint))!;
  const there = run.ledger.history(suite.name);
  if (there.length === 0) return [];
  const own = await signerOfKey(run, fingerprint, by);
  const alone = { ...by, signer: own, fingerprints: [fingerprint] };
  const view = await refreshView(run, suite, null, alone);
  return view === undefined ? [] : [view];
}

/**
 * Keys that the archive had before it had a record of keys.
 *
 * @throws LockstepError ROTATE_IMPOSSIBLE if there is a record that does not have one of them: then the record decides,
 * and a file cannot add keys
 */
async function adopted(
  run: Run,
  former: readonly (PublicKey & { keyring: Uint8Array })[],
): Promise<RecordedKey[]> {
  if (former.length === 0) return [];
  const record = await run.ledger.keys();
  const unknown = former.filter(
    ({ fingerprint }) => record?.state.keys.some((key) => key.fingerprint === fingerprint) === false,
  );
  if (unknown.length > 0) {
    throw rotateImpossible(
      run,
      `The record of keys does not contain ${unknown.map(({ fingerprint }) => fingerprint).join(', ')}`,
      '--former-key is for an archive that is older than its record of keys. List the keys with: lockstep key status',
    );
  }
  return record === null ? await Promise.all(former.map((key) => recordedKey(key))) : [];
}

interface RefreshedBy
  extends Pick<ArchiveKeys, 'keyring' | 'ends'>, Pick<ResignRequest, 'fingerprints' | 'keyEnds' | 'force'> {
  signer: Signer;
  dryRun: boolean;
}

/** Undefined if the view does not exist and never did. */
async function refreshView(
  run: Run,
  suite: PublishedSuite,
  id: string | null,
  by: RefreshedBy,
): Promise<RefreshedView | undefined> {
  const { archive: port, workspace, clock, signal } = run;
  const view = id === null ? liveView(suite.name) : frozenView(suite.name, id);
  const signed = await readSignedView(port, view, ownJudgement(by));
  const kind = id === null ? 'live' : 'frozen';
  const named = { suite: suite.name, kind, snapshot: id } as const;
  const told = { ...named, reason: null, validUntil: null, fault: null };
  if (!signed.there) {
    const history = run.ledger.history(suite.name);
    const published = id === null ? history.length > 0 : history.some(({ to }) => to === id);
    return published ? { ...told, fault: missing(view, port.place) } : undefined;
  }
  const { release } = signed;
  if (release === null) {
    return { ...told, fault: signed.findings.map(({ message }) => message).join('; ') };
  }
  if (release.suite !== suite.name) {
    return { ...told, fault: `it is the Release of the suite ${release.suite ?? 'without a name'}` };
  }
  const plan = planRefresh({
    signed: { ...signed, release },
    kind,
    archive: workspace.archive,
    suite,
    fingerprints: by.fingerprints,
    keyEnds: by.keyEnds,
    // Frozen views do not expire: with a new signature, clients would only fetch them again
    force: by.force && kind === 'live',
    now: clock.now(),
  });
  if (plan.reason !== null && !by.dryRun) {
    await inPhase(run.progress, `Signing ${view} again`, () =>
      applyRefresh(port, plan, { signer: by.signer, clock, signal }),
    );
  }
  return { ...told, reason: plan.reason, validUntil: plan.validUntil?.toISOString() ?? null };
}

/**
 * The message for a missing view. A folder that is not mounted or was moved must not look like one in which nothing is
 * due.
 */
function missing(view: string, place: string): string {
  return `its history says that it was published, but ${view} has no Release files. If ${place} is the archive, recreate them with: lockstep verify --repair. If the archive was moved or is not mounted, restore it there`;
}

/** The view's folder, relative to `public/`. */
export function viewPath({ suite, snapshot }: Pick<RefreshedView, 'suite' | 'snapshot'>): string {
  return snapshot === null ? liveView(suite) : frozenView(suite, snapshot);
}

/**
 * One error for all views that could not be signed again, if there are any.
 *
 * @throws LockstepError ARCHIVE_INVALID
 */
export function assertRefreshed(views: readonly RefreshedView[]): void {
  const faults = views.filter(({ fault }) => fault !== null);
  if (faults.length === 0) return;
  throw new LockstepError('ARCHIVE_INVALID', {
    message: `${faults.length === 1 ? 'A view' : counted(faults.length, 'view')} could not be signed again: ${faults.map(viewPath).join(', ')}`,
    hint: 'Lockstep signs again only what the archive itself signed. If an earlier key of the archive signed it, name that key with --former-key FILE. Otherwise check it with: lockstep verify',
    where: faults.map((view) => ({ path: `public/${viewPath(view)}`, message: view.fault! })),
  });
}
