/**
 * Which packages the archive's apt pin names: those of which the set decides
 * the version, and no other (docs/explanation/architecture.md, law 2). Pure.
 */
import type { Profile, TreeBuild } from '../profile/profile-schema.js';
import type { Workspace } from '../profile/workspace-schema.js';

/** The template of the keyring package; its package is named after the archive. */
export const keyringTemplate = 'archive-keyring';

/** `<archive>-archive-keyring`. */
export function keyringPackageOf(workspace: Pick<Workspace, 'archive'>): string {
  return `${workspace.archive.name}-archive-keyring`;
}

/** The package of a template: it has the template's name, except for the keyring package. */
export function packageOfTemplate(workspace: Pick<Workspace, 'archive'>, template: string): string {
  return template === keyringTemplate ? keyringPackageOf(workspace) : template;
}

/**
 * The package of a component that is built by method `tree`: its template's, or that of an extension or a skin
 * of MediaWiki. Such a one is named by the component and not by extension.json, so that a machine's pins can be
 * written without reading any tree.
 */
export function packageOfTree(
  workspace: Pick<Workspace, 'archive'>,
  component: string,
  { template, as = 'extension' }: TreeBuild,
): string {
  return template === undefined ? `mediawiki-${as}-${component}` : packageOfTemplate(workspace, template);
}

/**
 * The union over the profiles of: packages whose relation is exact, packages
 * made here (metapackages, their config, components of a tree), and
 * the keyring package. Sorted.
 */
export function exactPackages(workspace: Pick<Workspace, 'archive'>, profiles: readonly Profile[]): string[] {
  const names = new Set([keyringPackageOf(workspace)]);
  for (const profile of profiles) {
    for (const template of profile.metapackage.templates) names.add(packageOfTemplate(workspace, template));
    for (const [name, component] of Object.entries(profile.components)) {
      if (component.build?.method === 'tree') names.add(packageOfTree(workspace, name, component.build));
      if (component.relation !== 'exact') continue;
      for (const name of component.packages ?? []) names.add(name);
      if (component.source.kind === 'apt-binary')
        for (const name of component.source.packages) names.add(name);
    }
  }
  return [...names].sort();
}
