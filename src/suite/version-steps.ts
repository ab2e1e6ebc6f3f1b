/**
 * What a move does to package versions: which change on machines that follow,
 * which leave the suite's listing, which stay installable by name. Pure.
 */
import { compareVersions } from '../deb/version.js';
import { byText } from '../io/keyed.js';
import type { SourceStep } from '../snapshot/source-steps.js';
import { highestVersions, type NamedVersion } from './highest-versions.js';

export type { NamedVersion } from './highest-versions.js';

/** A package that a machine gets in another version. Null: it is not in that snapshot. */
export type VersionStep = SourceStep;

/**
 * @param before packages of the snapshots that the suite lists now, those of the current one first
 * @param after the same after the move
 */
export function versionChanges(
  before: readonly (readonly NamedVersion[])[],
  after: readonly (readonly NamedVersion[])[],
) {
  // Architectures of one snapshot have one version, except for unchanged packages of the base
  const [old, next] = [highestVersions(before.slice(0, 1)), highestVersions(after.slice(0, 1))];
  const names = [...new Set([...old.keys(), ...next.keys()])].sort();
  const steps = names.flatMap((name): VersionStep[] => {
    const [from, to] = [old.get(name) ?? null, next.get(name) ?? null];
    return from === to ? [] : [{ package: name, from, to }];
  });
  const listed = after.flat();
  return {
    /** Between the two snapshots, by name. */
    steps,
    /** Listed before, but not after the move. */
    withdrawn: without(before.flat(), listed),
    /** Listed after the move in addition to those of the snapshot itself: `apt install package=version`. */
    installable: without(listed, after[0] ?? []),
  };
}

export type VersionChanges = ReturnType<typeof versionChanges>;

/** A package that goes to a lower version. */
export interface LowerStep extends VersionStep {
  from: string;
  to: string;
}

/** Those that go to a lower version, by name. */
export function lowerSteps(steps: readonly VersionStep[]): LowerStep[] {
  return steps.flatMap(({ package: name, from, to }) =>
    from !== null && to !== null && compareVersions(to, from) < 0 ? [{ package: name, from, to }] : [],
  );
}

/** Whether any package goes to a lower version. */
export function goesDown({ steps }: Pick<VersionChanges, 'steps'>): boolean {
  return lowerSteps(steps).length > 0;
}

/** `wiki 1.0-2 -> 1.0-1, ...`. */
export function lowerWords(steps: readonly LowerStep[]): string {
  const more = steps.length > mostNamed ? `, and ${steps.length - mostNamed} more` : '';
  const told = steps.slice(0, mostNamed).map(({ package: name, from, to }) => `${name} ${from} -> ${to}`);
  return told.join(', ') + more;
}

/** More names than this are counted. */
const mostNamed = 6;

/** Those that are not among `others`; each once, by name, the highest version first. */
function without(packages: readonly NamedVersion[], others: readonly NamedVersion[]): NamedVersion[] {
  const key = (one: NamedVersion): string => `${one.package} ${one.version}`;
  const left = new Map(packages.map((one) => [key(one), one]));
  for (const one of others) left.delete(key(one));
  return [...left.values()]
    .map(({ package: name, version }) => ({ package: name, version }))
    .sort((a, b) => byText(a.package, b.package) || compareVersions(b.version, a.version));
}
