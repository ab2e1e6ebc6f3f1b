/**
 * Relations of a binary package as a Packages index may have them: what apt 2.6, apt 3.0 and dpkg all read, and
 * Policy 7.1 allows. It judges the text of a field; relation.ts makes data of it. Measured with the real programs:
 * test/integration/vetting/binary-stanza.test.ts.
 */
import { shownName } from './member-name.js';
import { isValidVersion } from './version.js';

/** Fields with relations, and whether `a | b` may stand in them (dpkg refuses it in the others). */
const fields: Readonly<Record<string, { alternatives: boolean }>> = {
  'pre-depends': { alternatives: true },
  depends: { alternatives: true },
  recommends: { alternatives: true },
  suggests: { alternatives: true },
  enhances: { alternatives: true },
  breaks: { alternatives: false },
  conflicts: { alternatives: false },
  replaces: { alternatives: false },
  provides: { alternatives: false },
};

/** Characters of a package name or a version. File names of packages have both in 255 bytes; apt aborts at 65,535. */
export const longestName = 200;

/** Relations of one paragraph, all fields together; apt gives up between 100,000 and 200,000. */
export const mostRelations = 10_000;

/** One relation with what ends it. Blanks are Policy's: JavaScript's `\s` has more. */
const relationSpec =
  /[ \t\n]*([a-z0-9][a-z0-9+.-]+)(?::[a-z0-9][a-z0-9-]*)?[ \t\n]*(?:\([ \t\n]*(<<|<=|=|>=|>>|<|>)[ \t\n]*([^ \t\n(),|<>=]+)[ \t\n]*\)[ \t\n]*)?([,|]|$)/y;

/** Whether a field, its name in lower case, has relations. */
export function isRelationField(name: string): boolean {
  return Object.hasOwn(fields, name);
}

/**
 * Judges a field of relations.
 *
 * @param field its name in lower case
 * @param value raw, with its line ends
 * @returns the number of relations, or what is wrong with the first bad one
 */
export function judgeRelations(field: string, value: string): number | string {
  if (value === '') return field === 'provides' ? 'is empty, which apt 2.6 does not read' : 0;
  if (value.startsWith('\n')) return 'begins with an empty line, which dpkg does not read';
  const { alternatives } = fields[field]!;
  for (let count = 1, at = 0; ; count++) {
    if (count > mostRelations) return `has more than ${mostRelations} relations`;
    relationSpec.lastIndex = at;
    const match = relationSpec.exec(value);
    if (match === null) return faultOfRelation(value, at);
    const [whole, name, operator, version, end] = match;
    if (name!.length > longestName) return `names a package with more than ${longestName} characters`;
    if (version !== undefined && version.length > longestName)
      return `has a version of more than ${longestName} characters`;
    if (version !== undefined && !isValidVersion(version))
      return `${shownName(version)} is not a Debian version`;
    if (field === 'provides' && operator !== undefined && operator !== '=')
      return `${shownName(whole.trim())} provides a range: only "=" may be in Provides`;
    if (end === '') return endsTooSoon(whole) ? unreadEnd(whole) : count;
    if (end === '|' && !alternatives) return 'has alternatives ("|"), which it cannot have';
    at += whole.length;
  }
}

/** apt does not read a field that ends less than four characters after the parenthesis: `foo (=1)`, but not `foo (= 1)`. */
function endsTooSoon(last: string): boolean {
  return /\([ \t\n]*[^ \t\n].{0,2}$/s.test(last);
}

function unreadEnd(last: string): string {
  return `${shownName(last.trim())} ends the field too soon for apt: write a blank before the version`;
}

/** What is wrong with the relation that begins there. */
function faultOfRelation(value: string, at: number): string {
  const rest = value.slice(at);
  // A relation ends at a comma or a bar; neither can be in a version
  const text = /^[ \t\n]*([^,|]*?)[ \t\n]*(?:[,|]|$)/.exec(rest)?.[1] ?? '';
  if (text === '') return 'has an empty relation: two separators, or one at the start or the end';
  const shown = shownName(text);
  if (/[<[]/.test(text.replace(/\([^)]*\)?/, '')))
    return `${shown} has architectures or build profiles, which only source packages may have`;
  const open = text.indexOf('(');
  if (open >= 0 && !text.includes(')', open)) return `${shown} does not close its parenthesis`;
  if (!/^[a-z0-9][a-z0-9+.-]+(?![^ \t\n:(])/.test(text)) return `${shown} does not begin with a package name`;
  return `${shown} is not "package (operator version)"`;
}
