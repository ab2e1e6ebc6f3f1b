/**
 * The package of an extension or a skin of MediaWiki, out of what its own
 * extension.json or skin.json says: nobody writes packaging for it. It decides
 * over data; the tree is put in while the package is written.
 */
import { docFiles } from './doc-files.js';
import { extensionCopyright } from './extension-copyright.js';
import type { SetExtension } from './extension-set.js';
import { mediawikiRelations } from './mediawiki-relation.js';
import type { ComposedPackage, TemplateJob } from './tree-from-template.js';

export interface ExtensionJob extends Pick<TemplateJob, 'version' | 'maintainer' | 'date' | 'changelog'> {
  extension: SetExtension & { package: string };
  tree: NonNullable<TemplateJob['tree']>;
  /** Version of the package mediawiki in the set; undefined where the set has none. */
  mediawiki: string | undefined;
  /** Packages of the extensions that it needs; a version that is not known yet is left open. */
  needs: readonly { package: string; version: string | undefined }[];
  /** Relations on what PHP needs besides, as its tree demands it. */
  php: readonly string[];
}

/** What serves developers, and what is in the copyright file already. Nothing that MediaWiki loads. */
const excluded = [
  '**/.*',
  '**/node_modules',
  'tests',
  'test',
  'cypress',
  'jsdoc.json',
  'jsduck.json',
  'package.json',
  'package-lock.json',
  'composer.lock',
  'Gruntfile.js',
  'gulpfile.js',
  'webpack.config.js',
  'vite.config.*',
  'jest.config.*',
  'jest.setup.*',
  'wdio*.js',
  'phpunit.xml*',
  'phpcs.xml*',
  'debian',
  'LICENSE*',
  'LICENCE*',
  'COPYING*',
  'CODE_OF_CONDUCT*',
];

/** Never programs, whatever their mode says: a picture that may be executed is a fault (lintian). */
const data = [
  'php',
  'json',
  'js',
  'mjs',
  'vue',
  'ts',
  'map',
  'css',
  'less',
  'scss',
  'mustache',
  'html',
  'xml',
  'sql',
  'md',
  'txt',
  'rst',
  'yaml',
  'yml',
  'lua',
  'png',
  'gif',
  'jpg',
  'jpeg',
  'webp',
  'svg',
  'ico',
  'cur',
  'woff',
  'woff2',
  'ttf',
  'eot',
].flatMap((ending) => [`**/*.${ending}`, `**/*.${ending.toUpperCase()}`]);

/** Makes the package. */
export async function composeExtension(job: ExtensionJob): Promise<ComposedPackage> {
  const { extension, version, maintainer, date } = job;
  const { facts, package: name } = extension;
  const changelog = { ...job.changelog, source: name, version, maintainer, date };
  return {
    package: name,
    version,
    architecture: 'all',
    source: name,
    control: {
      Maintainer: maintainer,
      Depends: dependsOf(job).join(', '),
      Section: 'web',
      Priority: 'optional',
      ...(facts.homepage === null ? {} : { Homepage: facts.homepage }),
      Description: describe(job),
    },
    entries: await docFiles(name, changelog, extensionCopyright(facts)),
    conffiles: [],
    scripts: {},
    date,
    trees: [{ ...job.tree, to: extension.folder, exclude: excluded, data }],
  };
}

function dependsOf({ extension, mediawiki, needs, php }: ExtensionJob): string[] {
  const core =
    mediawiki === undefined ? ['mediawiki'] : mediawikiRelations(extension.facts.mediawiki, mediawiki);
  const others = needs.map(({ package: name, version }) =>
    version === undefined ? name : `${name} (= ${version})`,
  );
  return [...new Set([...core, ...others.sort(), ...[...php].sort()])];
}

/** Policy 3.4.1: the synopsis says what it is; the text is upstream's own. */
function describe({ extension }: ExtensionJob): string {
  const { facts } = extension;
  const ending = ` - ${facts.kind} of MediaWiki`;
  const title = facts.name.length + ending.length > 79 ? facts.name.slice(0, 79 - ending.length) : facts.name;
  const version = facts.version === null ? '' : ` It calls itself version ${facts.version}.`;
  return [
    `${title}${ending}`,
    ...wrapped(facts.description ?? `The ${facts.kind} ${facts.name} of MediaWiki.`),
    '',
    ...wrapped(
      `It belongs to a set that was released together, with mediawiki-full-config to load it.${version}`,
    ),
  ].join('\n');
}

/** Lines that fit a terminal. A line that is a lone dot would end the paragraph (Policy 5.6.13). */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  const words = text.split(' ').flatMap((word) => word.match(/.{1,76}/gsu) ?? []);
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= 77)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.filter((line) => !/^\.+$/.test(line));
}
