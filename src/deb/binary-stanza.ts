/**
 * The paragraph of one binary package, as a control file has it and an index lists it. There is one way to make one:
 * {@link judgeBinaryStanza}, which refuses whatever apt or dpkg would not read, with the limits of both. An index
 * prints nothing else (src/archive/index-text.ts).
 *
 * Rules: deb-control(5), Policy 5 and 7. What the programs do was measured: one paragraph that apt does not read stops
 * apt on every machine that follows the suite.
 */
import { counted } from '../counted.js';
import { isRelationField, judgeRelations, longestName, mostRelations } from './binary-relations.js';
import { isPackageName, shownName } from './member-name.js';
import { isOneParagraph, type BinaryParagraph } from './one-paragraph.js';
import { oneNewline, withoutFields } from './paragraph-text.js';
import { parseStanza, type Field, type Stanza } from './stanza.js';
import { isValidVersion } from './version.js';
import { LockstepError } from '../errors.js';

/** Characters of a paragraph. apt reads no paragraph of 1 MiB; the longest of Debian 12 has 76,339. */
export const longestParagraph = 262_144;

/** Debian's paragraphs have up to 40. */
export const mostFields = 500;

/** What a control file says of its package. */
export interface BinaryStanza {
  readonly package: string;
  readonly version: string;
  readonly architecture: string;
  /** Source package, Policy 5.6.1: itself where it names none, of the same version where it names no other. */
  readonly source: string;
  readonly sourceVersion: string;
  readonly text: BinaryParagraph;
  readonly stanza: Stanza;
}

/** Fields that only dpkg's own database has; dpkg refuses the first four in a package. */
const ofTheDatabase = ['status', 'config-version', 'triggers-pending', 'triggers-awaited', 'conffiles'];

/**
 * Old names that dpkg reads as other fields, and apt not at all: the two would see different packages. `Revision` even
 * becomes part of dpkg's version.
 */
const obsolete = ['revision', 'package-revision', 'package_revision', 'recommended', 'optional', 'class'];

const refusedFields = new Map<string, string>([
  ...ofTheDatabase.map((name) => [name, "belongs to dpkg's database, not into a package"] as const),
  ...obsolete.map((name) => [name, 'is obsolete: dpkg reads it as another field, and apt does not'] as const),
]);

interface ValueRule {
  form: RegExp;
  says: string;
}

const yesOrNo: ValueRule = { form: /^(?:yes|no)$/i, says: 'is not "yes" or "no"' };

/** Single-line fields that apt, dpkg or Policy give a form. An empty one counts as absent, as for both. */
const valueRules = new Map<string, ValueRule>([
  ['essential', yesOrNo],
  ['protected', yesOrNo],
  ['important', yesOrNo],
  [
    'multi-arch',
    { form: /^(?:no|same|foreign|allowed)$/, says: 'is not "no", "same", "foreign" or "allowed"' },
  ],
  [
    'priority',
    {
      // dpkg looks whether a value begins with a word that it knows: nothing may follow
      form: /^(?!(?:required|important|standard|optional|extra|unknown)[a-z0-9-])[a-z][a-z0-9-]{0,49}$/i,
      says: 'is not a single word of 50 characters at most, or begins with another priority',
    },
  ],
  [
    'section',
    {
      form: /^(?=.{1,100}$)[\w.+-]+(?:\/[\w.+-]+)*$/,
      says: 'is not a single word of 100 characters at most',
    },
  ],
  ['installed-size', { form: /^[0-9]{1,15}$/, says: 'is not a whole number of KiB' }],
  ['phased-update-percentage', { form: /^(?:[0-9]{1,2}|100)$/, says: 'is not a number from 0 to 100' }],
  ['description-md5', { form: /^[0-9a-f]{32}$/, says: 'is not an MD5: 32 hexadecimal digits' }],
  ['package-type', { form: /^deb$/, says: 'is not "deb": an archive of Lockstep has no other packages' }],
]);

/** They describe the file in an index; dpkg reads them as lists, which must be of one length. */
const fileDetails = new Set(['filename', 'size', 'md5sum', 'msdos-filename']);

/**
 * Judges the paragraph of a binary package.
 *
 * @param text a control file, or the paragraph of an index without what describes the file
 * @returns the paragraph, or everything that is wrong with it; each fault names its field
 */
export function judgeBinaryStanza(text: string): BinaryStanza | { faults: string[] } {
  if (text.length > longestParagraph) {
    return { faults: [`it has ${counted(text.length, 'character')}, and the limit is ${longestParagraph}`] };
  }
  let stanza: Stanza;
  try {
    stanza = parseStanza(text, { file: 'control' });
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    const told = error.where.flatMap(({ line, message }) =>
      message === undefined ? [] : [`line ${line}: ${message}`],
    );
    return { faults: told.length === 0 ? [error.message] : told };
  }
  const faults: string[] = [];
  // What apt reads in an index has no comments, which only source packages may have (deb822(5))
  if (/^#/m.test(text)) faults.push('it has a comment, which an index cannot contain');
  const own = stanza.text();
  if (!isOneParagraph(own)) faults.push('it is not a single plain paragraph');
  const names = identityOf(stanza, faults);
  const fields = stanza.fields();
  if (fields.length > mostFields) faults.push(`it has more than ${mostFields} fields`);
  let relations = 0;
  for (const field of fields) {
    const found = judgeField(field);
    if (typeof found === 'string') faults.push(`${shownField(field.name)} ${found}`);
    else relations += found;
  }
  if (names.architecture === 'all' && stanza.get('Multi-Arch') === 'same')
    faults.push('Multi-Arch "same" is not for a package of architecture all');
  const last = fields.at(-1);
  if (last?.value === '')
    faults.push(`${shownField(last.name)} is empty at the end, which dpkg does not read`);
  if (relations > mostRelations) faults.push(`it has more than ${mostRelations} relations`);
  return faults.length > 0 ? { faults } : { ...names, text: own as BinaryParagraph, stanza };
}

/**
 * As {@link judgeBinaryStanza}, for a package that is made or taken here.
 *
 * @param subject the package, for the message
 * @throws LockstepError DEB_SYNTAX with every fault
 */
export function binaryStanza(text: string, subject: string): BinaryStanza {
  const found = judgeBinaryStanza(text);
  if (!('faults' in found)) return found;
  throw new LockstepError('DEB_SYNTAX', {
    message: `apt cannot read the control paragraph of ${subject}: ${found.faults.join('; ')}`,
    hint: 'deb-control(5) and Debian Policy 5 and 7 have the form of its fields',
    where: found.faults.map((message) => ({ file: subject, message })),
  });
}

/** Fields that an index adds from the file that it lists. */
const fileFields = new Set(['filename', 'size', 'md5sum', 'sha1', 'sha256', 'sha512']);

/** What an index lists of the package, apart from its file. */
export function indexParagraph({ text, stanza }: BinaryStanza): BinaryParagraph {
  const describesFile = stanza.fields().some(({ name }) => fileFields.has(name.toLowerCase()));
  return (describesFile ? withoutFields(text, fileFields) : oneNewline(text)) as BinaryParagraph;
}

function identityOf(stanza: Stanza, faults: string[]): Omit<BinaryStanza, 'text' | 'stanza'> {
  const name = stanza.get('Package') ?? '';
  const version = stanza.get('Version') ?? '';
  const architecture = stanza.get('Architecture') ?? '';
  if (!isPackageName(name)) faults.push(`Package ${shownName(name)} is not a package name`);
  else if (name.length > longestName) faults.push(`Package is too long: more than ${longestName} characters`);
  if (!isValidVersion(version)) faults.push(`Version ${shownName(version)} is not a Debian version`);
  else if (version.length > longestName)
    faults.push(`Version is too long: more than ${longestName} characters`);
  if (!/^[a-z0-9][a-z0-9-]{0,99}$/.test(architecture))
    faults.push(`Architecture ${shownName(architecture)} is not an architecture`);
  const named = stanza.get('Source');
  const [, source = '', explicit] = /^(\S+)(?:\s+\((\S+)\))?$/.exec(named ?? name) ?? [];
  const isGood = isPackageName(source) && (explicit === undefined || isValidVersion(explicit));
  if (named !== undefined && (!isGood || named.length > 2 * longestName))
    faults.push(`Source ${shownName(named)} is not "name" or "name (version)"`);
  return { package: name, version, architecture, source, sourceVersion: explicit ?? version };
}

/** The number of its relations, or what is wrong with it. */
function judgeField({ name, value }: Field): number | string {
  if (name.length > longestName) return `has a name of more than ${longestName} characters`;
  if (name.length < 2) return 'is a field name of one character, which dpkg does not read';
  const key = name.toLowerCase();
  const refused = refusedFields.get(key);
  if (refused !== undefined) return refused;
  if (isRelationField(key)) return judgeRelations(key, value);
  if (fileDetails.has(key) && !/^\S+$/.test(value)) return `${shownName(value)} is more than one word`;
  const rule = value === '' ? undefined : valueRules.get(key);
  return rule === undefined || rule.form.test(value) ? 0 : `${shownName(value)} ${rule.says}`;
}

function shownField(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}...` : name;
}
