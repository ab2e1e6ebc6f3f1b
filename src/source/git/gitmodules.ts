/**
 * Parses .gitmodules. The file is untrusted and names addresses and folders. It refuses everything that git reads in
 * another way or that was used to attack git, and does not try to interpret it. Pure.
 */
import { linkTargetFault, pathFault, shownName } from '../../deb/member-name.js';
import { LockstepError } from '../../errors.js';
import { remembered } from '../../io/keyed.js';
import { pathPartFault } from './git-object.js';

/** One submodule as .gitmodules describes it. */
export interface DeclaredSubmodule {
  path: string;
  /** The address as written: `https://...`, `../other`. */
  url: string;
}

/**
 * @param file for messages: `.gitmodules`, `extensions/Cite/.gitmodules`
 * @throws LockstepError SOURCE_SUBMODULE, DEB_UNSAFE_NAME
 */
export function parseGitmodules(text: string, file: string): DeclaredSubmodule[] {
  const sections = new Map<string, { path?: string; url?: string; line: number }>();
  let current: { path?: string; url?: string; line: number } | undefined;
  text.split('\n').forEach((raw, index) => {
    const refuse = (why: string): never => {
      throw refusedSubmodule(file, why, index + 1, raw);
    };
    const line = raw.replace(/\r$/, '').trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) return;
    if (line.startsWith('[')) {
      const quoted = /^\[\s*submodule\s+"((?:[^"\\]|\\["\\])*)"\s*\]$/i.exec(line)?.[1];
      if (quoted === undefined) return refuse('it is not the head of a submodule');
      const name = quoted.replace(/\\(.)/g, '$1');
      // git(1) keeps a submodule's repository below its name: CVE-2018-11235
      if (pathFault(name) !== null) refuse(`the name ${shownName(name)} leaves its folder`);
      current = remembered(sections, name, () => ({ line: index + 1 }));
      return;
    }
    const setting = /^([A-Za-z][A-Za-z0-9-]*)\s*(?:=\s*(.*))?$/.exec(line);
    if (setting === null || current === undefined) return refuse('it is not a setting of a submodule');
    const key = setting[1]!.toLowerCase();
    const value = valueOf(setting[2] ?? '') ?? refuse('its value cannot be read');
    // CVE-2019-19604: git once ran the command after the `!`
    if (key === 'update' && value.startsWith('!')) refuse('it names a program to run');
    if (key !== 'path' && key !== 'url') return;
    if (current[key] !== undefined && current[key] !== value)
      refuse(`it sets another ${key} than an earlier line`);
    current[key] = value;
  });

  const found = new Map<string, DeclaredSubmodule>();
  for (const { path, url, line } of sections.values()) {
    // An entry of a submodule that was removed
    if (path === undefined || url === undefined) continue;
    assertPath(path, file, line);
    assertUrl(url, file, line);
    if (found.has(path))
      throw refusedSubmodule(file, `two submodules have the path ${shownName(path)}`, line);
    found.set(path, { path, url });
  }
  return [...found.values()];
}

/** Parses a value as git-config(1) does: with quotes, escapes and a comment at the end; undefined if it is invalid. */
function valueOf(text: string): string | undefined {
  let value = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (char === '"') quoted = !quoted;
    else if (char === '\\') {
      const escaped = { '"': '"', '\\': '\\', n: '\n', t: '\t', b: '\b' }[text[(at += 1)] ?? ''];
      // Also refuses a value that continues on the next line
      if (escaped === undefined) return undefined;
      value += escaped;
    } else if (!quoted && (char === '#' || char === ';')) return value.trimEnd();
    else value += char;
  }
  return quoted ? undefined : value;
}

function assertPath(path: string, file: string, line: number): void {
  const fault =
    pathFault(path) ??
    (path.startsWith('-') ? 'looks like an option' : null) ??
    path
      .split('/')
      .map((part) => pathPartFault(part))
      .find((why) => why !== null) ??
    null;
  if (fault === null) return;
  throw new LockstepError('DEB_UNSAFE_NAME', {
    message: `The path ${shownName(path)} of a submodule ${fault}`,
    hint: 'Do not use this repository; tell its owner',
    where: [{ file, line, value: shownName(path) }],
  });
}

function assertUrl(url: string, file: string, line: number): void {
  const fault = urlFault(url);
  if (fault !== null) throw refusedSubmodule(file, `the address ${shownName(url)} ${fault}`, line);
}

function urlFault(url: string): string | null {
  if (url === '') return 'is empty';
  const control = linkTargetFault(url);
  if (control !== null) return control;
  if (/\s/.test(url)) return 'contains a space';
  if (url.startsWith('-')) return 'looks like an option';
  if (/^\.\.?\//.test(url)) return null;
  if (/^https?:\/\//.test(url)) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (parsed === undefined) return 'is invalid';
    if (parsed.username !== '' || parsed.password !== '') return 'contains a user name or password';
    if (parsed.search !== '' || parsed.hash !== '') return 'has more than a path';
    return null;
  }
  return 'is neither http(s) nor relative: an external tree must not name folders of this machine or use other protocols';
}

/** The fault that a submodule cannot be followed. */
export function refusedSubmodule(file: string, why: string, line?: number, value?: string): LockstepError {
  return new LockstepError('SOURCE_SUBMODULE', {
    message: `A submodule in ${file} is refused: ${why}`,
    hint: 'Ask the owner of the repository; "submodules: false" takes the tree without its submodules',
    where: [{ file, line, ...(value === undefined ? {} : { value: shownName(value.trim()) }) }],
  });
}
