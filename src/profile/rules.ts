/**
 * What the schemas cannot say: references between fields and files, cycles,
 * things named twice. Pure rules over the data as a person wrote it, of any
 * shape, so that they run beside the shape faults and all are told at once.
 */
import { baseReleases } from './base-release.js';
import type { Rule } from './faults.js';
import { didYouMean } from './nearest.js';
import { slugPattern } from './names.js';
import type { FieldPath } from './yaml-file.js';

type Fields = Record<string, unknown>;

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function fieldOf(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    const fields = fieldsOf(inner);
    return Object.hasOwn(fields, key) ? fields[key] : undefined;
  }, value);
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function unknownName(what: string, name: string, known: readonly string[], where: string): string {
  const list = known.length === 0 ? 'there is none' : `there is ${known.join(', ')}`;
  return `no ${what} "${name}" ${where}${didYouMean(name, known) || ';'} ${list}`.trim();
}

/** The same word twice in a list. */
function noRepeats(data: unknown, path: FieldPath, fault: Parameters<Rule>[1]): void {
  let list = data;
  for (const part of path) list = fieldOf(list, String(part));
  textsOf(list).forEach((word, index, words) => {
    if (words.indexOf(word) < index) fault([...path, index], `"${word}" is in this list already`);
  });
}

/**
 * Rules of lockstep.yaml.
 *
 * @param profileNames names of the files in profiles/, without `.yaml`
 */
export function workspaceRules(profileNames: readonly string[]): Rule[] {
  return [
    function trustLevelsOnce(data, fault) {
      noRepeats(data, ['trustLevels'], fault);
    },
    function suitesNameKnownThings(data, fault) {
      const levels = data !== undefined && fieldOf(data, 'trustLevels');
      const known = levels === undefined ? ['unstable', 'stable'] : textsOf(levels);
      for (const [name, suite] of Object.entries(fieldsOf(fieldOf(data, 'suites')))) {
        const profile = fieldOf(suite, 'profile');
        if (typeof profile === 'string' && !profileNames.includes(profile)) {
          fault(['suites', name, 'profile'], unknownName('profile', profile, profileNames, 'in profiles/'));
        }
        const trust = fieldOf(suite, 'trust');
        if (typeof trust === 'string' && !known.includes(trust)) {
          fault(['suites', name, 'trust'], unknownName('trust level', trust, known, 'in trustLevels'));
        }
      }
    },
  ];
}

/** What a source kind is built by, and which other keys go with it. */
const kinds: Record<string, { method: string | undefined; packages: boolean }> = {
  'apt-source': { method: 'debian', packages: true },
  'apt-binary': { method: undefined, packages: false },
  within: { method: 'tree', packages: false },
};

function baseIsOneRelease(data: unknown, fault: Parameters<Rule>[1]): void {
  const release = fieldOf(data, 'base', 'release');
  const codename = fieldOf(data, 'base', 'codename');
  const known = baseReleases.find((base) => base.release === release);
  if (known !== undefined && typeof codename === 'string' && known.codename !== codename) {
    fault(
      ['base', 'codename'],
      `the codename of Debian ${known.release} is ${known.codename}, not ${codename}`,
    );
  }
}

function noRepeatsInLists(data: unknown, fault: Parameters<Rule>[1]): void {
  noRepeats(data, ['base', 'architectures'], fault);
  noRepeats(data, ['metapackage', 'templates'], fault);
  noRepeats(data, ['metapackage', 'database', 'paths'], fault);
  for (const name of Object.keys(fieldsOf(fieldOf(data, 'components')))) {
    noRepeats(data, ['components', name, 'packages'], fault);
    noRepeats(data, ['components', name, 'source', 'packages'], fault);
  }
}

/** Rules of a profile of imported packages. */
export const importedProfileRules: Rule[] = [baseIsOneRelease, noRepeatsInLists];

/** Rules of a profile. */
export const profileRules: Rule[] = [
  baseIsOneRelease,
  noRepeatsInLists,

  function componentsFitTheirKind(data, fault) {
    for (const [name, component] of Object.entries(fieldsOf(fieldOf(data, 'components')))) {
      const kind = fieldOf(component, 'source', 'kind');
      const rule = typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
      if (rule === undefined) continue;
      const at = ['components', name];
      const build = fieldOf(component, 'build');
      const method = fieldOf(build, 'method');
      if (rule.method === undefined && build !== undefined) {
        fault([...at, 'build'], `a component of kind ${String(kind)} is not built: leave "build" out`, 'key');
      } else if (rule.method !== undefined && build === undefined) {
        fault(
          [...at, 'build'],
          `is missing; a component of kind ${String(kind)} is built by method ${rule.method}`,
        );
      } else if (rule.method !== undefined && typeof method === 'string' && method !== rule.method) {
        fault(
          [...at, 'build', 'method'],
          `a component of kind ${String(kind)} is built by method ${rule.method}, not ${method}`,
        );
      }
      const packages = fieldOf(component, 'packages');
      if (rule.packages && packages === undefined) {
        fault([...at, 'packages'], 'is missing; it names the built packages that go into the set');
      } else if (!rule.packages && packages !== undefined) {
        const instead = kind === 'within' ? 'its template names the package' : '"source.packages" names them';
        fault([...at, 'packages'], `is for kind apt-source only; here ${instead}`, 'key');
      }
    }
  },

  function referencesAreKnown(data, fault) {
    const components = fieldsOf(fieldOf(data, 'components'));
    const names = Object.keys(components);
    for (const [name, component] of Object.entries(components)) {
      const target = fieldOf(component, 'source', 'component');
      if (typeof target !== 'string') continue;
      const at = ['components', name, 'source', 'component'];
      const kind = fieldOf(components, target, 'source', 'kind');
      if (!names.includes(target)) fault(at, unknownName('component', target, names, 'in this profile'));
      else if (kind === 'apt-binary') fault(at, `"${target}" has no source tree: it is of kind apt-binary`);
    }
    const lead = fieldOf(data, 'metapackage', 'lead');
    if (typeof lead === 'string' && !names.includes(lead)) {
      fault(['metapackage', 'lead'], unknownName('component', lead, names, 'in this profile'));
    }
    const database = fieldOf(data, 'metapackage', 'database', 'component');
    if (typeof database === 'string' && !names.includes(database)) {
      fault(
        ['metapackage', 'database', 'component'],
        unknownName('component', database, names, 'in this profile'),
      );
    }
    const own = fieldOf(data, 'metapackage', 'name');
    const templates = textsOf(fieldOf(data, 'metapackage', 'templates'));
    if (typeof own === 'string' && templates.length > 0 && !templates.includes(own)) {
      fault(
        ['metapackage', 'templates'],
        `the template "${own}" of the metapackage itself is not in this list${didYouMean(own, templates)}`,
      );
    }
  },

  function withinHasNoCycle(data, fault) {
    const components = fieldsOf(fieldOf(data, 'components'));
    const parentOf = (name: string): string | undefined => {
      const parent = fieldOf(components, name, 'source', 'component');
      return typeof parent === 'string' && Object.hasOwn(components, parent) ? parent : undefined;
    };
    const told = new Set<string>();
    for (const start of Object.keys(components)) {
      const trail = [start];
      for (let next = parentOf(start); next !== undefined; next = parentOf(next)) {
        if (trail.includes(next)) {
          // a trail that only leads into a cycle is told of where the cycle is
          if (next === start && !told.has(start)) {
            trail.forEach((name) => told.add(name));
            fault(
              ['components', start, 'source', 'component'],
              `goes in a circle: ${[...trail, start].join(' is within ')}`,
            );
          }
          break;
        }
        trail.push(next);
      }
    }
  },

  function packagesHaveOneHome(data, fault) {
    const homes = new Map<string, string>();
    const claim = (name: unknown, home: string, path: FieldPath): void => {
      if (typeof name !== 'string') return;
      const other = homes.get(name);
      if (other === undefined) homes.set(name, home);
      else if (other !== home) fault(path, `the package "${name}" comes from ${other} already`);
    };
    for (const [name, component] of Object.entries(fieldsOf(fieldOf(data, 'components')))) {
      const at = ['components', name];
      const home = `component ${name}`;
      textsOf(fieldOf(component, 'packages')).forEach((p, i) => claim(p, home, [...at, 'packages', i]));
      textsOf(fieldOf(component, 'source', 'packages')).forEach((p, i) =>
        claim(p, home, [...at, 'source', 'packages', i]),
      );
      claim(fieldOf(component, 'build', 'template'), home, [...at, 'build', 'template']);
    }
    textsOf(fieldOf(data, 'metapackage', 'templates')).forEach((p, i) =>
      claim(p, `template ${p}`, ['metapackage', 'templates', i]),
    );
  },
];

/** Whether a profile of that name can be a file of profiles/: it is part of a path. */
export function isProfileName(name: string): boolean {
  return slugPattern.test(name) && !name.includes('..');
}
