/**
 * Which step of a change of the key comes next, and whether machines are ready
 * for it. Pure: a decision over what the record says and what is published.
 */
import type { KeyState } from '../../snapshot/key-state.js';
import type { KeyStatusResult } from './key-results.js';

/** So long machines are given to take in each step, in seconds: unattended upgrades, holidays, laptops. */
export const leastTime = 14 * 86_400;

/** What is known of the archive. */
export interface RotationFacts {
  state: KeyState;
  /** The fingerprint of the next key, if it is available. */
  nextAtHand: string | null;
  /** Since when machines can have the suite of the current key among their sources; null: not yet. */
  suiteOutSince: Date | null;
  /** Live suites whose keyring package does not name that suite yet. */
  suitesBehind: readonly string[];
  /** Whether the archive has a keyring package, and that one names the suite. */
  package: 'good' | 'silent' | 'none';
  now: Date;
}

/** `step` is null where none is asked for, because no next key is there. */
export type RotationPlan = KeyStatusResult['plan'];

export function planRotation(facts: RotationFacts): RotationPlan {
  const { state, nextAtHand, now } = facts;
  const { current, next, stage } = state;
  const obstacles: RotationPlan['obstacles'] = [];
  const from = stage === 'steady' ? facts.suiteOutSince : state.stageSince;
  const notBefore = from === null ? null : new Date(from.getTime() + leastTime * 1000);
  if (stage === 'steady') obstacles.push(...startObstacles(facts));
  if (notBefore !== null && notBefore > now) {
    obstacles.push({ message: `machines have time until ${notBefore.toISOString()}`, waits: true });
  }
  if (next !== null && nextAtHand !== next.fingerprint) {
    obstacles.push({ message: `the key ${next.fingerprint} is not available (signing.next)`, waits: false });
  }
  const asked = nextAtHand === null ? null : 'announce';
  const step = stage === 'steady' ? asked : stage === 'announced' ? 'both' : 'finish';
  return {
    step,
    current: current.fingerprint,
    next: next?.fingerprint ?? nextAtHand,
    does:
      step === null
        ? 'nothing: there is no next key. Create one with: lockstep key generate --next'
        : words[step],
    notBefore: notBefore?.toISOString() ?? null,
    obstacles,
  };
}

const words: Record<NonNullable<RotationPlan['step']>, string> = {
  announce:
    'the next key is added to the key files, every .sources file and the keyring package; it signs nothing yet',
  both: 'both keys sign every Release file of a suite',
  finish: 'only the next key signs; the previous key becomes a former key, and frozen views are signed again',
};

function startObstacles({
  package: kind,
  suitesBehind,
  suiteOutSince,
  state,
}: RotationFacts): RotationPlan['obstacles'] {
  const name = `keyring-${state.current.fingerprint}`;
  const message =
    kind === 'none'
      ? 'the archive has no keyring package, so no machine could get the next key: add templates/archive-keyring to the workspace, as written by lockstep init'
      : kind === 'silent'
        ? 'the keyring package does not name the suites that keep machines up to date: templates/archive-keyring is outdated. Copy its scripts from the output of lockstep init'
        : suiteOutSince === null
          ? `the suite ${name} is not published yet: publish or release something`
          : null;
  if (message !== null) return [{ message, waits: false }];
  if (suitesBehind.length === 0) return [];
  return [
    {
      message: `machines that follow ${suitesBehind.join(', ')} do not know ${name} yet: release the profile, so that the suite has the current keyring package`,
      waits: true,
    },
  ];
}
