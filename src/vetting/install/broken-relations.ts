/**
 * Why a set cannot be installed, in sentences: walks what apt would have to
 * install and says which relation of which package nothing meets, or which two
 * packages exclude each other. Pure; the paragraphs are looked up by the caller.
 */
import { parseStanza, type Stanza } from '../../deb/deb822.js';
import {
  formatAlternative,
  formatRelations,
  providesIt,
  relationsOf,
  satisfies,
  type Alternative,
  type RelationGroup,
} from '../../deb/relation.js';
import { compareVersions } from '../../deb/version.js';
import { remembered } from '../../io/keyed.js';
import type { ArchSet } from './install-set.js';
import type { Machine } from './machine.js';

/** The base distribution, as far as explanations name it. */
export interface NamedBase {
  /** `Debian 12`. */
  name: string;
  suites: readonly string[];
}

/** All that apt could choose from. */
export interface World {
  set: ArchSet;
  base: NamedBase;
  /** Paragraphs of a name in the base. */
  lookUp: (name: string) => readonly Stanza[];
  /** Names of base packages that provide a virtual one. */
  providersOf: (name: string) => readonly string[];
  machine: Machine;
  /** Whether the set's versions win over higher ones, as they do under the keyring package's pin. */
  pinned: boolean;
}

/** One reason. */
export interface BreakReason {
  /** Whose relation it is. */
  package: string;
  /** The component of the set it belongs to; null for a package of the base. */
  component: string | null;
  /** `Depends`, `Pre-Depends`, `Conflicts`, `Breaks`. */
  field: string;
  relation: string;
  /** A sentence without a full stop. */
  message: string;
}

interface Known {
  name: string;
  version: string;
  stanza: Stanza;
  from: 'set' | 'base' | 'machine';
}

/** A package that apt would have to install, and for whose sake. */
interface Wanted {
  known: Known;
  by: Wanted | null;
}

/** The maximum number of reported reasons: one mistake may break fifty packages. */
const mostReasons = 8;
/** A guard against indices that are not a distribution. */
const mostPackages = 20_000;

/** The reasons, those of the set's own packages first; empty where the walk finds none. */
export function explain(world: World, roots: readonly string[]): BreakReason[] {
  const walk = new Walk(world);
  for (const name of roots) walk.want(name);
  const reasons = walk.missing.length > 0 ? walk.missing : walk.exclusions();
  const own = (reason: BreakReason): number => (reason.component === null ? 1 : 0);
  return [...reasons].sort((a, b) => own(a) - own(b)).slice(0, mostReasons);
}

class Walk {
  readonly missing: BreakReason[] = [];
  readonly #wanted = new Map<string, Wanted>();
  readonly #candidates = new Map<string, Known | null>();

  constructor(private readonly world: World) {}

  want(root: string): void {
    const first = this.#candidate(root);
    if (first === null || this.#wanted.has(root)) return;
    const waiting: Wanted[] = [{ known: first, by: null }];
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (this.#wanted.has(next.known.name) || this.#wanted.size > mostPackages) continue;
      this.#wanted.set(next.known.name, next);
      for (const field of ['Pre-Depends', 'Depends']) {
        for (const group of relationsOf(next.known.stanza, field)) {
          const chosen = this.#choose(group);
          if (chosen !== null) waiting.push({ known: chosen, by: next });
          else this.missing.push(this.#lacking(next, field, group));
        }
      }
    }
  }

  /** Pairs of what was walked over, or is on every machine, that exclude each other. */
  exclusions(): BreakReason[] {
    const found: BreakReason[] = [];
    const { machine, set } = this.world;
    const all = new Map<string, Known>();
    for (const name of machine.installed.keys()) {
      // A package that stays unchanged, or that apt may remove, is not a reason; an essential package is
      const known = this.#onMachine(name);
      if (known?.stanza.get('Essential') === 'yes' || known?.stanza.get('Important') === 'yes') {
        all.set(name, this.#candidate(name) ?? known);
      }
    }
    for (const [name, { known }] of this.#wanted) all.set(name, known);
    const providers = new Map<string, Known[]>();
    for (const known of all.values()) {
      for (const virtual of relationsOf(known.stanza, 'Provides').flat())
        remembered(providers, virtual.package, () => []).push(known);
    }
    for (const known of all.values()) {
      for (const field of ['Conflicts', 'Breaks']) {
        for (const one of relationsOf(known.stanza, field).flat()) {
          const real = all.get(one.package);
          const others = [
            ...(real !== undefined && satisfies(one, real.version) ? [real] : []),
            ...(one.constraint === null ? (providers.get(one.package) ?? []) : []),
          ].filter(({ name }) => name !== known.name);
          for (const other of others) found.push(this.#excluding(known, field, one, other));
        }
      }
    }
    // Two packages of the base that exclude each other are apt's to choose between
    return found.filter((reason) => reason.component !== null || this.#namesSet(reason, set));
  }

  #namesSet({ relation }: BreakReason, set: ArchSet): boolean {
    return set.byName.has(/^\S+/.exec(relation)?.[0] ?? '');
  }

  #excluding(known: Known, field: string, one: Alternative, other: Known): BreakReason {
    const verb = field === 'Conflicts' ? 'conflicts with' : 'breaks';
    const how =
      other.name === one.package
        ? `${other.name} ${other.version}`
        : `${other.name} ${other.version}, which provides it,`;
    return {
      ...this.#whose(known),
      field,
      relation: formatAlternative(one),
      message: `${this.#named(known)} ${verb} ${formatAlternative(one)}; ${how} ${this.#why(other)}`,
    };
  }

  /** Why a package is there. */
  #why(other: Known): string {
    const wanted = this.#wanted.get(other.name);
    if (wanted?.by != null) return `is needed by ${this.#chain(wanted.by)}`;
    if (wanted !== undefined) return 'is the package to install';
    return 'is on every machine';
  }

  #chain({ known, by }: Wanted): string {
    return by === null ? known.name : `${known.name}, needed by ${this.#chain(by)}`;
  }

  #lacking(wanted: Wanted, field: string, group: RelationGroup): BreakReason {
    const by = wanted.by === null ? '' : `, needed by ${this.#chain(wanted.by)},`;
    const relation = formatRelations([group]);
    const there = this.#insteadOf(group).join('; ');
    return {
      ...this.#whose(wanted.known),
      field,
      relation,
      message: `${this.#named(wanted.known)}${by} depends on ${relation}; ${there}`,
    };
  }

  /** What is available instead of the wanted package, as parts of a sentence. */
  #insteadOf(group: RelationGroup): string[] {
    const { base } = this.world;
    const unknown = group
      .map((one) => one.package)
      .filter((name) => this.#all(name).length === 0 && this.#providers(name).length === 0);
    const known = group.filter((one) => !unknown.includes(one.package)).map((one) => this.#instead(one));
    if (unknown.length === 0) return known;
    return [
      ...known,
      `there is no package ${unknown.join(' or ')} in ${base.name} (${shortSuites(base.suites)})`,
    ];
  }

  #instead(one: Alternative): string {
    const known = this.#all(one.package);
    if (known.length === 0) {
      const names = this.#providers(one.package).map(({ name, version }) => `${name} ${version}`);
      return `only ${names.join(', ')} provides ${one.package}, but not in a matching version`;
    }
    const fits = known.find(({ version }) => satisfies(one, version));
    const highest = this.#candidate(one.package)!;
    if (fits === undefined) return known.map((there) => this.#has(there)).join(', ');
    return `${this.#has(fits)}, but ${this.#has(highest)}, and apt takes the ${this.world.pinned ? "set's" : 'higher one'}`;
  }

  #has({ name, version, from }: Known): string {
    const who = from === 'set' ? 'the set' : from === 'base' ? this.world.base.name : 'the machine';
    return `${who} has ${name} ${version}`;
  }

  #named({ name, version, from }: Known): string {
    return `${name} ${version}${from === 'base' ? ` of ${this.world.base.name}` : ''}`;
  }

  #whose({ name, from }: Known): Pick<BreakReason, 'package' | 'component'> {
    const entry = from === 'set' ? this.world.set.byName.get(name) : undefined;
    return { package: name, component: entry?.component ?? null };
  }

  /** As apt does: the first available alternative, itself or by a provider. */
  #choose(group: RelationGroup): Known | null {
    for (const one of group) {
      const real = this.#candidate(one.package);
      if (real !== null && satisfies(one, real.version)) return real;
      for (const provider of this.#providers(one.package)) {
        if (providesIt(provider.stanza, one)) return provider;
      }
    }
    return null;
  }

  #providers(name: string): Known[] {
    const { set } = this.world;
    const own = set.packages
      .map((entry) => entry.package)
      .filter((entry) =>
        relationsOf(set.stanzaOf(entry)!, 'Provides').some(([first]) => first?.package === name),
      );
    const names = [...new Set([...own, ...this.world.providersOf(name)])];
    return names.flatMap((provider) => {
      const known = this.#candidate(provider);
      const provides = known === null ? [] : relationsOf(known.stanza, 'Provides').flat();
      return known !== null && provides.some((one) => one.package === name) ? [known] : [];
    });
  }

  #all(name: string): Known[] {
    const { set, lookUp } = this.world;
    const found: Known[] = [];
    const own = set.stanzaOf(name);
    if (own !== undefined) found.push({ name, version: own.require('Version'), stanza: own, from: 'set' });
    for (const stanza of lookUp(name)) {
      const version = stanza.require('Version');
      if (!found.some((one) => one.version === version)) found.push({ name, version, stanza, from: 'base' });
    }
    const there = this.#onMachine(name);
    if (there !== null && !found.some((one) => one.version === there.version)) found.push(there);
    return found;
  }

  #onMachine(name: string): Known | null {
    const { machine, lookUp } = this.world;
    const there = machine.installed.get(name);
    if (there === undefined) return null;
    const { version } = there;
    const stanza =
      there.stanza === undefined
        ? lookUp(name).find((one) => one.get('Version') === version)
        : parseStanza(there.stanza, { file: `${name} ${version}` });
    return stanza === undefined ? null : { name, version, stanza, from: 'machine' };
  }

  /** The version that apt would take. */
  #candidate(name: string): Known | null {
    return remembered(this.#candidates, name, () => {
      const all = this.#all(name);
      const own = this.world.pinned ? all.find(({ from }) => from === 'set') : undefined;
      return own ?? all.toSorted((a, b) => compareVersions(b.version, a.version))[0] ?? null;
    });
  }
}

/** `bookworm, -updates, -security`. */
function shortSuites(suites: readonly string[]): string {
  const [first = '', ...others] = suites;
  return [
    first,
    ...others.map((name) => (name.startsWith(`${first}-`) ? name.slice(first.length) : name)),
  ].join(', ');
}
