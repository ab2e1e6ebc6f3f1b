/**
 * Which packages of the base release a build root holds: everything Essential,
 * build-essential, what the source needs to build, and what all of these need.
 * Pure: indices in, packages out, the same every time. Fetching and installing
 * them is build-root.ts's.
 */
import { z } from 'zod';
import { StanzaIndex, type Stanza } from '../deb/deb822.js';
import { isPackageName } from '../deb/member-name.js';
import {
  appliesTo,
  formatAlternative,
  formatRelations,
  parseRelations,
  providesIt,
  relationsOf,
  satisfies,
  type Alternative,
  type RelationGroup,
} from '../deb/relation.js';
import { compareVersions } from '../deb/version.js';
import { LockstepError } from '../errors.js';

/** The Packages index of one suite, decompressed. */
export interface LoadedIndex {
  suite: string;
  packages: Buffer;
}

export const basePackage = z.object({
  name: z.string(),
  version: z.string(),
  architecture: z.string(),
  suite: z.string(),
  /** Below the root of the suite's archive. */
  filename: z.string(),
  size: z.number(),
  sha256: z.string(),
  /** Policy 3.8: dpkg takes it for granted, so it is installed first. */
  essential: z.boolean(),
  /** Verbatim from Packages. */
  stanza: z.string(),
});
/** One package of the build root. */
export type BasePackage = z.output<typeof basePackage>;

/** Policy 2.5; an unknown word sorts last. */
const priorities = ['required', 'important', 'standard', 'optional', 'extra'];

/**
 * The closure, sorted by name. For each name, the highest version of all suites is used. Of alternatives, one
 * that is already in the closure is used, otherwise the first that can be satisfied. A virtual package is
 * satisfied by the provider with the highest priority, then with the lowest name.
 * @throws LockstepError BUILD_ROOT when something cannot be satisfied, naming who needs it
 */
export function planClosure(
  indices: readonly LoadedIndex[],
  architecture: string,
  buildDepends: readonly RelationGroup[],
): BasePackage[] {
  const closure = new Closure(indices, architecture);
  for (const name of closure.essentialNames()) closure.take(name);
  closure.satisfy(parseRelations('build-essential'), 'a build root');
  closure.satisfy(buildDepends, 'the source package');
  return closure.packages();
}

interface Candidate {
  stanza: Stanza;
  version: string;
  suite: string;
}

class Closure {
  readonly #indices: readonly { index: StanzaIndex; suite: string; packages: Buffer }[];
  readonly #architecture: string;
  readonly #candidates = new Map<string, Candidate | null>();
  /** Taken packages, and those of them that provide a name. */
  readonly #taken = new Map<string, Candidate>();

  constructor(indices: readonly LoadedIndex[], architecture: string) {
    this.#architecture = architecture;
    this.#indices = indices.map(({ suite, packages }) => ({
      index: new StanzaIndex(packages, `Packages of ${suite}`),
      suite,
      packages,
    }));
  }

  /** Sorted names of the packages whose candidate is Essential. */
  essentialNames(): string[] {
    const mark = Buffer.from('\nEssential: yes\n');
    const names = new Set<string>();
    for (const { packages } of this.#indices) {
      for (let at = packages.indexOf(mark); at >= 0; at = packages.indexOf(mark, at + 1)) {
        const start = packages.lastIndexOf('\n\n', at);
        const name = /^Package:[ \t]*(\S+)/m.exec(packages.toString('utf8', Math.max(start, 0), at))?.[1];
        if (name !== undefined && isPackageName(name)) names.add(name);
      }
    }
    return [...names]
      .filter((name) => this.#candidate(name)?.stanza.get('Essential') === 'yes')
      .sort((a, b) => (a < b ? -1 : 1));
  }

  /** Takes a package and everything it needs, breadth first. */
  take(name: string): void {
    const queue = [name];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const candidate = this.#candidate(next);
      if (candidate === null || this.#taken.has(next)) continue;
      this.#taken.set(next, candidate);
      for (const field of ['Pre-Depends', 'Depends']) {
        const relations = relationsOf(candidate.stanza, field);
        queue.push(...this.#chosen(relations, next));
      }
    }
  }

  satisfy(relations: readonly RelationGroup[], wantedBy: string): void {
    // One after the other: what an earlier one brought in is preferred by a later one
    for (const group of relations) for (const name of this.#chosen([group], wantedBy)) this.take(name);
  }

  packages(): BasePackage[] {
    return [...this.#taken]
      .map(([name, { stanza, version, suite }]) => ({
        name,
        version,
        architecture: stanza.require('Architecture'),
        suite,
        filename: stanza.require('Filename'),
        size: Number(stanza.require('Size')),
        sha256: stanza.require('SHA256').toLowerCase(),
        essential: stanza.get('Essential') === 'yes',
        stanza: stanza.text(),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** For each relation that counts here, the package to take (none where one is taken already). */
  #chosen(relations: readonly RelationGroup[], wantedBy: string): string[] {
    return relations.flatMap((group) => {
      const here = group.filter((one) => appliesTo(one, this.#architecture));
      if (here.length === 0 || here.some((one) => this.#isTaken(one))) return [];
      for (const alternative of here) {
        const name = this.#whoSatisfies(alternative);
        if (name !== null) return [name];
      }
      throw this.#unsatisfiable(here, wantedBy);
    });
  }

  #isTaken(alternative: Alternative): boolean {
    if (!this.#isForHere(alternative)) return false;
    const taken = this.#taken.get(alternative.package);
    if (taken !== undefined && satisfies(alternative, taken.version)) return true;
    return this.#providers(alternative).some((name) => this.#taken.has(name));
  }

  #whoSatisfies(alternative: Alternative): string | null {
    if (!this.#isForHere(alternative)) return null;
    const real = this.#candidate(alternative.package);
    if (real !== null && satisfies(alternative, real.version)) return alternative.package;
    return this.#providers(alternative)[0] ?? null;
  }

  /** `perl:any` and `gcc:native` are the build's own; another architecture's package cannot be installed here. */
  #isForHere({ qualifier }: Alternative): boolean {
    return qualifier === null || ['any', 'native', 'all', this.#architecture].includes(qualifier);
  }

  /** Packages whose candidate provides what is wanted, the preferred one first. */
  #providers(alternative: Alternative): string[] {
    const names = new Set(this.#indices.flatMap(({ index }) => index.providersOf(alternative.package)));
    return [...names]
      .flatMap((name) => {
        const candidate = this.#candidate(name);
        if (candidate === null || !providesIt(candidate.stanza, alternative)) return [];
        const rank = priorities.indexOf(candidate.stanza.get('Priority') ?? '');
        return [{ name, rank: rank < 0 ? priorities.length : rank }];
      })
      .sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1))
      .map(({ name }) => name);
  }

  /** The highest version that this architecture can install. */
  #candidate(name: string): Candidate | null {
    const known = this.#candidates.get(name);
    if (known !== undefined) return known;
    let best: Candidate | null = null;
    for (const { index, suite } of this.#indices) {
      for (const stanza of index.get(name)) {
        const architecture = stanza.require('Architecture');
        if (architecture !== 'all' && architecture !== this.#architecture) continue;
        const version = stanza.require('Version');
        if (best === null || compareVersions(version, best.version) > 0) best = { stanza, version, suite };
      }
    }
    this.#candidates.set(name, best);
    return best;
  }

  #unsatisfiable(group: RelationGroup, wantedBy: string): LockstepError {
    const there = group.map((one) => {
      const candidate = this.#candidate(one.package);
      return `${one.package}: ${candidate === null ? 'none' : candidate.version}`;
    });
    return new LockstepError('BUILD_ROOT', {
      message: `${wantedBy} needs ${formatRelations([group])}, which the base release does not provide (${there.join('; ')})`,
      hint: 'Change Build-Depends in packaging/<component>/debian/control, or the base of the profile.',
      where: group.map((one) => ({ path: 'Build-Depends', value: formatAlternative(one) })),
    });
  }
}
