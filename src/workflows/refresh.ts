/**
 * `lockstep refresh`: views are signed anew before their time is over. Their
 * indices stay as they are, so what it costs does not depend on how many
 * packages there are; manifests are not read.
 */
import { resolve } from 'node:path';
import { frozenView, liveView } from '../archive/layout.js';
import { applyRefresh, planRefresh, type RefreshReason } from '../archive/resign.js';
import { keyFiles } from '../archive/key-files.js';
import { keyWarnings } from '../archive/validity.js';
import { readSignedView } from '../archive/signed-view.js';
import { LockstepError } from '../errors.js';
import { throwIfInterrupted } from '../io/interrupt.js';
import { suiteOf, type NamedSuite } from '../profile/load.js';
import { signingEnd } from '../signing/key-end.js';
import { readPublicKeyFile } from '../signing/public-key.js';
import type { PublicHalf } from '../signing/signer-port.js';
import type { Signer } from '../signing/signer.js';
import { listSnapshots } from '../snapshot/snapshot-folder.js';
import { ownJudgement } from './archive-keys.js';
import { archiveSigner } from './archive-signer.js';
import type { Context } from './context.js';
import { exclusively } from './workspace-lock.js';

export interface RefreshRequest {
  /** Empty: all. */
  suites: readonly string[];
  /** Also what is good for long. */
  force: boolean;
  /** Files with the public keys that signed before the present one. */
  formerKeys: readonly string[];
  dryRun: boolean;
}

export interface RefreshedView {
  suite: string;
  kind: 'live' | 'frozen';
  /** Of a frozen view. */
  snapshot: string | null;
  /** Why it is signed anew; null: it is good as it is. */
  reason: RefreshReason | null;
  /** ISO 8601; null where it has no end. */
  validUntil: string | null;
  /** Why it could not be signed anew; null: it was, or need not be. */
  fault: string | null;
}

export interface Refreshed {
  views: RefreshedView[];
  /** Paths below `public/` of files that carry the key and were, or would be, written anew. */
  keyFiles: string[];
  /** What people should know of the key. */
  warnings: string[];
}

/**
 * Signs anew what is due, and brings the files that carry the key to what the key is now. A view that cannot be is told, and does not keep the others from it.
 *
 * @throws LockstepError SUITE_UNKNOWN with the nearest, KEYRING_MISSING, KEYRING_INVALID, LOCK_HELD, those of the
 * signer and of the disk
 */
export async function refresh(context: Context, request: RefreshRequest): Promise<Refreshed> {
  const names = request.suites.length > 0 ? request.suites : Object.keys(context.workspace.suites);
  const suites = names.map((name) => ({ ...suiteOf(context.workspace, name), name }));
  const former = await Promise.all(request.formerKeys.map((file) => readPublicKeyFile(resolve(file))));
  return await exclusively(context, request, async () => {
    const signer = await archiveSigner(context);
    const keyring = Buffer.concat([(await signer.publicKey()).binary, ...former.map((key) => key.keyring)]);
    const publicKey = await signer.publicKey();
    const now = context.clock.now();
    const by = { ...request, signer, keyring, publicKey, keyEnds: await signingEnd(publicKey, now) };
    const views: RefreshedView[] = [];
    const written = new Set<string>();
    for (const suite of suites) {
      // First: what the key has signed is worth as much as the key that machines have
      for (const path of await refreshKeyFiles(context, suite, by)) written.add(path);
      const ids = (await listSnapshots(context.places.snapshots, suite.profile)).map(({ id }) => id);
      for (const id of [null, ...ids]) {
        throwIfInterrupted(context.signal);
        const view = await refreshView(context, suite, id, by);
        if (view !== undefined) views.push(view);
      }
    }
    return { views, keyFiles: [...written].sort(), warnings: keyWarnings(by.keyEnds, now) };
  });
}

interface RefreshedBy {
  signer: Signer;
  publicKey: PublicHalf;
  /** Every key whose views are signed anew. */
  keyring: Uint8Array;
  /** End of the key that signs; null: it has none. */
  keyEnds: Date | null;
  force: boolean;
  dryRun: boolean;
}

/** Those of a suite that is published: they must be what the key is now, which may have another end. */
async function refreshKeyFiles(
  { archive: port, workspace, signal }: Context,
  suite: NamedSuite,
  by: RefreshedBy,
): Promise<string[]> {
  const { release } = await readSignedView(port, liveView(suite.name), ownJudgement(by));
  if (release === null) return [];
  const { areas, architectures } = release;
  const { baseUrl } = workspace.archive;
  const written: string[] = [];
  for (const [path, data] of keyFiles({ baseUrl, suite: suite.name, areas, architectures }, by.publicKey)) {
    if ((await port.read(path))?.equals(Buffer.from(data)) === true) continue;
    written.push(path);
    if (!by.dryRun) await port.put(path, data, { signal });
  }
  return written;
}

/** Undefined where there is no such view. */
async function refreshView(
  context: Context,
  suite: NamedSuite,
  id: string | null,
  by: RefreshedBy,
): Promise<RefreshedView | undefined> {
  const { archive: port, workspace, clock, signal } = context;
  const view = id === null ? liveView(suite.name) : frozenView(suite.name, id);
  const signed = await readSignedView(port, view, ownJudgement(by));
  if (!signed.there) return undefined;
  const kind = id === null ? 'live' : 'frozen';
  const told = {
    suite: suite.name,
    kind,
    snapshot: id,
    reason: null,
    validUntil: null,
    fault: null,
  } as const;
  const { release } = signed;
  if (release === null) return { ...told, fault: faultOf(signed.findings.map(({ message }) => message)) };
  if (release.suite !== suite.name) {
    return { ...told, fault: `it is the Release of the suite ${release.suite ?? 'without a name'}` };
  }
  const plan = planRefresh({
    signed: { ...signed, release },
    kind,
    archive: workspace.archive,
    suite,
    fingerprint: by.signer.fingerprint,
    keyEnds: by.keyEnds,
    // Frozen views do not age: signing them again would only make clients fetch them again
    force: by.force && kind === 'live',
    now: clock.now(),
  });
  if (plan.reason !== null && !by.dryRun) {
    const phase = context.progress.phase(`Signing ${view} anew`);
    await applyRefresh(port, plan, { signer: by.signer, clock, signal });
    phase.done();
  }
  return { ...told, reason: plan.reason, validUntil: plan.validUntil?.toISOString() ?? null };
}

function faultOf(messages: readonly string[]): string {
  return messages.join('; ');
}

/**
 * One error for the views that could not be signed anew, if there are any.
 *
 * @throws LockstepError ARCHIVE_INVALID
 */
export function assertRefreshed(views: readonly RefreshedView[]): void {
  const faults = views.filter(({ fault }) => fault !== null);
  if (faults.length === 0) return;
  const name = ({ suite, snapshot }: RefreshedView): string =>
    snapshot === null ? liveView(suite) : frozenView(suite, snapshot);
  throw new LockstepError('ARCHIVE_INVALID', {
    message: `${faults.length === 1 ? 'A view' : `${faults.length} views`} could not be signed anew: ${faults.map(name).join(', ')}`,
    hint: 'What the archive did not sign itself it does not sign again. If an earlier key of it did, name that with --former-key FILE; else look at it with: lockstep verify',
    where: faults.map((view) => ({ path: `public/${name(view)}`, message: view.fault! })),
  });
}
