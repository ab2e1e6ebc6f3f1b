/**
 * What a component's tree says of itself: what it supplies and what it
 * demands, out of the files that MediaWiki and Composer themselves go by.
 * Whether the demands are met is judged in src/resolution.
 */
import { LockstepError, type FaultPlace } from '../errors.js';
import type { ComponentTree } from './pin-kinds.js';
import { normalVersion } from './composer-version.js';
import type { ComposerFacts, InstalledLibrary, Requirement } from './composer-files.js';
import type { SourceContext } from './source-context.js';
import type { FieldFault } from './declared-json.js';
import { faultAt } from './declared-json.js';
import type { Declared, Demand, Supply, Thing } from './declared.js';
import { extensionThing, type ExtensionDeclaration } from './extension-requires.js';
import type { AptBinaryPin } from './pin.js';
import { treeFacts, type TreeFacts } from './tree-facts.js';

/**
 * What the tree of a component declares. The tarball is read once, whoever asks for whichever folder of it.
 *
 * @param version of the component, where the tree itself names none
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

/** As {@link declaredIn}, of what is known of the tarball already. Pure. */
export function declarationOf(
  component: string,
  tree: ComponentTree,
  version: string,
  facts: TreeFacts,
): Declared {
  const own = new OwnFiles(facts, tree.path);
  const faults: [file: string, faults: FieldFault[]][] = own.faults();
  const mediawiki = own.mediawiki();
  if (mediawiki !== undefined && normalVersion(mediawiki) === null) {
    const fault = faultAt('MW_VERSION', mediawiki, 'is not a comparable version');
    faults.push(['includes/Defines.php', [fault]]);
  }
  if (faults.length > 0) throw invalid(component, tree, faults);

  const composer = own.composer();
  const isMediaWiki = mediawiki !== undefined || composer?.name === 'mediawiki/core';
  const extension = own.extension();
  const ownVersion =
    mediawiki ?? (isMediaWiki ? version : (extension?.version ?? composer?.version ?? version));
  const supplies: Supply[] = [];
  const demands: Demand[] = [];
  let by = component;
  if (isMediaWiki) {
    supplies.push({ thing: 'mediawiki', version: ownVersion, file: 'includes/Defines.php' });
    supplies.push(...own.bundled());
  } else if (extension !== null) {
    by = `${extension.kind} ${extension.name}`;
    supplies.push({
      thing: `${extension.kind}/${extension.name}`,
      version: extension.version,
      file: extension.file,
    });
    demands.push(...extension.requires.map((one) => ({ ...one, by, file: extension.file })));
  }
  if (composer !== null) {
    const { file, field } = composer;
    if (composer.name !== null) {
      // Composer goes by the tag, not by what extension.json says
      const libraryVersion = isMediaWiki ? ownVersion : (composer.version ?? version);
      supplies.push({ thing: `library/${composer.name}`, version: libraryVersion, file });
    }
    const options = { by, file, field, ifSupplied: isMediaWiki };
    demands.push(...composer.require.flatMap((one) => demandOf(one, options)));
  }
  const libraries = own.libraries();
  for (const library of libraries) {
    const thing: Thing = `library/${library.name}`;
    supplies.push({ thing, version: library.version, file: installedFile, bundled: true });
    // Composer has checked these against each other, and PHP is asked at run time (vendor/composer/platform_check.php):
    // they count where another component supplies the library, and for PHP
    const options = {
      by: `library ${library.name}`,
      file: installedFile,
      field: `packages.${library.name}.require`,
      ifSupplied: true,
    };
    demands.push(...library.require.flatMap((one) => demandOf(one, options)));
  }
  return { component, version: ownVersion, supplies, demands };
}

const installedFile = 'vendor/composer/installed.json';

/** Needed while Composer runs, and not by what it has installed. */
const installersOnly: ReadonlySet<string> = new Set([
  'composer/installers',
  'wikimedia/composer-merge-plugin',
  'mediawiki/composer-installer',
]);

function demandOf(
  { name, constraint }: Requirement,
  { by, file, field, ifSupplied }: { by: string; file: string; field: string; ifSupplied: boolean },
): Demand[] {
  if (installersOnly.has(name)) return [];
  const place = { by, file, field: `${field}.${name}` };
  if (name === 'php') return [{ thing: 'php', constraint, ...place }];
  if (name.startsWith('ext-')) return [{ thing: extensionThing(name.slice(4)), constraint, ...place }];
  // lib-icu, composer-runtime-api, php-64bit: no Debian release that is supported lacks them
  if (!name.includes('/')) return [];
  return [{ thing: `library/${name}`, constraint, ...place, ...(ifSupplied ? { ifSupplied } : {}) }];
}

type OwnComposer = ComposerFacts & { file: string; field: string };
type OwnExtension = ExtensionDeclaration & { kind: 'extension' | 'skin'; file: string };

/** The files of a tarball that declare something of one folder. */
class OwnFiles {
  readonly #facts: TreeFacts;
  readonly #path: string;

  constructor(facts: TreeFacts, path: string) {
    this.#facts = facts;
    this.#path = path;
  }

  #at<T>(list: readonly [path: string, value: T][], file: string): T | undefined {
    const wanted = this.#path === '' ? file : `${this.#path}/${file}`;
    return list.find(([path]) => path === wanted)?.[1];
  }

  faults(): [file: string, faults: FieldFault[]][] {
    return ['composer.json', 'extension.json', 'skin.json', installedFile].flatMap((file) => {
      const faults = this.#at(this.#facts.faults, file);
      return faults === undefined ? [] : [[file, faults] as [string, FieldFault[]]];
    });
  }

  composer(): OwnComposer | null {
    const facts = this.#at(this.#facts.composer, 'composer.json');
    if (facts !== undefined) return { ...facts, file: 'composer.json', field: 'require' };
    return this.#installedAs();
  }

  /** A folder of vendor/, of which installed.json beside it knows what composer.json would say: tarballs leave that out. */
  #installedAs(): OwnComposer | null {
    for (const [file, libraries] of this.#facts.installed) {
      const vendor = file.slice(0, -'composer/installed.json'.length);
      if (!this.#path.startsWith(vendor)) continue;
      const name = this.#path.slice(vendor.length).toLowerCase();
      const library = libraries.find((one) => one.name === name);
      if (library !== undefined) return { ...library, file, field: `packages.${name}.require` };
    }
    return null;
  }

  mediawiki(): string | undefined {
    return this.#at(this.#facts.mediawiki, 'includes/Defines.php');
  }

  libraries(): InstalledLibrary[] {
    return this.#at(this.#facts.installed, installedFile) ?? [];
  }

  extension(): OwnExtension | null {
    for (const kind of ['extension', 'skin'] as const) {
      const found = this.#at(this.#facts.extensions, `${kind}.json`);
      if (found !== undefined) return { ...found, kind, file: `${kind}.json` };
    }
    return null;
  }

  /** The extensions and skins in a MediaWiki tree, loaded or not. */
  bundled(): Supply[] {
    const prefix = this.#path === '' ? '' : `${this.#path}/`;
    return this.#facts.extensions.flatMap(([path, { name, version }]) => {
      if (!path.startsWith(prefix)) return [];
      const file = path.slice(prefix.length);
      const kind = /^(?:extensions|skins)\/[^/]+\/(extension|skin)\.json$/.exec(file)?.[1];
      return kind === undefined ? [] : [{ thing: `${kind}/${name}`, version, file, bundled: true as const }];
    });
  }
}

function invalid(
  component: string,
  tree: ComponentTree,
  faults: readonly [file: string, faults: FieldFault[]][],
): LockstepError {
  const where = faults.flatMap(([file, list]): FaultPlace[] =>
    list.map(({ field, value, message }) => ({
      file: `${tree.archive.name}: ${tree.path === '' ? file : `${tree.path}/${file}`}`,
      path: field === '' ? undefined : field,
      value: value ?? undefined,
      message,
    })),
  );
  const sentences = faults.flatMap(([file, list]) =>
    list.map(({ field, value, message }) => {
      const subject = field === '' ? file : `${field} in ${file}`;
      return `${subject}${value === null ? '' : ` (${JSON.stringify(value)})`} ${message}`;
    }),
  );
  return new LockstepError('SOURCE_DECLARATION', {
    message: `The declarations of ${component} are invalid: ${sentences.join('; ')}`,
    hint: 'MediaWiki or Composer would reject them too. Use another version of the component, or report the error to its upstream.',
    where,
  });
}

/** What packages of the base release are known to supply: their trees are not read. */
export function declaredByPackages({ component, upstreamVersion, packages }: AptBinaryPin): Declared {
  const mediawiki = packages.find((one) => one.package === 'mediawiki');
  const supplies: Supply[] =
    mediawiki === undefined
      ? []
      : [{ thing: 'mediawiki', version: upstreamVersion, file: mediawiki.file.name }];
  return { component, version: upstreamVersion, supplies, demands: [] };
}
