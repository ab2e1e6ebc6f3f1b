/**
 * What extension.json or skin.json demands, as MediaWiki's own VersionChecker
 * reads `requires`: what it would stop at is a fault here. Text in, facts and
 * faults out.
 */
import { parseConstraint } from './composer.js';
import type { Read } from './composer-files.js';
import { entriesOf, faultAt, refuse, textAt, type FieldFault } from './declared-json.js';
import type { Thing } from './declared.js';

/** One line of `requires`. */
export interface ExtensionRequirement {
  thing: Thing;
  constraint: string;
  /** `requires.platform.php`. */
  field: string;
}

export interface ExtensionDeclaration {
  /** By which others demand it: `SyntaxHighlight`, whatever its folder is called. */
  name: string;
  /** As written; null where it names none. */
  version: string | null;
  requires: ExtensionRequirement[];
}

/** Names of extensions may hold blanks (`Abuse Filter`). */
const longestName = 100;
const mostEntries = 500;

/** @returns null as facts where it has no name, by which MediaWiki would know it */
export function extensionDeclaration(json: unknown): Read<ExtensionDeclaration | null> {
  const faults: FieldFault[] = [];
  const fields = new Map(entriesOf(json, '', faults));
  if (faults.length > 0) return { facts: null, faults };
  const written = textAt(fields.get('name'), 'name', faults);
  const name = written !== null && isName(written) ? written : null;
  if (name === null && faults.length === 0) {
    faults.push(faultAt('name', fields.get('name'), 'is not the name of an extension'));
  }
  const version = versionOf(fields.get('version'));
  const requires = requirementsOf(fields.get('requires'), faults);
  return { facts: name === null ? null : { name, version, requires }, faults };
}

/** Only shown, and compared if another extension demands it; any other text is not a version. */
function versionOf(value: unknown): string | null {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value.length <= longestName ? textAt(value, 'version', []) : null;
}

function isName(name: string): boolean {
  return name !== '' && name.length <= longestName && !name.includes('/');
}

function requirementsOf(value: unknown, faults: FieldFault[]): ExtensionRequirement[] {
  if (value === undefined || value === null) return [];
  return entriesOf(value, 'requires', faults, mostEntries).flatMap(([kind, wanted]) => {
    const field = `requires.${kind}`;
    switch (kind) {
      case 'MediaWiki':
        return constrained('mediawiki', wanted, field, faults);
      case 'platform':
        return entriesOf(wanted, field, faults, mostEntries).flatMap(([name, one]) =>
          platformRequirement(name, one, `${field}.${name}`, faults),
        );
      case 'extensions':
      case 'skins':
        return entriesOf(wanted, field, faults, mostEntries).flatMap(([name, one]) => {
          const place = `${field}.${name}`;
          if (isName(name)) return constrained(`${kind.slice(0, -1)}/${name}`, one, place, faults);
          return refuse(faults, place, name, 'is not the name of an extension or skin');
        });
      default:
        return refuse(faults, field, wanted, 'is not a requirement that MediaWiki supports');
    }
  });
}

function platformRequirement(
  name: string,
  value: unknown,
  field: string,
  faults: FieldFault[],
): ExtensionRequirement[] {
  if (name === 'php') return constrained('php', value, field, faults);
  if (name.startsWith('ext-')) {
    if (value === '*') return [{ thing: extensionThing(name.slice(4)), constraint: '*', field }];
    const why = 'is not "*", the only value that MediaWiki accepts for a PHP extension';
    return refuse(faults, field, value, why);
  }
  if (name.startsWith('ability-')) {
    // `false` is what a converter of old files writes: nothing is demanded
    if (typeof value === 'boolean')
      return value ? [{ thing: `ability/${name.slice(8)}`, constraint: '*', field }] : [];
    return refuse(faults, field, value, 'is not true or false');
  }
  return refuse(faults, field, value, 'is not a platform property that MediaWiki supports');
}

/** `ext-Zend OPcache` and `ext-zend-opcache` are the same. */
export function extensionThing(name: string): Thing {
  return `php-extension/${name.toLowerCase().replaceAll(' ', '-')}`;
}

function constrained(
  thing: Thing,
  value: unknown,
  field: string,
  faults: FieldFault[],
): ExtensionRequirement[] {
  const before = faults.length;
  const constraint = textAt(value, field, faults);
  if (constraint !== null && parseConstraint(constraint) !== null) return [{ thing, constraint, field }];
  if (faults.length === before) faults.push(faultAt(field, value, 'is not a valid Composer constraint'));
  return [];
}
