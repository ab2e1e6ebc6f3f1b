/**
 * The copyright file of an extension that nobody wrote one for, out of what
 * its tree says (Policy 12.5, copyright-format 1.0). Pure.
 */
import type { ExtensionFacts } from '../source/extension-facts.js';

/** Licences of which Debian has the text on every machine, by the begin of their SPDX name. */
const common: readonly (readonly [RegExp, string, string])[] = [
  [/^AGPL/, '', ''],
  [/^LGPL-2\.0/, 'LGPL-2', 'GNU Library General Public License, version 2'],
  [/^LGPL-2\.1/, 'LGPL-2.1', 'GNU Lesser General Public License, version 2.1'],
  [/^LGPL-3\.0/, 'LGPL-3', 'GNU Lesser General Public License, version 3'],
  [/^GPL-1\.0/, 'GPL-1', 'GNU General Public License, version 1'],
  [/^GPL-2\.0/, 'GPL-2', 'GNU General Public License, version 2'],
  [/^GPL-3\.0/, 'GPL-3', 'GNU General Public License, version 3'],
  [/^GFDL-1\.2/, 'GFDL-1.2', 'GNU Free Documentation License, version 1.2'],
  [/^GFDL-1\.3/, 'GFDL-1.3', 'GNU Free Documentation License, version 1.3'],
  [/^Apache-2\.0/, 'Apache-2.0', 'Apache License, version 2.0'],
  [/^MPL-1\.1/, 'MPL-1.1', 'Mozilla Public License, version 1.1'],
  [/^MPL-2\.0/, 'MPL-2.0', 'Mozilla Public License, version 2.0'],
  [/^CC0-1\.0/, 'CC0-1.0', 'CC0 1.0 Universal dedication to the public domain'],
];

/** @returns the text of /usr/share/doc/<package>/copyright */
export function extensionCopyright(facts: ExtensionFacts): string {
  const license = facts.license?.replaceAll(' ', '-') ?? 'unknown';
  const head = [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
    `Upstream-Name: ${facts.name}`,
    ...(facts.homepage === null ? [] : [`Source: ${facts.homepage}`]),
    `Comment: Made by Lockstep out of ${facts.kind}.json${facts.licenseText === null ? '' : ' and the license text in the same folder'}.`,
  ];
  const files = [
    'Files: *',
    `Copyright: ${facts.authors.length === 0 ? `the authors of ${facts.name}` : facts.authors.join('\n           ')}`,
    `License: ${license}`,
    ...paragraph(licenseText(facts)),
  ];
  return `${head.join('\n')}\n\n${files.join('\n')}\n`;
}

function licenseText({ license, licenseText: own, name }: ExtensionFacts): string {
  const known = license === null ? undefined : common.find(([form]) => form.test(license));
  if (known !== undefined && known[1] !== '' && !/ (?:AND|WITH) /.test(license!)) {
    const later = /(?:-or-later|\+)$/.test(license!) ? ', or any later version' : '';
    return `${name} is licensed under the ${known[2]}${later}.\n\nOn Debian systems, its full text is in the file\n"/usr/share/common-licenses/${known[1]}".`;
  }
  if (own !== null) return withoutCommonText(own);
  return license === null
    ? `The tree of ${name} says nothing of a license: ask its authors before you give it to others.`
    : `The tree of ${name} names this license and has no text of it.`;
}

/**
 * Replaces the full text of the GNU General Public License in a text by a reference to Debian's copy: Policy
 * 12.5 forbids a second copy.
 */
function withoutCommonText(text: string): string {
  const begin = /^[ \t]*GNU GENERAL PUBLIC LICENSE\s+Version ([23])\b/im.exec(text);
  const terms = begin === null ? -1 : text.indexOf('TERMS AND CONDITIONS', begin.index);
  if (begin === null || terms < 0) return text;
  const end = /^[ \t]*END OF TERMS AND CONDITIONS[ \t]*$/im.exec(text.slice(terms));
  const after = end === null ? '' : text.slice(terms + end.index + end[0].length);
  // The licence ends with advice on how to apply it; what somebody added below that is theirs
  const advice =
    /How to Apply These Terms[\s\S]*?(?:instead of this\s+License\.|why-not-lgpl\.html>\.?)/i.exec(after);
  const rest = advice === null ? after : after.slice(advice.index + advice[0].length);
  const reference = `GNU General Public License, version ${begin[1]!}: on Debian systems, its full text is in the file\n"/usr/share/common-licenses/GPL-${begin[1]!}".`;
  return [text.slice(0, begin.index).trim(), reference, rest.trim()]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** In the required format: a space before each line, a dot on empty lines, no terminal control characters. */
function paragraph(text: string): string[] {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\n\t]|\p{Cf}/gu, '')
    .trim()
    .split('\n')
    .map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`));
}
