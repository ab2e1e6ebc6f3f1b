/**
 * What a move will mean, as data: for people before it is done, and for
 * `--json`. It reads, decides nothing and writes nothing; the words are
 * src/cli/explain/move.ts.
 */
import { exactPackages, keyringPackageOf } from '../../metapackage/pinned-packages.js';
import { isImported, type NamedSuite } from '../../profile/load.js';
import type { Profile } from '../../profile/profile-schema.js';
import type { HistoryAction, HistoryEntry } from '../../suite/history.js';
import type { VersionChanges } from '../../suite/version-steps.js';
import { withdrawalOf } from '../../suite/move-rules.js';
import { leftOnReissueWords } from '../../suite/highest-versions.js';
import type { Context, Run } from '../workspace/context.js';
import type { RollbackResult } from './move-results.js';
import type { MovePlan } from './suite-move.js';
import { readVersions, type ListedVersions } from './version-changes.js';

/** What is known of a move before it is done. */
export interface MoveOutlook extends Pick<
  RollbackResult,
  'suite' | 'profile' | 'from' | 'to' | 'reason' | 'reissues' | 'security' | 'schema' | 'notes'
> {
  action: HistoryAction;
  fromSuite: string | null;
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
  /** Seconds that this machine's clock is behind the suite's last Release; 0 where it is not. */
  clockBehind: number;
  /** What people should know of the key that signs. */
  keyWarnings?: readonly string[] | undefined;
}

/** What the outlook is made over. */
export interface OutlookRequest
  extends
    Pick<MoveOutlook, 'action' | 'from' | 'to' | 'fromSuite' | 'reason' | 'reissues' | 'security' | 'schema'>,
    Pick<MoveOutlook, 'notes' | 'clockBehind' | 'keyWarnings'> {
  suite: Pick<NamedSuite, 'name' | 'profile'>;
  /** Whether the set has a database: it then brings the program that restores one. */
  hasDatabase: boolean;
  listed: ListedVersions;
}

/** What a planned move's outlook is made over. */
export function outlookOf(plan: MovePlan): OutlookRequest {
  const { action, suite, from, to, schema, clockBehind } = plan;
  return {
    action,
    suite,
    from,
    to: to.id,
    fromSuite: plan.fromSuite ?? null,
    reason: plan.reason ?? null,
    reissues: plan.reissues ?? null,
    security: [...to.security],
    schema,
    hasDatabase: to.schema !== null || schema !== null,
    notes: leftOnReissueWords(suite.name, to.id, plan.left),
    clockBehind,
    keyWarnings: plan.publication.warnings,
    listed: { before: plan.listedBefore, after: plan.publication.listed },
  };
}

/** @throws LockstepError what reading the suite's history and the records of the listed snapshots throws */
export async function moveOutlook(run: Run, request: OutlookRequest): Promise<MoveOutlook> {
  const { suite, hasDatabase, listed, ...told } = request;
  const history = run.ledger.history(suite.name);
  const read = run.profiles.readable(suite.profile);
  const imported = read !== undefined && isImported(read);
  const profile = read === undefined || isImported(read) ? null : read;
  const manifests = new Map(history.map((entry) => [entry.to, entry.manifest]));
  const versions = await readVersions(run, { suite, from: told.from, ...listed }, manifests);
  const withdrawal = told.to === null ? undefined : withdrawalOf(history, told.to);
  return {
    ...told,
    suite: suite.name,
    profile: suite.profile,
    versions,
    imported,
    loose: looseAmong(versions.steps, run, profile),
    withdrawnBefore:
      withdrawal === undefined
        ? null
        : { at: withdrawal.at, by: withdrawal.by, reason: withdrawal.reason ?? null },
    reopens: reopenedBy(request, history),
    keyringPackage: keyringPackageOf(run.workspace),
    // The set with a database brings a program of the metapackage's name
    program: hasDatabase ? (profile?.metapackage.name ?? null) : null,
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
