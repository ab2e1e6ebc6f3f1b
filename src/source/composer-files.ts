/**
 * What Composer's files say: composer.json of what a tree is and needs,
 * installed.json of the libraries in its vendor folder. Text in, facts and
 * faults out; the files come from a tarball and may hold anything.
 */
import { parseConstraint } from './composer.js';
import { entriesOf, faultAt, refuse, textAt, type FieldFault } from './declared-json.js';

/** One line of a `require`: a package or a piece of the platform, and the constraint as written. */
export interface Requirement {
  /** In lower case, as Composer compares names: `wikimedia/parsoid`, `php`, `ext-intl`. */
  name: string;
  constraint: string;
}

/** Of one composer.json. */
export interface ComposerFacts {
  /** `wikimedia/parsoid`, in lower case. */
  name: string | null;
  version: string | null;
  require: Requirement[];
}

/** One library of an installed.json. */
export interface InstalledLibrary {
  name: string;
  /** As Composer shows it: `v0.16.6`. */
  version: string;
  require: Requirement[];
}

export interface Read<T> {
  facts: T;
  faults: FieldFault[];
}

/** More than any `require` that is meant; what is longer was made to take time. */
const mostEntries = 2000;
const libraryName = /^[a-z0-9](?:[a-z0-9_.-]*[a-z0-9])?\/[a-z0-9](?:[a-z0-9_.-]*[a-z0-9])?$/;
/** Of PHP and of Composer itself (getcomposer.org/doc/articles/composer-platform-dependencies.md). */
const platformName =
  /^(?:php(?:-64bit|-ipv6|-zts|-debug)?|hhvm|ext-[a-z0-9_. -]+|lib-[a-z0-9_. -]+|composer(?:-plugin-api|-runtime-api)?)$/;

/** @param json the parsed text */
export function composerFacts(json: unknown): Read<ComposerFacts> {
  const faults: FieldFault[] = [];
  const fields = new Map(entriesOf(json, '', faults));
  const name = textAt(fields.get('name'), 'name', faults)?.toLowerCase() ?? null;
  const version = textAt(fields.get('version'), 'version', faults);
  const require = requirements(fields.get('require'), version, 'require', faults);
  return { facts: { name: name !== null && libraryName.test(name) ? name : null, version, require }, faults };
}

/**
 * The libraries that are installed, without those for development and without Composer's own plugins.
 * Composer has already checked their demands on each other, so an invalid constraint is left out.
 */
export function installedFacts(json: unknown): Read<InstalledLibrary[]> {
  const faults: FieldFault[] = [];
  // Composer 1 wrote the list alone
  const isList = Array.isArray(json);
  const fields = new Map(isList ? [] : entriesOf(json, '', faults));
  const packages = isList ? (json as unknown[]) : fields.get('packages');
  if (!Array.isArray(packages) || packages.length > mostEntries) {
    if (faults.length === 0) faults.push(faultAt('packages', packages, 'is not a list of packages'));
    return { facts: [], faults };
  }
  const dev = new Set(listOf(fields.get('dev-package-names')));
  const facts = packages.flatMap((one: unknown, index): InstalledLibrary[] => {
    const field = `packages.${index}`;
    const entry = new Map(entriesOf(one, field, faults));
    const name = textAt(entry.get('name'), `${field}.name`, faults)?.toLowerCase();
    const version = textAt(entry.get('version'), `${field}.version`, faults);
    if (name === undefined || version === null || dev.has(name)) return [];
    if (!libraryName.test(name) || entry.get('type') === 'composer-plugin') return [];
    const require = requirements(entry.get('require'), version, `${field}.require`, []);
    return [{ name, version, require: require.filter(({ constraint }) => parseConstraint(constraint)) }];
  });
  return { facts, faults };
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function requirements(
  value: unknown,
  ownVersion: string | null,
  field: string,
  faults: FieldFault[],
): Requirement[] {
  if (value === undefined || value === null) return [];
  return entriesOf(value, field, faults, mostEntries).flatMap(([written, constraint]): Requirement[] => {
    const name = written.toLowerCase();
    const place = `${field}.${written}`;
    if (!libraryName.test(name) && !platformName.test(name)) {
      return refuse(faults, place, written, 'is not the name of a package');
    }
    const text = textAt(constraint, place, faults);
    if (text === null) return [];
    // What parts of one repository write of each other
    const meant = text.trim() === 'self.version' && ownVersion !== null ? ownVersion : text.trim();
    if (parseConstraint(meant) === null) {
      faults.push(faultAt(place, text, 'is not a valid Composer constraint'));
    }
    return [{ name, constraint: meant }];
  });
}
