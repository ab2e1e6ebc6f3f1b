/**
 * What a move will mean, as data: for people before it is done, and for
 * `--json`. It reads, decides nothing and writes nothing; the words are
 * src/cli/explain-move.ts.
 */
import { stretchesOf } from '../archive/blocks.js';
import { BlockMissing, textOf, type IndexPlaces } from '../archive/index-set.js';
import { versionsOf } from '../archive/index-text.js';
import type { ListedSnapshot } from '../archive/publication.js';
import type { SnapshotRecord } from '../archive/snapshot-record.js';
import { LockstepError } from '../errors.js';
import { exactPackages, keyringPackageOf } from '../metapackage/pinned-packages.js';
import { isImported, type NamedSuite } from '../profile/load.js';
import type { ImportedProfile, Profile } from '../profile/profile-schema.js';
import type { Signer } from '../signing/signer.js';
import type { HistoryAction, HistoryEntry } from '../snapshot/history.js';
import { versionChanges, type NamedVersion, type VersionChanges } from '../snapshot/move-versions.js';
import { withdrawalOf, type SchemaChange } from '../snapshot/moves.js';
import type { SnapshotRef } from '../snapshot/manifest.js';
import { listSnapshots } from '../snapshot/snapshot-folder.js';
import { leftOnReissueWords } from '../snapshot/superseded.js';
import type { Context } from './context.js';
import type { MovePlan } from './move.js';
import { listedSnapshot, snapshotRecords } from './records.js';
import { anyProfileOf, historyOf } from './readings.js';

/** What is known of a move before it is done. */
export interface MoveOutlook {
  action: HistoryAction;
  suite: string;
  profile: string;
  from: string | null;
  /** Null for a superseding snapshot that is not cut yet. */
  to: string | null;
  fromSuite: string | null;
  reason: string | null;
  /** The snapshot whose content comes under higher versions, or null. */
  reissues: string | null;
  /** CVE ids that the target fixes. */
  security: string[];
  schema: SchemaChange | null;
  versions: VersionChanges;
  /** Whether the packages are imported: no pin names them. */
  imported: boolean;
  /** Packages that change and whose version the set does not decide: no pin names them. */
  loose: string[];
  /** By whom and why the target was withdrawn from the suite before, or null. */
  withdrawnBefore: { at: string; by: string; reason: string | null } | null;
  /** CVE ids whose fixes machines lose: of the later snapshots that the suite has had. */
  reopens: string[];
  /** The archive's keyring package, with the pin. */
  keyringPackage: string;
  /** The program on machines that holds and restores a set, `mediawiki-full`; null where the set brings none. */
  program: string | null;
  /** What becomes of single packages, in plain sentences. */
  notes: string[];
  /** Seconds that this machine's clock is behind the suite's last Release; 0 where it is not. */
  clockBehind: number;
  /** What people should know of the key that signs. */
  keyWarnings?: readonly string[] | undefined;
}

/** What the outlook is made over. */
export interface OutlookRequest {
  action: HistoryAction;
  suite: Pick<NamedSuite, 'name' | 'profile'>;
  from: string | null;
  to: string | null;
  fromSuite?: string | undefined;
  reason?: string | undefined;
  reissues?: string | undefined;
  security: readonly string[];
  schema: SchemaChange | null;
  /** Whether the set has a database: it then brings the program that restores one. */
  hasDatabase: boolean;
  notes?: readonly string[];
  clockBehind: number;
  keyWarnings?: readonly string[] | undefined;
  /** Ids that the suite lists, the current one first. */
  before: readonly string[];
  /** The same after the move; a snapshot that is not cut yet is given by its packages. */
  after: readonly (string | readonly NamedVersion[])[];
}

/** What a planned move's outlook is made over. */
export function outlookOf(plan: MovePlan): OutlookRequest {
  const { action, suite, from, to, fromSuite, reason, reissues, schema, clockBehind } = plan;
  return {
    action,
    suite,
    from,
    to: to.id,
    fromSuite,
    reason,
    reissues,
    security: to.security,
    schema,
    hasDatabase: to.schema !== null || schema !== null,
    notes: leftOnReissueWords(suite.name, to.id, plan.left),
    clockBehind,
    keyWarnings: plan.publication.warnings,
    before: plan.listedBefore,
    after: plan.publication.listed,
  };
}

/** @throws LockstepError what reading the suite's history and the records of the listed snapshots throws */
export async function moveOutlook(
  context: Context,
  request: OutlookRequest,
  signer: Pick<Signer, 'publicKey'>,
): Promise<MoveOutlook> {
  const { suite, to } = request;
  const history = await historyOf(context, suite.name);
  const read = await readProfile(context, suite.profile);
  const imported = read !== null && isImported(read);
  const profile = read === null || isImported(read) ? null : read;
  const manifests = new Map(history.map((entry) => [entry.to, entry.manifest]));
  const versions = await readVersions(context, request, manifests, signer);
  const withdrawal = to === null ? undefined : withdrawalOf(history, to);
  return {
    action: request.action,
    suite: suite.name,
    profile: suite.profile,
    from: request.from,
    to,
    fromSuite: request.fromSuite ?? null,
    reason: request.reason ?? null,
    reissues: request.reissues ?? null,
    security: [...request.security],
    schema: request.schema,
    versions,
    imported,
    loose: looseAmong(versions.steps, context, profile),
    withdrawnBefore:
      withdrawal === undefined
        ? null
        : { at: withdrawal.at, by: withdrawal.by, reason: withdrawal.reason ?? null },
    reopens: reopenedBy(request, history),
    keyringPackage: keyringPackageOf(context.workspace),
    // The set with a database brings a program of the metapackage's name
    program: request.hasDatabase ? (profile?.metapackage.name ?? null) : null,
    notes: [...(request.notes ?? [])],
    clockBehind: request.clockBehind,
    keyWarnings: request.keyWarnings,
  };
}

/** Whatever is later than the content that the suite gets, and fixed something. */
function reopenedBy(
  { to, reissues, security }: OutlookRequest,
  history: readonly Pick<HistoryEntry, 'to' | 'security'>[],
): string[] {
  const content = reissues ?? to;
  const later = history.filter((entry) => content !== null && entry.to > content);
  const fixed = new Set(later.flatMap((entry) => entry.security ?? []));
  for (const id of security) fixed.delete(id);
  return [...fixed].sort();
}

/** Null where it cannot be read: a broken profile must not stand in a rollback's way. */
async function readProfile(context: Context, name: string): Promise<Profile | ImportedProfile | null> {
  try {
    return await anyProfileOf(context, name);
  } catch (error) {
    if (error instanceof LockstepError) return null;
    throw error;
  }
}

/** Those of the packages that change which the archive's pin does not name. */
function looseAmong(
  steps: VersionChanges['steps'],
  { workspace }: Context,
  profile: Profile | null,
): string[] {
  if (profile === null) return [];
  const pinned = new Set(exactPackages(workspace, [profile]));
  return steps.map((step) => step.package).filter((name) => !pinned.has(name));
}

async function readVersions(
  context: Context,
  { suite, from, before, after }: Pick<OutlookRequest, 'suite' | 'from' | 'before' | 'after'>,
  manifests: ReadonlyMap<string, string>,
  signer: Pick<Signer, 'publicKey'>,
): Promise<VersionChanges> {
  const { profile } = suite;
  // Where the archive on disk is gone, the history still knows what machines have
  const now = before.length > 0 || from === null ? before : [from];
  const there = new Set((await listSnapshots(context.places.snapshots, profile)).map(({ id }) => id));
  const listed = new Map<string, ListedSnapshot>();
  for (const id of [...now, ...after].filter((one) => typeof one === 'string')) {
    // One that was dropped is told of no more
    if (there.has(id) && !listed.has(id)) {
      listed.set(id, await listedSnapshot(context, { profile, id, sha256: manifests.get(id) }, signer));
    }
  }
  const records = snapshotRecords(context);
  const read = async (): Promise<VersionChanges> => {
    const known = new Map<string, SnapshotRecord>();
    for (const [id, { sha256, load }] of listed) known.set(id, await records.of(sha256, load));
    const side = (snapshots: OutlookRequest['after']): Side =>
      snapshots
        .map((one) => (typeof one === 'string' ? known.get(one) : one))
        .filter((one) => one !== undefined);
    return changesOf(side(now), side(after), records.places);
  };
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof BlockMissing)) throw error;
    // What was derived is damaged: it is made again from the manifests
    for (const { load } of listed.values()) await records.make(await load());
    return await read();
  }
}

/**
 * What changes for a machine that follows a suite from one snapshot to another, by package.
 *
 * @throws LockstepError what reading the suite's history and the records of the two throws
 */
export async function versionSteps(
  context: Context,
  suite: Pick<NamedSuite, 'name' | 'profile'>,
  { from, to }: { from: SnapshotRef; to: SnapshotRef },
  signer: Pick<Signer, 'publicKey'>,
): Promise<VersionChanges['steps']> {
  const manifests = new Map([from, to].map(({ id, sha256 }) => [id, sha256]));
  const request = { suite, from: from.id, before: [from.id], after: [to.id] };
  return (await readVersions(context, request, manifests, signer)).steps;
}

type Side = readonly (SnapshotRecord | readonly NamedVersion[])[];

/** Looks into those blocks alone that differ; versions that are the same everywhere change nothing. */
function changesOf(before: Side, after: Side, { blocks }: IndexPlaces): VersionChanges {
  const sides = [...before, ...after];
  const found: NamedVersion[][] = sides.map((one) => ('id' in one ? [] : [...one]));
  const whole = sides.some((one) => !('id' in one));
  const indices = sides.map((one) => {
    if (!('id' in one)) return [];
    return one.indices.find(({ path }) => path === 'versions')?.blocks ?? [];
  });
  for (const stretch of stretchesOf(indices)) {
    const everywhere = stretch.same !== undefined && stretch.blocks.every(({ length }) => length === 1);
    if (everywhere && !whole) continue;
    for (const [at, refs] of stretch.blocks.entries()) {
      for (const ref of refs) found[at]!.push(...versionsOf(textOf(ref, blocks)));
    }
  }
  return versionChanges(found.slice(0, before.length), found.slice(before.length));
}
