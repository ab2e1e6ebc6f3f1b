/**
 * Example addresses in Lockstep's own profiles, which each site must replace by the addresses of its
 * repositories. They use the host names that RFC 2606 reserves for examples.
 */
import { counted } from '../counted.js';
import { LockstepError, type FaultPlace } from '../errors.js';
import { placeOf } from './load.js';
import type { Profile } from './profile-schema.js';

const exampleHost = /(?:^|\.)(?:example(?:\.(?:com|net|org))?|invalid)$/i;

/** Where a profile still has such an address. */
export function placeholdersIn(profile: Profile): FaultPlace[] {
  return Object.entries(profile.components).flatMap(([name, { source }]) =>
    (['url', 'listing', 'signature'] as const).flatMap((key) => {
      const value: unknown = (source as Readonly<Record<string, unknown>>)[key];
      if (typeof value !== 'string' || !isExample(value)) return [];
      return [{ ...placeOf(profile, ['components', name, 'source', key]), value, message: 'is an example' }];
    }),
  );
}

function isExample(address: string): boolean {
  const host = /^(?:(?:https?|ssh):\/\/)?(?:[^/@]+@)?([^/:]+)/i.exec(address)?.[1];
  return host !== undefined && exampleHost.test(host);
}

/**
 * Before anything is fetched: a name that nobody has would only be a server that cannot be reached.
 *
 * @throws LockstepError PROFILE_PLACEHOLDER, with every place
 */
export function assertFilledIn(profile: Profile): void {
  const where = placeholdersIn(profile);
  const [first] = where;
  if (first === undefined) return;
  throw new LockstepError('PROFILE_PLACEHOLDER', {
    message:
      where.length === 1
        ? `The profile ${profile.name} is incomplete: ${first.value} is an example, not the address of a repository`
        : `The profile ${profile.name} is incomplete: ${counted(where.length, 'example address', 'example addresses')} must be replaced`,
    hint: `Replace them with the addresses of your repositories in ${profile.file}, and remove what you do not need`,
    where,
  });
}
