/**
 * The extensions and skins of a set: which there are, where each one lies on a
 * machine and in which order the wiki loads them. Pure; what extension.json
 * and skin.json say is handed in.
 */
import { LockstepError } from '../errors.js';
import type { Profile } from '../profile/profile-schema.js';
import type { Workspace } from '../profile/workspace-schema.js';
import type { ExtensionFacts, ExtensionKind } from '../source/extension-facts.js';
import type { Pin } from '../source/pin.js';
import { packageOfTree } from './pinned-packages.js';

/**
 * The folder of packaged extensions. Debian's mediawiki has its own in `extensions-core` and links to each in
 * /var/lib/mediawiki/extensions: another version of one of these would conflict in both places. In a folder
 * next to `extensions-core`, `__DIR__ . '/../../..'` in a maintenance script is MediaWiki itself, as its
 * author intended.
 */
const folders: Readonly<Record<ExtensionKind, string>> = {
  extension: '/usr/share/mediawiki/extensions-set',
  skin: '/usr/share/mediawiki/skins-set',
};

/** Bundled ones are known by their place: Parsoid has an extension.json too, in vendor/. */
const bundledPath = /^(?:extensions|skins)\/[^/]+$/;

/** Components whose trees must be examined: built without a template, or possibly included in MediaWiki. */
export function extensionComponents(profile: Profile): string[] {
  return Object.entries(profile.components).flatMap(([name, { build, source }]) => {
    const packaged = build?.method === 'tree' && build.template === undefined;
    const bundled = build === undefined && source.kind === 'within' && bundledPath.test(source.path);
    return packaged || bundled ? [name] : [];
  });
}

/**
 * The extensions and skins of a set, each after those that it needs, otherwise by name.
 *
 * @param facts by component; a component that is left out has no extension.json and no skin.json
 * @throws LockstepError EXTENSION_INVALID: a component to package is not an extension or skin, or is the
 * other kind, or two components are the same extension
 */
export function extensionsOfSet(
  workspace: Pick<Workspace, 'archive'>,
  profile: Profile,
  pins: Readonly<Record<string, Pin>>,
  facts: Readonly<Record<string, ExtensionFacts>>,
): SetExtension[] {
  const found = extensionComponents(profile).flatMap((component): SetExtension[] => {
    const { build } = profile.components[component]!;
    const own = facts[component];
    if (build?.method !== 'tree') {
      const pin = pins[component];
      return own === undefined ? [] : [placed(component, own, null, pin?.kind === 'within' ? pin.path : '')];
    }
    const { as = 'extension' } = build;
    if (own?.kind !== as) throw notAs(profile, component, as, own);
    const folder = `${folders[own.kind]}/${own.directory}`;
    return [placed(component, own, packageOfTree(workspace, component, build), folder)];
  });
  assertDistinct(profile, found);
  return inOrder(found);
}

/**
 * @param name the package that is made for it; null where MediaWiki's own brings it along
 * @param folder where its files are put; of a bundled one, below MediaWiki's own folder
 */
function placed(component: string, facts: ExtensionFacts, name: string | null, folder: string) {
  return {
    ...{ component, facts, package: name, folder },
    /** What the wiki loads: `<folder>/extension.json`. */
    file: `${folder}/${facts.kind}.json`,
    /** Where its web resources are asked for: `extensions/Cite`. */
    address: `${facts.kind}s/${facts.directory}`,
  };
}

/** An extension or a skin of the set. */
export type SetExtension = ReturnType<typeof placed>;

function notAs(
  profile: Profile,
  component: string,
  as: ExtensionKind,
  facts: ExtensionFacts | undefined,
): LockstepError {
  const path = `components.${component}.build`;
  return facts === undefined
    ? new LockstepError('EXTENSION_INVALID', {
        message: `The component ${component} has no extension.json or skin.json at the top of its tree`,
        hint: 'A component that is not a MediaWiki extension or skin needs "template" in its "build": docs/reference/templates.md',
        where: [{ file: profile.file, path }],
      })
    : new LockstepError('EXTENSION_INVALID', {
        message: `The profile packages the component ${component} as ${article(as)}, but its tree has ${facts.kind}.json: it is ${article(facts.kind)}`,
        hint: `Write: build: { method: tree, as: ${facts.kind} }`,
        where: [{ file: profile.file, path: `${path}.as`, value: as }],
      });
}

const article = (kind: ExtensionKind): string => (kind === 'skin' ? 'a skin' : 'an extension');

/** What MediaWiki would load twice, or two packages would put in one place. */
function assertDistinct(profile: Profile, extensions: readonly SetExtension[]): void {
  for (const what of ['name', 'directory'] as const) {
    const seen = new Map<string, SetExtension>();
    for (const one of extensions) {
      const key = `${one.facts.kind} ${one.facts[what].toLowerCase()}`;
      const other = seen.get(key);
      if (other === undefined) seen.set(key, one);
      else {
        throw new LockstepError('EXTENSION_INVALID', {
          message: `The components ${other.component} and ${one.component} are both ${article(one.facts.kind)} ${what === 'name' ? `named ${one.facts.name}` : `with web resources in ${one.address}`}: MediaWiki can load only one of them`,
          hint: 'Remove one of them from the profile.',
          where: [other, one].map(({ component }) => ({
            file: profile.file,
            path: `components.${component}`,
          })),
        });
      }
    }
  }
}

/** Those that it needs first; a circle is entered at its first name. */
function inOrder(extensions: readonly SetExtension[]): SetExtension[] {
  const byName = [...extensions].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  const done = new Set<SetExtension>();
  const visit = (one: SetExtension, trail: readonly SetExtension[]): void => {
    if (done.has(one) || trail.includes(one)) return;
    for (const other of neededBy(one, byName)) visit(other, [...trail, one]);
    done.add(one);
  };
  for (const one of byName) visit(one, []);
  return [...done];
}

const sortKey = ({ facts }: SetExtension): string =>
  `${facts.kind === 'skin' ? 1 : 0} ${facts.name.toLowerCase()}`;

/** Those of the set that one cannot be loaded without. */
export function neededBy(one: SetExtension, extensions: readonly SetExtension[]): SetExtension[] {
  return extensions.filter(
    (other) =>
      other !== one &&
      one.facts.needs.some(({ kind, name }) => kind === other.facts.kind && name === other.facts.name),
  );
}
