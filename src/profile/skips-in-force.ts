/** The skips of a profile that have effect now, and those that had. Pure; the only way from a profile to either. */
import { invalid, placeOf } from './load.js';
import type { Profile } from './profile-schema.js';
import {
  endedSentence,
  hasEnded,
  isTooLong,
  tooLongWords,
  undoCommand,
  type ActiveSkip,
  type SkipsInForce,
} from './skip.js';

export interface ProfileSkips {
  inForce: SkipsInForce;
  /** A sentence for each that has ended, with the command that removes it. */
  ended: string[];
}

/**
 * @param profile as it was read
 * @throws LockstepError PROFILE_INVALID for skips that end later than may be, with the place of each
 */
export function skipsOf(profile: Profile, now: Date): ProfileSkips {
  const inForce = new Map<string, ActiveSkip[]>();
  const ended: string[] = [];
  const faults = [];
  for (const [component, { skip = [] }] of Object.entries(profile.components)) {
    const active: ActiveSkip[] = [];
    for (const [index, one] of skip.entries()) {
      if (isTooLong(one, now)) {
        const place = placeOf(profile, ['components', component, 'skip', index, 'until']);
        faults.push({ ...place, message: tooLongWords(now) });
      } else if (hasEnded(one, now)) {
        ended.push(endedSentence(profile.name, component, one));
      } else {
        const path = `components.${component}.skip[${index}]`;
        active.push({ ...one, path, undo: undoCommand(profile.name, component, one.version) });
      }
    }
    if (active.length > 0) inForce.set(component, active);
  }
  if (faults.length > 0) throw invalid('PROFILE_INVALID', profile.file, faults);
  return { inForce, ended };
}
