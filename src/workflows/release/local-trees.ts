/**
 * A profile in which local trees replace the sources of components, for one run. Nothing of it is written.
 */
import { LockstepError } from '../../errors.js';
import { noComponent } from '../../profile/load.js';
import type { LocalConfig, Profile } from '../../profile/profile-schema.js';

export type LocalTrees = Readonly<Record<string, LocalConfig>>;

/**
 * @param trees by component
 * @throws LockstepError USAGE for a component that the profile does not have, or that is not built here
 */
export function withLocalTrees(profile: Profile, trees: LocalTrees): Profile {
  const components = { ...profile.components };
  for (const [name, source] of Object.entries(trees)) {
    const component = Object.hasOwn(components, name) ? components[name] : undefined;
    if (component === undefined) {
      const message = `--with ${name}=${source.typed}: the profile ${profile.name} has no component ${name}`;
      throw noComponent(profile, name, { path: '--with', message });
    }
    if (component.build === undefined) {
      throw new LockstepError('USAGE', {
        message: `--with ${name}=${source.typed}: ${name} is not built here (the kind of its source is ${component.source.kind}), so a tree cannot replace it`,
        hint: 'Only components with "build" in the profile can be built from a local tree.',
        where: [{ path: `components.${name}.build` }],
      });
    }
    components[name] = { ...component, source };
  }
  return { ...profile, components };
}
