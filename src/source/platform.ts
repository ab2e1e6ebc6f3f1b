/**
 * What the base release supplies to PHP software: its PHP and the PHP extensions, from the base's verified
 * Packages indices. Debian uses Provides for this: php8.2-xml has `php8.2-dom`, php8.2-intl has `php-intl`,
 * and packages built against PHP elsewhere need its `phpapi-20220829`.
 */
import type { Stanza } from '../deb/deb822.js';
import { parseRelations } from '../deb/relation.js';
import type { StanzaIndex } from '../deb/stanza-index.js';
import { compareVersions, upstreamOf } from '../deb/version.js';
import { sha256Of } from '../io/disk.js';
import { byText } from '../io/keyed.js';
import { baseReleases } from '../profile/base-release.js';
import { indicesFor } from './apt-archive.js';
import { cached } from './cache-file.js';
import { compareComposer } from './composer-version.js';
import { sessionOf, type SourceContext } from './source-context.js';
import type { Platform } from './declared.js';

/**
 * Extensions that are part of PHP's program and have no package and no Provides to be known by: what
 * `php8.2 -n -m` of Debian 12 and `php8.4 -n -m` of Debian 13 list. Not pcntl, which the command has and
 * the web server's PHP has not.
 */
const compiledIn = [
  'core',
  'date',
  'filter',
  'hash',
  'json',
  'libxml',
  'openssl',
  'pcre',
  'random',
  'reflection',
  'session',
  'sodium',
  'spl',
  'standard',
  'zlib',
];

/** Names by which PHP and Composer know what Debian calls otherwise. */
const otherNames: Readonly<Record<string, string>> = { opcache: 'zend-opcache' };

/** The cached form; Maps are not JSON. */
interface Kept {
  php: string | null;
  extensions: [name: string, package_: string | null][];
}

/** Part of the cached file's name: raised when the same indices are read otherwise than before. */
const reading = 2;

/**
 * PHP and its extensions in the base release, on every architecture of the profile.
 * @throws LockstepError as the indices do: MIRROR_UNKNOWN, VERIFY_*, SOURCE_*, NET_*, DATA_DAMAGED, DEB_SYNTAX
 */
export async function basePlatform(context: SourceContext): Promise<Platform> {
  return await sessionOf(context).once('platform', async () => {
    const all: Kept[] = [];
    for (const architecture of context.base.architectures) {
      all.push(await platformOf(architecture, context));
    }
    const { codename } = context.base;
    const base = baseReleases.find((release) => release.codename === codename);
    return {
      base: base === undefined ? codename : `Debian ${base.release}`,
      php: lowest(all.map(({ php }) => php)),
      extensions: onAll(all.map(({ extensions }) => new Map(extensions))),
    };
  });
}

function lowest(versions: readonly (string | null)[]): string | null {
  if (versions.includes(null)) return null;
  const [first] = versions.map((version) => version!).sort((a, b) => compareComposer(a, b) ?? 0);
  return first ?? null;
}

function onAll(maps: readonly ReadonlyMap<string, string | null>[]): Map<string, string | null> {
  const [first, ...others] = maps;
  return new Map([...(first ?? [])].filter(([name]) => others.every((other) => other.has(name))));
}

async function platformOf(architecture: string, context: SourceContext): Promise<Kept> {
  const indices = await indicesFor(architecture, context);
  const hashes = indices.map(({ hash }) => hash.sha256);
  const name = sha256Of(JSON.stringify([architecture, reading, ...hashes]));
  return await cached(context, 'platforms', name, async (): Promise<Kept> => {
    const packages = new PhpPackages();
    // One at a time: an index is 50 MB
    for (const index of indices) packages.add(await index.whole(context), architecture);
    const { version, extensions } = packages.read();
    return { php: version, extensions: [...extensions].sort(([a], [b]) => byText(a, b)) };
  });
}

/** The packages of PHP, of each the highest version of all suites. */
class PhpPackages {
  readonly #packages = new Map<string, { version: string; stanza: Stanza }>();

  add(index: StanzaIndex, architecture: string): void {
    for (const name of index.names()) {
      if (!/^php(?:\d+\.\d+)?-/.test(name)) continue;
      for (const stanza of index.get(name)) {
        if (!['all', architecture].includes(stanza.require('Architecture'))) continue;
        const version = stanza.require('Version');
        const known = this.#packages.get(name);
        if (known === undefined || compareVersions(version, known.version) > 0)
          this.#packages.set(name, { version, stanza });
      }
    }
  }

  /** Null as the version where there is no PHP at all. */
  read(): { version: string | null; extensions: Map<string, string | null> } {
    const series = this.#names('php-cli', 'Depends')
      .map((name) => /^php(\d+\.\d+)-cli$/.exec(name)?.[1])
      .find((found) => found !== undefined);
    const command = series === undefined ? undefined : this.#packages.get(`php${series}-cli`);
    if (series === undefined || command === undefined) return { version: null, extensions: new Map() };
    return { version: upstreamOf(command.version), extensions: this.#extensions(series) };
  }

  #extensions(series: string): Map<string, string | null> {
    const found = new Map<string, string | null>();
    const own = `php${series}-`;
    const api = this.#names(`${own}cli`, 'Provides').find((name) => name.startsWith('phpapi-'));
    const add = (name: string, package_: string | null): void => {
      // Debian writes pdo-mysql, PHP pdo_mysql
      for (const alias of new Set([name, name.replaceAll('-', '_'), otherNames[name] ?? name])) {
        if (!found.has(alias)) found.set(alias, package_);
      }
    };
    for (const name of compiledIn) add(name, null);
    for (const name of [...this.#packages.keys()].sort()) {
      const provided = this.#names(name, 'Provides');
      const isProgram = api !== undefined && provided.includes(api);
      if (isProgram) {
        // php8.2-json of the programs: part of them
        for (const one of provided) if (one.startsWith(own)) add(one.slice(own.length), null);
      } else if (name.startsWith(own)) {
        // Never php-intl: another archive's php-defaults may be on the machine, and mean another PHP by it
        for (const one of provided) {
          const extension = /^php(?:\d+\.\d+)?-([a-z0-9.+-]+)$/.exec(one)?.[1];
          if (extension !== undefined) add(extension, name);
        }
      } else if (api !== undefined && this.#names(name, 'Depends').includes(api)) {
        add(name.slice('php-'.length), name);
      }
    }
    return found;
  }

  /** Package names of a relation field that need no alternative. */
  #names(name: string, field: 'Depends' | 'Provides'): string[] {
    const stanza = this.#packages.get(name)?.stanza;
    const text = stanza?.get(field);
    if (stanza === undefined || text === undefined) return [];
    return parseRelations(text, stanza.placeOf(field)).flatMap(([first, ...others]) =>
      first === undefined || others.length > 0 ? [] : [first.package],
    );
  }
}
