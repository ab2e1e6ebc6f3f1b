/**
 * The table of demands for a set of chosen versions: who demands what from whom. It applies the same rules as the
 * clauses of facts.ts, for people. Pure.
 */
import type { Declared, Demand } from '../source/declared.js';
import { byText } from '../io/keyed.js';
import { isInstalled, platformOffer, profileDemand, whatElse } from './offers.js';
import { sameThings, Supplies, suppliesIn, type FactsInput } from './supplies.js';
import type { DemandRow } from './demand-shape.js';

type Answer = Pick<DemandRow, 'suppliedBy' | 'version' | 'met' | 'note'>;

/**
 * @param chosen by component, for components with their own options; options whose trees were not read demand nothing
 * here
 * @throws LockstepError PROFILE_INVALID if a constraint of `requires` is invalid
 */
export function demandTable(input: FactsInput, chosen: ReadonlyMap<string, number>): DemandRow[] {
  const book = new Supplies(input.variables, input.facts, input.within);
  const trees = new Map(
    [...chosen].map(([component, option]) => [component, book.factsOf(component, option)?.declared ?? []]),
  );
  const rows = [...chosen].flatMap(([root, option]) => {
    const barred = book.factsOf(root, option)?.barred;
    const rowsOfTree = (trees.get(root) ?? []).flatMap(({ component, demands }) =>
      demands.map((demand) => rowOf(component, demand, answer(root, demand, trees, input, book))),
    );
    if (barred === undefined) return rowsOfTree;
    const none = { suppliedBy: null, version: null, met: false, note: barred.instead };
    return [rowOf(root, barred.demand, none), ...rowsOfTree];
  });
  return [...rows, ...profileRows(input, chosen, book)].sort(byPlace);
}

function rowOf(
  component: string,
  { by, thing, constraint, file, field }: Demand,
  answered: Answer,
): DemandRow {
  return { component, by, demands: thing, constraint, ...answered, file, field };
}

function byPlace(a: DemandRow, b: DemandRow): number {
  const keyOf = ({ component, file, demands, by, constraint }: DemandRow): string =>
    [component, file, by, demands, constraint].join('\n');
  return byText(keyOf(a), keyOf(b));
}

type Trees = ReadonlyMap<string, readonly Declared[]>;

function answer(root: string, demand: Demand, trees: Trees, input: FactsInput, book: Supplies): Answer {
  const { thing, constraint } = demand;
  const offer = platformOffer(thing, constraint, input.platform, book.constraints);
  if (offer !== null) {
    const { met, version, note, instead } = offer;
    const suppliedBy = met || version !== null ? input.platform.base : null;
    return { suppliedBy, version, met, note: met ? note : instead };
  }
  const own = trees.get(root) ?? [];
  const others = [...trees].flatMap(([name, declared]) => (name === root ? [] : declared));
  return thing.startsWith('library/')
    ? libraryAnswer(demand, own, others, book)
    : componentAnswer(demand, own, others, book, constraint);
}

/**
 * The component of the set that is the demanded thing itself. One that fits takes precedence over one that does not.
 */
function componentAnswer(
  demand: Demand,
  own: readonly Declared[],
  others: readonly Declared[],
  book: Supplies,
  constraint: string,
): Answer {
  const found = suppliesIn([...own, ...others], sameThings(demand.thing), 'itself');
  const best = found.find(({ supply }) => book.constraints.allow(constraint, supply.version)) ?? found[0];
  if (best === undefined) return unmet(whatElse(demand, book));
  return supplied(best, book.constraints.allow(constraint, best.supply.version));
}

type Found = ReturnType<typeof suppliesIn>[number];

function supplied({ component, supply }: Found, met: boolean): Answer {
  const note = met || supply.version !== null ? null : 'it names no version';
  return { suppliedBy: component, version: supply.version, met, note };
}

function unmet(note: string | null): Answer {
  return { suppliedBy: null, version: null, met: false, note };
}

/** As in {@link clausesOf}: the library itself, otherwise the tree's own copy, otherwise any other copy. */
function libraryAnswer(
  demand: Demand,
  own: readonly Declared[],
  others: readonly Declared[],
  book: Supplies,
): Answer {
  const things = [demand.thing];
  const fits = ({ supply }: Found): boolean => book.constraints.allow(demand.constraint, supply.version);
  const itself = suppliesIn([...own, ...others], things, 'itself');
  const misfit = itself.find((one) => !fits(one));
  const best = misfit ?? itself[0];
  if (best !== undefined) return supplied(best, misfit === undefined);
  const copies = suppliesIn(own, things, 'bundled');
  const copy = copies.find(fits) ?? copies[0];
  const isOptional = demand.ifSupplied === true;
  if (copy !== undefined && (fits(copy) || isInstalled(demand))) return supplied(copy, true);
  if (copy !== undefined && isOptional) return supplied(copy, false);
  const another = isOptional ? undefined : suppliesIn(others, things, 'bundled').find(fits);
  if (another !== undefined) return supplied(another, true);
  if (copy !== undefined) return supplied(copy, false);
  if (isOptional) return { suppliedBy: null, version: null, met: true, note: 'not in the set' };
  return unmet('nothing in the set provides it');
}

function profileRows(
  { requires, profileFile }: FactsInput,
  chosen: ReadonlyMap<string, number>,
  book: Supplies,
): DemandRow[] {
  return Object.entries(requires).flatMap(([component, wanted]) =>
    Object.entries(wanted).flatMap(([other, constraint]): DemandRow[] => {
      if (!chosen.has(book.rootOf(component))) return [];
      const demand = profileDemand(component, other, constraint, profileFile);
      const option = chosen.get(book.rootOf(other));
      if (option === undefined)
        return [rowOf(component, demand, unmet(`the profile has no component ${other}`))];
      const version = book.versionOf(other, option) ?? null;
      const met = book.constraints.allow(constraint, version);
      return [rowOf(component, demand, { suppliedBy: other, version, met, note: null })];
    }),
  );
}
