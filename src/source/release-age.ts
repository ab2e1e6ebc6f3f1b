/**
 * How old a Release may be: never older than the one that the profile's last snapshot was made from. The signed record
 * is the memory; a cache may be deleted, and a mirror may have another address. It also says which of two clocks is
 * wrong, and which suites of a base are from different days. It fetches nothing.
 */
import type { Release } from '../deb/release-file.js';
import { LockstepError } from '../errors.js';
import { counted } from '../counted.js';

/** A Release that a snapshot was made from. */
export interface BaseReleaseFile {
  /** The suite of the base: `bookworm-security`. */
  suite: string;
  /** Who publishes it, as it says itself: `Debian`. Null: it does not say. */
  origin: string | null;
  /** Its Date: ISO 8601, UTC. */
  date: string;
  /** Of the InRelease. */
  sha256: string;
  /** Fingerprints of the keys that vouch for it. */
  signers: readonly string[];
}

/** The record of a Release that was proven. */
export function baseReleaseFileOf(opened: {
  suite: string;
  release: Release;
  sha256: string;
  signers: readonly string[];
}): BaseReleaseFile {
  const { suite, release, sha256, signers } = opened;
  const date = new Date(release.date * 1000).toISOString();
  return { suite, origin: release.fields.get('Origin') ?? null, date, sha256, signers: [...signers] };
}

/** The Release files below whose dates no resolution goes, by snapshot: those that each was made from. */
export type ReleaseFloor = ReadonlyMap<string, readonly BaseReleaseFile[]>;

/**
 * Refuses a Release that is older than the last snapshot's: of the same suite and origin, and by a key that the same
 * keyring knows.
 *
 * @param place with `isKnown`: whether the keyring that proved the new one also has one of the keys of the old one
 * @throws LockstepError SOURCE_OLDER
 */
export async function assertNotOlder(
  release: BaseReleaseFile,
  floor: ReleaseFloor | undefined,
  place: { url: string; isKnown: (signers: readonly string[]) => Promise<boolean> },
): Promise<void> {
  for (const [snapshot, releases] of floor ?? []) {
    const before = releases.find(({ suite, origin }) => suite === release.suite && origin === release.origin);
    if (before === undefined || Date.parse(release.date) >= Date.parse(before.date)) continue;
    const isSame = before.signers.some((one) => release.signers.includes(one));
    if (isSame || (await place.isKnown(before.signers))) throw older(release, before, snapshot, place.url);
  }
}

function older(
  release: BaseReleaseFile,
  before: BaseReleaseFile,
  snapshot: string,
  url: string,
): LockstepError {
  return new LockstepError('SOURCE_OLDER', {
    message: `The InRelease of ${release.suite} is dated ${release.date}, but the snapshot ${snapshot} was made from that of ${before.date}`,
    hint: 'The mirror does not follow the archive, or it hides newer versions. Try again later, or use another mirror (LOCKSTEP_MIRROR). To return to an older base on purpose: --older-base',
    where: [{ file: url, path: 'Date', value: release.date }],
  });
}

/** What the days of suites are compared by. */
export interface DatedSuite {
  suite: string;
  /** Seconds. */
  date: number;
  /** Seconds; null where it has none. A suite with one is signed again and again, others only when they change. */
  validUntil: number | null;
}

/** Suites that are signed every day may differ so far, in seconds: a mirror is updated some times a day. */
const mostApart = 2 * 86_400;

/** Says which suites are much older than the newest of the same base; null where all are of one time. */
export function mixedDays(suites: readonly DatedSuite[]): string | null {
  const newest = Math.max(...suites.map(({ date }) => date));
  const late = suites.filter(({ date, validUntil }) => validUntil !== null && newest - date > mostApart);
  if (late.length === 0) return null;
  const first = suites.find(({ date }) => date === newest)!;
  const days = late.map(({ suite, date }) => `${suite} of ${dayOf(date)}`);
  return `The suites of the base are from different days: ${days.join(', ')}, but ${first.suite} of ${dayOf(newest)}. Updates of the older ones may be missing`;
}

function dayOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

/** Two clocks that differ less than this agree: answers wait in caches and queues. */
const clocksAgreeMs = 10 * 60_000;

/** Faults that say nothing of a mirror but its time. */
const ofTime: readonly string[] = ['SOURCE_EXPIRED', 'SOURCE_FUTURE'];

/**
 * A fault of a Release, with what the clock of the server says of it where that explains the fault: so that a person
 * knows which of the two clocks is wrong. A signature, too, is judged by the clock.
 *
 * @param served the Date of the server's answer; null where there is none (file:)
 */
export function withBothClocks(error: LockstepError, served: Date | null, now: Date): LockstepError {
  const isOfTime = ofTime.includes(error.code);
  if (served === null || Number.isNaN(served.getTime()) || !(isOfTime || /^VERIFY_/.test(error.code)))
    return error;
  const ahead = now.getTime() - served.getTime();
  if (Math.abs(ahead) >= clocksAgreeMs) {
    const by = `${durationWords(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'}`;
    return error.with({
      message: `${error.message}; the clock of this machine is ${by} the server's, which says ${served.toISOString()}`,
      hint: 'Most likely the clock of this machine is wrong. Compare it with another one (timedatectl), and correct it. If it is right, use another mirror (LOCKSTEP_MIRROR).',
    });
  }
  if (!isOfTime) return error;
  return error.with({
    message: `${error.message}; the server's clock agrees with it`,
    hint: 'The mirror no longer follows the archive, or its files are dated wrongly. Use another mirror (LOCKSTEP_MIRROR).',
  });
}

function durationWords(ms: number): string {
  const [minutes, hours] = [Math.round(ms / 60_000), Math.round(ms / 3_600_000)];
  if (minutes < 120) return counted(minutes, 'minute');
  return hours < 48 ? counted(hours, 'hour') : counted(Math.round(hours / 24), 'day');
}
