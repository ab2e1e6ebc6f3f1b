/**
 * Who supplies what: the trees that were read, and what may be guessed of the
 * versions whose trees were not. Pure.
 */
import { allows, compareComposer, parseConstraint, type ComposerConstraint } from '../source/composer.js';
import type { Declared, Demand, Platform, Supply, Thing } from '../source/declared.js';
import { grouped, remembered } from '../io/keyed.js';
import type { Variable } from './problem.js';

/** What is known of one option after its tree was read. */
export interface OptionFacts {
  component: string;
  option: number;
  /** The component itself and those within it. */
  declared: readonly Declared[];
  /** Why it cannot be taken at all: the demand it broke, and a sentence. */
  barred?: { demand: Demand; instead: string };
}

export interface FactsInput {
  variables: readonly Variable[];
  /** Of the options whose trees were read. */
  facts: readonly OptionFacts[];
  platform: Platform;
  /** The profile's own demands: by component, then by the component it demands. */
  requires: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** By component that is within another one: that one. */
  within: Readonly<Record<string, string>>;
  /** For messages. */
  profileFile: string;
}

/** Options of one component, by whether they supply what is asked for. */
export interface SupplySplit {
  /** They do, in a version that will do; or may, for all that is known. */
  good: readonly number[];
  /** They surely or probably do not supply it at all. */
  absent: readonly number[];
}

/** MediaWiki keeps extensions and skins in one list: either may be asked for as the other. */
export function sameThings(thing: Thing): readonly Thing[] {
  const name = /^(?:extension|skin)\/(.+)$/s.exec(thing)?.[1];
  return name === undefined ? [thing] : [`extension/${name}`, `skin/${name}`];
}

/** Supplies by what they are; a search asks thousands of times, of trees that stay the same. */
const indexed = new WeakMap<Declared, Map<Thing, Supply[]>>();

function indexOf(declared: Declared): Map<Thing, Supply[]> {
  return remembered(indexed, declared, () => grouped(declared.supplies, ({ thing }) => thing));
}

/** What these trees supply of some things: what is such a thing itself, or what only brings it along. */
export function suppliesIn(
  declared: readonly Declared[],
  things: readonly Thing[],
  which: 'itself' | 'bundled',
): { component: string; supply: Supply }[] {
  return declared.flatMap((one) =>
    things
      .flatMap((thing) => indexOf(one).get(thing) ?? [])
      .filter(({ bundled }) => (which === 'bundled') === (bundled === true))
      .map((supply) => ({ component: one.component, supply })),
  );
}

/** Parses each constraint, and answers each question, only once; an invalid constraint allows nothing. */
export class Constraints {
  readonly #read = new Map<string, ComposerConstraint | null>();
  readonly #answers = new Map<string, boolean>();

  /** @param version as written, by upstream or (with a tilde) after Debian's fashion; null meets `*` alone */
  allow(text: string, version: string | null): boolean {
    if (version === null) return text.trim() === '*';
    return remembered(this.#answers, `${text}\n${version}`, () => {
      const constraint = remembered(this.#read, text, () => parseConstraint(text));
      if (constraint === null) return false;
      // As MediaWiki does it: `*` takes a version that nobody can compare
      return text.trim() === '*' || allows(constraint, version.replace('~', '-'));
    });
  }
}

/** The book of all supplies. */
export class Supplies {
  readonly constraints = new Constraints();
  readonly #facts = new Map<string, Map<number, OptionFacts>>();
  readonly #standings = new Map<string, SupplySplit>();
  readonly #suppliers = new Map<Thing, { itself: Set<string>; bundled: Set<string> }>();

  constructor(
    private readonly variables: readonly Variable[],
    facts: readonly OptionFacts[],
    private readonly within: Readonly<Record<string, string>>,
  ) {
    for (const one of facts) {
      remembered(this.#facts, one.component, () => new Map<number, OptionFacts>()).set(one.option, one);
      for (const { thing, bundled } of one.declared.flatMap(({ supplies }) => supplies)) {
        const suppliers = remembered(this.#suppliers, thing, () => ({
          itself: new Set(),
          bundled: new Set(),
        }));
        suppliers[bundled === true ? 'bundled' : 'itself'].add(one.component);
      }
    }
  }

  /** The component with options that this one is within, or itself. */
  rootOf(component: string): string {
    const parent = Object.hasOwn(this.within, component) ? this.within[component] : undefined;
    return parent === undefined ? component : this.rootOf(parent);
  }

  variable(component: string): Variable | undefined {
    return this.variables.find((variable) => variable.component === component);
  }

  factsOf(component: string, option: number): OptionFacts | undefined {
    return this.#facts.get(component)?.get(option);
  }

  /** Components of which no tree was read: they may supply anything. */
  unread(): string[] {
    return this.variables.map(({ component }) => component).filter((name) => !this.#facts.has(name));
  }

  /** Components of which a tree that was read is this, or brings it along. */
  suppliersOf(things: readonly Thing[], which: 'itself' | 'bundled'): string[] {
    return [...new Set(things.flatMap((thing) => [...(this.#suppliers.get(thing)?.[which] ?? [])]))].sort();
  }

  /**
   * The version of a component, or of one within it, if that option of its root is chosen: the version of its
   * source, otherwise the version in its tree. Undefined if not known yet.
   */
  versionOf(component: string, option: number): string | null | undefined {
    const root = this.rootOf(component);
    const written = component === root ? this.variable(root)?.options[option]?.version : null;
    if (written !== null && written !== undefined) return written;
    const facts = this.factsOf(root, option);
    if (facts === undefined || facts.barred !== undefined) return undefined;
    return facts.declared.find((one) => one.component === component)?.version ?? null;
  }

  /** A tree that was read which only brings one of these along; of several the newest option's. */
  bundledIn(things: readonly Thing[]): { who: string; supply: Supply } | null {
    for (const component of this.suppliersOf(things, 'bundled')) {
      const options = [...(this.#facts.get(component)?.values() ?? [])].sort((a, b) => a.option - b.option);
      for (const { declared } of options) {
        const [found] = suppliesIn(declared, things, 'bundled');
        if (found === undefined) continue;
        const isMediaWiki = declared.some(
          (one) =>
            one.component === found.component && one.supplies.some(({ thing }) => thing === 'mediawiki'),
        );
        const version = declared.find((one) => one.component === found.component)?.version;
        return {
          who: `${isMediaWiki ? 'MediaWiki' : found.component} ${version ?? ''}`.trim(),
          supply: found.supply,
        };
      }
    }
    return null;
  }

  standing(
    component: string,
    things: readonly Thing[],
    constraint: string,
    which: 'itself' | 'bundled',
  ): SupplySplit {
    const key = JSON.stringify([component, things, constraint, which]);
    return remembered(this.#standings, key, () => this.#standing(component, things, constraint, which));
  }

  #standing(
    component: string,
    things: readonly Thing[],
    constraint: string,
    which: 'itself' | 'bundled',
  ): SupplySplit {
    const good: number[] = [];
    const absent: number[] = [];
    const options = this.variable(component)?.options ?? [];
    const guess = this.#guess(component, things, which);
    const isLibrary = which === 'itself' && things.some((thing) => thing.startsWith('library/'));
    options.forEach(({ version }, option) => {
      const facts = this.factsOf(component, option);
      if (facts === undefined) {
        if (guess === 'absent') absent.push(option);
        else if (guess === 'anything' || version === null || this.constraints.allow(constraint, version))
          good.push(option);
        return;
      }
      const found = suppliesIn(facts.declared, things, which);
      const fits = found.map(({ supply }) => this.constraints.allow(constraint, supply.version));
      if (found.length === 0) absent.push(option);
      // Of two that are the same library PHP loads one, and nobody knows which
      else if (isLibrary ? !fits.includes(false) : fits.includes(true)) good.push(option);
    });
    return { good, absent };
  }

  /**
   * What a version whose tree was not read supplies, by those of the same component that were: fetching each one
   * only to see that the tag `1.42.0` is MediaWiki 1.42.0 would take hours. What none of those that were read
   * supplies, the others are not hoped to: an extension that had another name in earlier versions is not found by it.
   */
  #guess(
    component: string,
    things: readonly Thing[],
    which: 'itself' | 'bundled',
  ): 'anything' | 'absent' | 'its own version' {
    const read = [...(this.#facts.get(component)?.values() ?? [])];
    const found = read.flatMap(({ option, declared }) =>
      suppliesIn(declared, things, which).map(({ supply }) => ({ option, version: supply.version })),
    );
    if (found.length === 0) {
      // A barred option's tree was read in part; libraries in vendor/ come and go
      const isOpen = read.every(({ barred }) => barred !== undefined) || which === 'bundled';
      return isOpen ? 'anything' : 'absent';
    }
    const options = this.variable(component)?.options ?? [];
    const follows = found.every(({ option, version }) => {
      const written = options[option]?.version ?? null;
      return version !== null && written !== null && compareComposer(version, written) === 0;
    });
    return follows && which === 'itself' ? 'its own version' : 'anything';
  }
}
