/**
 * Which packages the archive's apt pin names: those of which the set decides
 * the version, and no other (DESIGN, law 2). Pure.
 */
import type { Profile } from '../profile/profile-schema.js';
import type { Workspace } from '../profile/workspace-schema.js';

/** The template of the keyring package; its package is named after the archive. */
export const keyringTemplate = 'archive-keyring';

/** `<archive>-archive-keyring`. */
export function keyringPackageOf(workspace: Pick<Workspace, 'archive'>): string {
  return `${workspace.archive.name}-archive-keyring`;
}

/** The package that a template makes: that of its own name, but for the keyring's. */
export function packageOfTemplate(workspace: Pick<Workspace, 'archive'>, template: string): string {
  return template === keyringTemplate ? keyringPackageOf(workspace) : template;
}

/**
 * The union over the profiles of: packages whose relation is exact, packages
 * made from templates (metapackages, their config, components of a tree), and
 * the keyring package. Sorted.
 */
export function exactPackages(workspace: Pick<Workspace, 'archive'>, profiles: readonly Profile[]): string[] {
  const names = new Set([keyringPackageOf(workspace)]);
  for (const profile of profiles) {
    for (const template of profile.metapackage.templates) names.add(packageOfTemplate(workspace, template));
    for (const component of Object.values(profile.components)) {
      if (component.build?.method === 'tree')
        names.add(packageOfTemplate(workspace, component.build.template));
      if (component.relation !== 'exact') continue;
      for (const name of component.packages ?? []) names.add(name);
      if (component.source.kind === 'apt-binary')
        for (const name of component.source.packages) names.add(name);
    }
  }
  return [...names].sort();
}
