/** What the changelog of a package that is composed here says: where its content comes from. Pure. */
import type { Profile } from '../profile/profile-schema.js';
import type { Pin } from '../source/pin.js';
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

/** Where a component comes from, an item each; none for what apt has, which says so itself. */
export function originLines(pin: Pin, pins: Readonly<Record<string, Pin>>): string[] {
  switch (pin.kind) {
    case 'within': {
      const parent = pins[pin.within];
      const from = parent?.kind === 'apt-source' ? `${parent.package} ${parent.version}` : pin.within;
      return [`From ${from}`, `Path ${pin.path}`];
    }
    case 'git':
      return [
        `From ${pin.url}`,
        ...(pin.ref === null ? [] : [`Ref ${pin.ref}`]),
        `Commit ${pin.commit}`,
        ...pin.submodules.map(({ path, commit }) => `Submodule ${path} ${commit.slice(0, 12)}`),
      ];
    case 'tarball':
      return [`From ${pin.url}`, `SHA-256 ${pin.archive.sha256}`];
    case 'local':
      return [
        'From a working tree that nobody vouches for',
        ...(pin.commit === undefined ? [] : [`Based on commit ${pin.commit}`]),
      ];
    case 'apt-source':
    case 'apt-binary':
      return [];
  }
}
