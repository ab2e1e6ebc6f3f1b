/**
 * Signs views again: the same indices under a new Date. The cost does not depend on the size of a view: it
 * reads and writes three small files. The decision whether a view is due is pure. It signs only what the
 * archive's key, or a named former key, signed before.
 */
import { formatRelease, type Release } from '../deb/release-file.js';
import type { Clock } from '../io/clock.js';
import { diskFault } from '../io/disk-fault.js';
import { throwIfInterrupted } from '../io/interrupt.js';
import type { Signer } from '../signing/signer-port.js';
import type { ArchivePort } from './port.js';
import { nextReleaseDate, releaseFields, type ArchiveIdentity, type SuiteIdentity } from './release.js';
import { waitForDate } from './release-wait.js';
import type { SignedView } from './signed-view.js';
import { endVerdict, validUntilFor, type ValidityWanted } from './validity.js';

/** Why a view is signed again. */
export type RefreshReason =
  /** More than half of its validity has passed. */
  | 'due'
  /** It was asked for. */
  | 'forced'
  /** One of its files is missing or damaged. */
  | 'incomplete'
  /** Another key signed it. */
  | 'key'
  /** lockstep.yaml says something else: the address, the description, how long it is valid. */
  | 'fields'
  /** A frozen view that would end. */
  | 'end';

export interface ResignRequest {
  signed: SignedView & { release: Release };
  kind: 'live' | 'frozen';
  archive: ArchiveIdentity;
  suite: SuiteIdentity;
  /** Of the keys that sign now. */
  fingerprints: readonly string[];
  /** End of the key that signs now; null: it has none. */
  keyEnds: Date | null;
  force: boolean;
  now: Date;
}

export interface RefreshPlan {
  view: string;
  /** Null: nothing is due. */
  reason: RefreshReason | null;
  /** Of the new Release, or of the existing one. */
  date: Date;
  validUntil: Date | null;
  text: string;
}

/** What a view needs, and the text of its Release. */
export function planRefresh(request: ResignRequest): RefreshPlan {
  const { signed, now } = request;
  const { release, view } = signed;
  const fields = fieldsOf(request);
  const reason = reasonFor(request, fields);
  if (reason === null) {
    const end = release.validUntil === null ? null : new Date(release.validUntil * 1000);
    return { view, reason, date: new Date(release.date * 1000), validUntil: end, text: signed.text ?? '' };
  }
  const seconds = nextReleaseDate(now, signed.latestDate);
  const validUntil = validUntilFor(seconds, validityOf(request)) ?? undefined;
  return {
    view,
    reason,
    date: new Date(seconds * 1000),
    validUntil: validUntil === undefined ? null : new Date(validUntil * 1000),
    text: formatRelease({ fields, date: seconds, validUntil, sha256: release.sha256 }),
  };
}

function validityOf({ kind, suite, keyEnds }: ResignRequest): ValidityWanted {
  return { validFor: kind === 'live' ? suite.validFor : null, keyEnds };
}

/**
 * Those that are there, in their order; what may change without apt asking is as lockstep.yaml has it now
 * (docs/explanation/architecture.md, law 9).
 */
function fieldsOf({ signed, archive, suite }: ResignRequest): Record<string, string> {
  const { fields, areas, architectures } = signed.release;
  const kept = fields
    .names()
    .filter((name) => !['date', 'valid-until', 'sha256'].includes(name.toLowerCase()))
    .map((name) => [name, fields.unfolded(name) ?? ''] as const);
  const now = releaseFields(archive, suite, { areas, architectures, snapshots: [] });
  return { ...Object.fromEntries(kept), Description: now['Description']!, Snapshots: now['Snapshots']! };
}

function reasonFor(request: ResignRequest, fields: Record<string, string>): RefreshReason | null {
  const { signed, kind, fingerprints, now } = request;
  const { release, signers } = signed;
  if (signed.findings.length > 0) return 'incomplete';
  if (!areSame(signers.inline, fingerprints) || !areSame(signers.detached, fingerprints)) return 'key';
  if (Object.entries(fields).some(([name, value]) => release.fields.unfolded(name) !== value))
    return 'fields';
  if (request.force) return 'forced';
  const told = endVerdict(release, validityOf(request), now);
  return kind === 'frozen' && told !== null ? 'end' : told;
}

function areSame(signers: readonly string[] | undefined, wanted: readonly string[]): boolean {
  return (
    signers !== undefined && signers.length === wanted.length && wanted.every((one) => signers.includes(one))
  );
}

/**
 * Writes what was planned: everything is signed before the first write, and InRelease is the last one. The
 * caller holds the workspace's lock.
 *
 * @throws LockstepError DISK_FULL, DISK_IO, INTERRUPTED, those of the signer
 */
export async function applyRefresh(
  port: ArchivePort,
  plan: RefreshPlan,
  options: { signer: Signer; clock: Clock; signal?: AbortSignal | undefined },
): Promise<void> {
  const { signer, clock, signal } = options;
  const { view, text, date } = plan;
  const detached = await signer.detached(text, date, `${view}/Release.gpg`);
  const inline = await signer.clearsign(text, date, `${view}/InRelease`);
  await waitForDate(date, clock, signal);
  throwIfInterrupted(signal);
  try {
    for (const [name, data] of [
      ['Release', text],
      ['Release.gpg', detached],
      ['InRelease', inline],
    ] as const) {
      await port.put(`${view}/${name}`, data, { modified: date, signal });
    }
  } catch (error) {
    throw diskFault(error, 'write to', port.place);
  }
}
