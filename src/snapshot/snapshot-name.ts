/**
 * How a person names a snapshot: by its id, by a suite that points at it, and
 * by steps back from either, `SUITE~1`. Pure; the folders are read by
 * src/workflows/reading/named-snapshot.ts.
 */
import { LockstepError } from '../errors.js';
import { editDistance } from '../profile/nearest.js';
import { dateOfSnapshotId, isSnapshotId } from './snapshot-id.js';

/**
 * Reads a name: `20261123T101530Z`, `mediawiki-1.39-stable`, either with `~N` behind it; `~` alone is `~1`.
 * It looks nothing up: a text that is not an id is taken as a suite.
 *
 * @throws LockstepError USAGE for an empty name and steps that are not a number
 */
export function parseSnapshotName(text: string) {
  const at = text.indexOf('~');
  const base = at < 0 ? text : text.slice(0, at);
  const steps = at < 0 ? '~0' : text.slice(at);
  const match = /^~(\d{0,4})$/.exec(steps);
  if (base === '' || match === null) {
    throw new LockstepError('USAGE', {
      message: `${JSON.stringify(text)} is not the name of a snapshot`,
      hint: 'Use an id (20261123T101530Z) or a suite. SUITE~1 is the snapshot it pointed at before, ID~1 the parent',
    });
  }
  return {
    kind: looksLikeId(base) ? 'id' : 'suite',
    /** The id or the suite, without the steps. */
    base,
    /** How many steps back: of a suite, snapshots that were good there; of an id, parents. */
    back: match[1] === '' ? 1 : Number(match[1]),
  } as const;
}

/** Whether a person who typed this meant an id, maybe one with a slip in it. No suite is named so. */
function looksLikeId(text: string): boolean {
  return isSnapshotId(text) || (/^\d{8}/.test(text) && /^[\dTZ:-]+$/i.test(text));
}

/** As many letters may be wrong for an id to count as mistyped. */
const slips = 3;

/**
 * The most likely id: one that differs in one or two characters, otherwise the nearest in time.
 *
 * @param known existing ids
 */
export function nearestSnapshotId(id: string, known: readonly string[]): string | undefined {
  const typed = id.toUpperCase();
  const begun = known.filter((other) => typed.length >= 6 && other.startsWith(typed)).at(-1);
  if (begun !== undefined) return begun;
  const time = dateOfSnapshotId(typed)?.getTime();
  const near = known.map((other) => ({
    other,
    distance: editDistance(typed, other),
    seconds: time === undefined ? Infinity : Math.abs(dateOfSnapshotId(other)!.getTime() - time),
  }));
  const mistyped = near
    .filter(({ distance }) => distance <= slips)
    .sort((a, b) => a.distance - b.distance || a.seconds - b.seconds);
  const [best] =
    mistyped.length > 0 || time === undefined ? mistyped : near.sort((a, b) => a.seconds - b.seconds);
  return best?.other;
}
