/** Which suite a person means. */
import { LockstepError } from '../../errors.js';
import { suiteOf, suitesOf, type NamedSuite } from '../../profile/load.js';
import type { Workspace } from '../../profile/workspace-schema.js';

/** @throws LockstepError SUITE_UNKNOWN, with the nearest name */
export function namedSuite({ workspace }: { workspace: Workspace }, name: string): NamedSuite {
  return { ...suiteOf(workspace, name), name };
}

/**
 * The suite by name, which must take the profile. Where none is named: the one that new snapshots of the profile enter,
 * that of the lowest trust level.
 *
 * @throws LockstepError SUITE_UNKNOWN
 */
export function suiteFor(
  context: { workspace: Workspace },
  name: string | undefined,
  profile: string,
): NamedSuite {
  const fitting = suitesOf(context.workspace, profile);
  if (name === undefined) {
    const [entry] = fitting;
    if (entry !== undefined) return entry;
    throw new LockstepError('SUITE_UNKNOWN', {
      message: `lockstep.yaml has no suite for the profile ${profile}`,
      hint: `Add one under "suites": ${profile}-unstable: { profile: ${profile}, trust: unstable }`,
    });
  }
  const suite = namedSuite(context, name);
  if (suite.profile === profile) return suite;
  const names = fitting.map((other) => other.name);
  throw new LockstepError('SUITE_UNKNOWN', {
    message: `The suite ${name} takes the profile ${suite.profile}, not ${profile}`,
    hint: names.length === 0 ? 'No suite has that profile' : `Suites for it: ${names.join(', ')}`,
  });
}
