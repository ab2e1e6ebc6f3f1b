/**
 * Where a suite may move: to which snapshot, and what forbids it. Decisions over
 * histories and the facts of snapshots. Pure; src/workflows does the moves.
 */
import { aptMaxFutureSeconds } from '../deb/apt-limits.js';
import { LockstepError } from '../errors.js';
import type { NamedSuite } from '../profile/load.js';
import { currentSnapshot, goodSnapshots, type HistoryEntry } from './history.js';
import type { SnapshotBase, SnapshotSchema, Superseding } from '../snapshot/manifest.js';
import { lowerWords, type LowerStep } from './version-steps.js';

/** What must be known of a snapshot to decide where it may go. */
export interface SnapshotFacts {
  id: string;
  profile: string;
  /** Of the manifest's text. */
  sha256: string;
  base: SnapshotBase;
  /** Null where it says none. */
  schema: SnapshotSchema | null;
  /** CVE ids that it fixes, sorted. */
  security: readonly string[];
  supersedes: Superseding | null;
  /** Components that are somebody's own tree, which nobody vouches for. */
  local: readonly string[];
  /** Components out of git that no signature vouches for. */
  unsigned: readonly string[];
  /** Whether its packages were made elsewhere (lockstep import): then no components are known. */
  imported: boolean;
}

/** The part of a suite that decisions need. */
export type MovingSuite = Pick<NamedSuite, 'name' | 'profile' | 'trust'>;

/**
 * A suite stays with the base release it began with: its machines run that one.
 *
 * @param has what the suite points at, or null where it is empty
 * @throws LockstepError MOVE_BASE
 */
export function assertSameBase(
  suite: Pick<MovingSuite, 'name'>,
  has: Pick<SnapshotFacts, 'id' | 'base'> | null,
  next: { what: string; base: Omit<SnapshotBase, 'architectures'> },
): void {
  if (has === null || nameOfBase(has.base) === nameOfBase(next.base)) return;
  throw new LockstepError('MOVE_BASE', {
    message: `${next.what} is for ${nameOfBase(next.base)}, but the suite ${suite.name} is for ${nameOfBase(has.base)} (see its snapshot ${has.id})`,
    hint: `A suite keeps its base release, because its machines do. Add a suite for ${nameOfBase(next.base)} to lockstep.yaml`,
  });
}

/** `debian 12 (bookworm)`. */
export function nameOfBase(base: Omit<SnapshotBase, 'architectures'>): string {
  return `${base.distribution} ${base.release} (${base.codename})`;
}

/** A move between snapshots that need different database schemas. Null: the snapshot says none. */
export interface SchemaMove {
  from: SnapshotSchema | null;
  to: SnapshotSchema | null;
}

/** The schema change of a move, or null where there is none: the suite was empty, or both need the same. */
export function schemaChangeOf(
  has: Pick<SnapshotFacts, 'schema'> | null,
  next: Pick<SnapshotFacts, 'schema'>,
): SchemaMove | null {
  if (has === null) return null;
  const [from, to] = [has.schema, next.schema];
  const same = from?.component === to?.component && from?.digest === to?.digest;
  return same ? null : { from, to };
}

/**
 * `the schema of mediawiki 1.39 (3f2a9c81d07b)`: a series may have several, which only the digest
 * distinguishes.
 */
export function nameOfSchema(schema: SnapshotSchema | null): string {
  if (schema === null) return 'an unrecorded one';
  return `the schema of ${schema.component} ${schema.version} (${schema.digest.slice(0, 12)})`;
}

/**
 * @param action promote, rollback; a publication only reports the change
 * @throws LockstepError MOVE_SCHEMA if the schema changes and the flag that allows it is missing
 */
export function assertSchemaAllowed(
  change: SchemaMove | null,
  move: { action: HistoryEntry['action']; suite: string; from: string | null; to: string; allowed: boolean },
): void {
  if (change === null || move.allowed || move.action === 'publish') return;
  const after =
    move.action === 'rollback'
      ? 'On a wiki that was updated to the newer schema, the old software does not work until its database dump is restored. '
      : 'Each machine dumps its database and updates it. A return is impossible without that dump. ';
  throw new LockstepError('MOVE_SCHEMA', {
    message: `This changes the database schema of ${move.suite}: ${move.from} needs ${nameOfSchema(change.from)}, ${move.to} needs ${nameOfSchema(change.to)}`,
    hint: `${after}Preview it with --dry-run --schema-change. To do it, use --schema-change`,
  });
}

/**
 * Refuses a publication or promotion that lowers versions, unless a flag allows it: some machines would
 * silently stay at the higher version. To return to an earlier snapshot, use a rollback.
 *
 * @throws LockstepError MOVE_LOWER
 */
export function assertNotLower(
  steps: readonly LowerStep[],
  move: { suite: string; from: string | null; to: string; allowed: boolean },
): void {
  if (steps.length === 0 || move.allowed) return;
  throw new LockstepError('MOVE_LOWER', {
    message: `${move.to} has ${steps.length === 1 ? 'a lower version' : 'lower versions'} than ${move.from}, the snapshot of ${move.suite}: ${lowerWords(steps)}`,
    hint: `Machines with the archive's pin are downgraded; others stay at the higher version. To return to an earlier snapshot: lockstep rollback ${move.suite} --to ID --reason TEXT. To allow the lower versions: --lower`,
    where: steps.map(({ package: name, from, to }) => ({ path: name, message: `${from} -> ${to}` })),
  });
}

/**
 * The snapshot to promote: the one that `from` points at, or the requested one.
 *
 * @param wanted an existing id, or undefined
 * @throws LockstepError SUITE_UNKNOWN when they take different profiles, MOVE_TRUST, SNAPSHOT_UNKNOWN when
 * `from` is empty
 */
export function promotedSnapshot(request: {
  from: MovingSuite;
  to: MovingSuite;
  /** From the lowest to the highest. */
  trustLevels: readonly string[];
  /** Of `from`. */
  history: readonly HistoryEntry[];
  wanted: string | undefined;
}): string {
  const { from, to, trustLevels, history, wanted } = request;
  if (from.profile !== to.profile) {
    throw new LockstepError('SUITE_UNKNOWN', {
      message: `The suite ${to.name} takes the profile ${to.profile}, and ${from.name} takes ${from.profile}`,
      hint: 'A snapshot is promoted between suites of one profile',
    });
  }
  if (trustLevels.indexOf(to.trust) <= trustLevels.indexOf(from.trust)) {
    throw new LockstepError('MOVE_TRUST', {
      message: `${to.name} has the trust level ${to.trust}, which is not higher than ${from.trust}, the trust level of ${from.name}`,
      hint: `A promotion goes to a higher trust level: ${trustLevels.join(', ')}. To publish a snapshot in any suite: lockstep publish ID ${to.name}`,
    });
  }
  const current = currentSnapshot(history);
  if (current === null) {
    throw new LockstepError('SNAPSHOT_UNKNOWN', {
      message: `The suite ${from.name} points at no snapshot yet`,
      hint: `Publish one there first: lockstep publish ID ${from.name}`,
    });
  }
  if (wanted === undefined) return current;
  const good = goodSnapshots(history);
  if (good.includes(wanted)) return wanted;
  const withdrawal = withdrawalOf(history, wanted);
  throw new LockstepError('MOVE_TRUST', {
    message:
      withdrawal === undefined
        ? `The snapshot ${wanted} was never in the suite ${from.name}`
        : `The snapshot ${wanted} was withdrawn from ${from.name}: ${tellOf(withdrawal)}`,
    hint: `Good snapshots of the suite: ${good.slice(0, 8).join(', ')}`,
  });
}

/**
 * The snapshot that a suite returns to: the previous good one, or the requested one.
 *
 * With `reissue`, it may be the current one: the re-issue then moves only the machines that did not follow.
 * After a rollback, this is the default.
 *
 * @param wanted an id of the suite's profile, or undefined
 * @param there whether a snapshot still exists; a
 * dropped one is ignored
 * @throws LockstepError MOVE_NOWHERE
 */
export function rollbackTarget(request: {
  suite: Pick<MovingSuite, 'name' | 'profile'>;
  history: readonly HistoryEntry[];
  wanted: string | undefined;
  there: (id: string) => boolean;
  /** Whether the content is to come under higher versions. */
  reissue: boolean;
}): string {
  const { suite, history, wanted, there, reissue } = request;
  const last = history.at(-1);
  if (last === undefined) {
    throw new LockstepError('MOVE_NOWHERE', {
      message: `The suite ${suite.name} points at no snapshot, so it cannot be rolled back`,
      hint: `Publish one there first: lockstep publish ID ${suite.name}`,
    });
  }
  const earlier = goodSnapshots(history).slice(1);
  if (wanted === undefined) {
    if (reissue && last.action === 'rollback' && last.reissues === undefined) return last.to;
    // What the current one re-issues has the same content: nothing would be undone by going back to it
    const target = earlier.find((id) => id !== last.reissues && there(id));
    if (target !== undefined) return target;
    throw new LockstepError('MOVE_NOWHERE', {
      message: `The suite ${suite.name} has no good snapshot before ${last.to}`,
      hint: `List the snapshots with: lockstep snapshots ${suite.profile}. Choose one with --to`,
    });
  }
  if (wanted === last.to) {
    if (reissue) return wanted;
    throw new LockstepError('MOVE_NOWHERE', {
      message: `The suite ${suite.name} already points at ${wanted}`,
      hint: 'Omit --to to return to the good snapshot before it',
    });
  }
  // Under higher versions, what is newer can come back too
  if (reissue || earlier.includes(wanted) || wanted < last.to) return wanted;
  throw new LockstepError('MOVE_NOWHERE', {
    message: `${wanted} is newer than ${last.to}, the snapshot of the suite ${suite.name}: that is not a rollback`,
    hint: `To go forward: lockstep publish ${wanted} ${suite.name}`,
  });
}

/** The rollback by which a snapshot left a suite, or undefined where it never was there or still is good. */
export function withdrawalOf(history: readonly HistoryEntry[], id: string): HistoryEntry | undefined {
  if (goodSnapshots(history).includes(id)) return undefined;
  const last = history.findLastIndex(({ to }) => to === id);
  if (last < 0) return undefined;
  return history.slice(last + 1).find(({ action }, after) => {
    return action === 'rollback' && !goodSnapshots(history.slice(0, last + after + 2)).includes(id);
  });
}

function tellOf({ at, by, to, reason }: HistoryEntry): string {
  const why = reason === undefined ? '' : ` ("${reason}")`;
  return `${by} returned to ${to} on ${at.slice(0, 10)}${why}`;
}

/** The recorded time of a move: now, but never before the previous move, whatever the clock says. */
export function moveTime(history: readonly Pick<HistoryEntry, 'at'>[], now: Date): string {
  const last = history.at(-1)?.at;
  const present = now.toISOString();
  return last !== undefined && Date.parse(last) > now.getTime() ? last : present;
}

/**
 * How many seconds the clock is behind the last Release of a suite; 0 where it is not, or by so little that
 * releases in quick succession explain it.
 *
 * @param latest Date of the last Release, in seconds, or null
 */
export function secondsBehind(now: Date, latest: number | null): number {
  if (latest === null) return 0;
  const behind = latest - Math.floor(now.getTime() / 1000);
  return behind > aptMaxFutureSeconds ? behind : 0;
}
