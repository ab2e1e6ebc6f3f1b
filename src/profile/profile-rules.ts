/**
 * Rules that the schemas cannot express: references between fields and files, cycles, duplicate names. Pure
 * rules over the data as written, with any structure, so that their faults are reported together with the
 * faults of the schema.
 */
import { baseReleases } from './base-release.js';
import type { Rule } from './faults.js';
import { didYouMean } from './nearest.js';
import { slugPattern } from './names.js';
import { builtBy } from './source-schema.js';
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
  const list = known.length === 0 ? 'none exists' : `available: ${known.join(', ')}`;
  return `no ${what} "${name}" ${where}${didYouMean(name, known) || ';'} ${list}`.trim();
}

/** The same word twice in a list. */
function noRepeats(data: unknown, path: FieldPath, fault: Parameters<Rule>[1]): void {
  let list = data;
  for (const part of path) list = fieldOf(list, String(part));
  textsOf(list).forEach((word, index, words) => {
    if (words.indexOf(word) < index) fault([...path, index], `"${word}" is already in this list`);
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
      const signed = fieldOf(data, 'signedSources');
      if (typeof signed === 'string' && !known.includes(signed)) {
        fault(['signedSources'], unknownName('trust level', signed, known, 'in trustLevels'));
      }
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

/** The package of an extension or a skin, which its component names (pinned-packages.ts); nothing for another build. */
function extensionPackage(component: string, build: unknown): string | undefined {
  const { method, template, as = 'extension' } = fieldsOf(build);
  return method === 'tree' && template === undefined && typeof as === 'string'
    ? `mediawiki-${as}-${component}`
    : undefined;
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
      if (typeof kind !== 'string' || !Object.hasOwn(builtBy, kind)) continue;
      const rule = builtBy[kind as keyof typeof builtBy];
      const at = ['components', name];
      const build = fieldOf(component, 'build');
      const method = fieldOf(build, 'method');
      const [proposed] = rule.methods;
      if (proposed === undefined && build !== undefined) {
        fault([...at, 'build'], `a component of kind ${String(kind)} is not built: remove "build"`, 'key');
      } else if (proposed !== undefined && build === undefined && rule.mayStayUnbuilt !== true) {
        fault(
          [...at, 'build'],
          `is missing; a component of kind ${kind} is built by method ${rule.methods.join(' or ')}`,
        );
      } else if (proposed !== undefined && typeof method === 'string' && !rule.methods.includes(method)) {
        fault(
          [...at, 'build', 'method'],
          `a component of kind ${kind} is built by method ${rule.methods.join(' or ')}, not ${method}`,
        );
      }
      const packages = fieldOf(component, 'packages');
      const byDebian = kind === 'apt-source' || (rule.methods.includes('debian') && method === 'debian');
      if (byDebian && packages === undefined) {
        fault([...at, 'packages'], 'is missing; it names the built packages that become part of the set');
      } else if (!byDebian && packages !== undefined) {
        const instead =
          kind === 'apt-binary'
            ? '"source.packages" names them'
            : build === undefined
              ? 'the packages come from the component that it is within'
              : 'its template, or its extension.json, names the package';
        fault([...at, 'packages'], `is only allowed with method debian; here ${instead}`, 'key');
      }
    }
  },

  function treesAreDescribedOnce(data, fault) {
    for (const [name, component] of Object.entries(fieldsOf(fieldOf(data, 'components')))) {
      const build = fieldsOf(fieldOf(component, 'build'));
      if (build['as'] === undefined || build['template'] === undefined) continue;
      fault(
        ['components', name, 'build', 'as'],
        'contradicts "template": Lockstep does not inspect the tree that a template packages',
        'key',
      );
    }
  },

  function gitNamesOneThing(data, fault) {
    for (const [name, component] of Object.entries(fieldsOf(fieldOf(data, 'components')))) {
      const source = fieldsOf(fieldOf(component, 'source'));
      if (source['kind'] !== 'git') continue;
      const at = ['components', name, 'source'];
      const named = ['version', 'tag', 'branch', 'commit'].filter((key) => source[key] !== undefined);
      if (named.length === 0) {
        fault([...at, 'version'], 'is missing: one of "version", "tag", "branch" and "commit" is required');
      }
      for (const key of named.slice(1)) {
        fault([...at, key], `contradicts "${named[0]!}": only one of them is allowed`, 'key');
      }
      if (source['tags'] !== undefined && source['version'] === undefined) {
        fault(
          [...at, 'tags'],
          'is only allowed with "version": it selects the tags that are versions',
          'key',
        );
      }
    }
  },

  function tarballsAreVouchedFor(data, fault) {
    for (const [name, component] of Object.entries(fieldsOf(fieldOf(data, 'components')))) {
      const source = fieldsOf(fieldOf(component, 'source'));
      if (source['kind'] !== 'tarball') continue;
      const at = ['components', name, 'source'];
      const { version, url, listing, sha256, signature, signedBy } = source;
      if (typeof version !== 'string' || typeof url !== 'string') continue;
      const isOne = /^[0-9][0-9A-Za-z.+~-]*$/.test(version);
      if (sha256 === undefined && signedBy === undefined) {
        fault(
          [...at, 'sha256'],
          'is missing: "sha256", or "signature" and "signedBy", is required to verify the tarball',
        );
      }
      if ((signature === undefined) !== (signedBy === undefined)) {
        fault(
          [...at, signature === undefined ? 'signature' : 'signedBy'],
          'is missing: "signature" gives the address of the signature, "signedBy" the trusted keys',
        );
      }
      if (sha256 !== undefined && !isOne) {
        fault([...at, 'sha256'], `is the hash of a single tarball, but "version" is ${version}`, 'key');
      }
      if (!isOne && listing === undefined) {
        fault([...at, 'listing'], `is missing: it lists the available versions for ${version}`);
      }
      if (isOne && listing !== undefined) {
        fault([...at, 'listing'], `is not needed: "version" is only ${version}`, 'key');
      }
      for (const [key, value] of [
        ['url', url],
        ['signature', signature],
      ] as const) {
        if (!isOne && typeof value === 'string' && !value.includes('{version}')) {
          fault([...at, key], 'must contain {version} in place of the version');
        }
      }
      if (typeof listing === 'string' && listing.includes('{version}')) {
        fault([...at, 'listing'], 'is a single page: it cannot contain {version}');
      }
    }
  },

  function expiredKeysAreOfTheKeyring(data, fault) {
    for (const [name, component] of Object.entries(fieldsOf(fieldOf(data, 'components')))) {
      const { expiredKeys, signedBy } = fieldsOf(fieldOf(component, 'source'));
      if (!Array.isArray(expiredKeys)) continue;
      const at = ['components', name, 'source', 'expiredKeys'];
      if (signedBy === undefined) {
        fault(at, 'is only allowed with "signedBy", which is missing', 'key');
      }
      const before = new Set<string>();
      for (const [index, entry] of expiredKeys.entries()) {
        const fingerprint = fieldOf(entry, 'fingerprint');
        if (typeof fingerprint !== 'string') continue;
        if (before.has(fingerprint.toUpperCase())) fault([...at, index, 'fingerprint'], 'occurs twice');
        before.add(fingerprint.toUpperCase());
      }
    }
  },

  function requirementsAreOfOthers(data, fault) {
    const components = fieldsOf(fieldOf(data, 'components'));
    const names = Object.keys(components);
    for (const [name, component] of Object.entries(components)) {
      for (const other of Object.keys(fieldsOf(fieldOf(component, 'requires')))) {
        const at = ['components', name, 'requires', other];
        if (other === name) fault(at, 'is the component itself', 'key');
        else if (!names.includes(other)) {
          fault(at, unknownName('component', other, names, 'in this profile'), 'key');
        }
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
      else if (kind === 'apt-binary') fault(at, `"${target}" has no source tree: its kind is apt-binary`);
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
        `this list lacks the template "${own}" of the metapackage itself${didYouMean(own, templates)}`,
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
          // a path that only leads into a cycle is reported at the cycle
          if (next === start && !told.has(start)) {
            trail.forEach((name) => told.add(name));
            fault(
              ['components', start, 'source', 'component'],
              `is circular: ${[...trail, start].join(' is within ')}`,
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
      else if (other !== home) fault(path, `the package "${name}" already comes from ${other}`);
    };
    for (const [name, component] of Object.entries(fieldsOf(fieldOf(data, 'components')))) {
      const at = ['components', name];
      const home = `component ${name}`;
      textsOf(fieldOf(component, 'packages')).forEach((p, i) => claim(p, home, [...at, 'packages', i]));
      textsOf(fieldOf(component, 'source', 'packages')).forEach((p, i) =>
        claim(p, home, [...at, 'source', 'packages', i]),
      );
      claim(fieldOf(component, 'build', 'template'), home, [...at, 'build', 'template']);
      claim(extensionPackage(name, fieldOf(component, 'build')), home, [...at, 'build']);
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
