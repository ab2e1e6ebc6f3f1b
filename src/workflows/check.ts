/** Checks what a person wrote: lockstep.yaml and the profiles. */
import type { LockstepError } from '../errors.js';
import { checkWorkspace } from '../profile/load.js';

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
}

/** @throws LockstepError WORKSPACE_MISSING, PROFILE_UNKNOWN */
export async function check(
  dir: string,
  profile: string | undefined,
): Promise<{ result: CheckReport; errors: LockstepError[] }> {
  const { profiles, imported, errors } = await checkWorkspace(dir, profile);
  const names = [...profiles, ...imported].map(({ name }) => name).sort();
  const faults = errors.flatMap((error) =>
    error.where.map(({ message, ...place }) => ({
      code: error.code,
      message: message ?? error.message,
      ...(Object.fromEntries(Object.entries(place).filter(([, value]) => value !== undefined)) as object),
    })),
  );
  return { result: { ok: errors.length === 0, profiles: names, faults }, errors };
}
