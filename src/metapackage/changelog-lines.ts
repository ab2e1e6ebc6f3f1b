/** What the changelog of a package that is composed here says: where its content comes from. Pure. */
import type { Profile } from '../profile/profile-schema.js';
import type { Pin } from '../source/pin.js';
import { originLines } from '../source/pin-kinds.js';
import type { SetPackage } from './relations.js';

/**
 * The items of the entry, a short one each: Debian's tools want no lines above 80 characters.
 *
 * @param own the pin of the component that the package is of; undefined for the metapackage and its config
 */
export function changelogLines(
  profile: Profile,
  pins: Readonly<Record<string, Pin>>,
  set: Readonly<Record<string, readonly SetPackage[]>>,
  own: Pin | undefined,
): string[] {
  const origin = own === undefined ? [] : originLines(own, pins);
  if (own !== undefined && origin.length > 0) return [`${own.component} ${own.upstreamVersion}`, ...origin];
  const components = Object.values(set).flatMap((packages) => [
    ...new Set(packages.map((item) => `${item.package} ${item.version}`)),
  ]);
  return [`The set of profile ${profile.name}`, ...components];
}
