/**
 * The demands of the trees as clauses for the search: an option with a demand can only be chosen together
 * with one that supplies it. Pure. demands.ts shows the same as a table; a property test compares the two.
 */
import type { Declared, Demand, Thing } from '../source/declared.js';
import { grouped } from '../io/keyed.js';
import { isInstalled, nameOfThing, platformOffer, profileDemand, whatElse } from './offers.js';
import type { Clause, Supplier } from './problem.js';
import { sameThings, Supplies, suppliesIn, type FactsInput, type OptionFacts } from './supplies.js';

export { demandTable } from './demands.js';
export type { FactsInput, OptionFacts } from './supplies.js';

/**
 * All clauses that follow from the known facts. An option whose tree was not read demands nothing. It supplies what
 * other options of its component supply, in its own version. If none of them was read, it supplies anything.
 * @throws LockstepError PROFILE_INVALID if a constraint of `requires` is invalid
 */
export function clausesOf(input: FactsInput): Clause[] {
  const book = new Supplies(input.variables, input.facts, input.within);
  const clauses = input.facts.flatMap((facts) => clausesOfOption(facts, input, book));
  return [...clauses, ...profileClauses(input, book)];
}

function clausesOfOption(facts: OptionFacts, { platform }: FactsInput, book: Supplies): Clause[] {
  const { component, option, barred, declared } = facts;
  const at = { component, option };
  if (barred !== undefined) return [{ ...at, demand: barred.demand, met: [], instead: barred.instead }];
  return declared.flatMap(({ demands }) =>
    demands.flatMap((demand): Clause[] => {
      const { thing, constraint } = demand;
      const offer = platformOffer(thing, constraint, platform, book.constraints);
      if (offer !== null) return offer.met ? [] : [{ ...at, demand, met: [], instead: offer.instead }];
      if (thing.startsWith('library/')) return libraryClauses(facts, demand, book);
      if (isMetAtHome(declared, sameThings(thing), constraint, book)) return [];
      const met = whoMeets(component, sameThings(thing), constraint, 'itself', book);
      return [{ ...at, demand, met, instead: met.length > 0 ? null : whatElse(demand, book) }];
    }),
  );
}

function isMetAtHome(
  declared: readonly Declared[],
  things: readonly Thing[],
  constraint: string,
  book: Supplies,
): boolean {
  return suppliesIn(declared, things, 'itself').some(({ supply }) =>
    book.constraints.allow(constraint, supply.version),
  );
}

/**
 * Options of other components that meet the demand, including options that may meet it because their trees were not
 * read.
 */
function whoMeets(
  component: string,
  things: readonly Thing[],
  constraint: string,
  which: 'itself' | 'bundled',
  book: Supplies,
): Supplier[] {
  return [...new Set([...book.suppliersOf(things, which), ...book.unread()])]
    .filter((other) => other !== component)
    .flatMap((other) => {
      const { good } = book.standing(other, things, constraint, which);
      return good.length === 0 ? [] : [{ component: other, options: good }];
    });
}

/**
 * A library: a component that is the library itself takes precedence over every copy in a vendor folder, and
 * must satisfy every demand on it. Otherwise the tree's own copy is used, then any other copy.
 */
function libraryClauses(facts: OptionFacts, demand: Demand, book: Supplies): Clause[] {
  const { component, option, declared } = facts;
  const { thing, constraint } = demand;
  const at = { component, option, demand };
  const things = [thing];
  const atHome = suppliesIn(declared, things, 'itself');
  const fits = ({ supply }: (typeof atHome)[number]): boolean =>
    book.constraints.allow(constraint, supply.version);
  const misfit = atHome.find((one) => !fits(one));
  if (misfit !== undefined)
    return [
      { ...at, met: [], instead: `${misfit.component} is ${misfit.supply.version ?? 'without a version'}` },
    ];

  const above = book.suppliersOf(things, 'itself').filter((other) => other !== component);
  const clauses = above.flatMap((other): Clause[] => {
    const { good, absent } = book.standing(other, things, constraint, 'itself');
    const options = [...good, ...absent].sort((a, b) => a - b);
    if (options.length === book.variable(other)?.options.length) return [];
    return [{ ...at, met: options.length === 0 ? [] : [{ component: other, options }], instead: null }];
  });
  const copies = suppliesIn(declared, things, 'bundled');
  const goodCopy = atHome.length > 0 || copies.some(fits);
  if (goodCopy || (demand.ifSupplied === true && (copies.length === 0 || isInstalled(demand))))
    return clauses;
  const met = whoMeets(component, things, constraint, 'itself', book);
  if (demand.ifSupplied !== true) met.push(...whoMeets(component, things, constraint, 'bundled', book));
  const own = copies[0]?.supply.version;
  const instead =
    own !== undefined
      ? `its own copy is ${own ?? 'without a version'}`
      : `nothing in the set provides ${nameOfThing(thing)}`;
  clauses.push({ ...at, met: merged(met), instead: met.length > 0 ? null : instead });
  return clauses;
}

function merged(suppliers: readonly Supplier[]): Supplier[] {
  return [...grouped(suppliers, ({ component }) => component)].map(([component, own]) => {
    const all = new Set(own.flatMap(({ options }) => options));
    return { component, options: [...all].sort((a, b) => a - b) };
  });
}

function profileClauses({ variables, requires, profileFile }: FactsInput, book: Supplies): Clause[] {
  return Object.entries(requires).flatMap(([component, wanted]) => {
    const root = book.rootOf(component);
    const count = variables.find((variable) => variable.component === root)?.options.length ?? 0;
    return Object.entries(wanted).flatMap(([other, constraint]) => {
      const demand = profileDemand(component, other, constraint, profileFile);
      const otherRoot = book.rootOf(other);
      const options = Array.from({ length: count }, (_, option) => option);
      if (otherRoot === root) {
        // Both components share one choice, so an option of it either satisfies the demand by itself or cannot be
        // chosen
        return options.flatMap((option): Clause[] => {
          const version = book.versionOf(other, option);
          if (version === undefined || book.constraints.allow(constraint, version)) return [];
          return [
            {
              component: root,
              option,
              demand,
              met: [],
              instead: `${other} is ${version ?? 'without a version'}`,
            },
          ];
        });
      }
      const variable = book.variable(otherRoot);
      const good = (variable?.options ?? []).flatMap((_, option) => {
        const version = book.versionOf(other, option);
        return version === undefined || book.constraints.allow(constraint, version) ? [option] : [];
      });
      if (variable !== undefined && good.length === variable.options.length) return [];
      const met = good.length === 0 ? [] : [{ component: otherRoot, options: good }];
      const instead = variable === undefined ? `the profile has no component ${other}` : null;
      return options.map((option): Clause => ({ component: root, option, demand, met, instead }));
    });
  });
}
