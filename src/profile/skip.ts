/**
 * Skips: versions that a profile excludes until a date. This module decides when a skip ends and how it is
 * worded. src/resolution/skips.ts decides which versions it excludes. Pure: the caller passes the time.
 */
import type { z } from 'zod';
import type { skippedResult, skippedVersionResult } from './skip-shape.js';

/** The maximum duration of a skip in days: security fixes get lost in skips that never end. */
export const longestSkip = 90;

const day = 86_400_000;

/** As a profile writes it. */
export interface Skip {
  /** As what lists it has it (`1:1.43.12-1~deb13u1`, a tag), or the version of upstream. */
  version: string;
  /** One line. */
  reason: string;
  /** A day in UTC, `2026-12-13`. From its beginning on the skip has no effect. */
  until: string;
}

/** One that has effect now. */
export interface ActiveSkip extends Skip {
  /** Field of the profile: `components.mediawiki.skip[0]`. */
  path: string;
  /** The command that takes it back. */
  undo: string;
}

/** By component, what is in force. */
export type SkipsInForce = ReadonlyMap<string, readonly ActiveSkip[]>;

/** A version that a skip kept out of a set, for messages and for snapshots. */
export type SkippedVersion = z.output<typeof skippedVersionResult>;

/** The same with whose version it is. */
export type SkippedOf = z.output<typeof skippedResult>[number];

/** Whether a skip no longer has an effect. */
export function hasEnded({ until }: Pick<Skip, 'until'>, now: Date): boolean {
  return Date.parse(`${until}T00:00:00Z`) <= now.getTime();
}

/** Whether a skip ends later than one may. */
export function isTooLong({ until }: Pick<Skip, 'until'>, now: Date): boolean {
  return Date.parse(`${until}T00:00:00Z`) > now.getTime() + longestSkip * day;
}

/** The last day that a skip may end on, `2027-02-27`. */
export function latestEnd(now: Date): string {
  return new Date(now.getTime() + longestSkip * day).toISOString().slice(0, 10);
}

/** What is wrong with one that ends too late. */
export function tooLongWords(now: Date): string {
  return `is more than ${longestSkip} days ahead: the latest end of a skip is ${latestEnd(now)}`;
}

/** The command that removes a skip, as typed. */
export function undoCommand(profile: string, component: string, version: string): string {
  return `lockstep skip ${profile} ${component} --remove ${shellWord(version)}`;
}

/** A tag may have letters in its name that mean something to a shell. */
function shellWord(text: string): string {
  return /^[\w.+:@%/-][\w.+:@%/~-]*$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** `1:1.43.12-1 skipped until 2026-12-13 (no mirror has it), security fixes missing`. */
export function skipWords({ version, reason, until, security }: SkippedVersion): string {
  return `${version} skipped until ${until} (${reason})${security ? ', security fixes missing' : ''}`;
}

/** The same with the component before it. */
export function skippedSentence(skipped: SkippedOf): string {
  return `${skipped.component} ${skipWords(skipped)}`;
}

/** The note on a skip of a profile that no longer has an effect. */
export function endedSentence(profile: string, component: string, { version, until }: Skip): string {
  return `The skip of ${component} ${version} in ${profile} expired on ${until}. Remove it: ${undoCommand(profile, component, version)}`;
}
