/** Checks what a person wrote: lockstep.yaml and the profiles. */
import type { LockstepError } from '../errors.js';
import { checkWorkspace } from '../profile/load.js';
import { skipsOf } from '../profile/skips-in-force.js';

export interface CheckReport {
  ok: boolean;
  profiles: string[];
  faults: {
    code: string;
    message: string;
    file?: string;
    line?: number;
    column?: number;
    path?: string;
    value?: string;
  }[];
  /** What is no fault and should be looked at: skips that have ended. */
  notes: string[];
}

/** @throws LockstepError WORKSPACE_MISSING, PROFILE_UNKNOWN */
export async function check(
  dir: string,
  profile: string | undefined,
  now: Date,
): Promise<{ result: CheckReport; errors: LockstepError[] }> {
  const { profiles, imported, errors } = await checkWorkspace(dir, profile, now);
  const names = [...profiles, ...imported].map(({ name }) => name).sort();
  const faults = errors.flatMap((error) =>
    error.where.map(({ message, ...place }) => ({
      code: error.code,
      message: message ?? error.message,
      ...(Object.fromEntries(Object.entries(place).filter(([, value]) => value !== undefined)) as object),
    })),
  );
  const notes = profiles.flatMap((one) => skipsOf(one, now).ended.map((sentence) => `${sentence}.`));
  return { result: { ok: errors.length === 0, profiles: names, faults, notes }, errors };
}
