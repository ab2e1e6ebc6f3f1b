/**
 * What extension.json or skin.json says about a tree, as far as packaging and loading need it. The files are untrusted:
 * every value that becomes part of a path, a control field or PHP must match a narrow pattern. declarations.ts reads
 * what the tree demands.
 */
import { LockstepError } from '../errors.js';
import { collect } from '../deb/bytes.js';
import { sha256Of } from '../io/disk.js';
import { grouped } from '../io/keyed.js';
import { fieldsOf } from '../profile/faults.js';
import { readCached, writeCached } from './cache-file.js';
import { treeOfPin, type ComponentTree } from './pin-kinds.js';
import type { SourceContext } from './source-context.js';
import { parseJson } from './declared-json.js';
import { plainText } from './extension-text.js';
import type { Pin } from './pin.js';
import { belowFolder, eachFile } from './source-tree.js';

export type ExtensionKind = 'extension' | 'skin';

/** The facts of an extension or a skin. JSON, for the cache. */
export interface ExtensionFacts {
  kind: ExtensionKind;
  /** The name under which MediaWiki registers it: `SyntaxHighlight`. */
  name: string;
  /** The folder in the URLs of its web resources: `SyntaxHighlight_GeSHi`. */
  directory: string;
  /** The extension's version. Not reliable: many extensions never change it. */
  version: string | null;
  /** Plain text on one line. */
  description: string | null;
  /** http or https. */
  homepage: string | null;
  authors: string[];
  /** SPDX expression, unchanged. */
  license: string | null;
  /** Text of LICENSE or COPYING. */
  licenseText: string | null;
  /** Constraint on MediaWiki, in Composer's grammar. */
  mediawiki: string | null;
  /** Names of the extensions and skins that it requires. */
  needs: { kind: ExtensionKind; name: string }[];
}

/** A tree: a tarball in the store, and the folder in it. */
export interface ExtensionTree extends ComponentTree {
  component: string;
}

/** Bytes of one file. An untrusted tree can have larger or more files; they are not read. */
const largestFile = 1024 * 1024;
const mostFiles = 64;

const describing = /^(?:extension|skin)\.json$/;
const licenses = /^(?:LICEN[CS]E|COPYING)(?:\.(?:md|txt|rst))?$/i;
/** Paths of the English texts: `i18n/en.json`, `i18n/core/en.json`, `lib/i18n/en.json`. */
const messages = /^(?:[^/]+\/){0,2}i18n\/(?:[^/]+\/)?en\.json$/;

const forms = [describing, licenses, messages];

/** Names go into paths, PHP and package descriptions. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9 _-]{0,99}$/;
const directoryPattern = /^[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*$/;
const licensePattern = /^[A-Za-z0-9][A-Za-z0-9.+() -]{0,79}$/;

/** The tree of a pin, or null if the pin has no tree that can be an extension. */
export function extensionTree(component: string, pin: Pin): ExtensionTree | null {
  const tree = treeOfPin(pin);
  return tree === null ? null : { component, ...tree };
}

/**
 * Reads the facts of trees, by component, or takes them from the cache. A tree without extension.json and skin.json is
 * left out. A tarball with several trees is read once.
 *
 * @throws LockstepError EXTENSION_INVALID and what reading the tarballs throws
 */
export async function readExtensions(
  trees: readonly ExtensionTree[],
  context: SourceContext,
): Promise<Record<string, ExtensionFacts>> {
  const found: Record<string, ExtensionFacts> = {};
  const unread: ExtensionTree[] = [];
  const keep = (tree: ExtensionTree, texts: Texts): void => {
    const facts = extensionFacts(texts, tree);
    if (facts !== null) found[tree.component] = facts;
  };
  for (const tree of trees) {
    // The cache has the texts and not the facts, because a later Lockstep may check other patterns
    const kept = await readCached<{ texts: [string, string][] }>(context, 'extensions', cacheName(tree));
    if (kept !== undefined) keep(tree, new Map(kept.texts));
    else unread.push(tree);
  }
  for (const together of grouped(unread, ({ archive }) => archive.sha256).values()) {
    for (const [tree, texts] of await readTexts(together, context)) {
      await writeCached(context, 'extensions', cacheName(tree), { texts: [...texts] });
      keep(tree, texts);
    }
  }
  return found;
}

/** By path below the tree's top. */
type Texts = Map<string, string>;

function cacheName({ archive, path }: ExtensionTree): string {
  return `${archive.sha256}-${sha256Of(path).slice(0, 16)}`;
}

/** @param trees trees in the same tarball */
async function readTexts(
  trees: readonly ExtensionTree[],
  context: SourceContext,
): Promise<Map<ExtensionTree, Texts>> {
  const found = new Map(trees.map((tree) => [tree, new Map<string, string>()]));
  const { archive } = trees[0]!;
  await eachFile(archive, context, async (member) => {
    if (member.size > largestFile) return;
    const wanted = [...found].flatMap(([tree, texts]) => {
      const path = belowFolder(member.path, tree.path);
      const isWanted = path !== null && forms.some((form) => form.test(path)) && texts.size < mostFiles;
      return isWanted ? [{ texts, path }] : [];
    });
    if (wanted.length === 0) return;
    const text = (await collect(member.body)).toString('utf8');
    for (const { texts, path } of wanted) texts.set(path, text);
  });
  return found;
}

/**
 * The facts in the files of a tree; null if it has neither extension.json nor skin.json. Pure.
 *
 * @param texts by path below the tree's top
 * @throws LockstepError EXTENSION_INVALID
 */
export function extensionFacts(
  texts: ReadonlyMap<string, string>,
  tree: ExtensionTree,
): ExtensionFacts | null {
  const file = ['extension.json', 'skin.json'].find((name) => texts.has(name));
  if (file === undefined) return null;
  const kind = file === 'skin.json' ? 'skin' : 'extension';
  const where = `${file} of ${tree.component} (${tree.archive.name})`;
  const fields = objectIn(texts.get(file)!, where, tree);
  const name = fields['name'];
  if (typeof name !== 'string' || !namePattern.test(name)) {
    throw invalid(
      tree,
      `${where} gives ${typeof name === 'string' ? `the name ${JSON.stringify(name.slice(0, 100))}` : 'no name'}; MediaWiki loads it by this name, which may contain letters, digits, spaces, "_" and "-"`,
      'name',
    );
  }
  const requires = fieldsOf(fields['requires']);
  return {
    kind,
    name,
    directory: directoryOf(fields, tree, name),
    version: plainText(fields['version'], 80),
    description: descriptionOf(fields, texts),
    homepage: homepageOf(fields['url']),
    authors: [fields['author']]
      .flat()
      .filter((author) => typeof author === 'string')
      .slice(0, 50)
      .flatMap((author) => plainText(author, 100) ?? [])
      .filter((author) => author !== '...'),
    license: textOfForm(fields['license-name'], licensePattern),
    licenseText: licenseIn(texts),
    mediawiki: textOfForm(requires['MediaWiki'], /^[\x20-\x7e]{1,200}$/),
    needs: (['extension', 'skin'] as const).flatMap((needed) =>
      namesIn(requires[`${needed}s`]).map((other) => ({ kind: needed, name: other })),
    ),
  };
}

function invalid(tree: ExtensionTree, message: string, path?: string): LockstepError {
  return new LockstepError('EXTENSION_INVALID', {
    message,
    hint: 'Correct it in the repository of the component, or write a template for the component: docs/reference/templates.md',
    where: [{ path: `components.${tree.component}`, ...(path === undefined ? {} : { value: path }) }],
  });
}

function objectIn(text: string, where: string, tree: ExtensionTree): Record<string, unknown> {
  let data: unknown;
  try {
    data = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw invalid(tree, `${where} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) {
    return data as Record<string, unknown>;
  }
  throw invalid(tree, `${where} is not a JSON object`);
}

function textOfForm(value: unknown, form: RegExp): string | null {
  return typeof value === 'string' && form.test(value) ? value : null;
}

function namesIn(value: unknown): string[] {
  return Object.keys(fieldsOf(value)).filter((name) => namePattern.test(name));
}

/**
 * ResourceLoader makes URLs from `extensions/<remoteExtPath>`, so the folder's name comes from there and not from
 * `name`.
 */
function directoryOf(fields: Record<string, unknown>, tree: ExtensionTree, name: string): string {
  const modules = [
    fieldsOf(fields['ResourceFileModulePaths']),
    ...Object.values(fieldsOf(fields['ResourceModules'])).map(fieldsOf),
  ];
  const told = modules
    .flatMap((module) => [module['remoteExtPath'], module['remoteSkinPath']])
    .flatMap((path) => (typeof path === 'string' ? (path.split('/')[0] ?? []) : []));
  const inside = /(?:^|\/)(?:extensions|skins)\/([^/]+)$/.exec(tree.path)?.[1];
  const candidates = [...(inside === undefined ? [] : [inside]), ...told, name.replaceAll(' ', '')];
  return candidates.find((candidate) => directoryPattern.test(candidate)) ?? name.replaceAll(' ', '');
}

function descriptionOf(fields: Record<string, unknown>, texts: ReadonlyMap<string, string>): string | null {
  const key = fields['descriptionmsg'];
  const files = [...texts.keys()].filter((path) => messages.test(path)).sort((a, b) => a.length - b.length);
  for (const path of typeof key === 'string' ? files : []) {
    // A damaged text file does not matter to the package; MediaWiki's own tests find it
    const parsed = parseJson(texts.get(path)!);
    const messagesThere = fieldsOf('json' in parsed ? parsed.json : undefined);
    const text = Object.hasOwn(messagesThere, key as string) ? messagesThere[key as string] : undefined;
    if (typeof text === 'string') return plainText(text, 2000);
  }
  return plainText(fields['description'], 2000);
}

function homepageOf(value: unknown): string | null {
  if (typeof value !== 'string' || !URL.canParse(value)) return null;
  const { protocol, username, password, href } = new URL(value);
  const isWeb = (protocol === 'http:' || protocol === 'https:') && username === '' && password === '';
  return isWeb && /^[\x21-\x7e]{1,300}$/.test(href) && !/[<>"]/.test(href) ? href : null;
}

function licenseIn(texts: ReadonlyMap<string, string>): string | null {
  const [name] = [...texts.keys()].filter((path) => licenses.test(path)).sort();
  return name === undefined ? null : texts.get(name)!;
}
