/**
 * What a component's tree declares: what it supplies and what it demands, read from the files that MediaWiki and
 * Composer themselves use. src/resolution decides whether the demands are met.
 */
import { join } from 'node:path/posix';
import { LockstepError } from '../errors.js';
import type { ComponentTree } from './pin-kinds.js';
import { normalVersion } from './composer-version.js';
import type { InstalledLibrary, Requirement } from './composer-files.js';
import type { SourceContext } from './source-context.js';
import { faultAt, type FieldFault } from './declared-json.js';
import type { Declared, Demand, Supply } from './declared.js';
import { extensionThing } from './extension-requires.js';
import type { AptBinaryPin } from './pin.js';
import { belowFolder } from './source-tree.js';
import { knownAt, treeFacts, type KnownOf, type TreeFacts } from './tree-facts.js';

/**
 * What the tree of a component declares. A tarball is read only once, even if several folders of it are asked for.
 *
 * @param version the component's version, used if the tree does not name one
 * @throws LockstepError SOURCE_DECLARATION (every fault at once), and what reading the tarball throws
 */
export async function declaredIn(
  component: string,
  tree: ComponentTree,
  version: string,
  context: SourceContext,
): Promise<Declared> {
  return declarationOf(component, tree, version, await treeFacts(tree.archive, context));
}

/** As {@link declaredIn}, from the known facts of the tarball. Pure. */
export function declarationOf(
  component: string,
  tree: ComponentTree,
  version: string,
  facts: TreeFacts,
): Declared {
  const at = <T>(list: KnownOf<T>, file: string): T | undefined => knownAt(list, join(tree.path, file));
  const faults = ['composer.json', 'extension.json', 'skin.json', installedFile].flatMap((file) =>
    (at(facts.faults, file) ?? []).map((fault) => ({ ...fault, file })),
  );
  const mediawiki = at(facts.mediawiki, definesFile);
  if (mediawiki !== undefined && normalVersion(mediawiki) === null) {
    const fault = faultAt('MW_VERSION', mediawiki, 'is not a comparable version');
    faults.push({ ...fault, file: definesFile });
  }
  if (faults.length > 0) throw invalid(component, tree, faults);

  const ownComposer = at(facts.composer, 'composer.json');
  const composer =
    ownComposer === undefined
      ? installedAs(facts, tree.path)
      : { ...ownComposer, file: 'composer.json', field: 'require' };
  const isMediaWiki = mediawiki !== undefined || composer?.name === 'mediawiki/core';
  const [extension] = (['extension', 'skin'] as const).flatMap((kind) => {
    const found = at(facts.extensions, `${kind}.json`);
    return found === undefined ? [] : [{ ...found, kind, file: `${kind}.json` }];
  });
  const ownVersion =
    mediawiki ?? (isMediaWiki ? version : (extension?.version ?? composer?.version ?? version));
  const supplies: Supply[] = [];
  const demands: Demand[] = [];
  let by = component;
  if (isMediaWiki) {
    supplies.push({ thing: 'mediawiki', version: ownVersion, file: definesFile });
    supplies.push(...bundledIn(facts, tree.path));
  } else if (extension !== undefined) {
    const { kind, name, file, requires } = extension;
    by = `${kind} ${name}`;
    supplies.push({ thing: `${kind}/${name}`, version: extension.version, file });
    demands.push(...requires.map((one) => ({ ...one, by, file })));
  }
  if (composer !== null) {
    const { file, field, require } = composer;
    if (composer.name !== null) {
      // Composer uses the tag, not the version in extension.json
      const libraryVersion = isMediaWiki ? ownVersion : (composer.version ?? version);
      supplies.push({ thing: `library/${composer.name}`, version: libraryVersion, file });
    }
    demands.push(...demandsOf(require, { by, file, field, ifSupplied: isMediaWiki }));
  }
  for (const { name, version: installed, require } of at(facts.installed, installedFile) ?? []) {
    supplies.push({ thing: `library/${name}`, version: installed, file: installedFile, bundled: true });
    // Composer has checked the installed libraries against each other, so a demand on a library counts only if another
    // component supplies it. PHP is checked at run time (vendor/composer/platform_check.php), so a demand on PHP always
    // counts
    const field = `packages.${name}.require`;
    const place = { by: `library ${name}`, file: installedFile, field, ifSupplied: true };
    demands.push(...demandsOf(require, place));
  }
  return { component, version: ownVersion, supplies, demands };
}

const definesFile = 'includes/Defines.php';
const installedFile = 'vendor/composer/installed.json';

/** Packages that Composer needs while it installs, and that the installed libraries do not need. */
const installersOnly: ReadonlySet<string> = new Set([
  'composer/installers',
  'wikimedia/composer-merge-plugin',
  'mediawiki/composer-installer',
]);

function demandsOf(
  require: readonly Requirement[],
  { by, file, field, ifSupplied }: { by: string; file: string; field: string; ifSupplied: boolean },
): Demand[] {
  return require.flatMap(({ name, constraint }): Demand[] => {
    if (installersOnly.has(name)) return [];
    const place = { by, file, field: `${field}.${name}` };
    if (name === 'php') return [{ thing: 'php', constraint, ...place }];
    if (name.startsWith('ext-')) return [{ thing: extensionThing(name.slice(4)), constraint, ...place }];
    // lib-icu, composer-runtime-api, php-64bit: every supported Debian release has them
    if (!name.includes('/')) return [];
    return [{ thing: `library/${name}`, constraint, ...place, ...(ifSupplied ? { ifSupplied } : {}) }];
  });
}

/**
 * The declarations of a folder in vendor/. installed.json in the same vendor/ has them; tarballs leave out the folder's
 * composer.json.
 */
function installedAs(
  { installed }: TreeFacts,
  path: string,
): (InstalledLibrary & { file: string; field: string }) | null {
  for (const [file, libraries] of installed) {
    const vendor = file.slice(0, -'composer/installed.json'.length);
    if (!path.startsWith(vendor)) continue;
    const name = path.slice(vendor.length).toLowerCase();
    const library = libraries.find((one) => one.name === name);
    if (library !== undefined) return { ...library, file, field: `packages.${name}.require` };
  }
  return null;
}

/** The extensions and skins in a MediaWiki tree, whether the wiki loads them or not. */
function bundledIn({ extensions }: TreeFacts, folder: string): Supply[] {
  return extensions.flatMap(([path, { name, version }]) => {
    const file = belowFolder(path, folder) ?? '';
    const kind = /^(?:extensions|skins)\/[^/]+\/(extension|skin)\.json$/.exec(file)?.[1];
    return kind === undefined ? [] : [{ thing: `${kind}/${name}`, version, file, bundled: true as const }];
  });
}

function invalid(
  component: string,
  { archive, path }: ComponentTree,
  faults: readonly (FieldFault & { file: string })[],
): LockstepError {
  const sentences = faults.map(({ file, field, value, message }) => {
    const subject = field === '' ? file : `${field} in ${file}`;
    return `${subject}${value === null ? '' : ` (${JSON.stringify(value)})`} ${message}`;
  });
  return new LockstepError('SOURCE_DECLARATION', {
    message: `The declarations of ${component} are invalid: ${sentences.join('; ')}`,
    hint: 'MediaWiki or Composer would reject them too. Use another version of the component, or report the error to its upstream.',
    where: faults.map(({ file, field, value, message }) => ({
      file: `${archive.name}: ${join(path, file)}`,
      path: field === '' ? undefined : field,
      value: value ?? undefined,
      message,
    })),
  });
}

/** What packages of the base release are known to supply. Their trees are not read. */
export function declaredByPackages({ component, upstreamVersion, packages }: AptBinaryPin): Declared {
  const mediawiki = packages.find((one) => one.package === 'mediawiki');
  const supplies: Supply[] =
    mediawiki === undefined
      ? []
      : [{ thing: 'mediawiki', version: upstreamVersion, file: mediawiki.file.name }];
  return { component, version: upstreamVersion, supplies, demands: [] };
}
