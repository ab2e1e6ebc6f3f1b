/**
 * What the record of keys says: which keys the archive has and had, and what a
 * change makes of that. Pure; key-record.ts reads the record and adds to it.
 */

import { z } from 'zod';
import { sha256 } from '../io/sha256.js';

/** 40 upper-case hex digits. */
const fingerprint = z.string().regex(/^[0-9A-F]{40}$/, { error: 'must be a fingerprint' });

/** A public key in the record. */
const recordedKey = z.object({
  fingerprint,
  /** One armored block. */
  public: z.string(),
});
export type RecordedKey = z.infer<typeof recordedKey>;

/** Lines of a file of chained lines, from the first to one of them: its hash covers all before it. */
const acceptedLines = z.object({
  /** Below `snapshots/`, as `history/mediawiki-1.39-stable.jsonl`. */
  file: z.string(),
  /** SHA-256 of the last of them, without its newline. */
  through: sha256,
});
export type AcceptedLines = z.infer<typeof acceptedLines>;

/**
 * - `first`: the record starts with this key
 * - `announce`: the next key is published; machines get both
 * - `both`: both keys sign Release files
 * - `finish`: the next key becomes the current one, and signs alone
 * - `abandon`: the next key is withdrawn
 * - `renew`: the current or the next key changed, for example its expiry
 * - `compromise`: someone else may have a key; its signatures from `since` on are not trusted
 * - `accept`: a person, or Lockstep for its own files, accepts lines whose signatures are no longer trusted
 */
const step = z.enum(['first', 'announce', 'both', 'finish', 'abandon', 'renew', 'compromise', 'accept']);

/** The content of one line. */
export const keyChange = z.object({
  step,
  /** The key that the step is about: of `compromise` the one that is the current key after it. */
  key: recordedKey,
  /** Of `first`: keys that signed before the record was begun, on the word of who began it. */
  former: z.array(recordedKey).readonly().optional(),
  /** For `compromise`: the key that is no longer trusted. */
  compromised: fingerprint.optional(),
  /** Of `compromise`: from when on, in UTC. */
  since: z.iso.datetime().optional(),
  /** Of `accept`: the lines that are vouched for. */
  lines: z.array(acceptedLines).readonly().optional(),
  /** UTC. */
  at: z.iso.datetime(),
  /** Who did it, as `user@host`. */
  by: z.string(),
});
export type KeyChange = z.infer<typeof keyChange>;
export type KeyStep = KeyChange['step'];

/** A key, and what it is to the archive. */
export interface KnownKey extends RecordedKey {
  state: 'current' | 'next' | 'former' | 'compromised';
  /** When it was brought in; null of one from before the record. */
  since: Date | null;
  /** When it stopped to sign; null where it has not, or may sign yet. */
  until: Date | null;
  /** Of a compromised one: from when on it is not believed. */
  compromisedSince: Date | null;
}

/** What the record says. */
export interface KeyState {
  /** In the order in which they came. */
  keys: KnownKey[];
  current: KnownKey;
  next: KnownKey | null;
  /** How far the change to the next key is. */
  stage: 'steady' | 'announced' | 'both';
  /** When that stage began. */
  stageSince: Date;
  /** SHA-256 of lines that are vouched for, each with all before it. */
  accepted: ReadonlySet<string>;
}

/**
 * What the record says after a change, or why the change cannot be made. Pure.
 */
export function afterChange(state: KeyState | null, change: KeyChange): KeyState | string {
  const { step, key } = change;
  const at = new Date(change.at);
  if (state === null) {
    if (step !== 'first') return 'the record does not start with a first key';
    const current: KnownKey = { ...known(key), state: 'current', since: at };
    const former = (change.former ?? []).map((old): KnownKey => ({ ...known(old), until: at }));
    const keys = [...former, current];
    return { keys, current, next: null, stage: 'steady', stageSince: at, accepted: new Set() };
  }
  const { current, next, stage } = state;
  const others = state.keys.filter((one) => ![current, next].includes(one));
  const there = state.keys.find((one) => one.fingerprint === key.fingerprint);
  const isNext = next !== null && next.fingerprint === key.fingerprint && next.public === key.public;
  switch (step) {
    case 'first':
      return 'a first key already exists';
    case 'announce': {
      if (next !== null) return 'another next key is already announced';
      if (there !== undefined) return `the key ${key.fingerprint} already is or was a key of the archive`;
      const fresh: KnownKey = { ...known(key), state: 'next', since: at };
      const keys = [...others, current, fresh];
      return { ...state, keys, next: fresh, stage: 'announced', stageSince: at };
    }
    case 'both':
      if (stage !== 'announced' || !isNext) return 'the key was not announced before';
      return { ...state, stage: 'both', stageSince: at };
    case 'finish': {
      if (stage !== 'both' || !isNext) return 'the key did not sign together with the current one before';
      return handedOver(
        state,
        others,
        { ...current, state: 'former', until: at },
        { ...next, state: 'current' },
        at,
      );
    }
    case 'abandon': {
      if (!isNext) return 'the key was not announced before';
      return { ...state, keys: [...others, current], next: null, stage: 'steady', stageSince: at };
    }
    case 'renew': {
      if (there === undefined || ![current, next].includes(there))
        return 'it concerns a key that does not sign';
      const renewed: KnownKey = { ...there, public: key.public };
      const keys = state.keys.map((one) => (one === there ? renewed : one));
      return { ...state, keys, ...(there === current ? { current: renewed } : { next: renewed }) };
    }
    case 'compromise':
      return afterCompromise(state, change, at);
    case 'accept': {
      if (there !== current) return 'only the current key can confirm lines';
      const { lines = [] } = change;
      return { ...state, accepted: new Set([...state.accepted, ...lines.map(({ through }) => through)]) };
    }
  }
}

function afterCompromise(state: KeyState, change: KeyChange, at: Date): KeyState | string {
  const { key, compromised, since } = change;
  if (compromised === undefined || since === undefined) return 'it names no key and no date';
  const found = state.keys.find((one) => one.fingerprint === compromised);
  if (found === undefined) return `the key ${compromised} is not a key of the archive`;
  if (compromised === key.fingerprint) return 'the key cannot replace itself';
  const bad: KnownKey = {
    ...found,
    state: 'compromised',
    until: found.until ?? at,
    compromisedSince: new Date(since),
  };
  const { current, next } = state;
  if (found !== current) {
    if (key.fingerprint !== current.fingerprint)
      return 'only the current key can declare another key compromised';
    const isNext = found === next;
    const keys = state.keys.map((one) => (one === found ? bad : one));
    return {
      ...state,
      keys,
      next: isNext ? null : next,
      ...(isNext ? { stage: 'steady' as const, stageSince: at } : {}),
    };
  }
  const there = state.keys.find((one) => one.fingerprint === key.fingerprint);
  if (there !== undefined && there !== next)
    return `the key ${key.fingerprint} is an earlier key of the archive`;
  const others = state.keys.filter((one) => one !== current && one !== there);
  return handedOver(state, others, bad, { ...known(key), state: 'current', since: there?.since ?? at }, at);
}

function handedOver(
  state: KeyState,
  others: KnownKey[],
  before: KnownKey,
  current: KnownKey,
  at: Date,
): KeyState {
  const keys = [...others, before, current];
  return { ...state, keys, current, next: null, stage: 'steady', stageSince: at };
}

function known(key: RecordedKey): KnownKey {
  return { ...key, state: 'former', since: null, until: null, compromisedSince: null };
}

/** Whose signatures a line needs: that of the key before it, and that of the key it is about. */
export function signersOfChange(state: KeyState | null, change: Pick<KeyChange, 'step' | 'key'>): string[] {
  const before = state === null || change.step === 'compromise' ? [] : [state.current.fingerprint];
  // Who has lost a next key, or does not want it, need not ask it
  const own = change.step === 'abandon' ? [] : [change.key.fingerprint];
  return [...new Set([...before, ...own])];
}

/** The keys whose signatures count, each for the time that {@link endsOf} says; the current one first. */
export function countingKeys({ keys, current }: KeyState): KnownKey[] {
  return [current, ...keys.filter((one) => one !== current)];
}

/** From when on the signatures of earlier keys are not trusted, by fingerprint. */
export function endsOf({ keys }: KeyState): Map<string, Date> {
  return new Map(
    keys.flatMap(({ fingerprint: name, until, compromisedSince }) => {
      const end = compromisedSince ?? until;
      return end === null ? [] : [[name, end] as const];
    }),
  );
}

/** The keys that machines are to have. */
export function publishedKeys({ current, next }: KeyState): KnownKey[] {
  return next === null ? [current] : [current, next];
}

/** The keys that Release files are signed by. */
export function signingKeys({ current, next, stage }: KeyState): KnownKey[] {
  return stage === 'both' && next !== null ? [current, next] : [current];
}
