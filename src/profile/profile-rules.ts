/**
 * Rules that the schemas cannot express: references between fields and files, cycles, duplicate names. Pure
 * rules over the data as written, with any structure, so that their faults are reported together with the
 * faults of the schema.
 */
import { baseReleases } from './base-release.js';
import { fieldsOf, valueAt, type Fault, type Rule } from './faults.js';
import { didYouMean } from './nearest.js';
import { slugPattern } from './names.js';
import { builtBy } from './source-schema.js';
import type { FieldPath } from './yaml-file.js';

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** A rule about each component; the paths of its faults begin at the component. */
export function ofEachComponent(
  rule: (component: unknown, fault: Fault, name: string, components: Record<string, unknown>) => void,
): Rule {
  return (data, fault) => {
    const components = fieldsOf(valueAt(data, ['components']));
    for (const [name, component] of Object.entries(components)) {
      rule(component, below(['components', name], fault), name, components);
    }
  };
}

/** A rule about each source; the paths of its faults begin at the source. */
function ofEachSource(rule: (source: Record<string, unknown>, fault: Fault) => void): Rule {
  return ofEachComponent((component, fault) => {
    rule(fieldsOf(valueAt(component, ['source'])), below(['source'], fault));
  });
}

function below(at: FieldPath, fault: Fault): Fault {
  return (path, message, part) => fault([...at, ...path], message, part);
}

/** Names of one sort that a file may refer to. */
interface Known {
  what: string;
  names: readonly string[];
  where: string;
}

const inProfile = (components: unknown): Known => ({
  what: 'component',
  names: Object.keys(fieldsOf(components)),
  where: 'in this profile',
});

function refuseUnknown(name: unknown, { what, names, where }: Known, tell: (message: string) => void): void {
  if (typeof name !== 'string' || names.includes(name)) return;
  const list = names.length === 0 ? 'none exists' : `available: ${names.join(', ')}`;
  tell(`no ${what} "${name}" ${where}${didYouMean(name, names) || ';'} ${list}`);
}

/** The same word twice in a list. */
function noRepeats(data: unknown, path: FieldPath, fault: Fault): void {
  textsOf(valueAt(data, path)).forEach((word, index, words) => {
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
      const written = valueAt(data, ['trustLevels']);
      const names = written === undefined ? ['unstable', 'stable'] : textsOf(written);
      const levels = { what: 'trust level', names, where: 'in trustLevels' };
      const profiles = { what: 'profile', names: profileNames, where: 'in profiles/' };
      const refuse = (path: FieldPath, known: Known): void =>
        refuseUnknown(valueAt(data, path), known, (message) => fault(path, message));
      refuse(['signedSources'], levels);
      for (const suite of Object.keys(fieldsOf(valueAt(data, ['suites'])))) {
        refuse(['suites', suite, 'profile'], profiles);
        refuse(['suites', suite, 'trust'], levels);
      }
    },
  ];
}

function baseIsOneRelease(data: unknown, fault: Fault): void {
  const { release, codename } = fieldsOf(valueAt(data, ['base']));
  const known = baseReleases.find((base) => base.release === release);
  if (known !== undefined && typeof codename === 'string' && known.codename !== codename) {
    fault(
      ['base', 'codename'],
      `the codename of Debian ${known.release} is ${known.codename}, not ${codename}`,
    );
  }
}

function noRepeatsInLists(data: unknown, fault: Fault): void {
  noRepeats(data, ['base', 'architectures'], fault);
  noRepeats(data, ['metapackage', 'templates'], fault);
  noRepeats(data, ['metapackage', 'database', 'paths'], fault);
  for (const name of Object.keys(fieldsOf(valueAt(data, ['components'])))) {
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

const componentsFitTheirKind = ofEachComponent((component, fault) => {
  const kind = valueAt(component, ['source', 'kind']);
  if (typeof kind !== 'string' || !Object.hasOwn(builtBy, kind)) return;
  const { methods, mayStayUnbuilt } = builtBy[kind as keyof typeof builtBy];
  const { build, packages } = fieldsOf(component);
  const method = valueAt(build, ['method']);
  const isBuilt = methods.length > 0;
  const byMethods = `a component of kind ${kind} is built by method ${methods.join(' or ')}`;
  if (!isBuilt && build !== undefined) {
    fault(['build'], `a component of kind ${kind} is not built: remove "build"`, 'key');
  } else if (isBuilt && build === undefined && mayStayUnbuilt !== true) {
    fault(['build'], `is missing; ${byMethods}`);
  } else if (isBuilt && typeof method === 'string' && !methods.includes(method)) {
    fault(['build', 'method'], `${byMethods}, not ${method}`);
  }
  const byDebian = kind === 'apt-source' || (methods.includes('debian') && method === 'debian');
  if (byDebian && packages === undefined) {
    fault(['packages'], 'is missing; it names the built packages that become part of the set');
  } else if (!byDebian && packages !== undefined) {
    const instead =
      kind === 'apt-binary'
        ? '"source.packages" names them'
        : build === undefined
          ? 'the packages come from the component that it is within'
          : 'its template, or its extension.json, names the package';
    fault(['packages'], `is only allowed with method debian; here ${instead}`, 'key');
  }
});

const treesAreDescribedOnce = ofEachComponent((component, fault) => {
  const build = fieldsOf(valueAt(component, ['build']));
  if (build['as'] === undefined || build['template'] === undefined) return;
  const why = 'contradicts "template": Lockstep does not inspect the tree that a template packages';
  fault(['build', 'as'], why, 'key');
});

const gitNamesOneThing = ofEachSource((source, fault) => {
  if (source['kind'] !== 'git') return;
  const [first, ...more] = ['version', 'tag', 'branch', 'commit'].filter((key) => source[key] !== undefined);
  if (first === undefined) {
    fault(['version'], 'is missing: one of "version", "tag", "branch" and "commit" is required');
  }
  for (const key of more) fault([key], `contradicts "${first!}": only one of them is allowed`, 'key');
  if (source['tags'] !== undefined && source['version'] === undefined) {
    fault(['tags'], 'is only allowed with "version": it selects the tags that are versions', 'key');
  }
});

const tarballsAreVouchedFor = ofEachSource((source, fault) => {
  const { kind, version, url, listing, sha256, signature, signedBy } = source;
  if (kind !== 'tarball' || typeof version !== 'string' || typeof url !== 'string') return;
  const isOne = /^[0-9][0-9A-Za-z.+~-]*$/.test(version);
  if (sha256 === undefined && signedBy === undefined) {
    const ways = '"sha256", or "signature" and "signedBy", is required to verify the tarball';
    fault(['sha256'], `is missing: ${ways}`);
  }
  if ((signature === undefined) !== (signedBy === undefined)) {
    const both = '"signature" gives the address of the signature, "signedBy" the trusted keys';
    fault([signature === undefined ? 'signature' : 'signedBy'], `is missing: ${both}`);
  }
  if (isOne) {
    if (listing !== undefined) fault(['listing'], `is not needed: "version" is only ${version}`, 'key');
  } else {
    if (sha256 !== undefined) {
      fault(['sha256'], `is the hash of a single tarball, but "version" is ${version}`, 'key');
    }
    if (listing === undefined) {
      fault(['listing'], `is missing: it lists the available versions for ${version}`);
    }
    for (const key of ['url', 'signature']) {
      const address = source[key];
      if (typeof address !== 'string' || address.includes('{version}')) continue;
      fault([key], 'must contain {version} in place of the version');
    }
  }
  if (typeof listing === 'string' && listing.includes('{version}')) {
    fault(['listing'], 'is a single page: it cannot contain {version}');
  }
});

const expiredKeysAreOfTheKeyring = ofEachSource(({ expiredKeys, signedBy }, fault) => {
  if (!Array.isArray(expiredKeys)) return;
  if (signedBy === undefined) {
    fault(['expiredKeys'], 'is only allowed with "signedBy", which is missing', 'key');
  }
  const before = new Set<string>();
  for (const [index, entry] of expiredKeys.entries()) {
    const fingerprint = valueAt(entry, ['fingerprint']);
    if (typeof fingerprint !== 'string') continue;
    const upper = fingerprint.toUpperCase();
    if (before.has(upper)) fault(['expiredKeys', index, 'fingerprint'], 'occurs twice');
    before.add(upper);
  }
});

const requirementsAreOfOthers = ofEachComponent((component, fault, name, components) => {
  for (const other of Object.keys(fieldsOf(valueAt(component, ['requires'])))) {
    const tell = (message: string): void => fault(['requires', other], message, 'key');
    if (other === name) tell('is the component itself');
    else refuseUnknown(other, inProfile(components), tell);
  }
});

const parentsAreKnown = ofEachComponent((component, fault, _name, components) => {
  const target = valueAt(component, ['source', 'component']);
  const tell = (message: string): void => fault(['source', 'component'], message);
  refuseUnknown(target, inProfile(components), tell);
  if (typeof target !== 'string' || valueAt(components, [target, 'source', 'kind']) !== 'apt-binary') return;
  tell(`"${target}" has no source tree: its kind is apt-binary`);
});

/** Rules of a profile. */
export const profileRules: Rule[] = [
  baseIsOneRelease,
  noRepeatsInLists,
  componentsFitTheirKind,
  treesAreDescribedOnce,
  gitNamesOneThing,
  tarballsAreVouchedFor,
  expiredKeysAreOfTheKeyring,
  requirementsAreOfOthers,
  parentsAreKnown,

  function metapackageNamesKnownThings(data, fault) {
    const known = inProfile(valueAt(data, ['components']));
    for (const field of [['lead'], ['database', 'component']]) {
      const path = ['metapackage', ...field];
      refuseUnknown(valueAt(data, path), known, (message) => fault(path, message));
    }
    const own = valueAt(data, ['metapackage', 'name']);
    const templates = textsOf(valueAt(data, ['metapackage', 'templates']));
    if (typeof own === 'string' && templates.length > 0 && !templates.includes(own)) {
      fault(
        ['metapackage', 'templates'],
        `this list lacks the template "${own}" of the metapackage itself${didYouMean(own, templates)}`,
      );
    }
  },

  function withinHasNoCycle(data, fault) {
    const components = fieldsOf(valueAt(data, ['components']));
    const parentOf = (name: string): string | undefined => {
      const parent = valueAt(components, [name, 'source', 'component']);
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
    const claimAll = (path: FieldPath, homeOf: (name: string) => string): void =>
      textsOf(valueAt(data, path)).forEach((name, index) => claim(name, homeOf(name), [...path, index]));
    for (const [name, component] of Object.entries(fieldsOf(valueAt(data, ['components'])))) {
      const at = ['components', name];
      const home = `component ${name}`;
      claimAll([...at, 'packages'], () => home);
      claimAll([...at, 'source', 'packages'], () => home);
      const build = valueAt(component, ['build']);
      claim(valueAt(build, ['template']), home, [...at, 'build', 'template']);
      claim(extensionPackage(name, build), home, [...at, 'build']);
    }
    claimAll(['metapackage', 'templates'], (name) => `template ${name}`);
  },
];

/** Whether a profile of that name can be a file of profiles/: it is part of a path. */
export function isProfileName(name: string): boolean {
  return slugPattern.test(name) && !name.includes('..');
}
