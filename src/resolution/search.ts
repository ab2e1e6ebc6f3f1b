/**
 * A search that reads trees on demand: a tree is read only when its option is about to be chosen. Until then,
 * the option is assumed to demand nothing and to supply anything, so the first decision is never worse than
 * the final one. Each tree that is read makes the problem more exact, until every chosen tree is read.
 */
import { LockstepError } from '../errors.js';
import { conflictError } from './conflict-error.js';
import { explainConflict, type ConflictExplanation } from './explain-conflict.js';
import type { Clause, Problem, Variable } from './problem.js';
import { solve } from './solver.js';

export interface Search {
  variables: readonly Variable[];
  lead: string;
  /** What is known by now. */
  clauses: () => readonly Clause[];
  /** Reads the trees of some options, side by side; `clauses` knows them afterwards. */
  load: (wanted: readonly (readonly [component: string, option: number])[]) => Promise<void>;
}

export type SearchResult =
  | { kind: 'found'; chosen: Map<string, number> }
  | { kind: 'conflict'; conflict: ConflictExplanation; error: LockstepError };

/** How often trees out of the ranges are read to say which version would help, and how many of them. */
const mostRounds = 8;
const mostLooks = 60;

/**
 * The newest combination that fits: the lead's newest version first, then the others' by name.
 * @throws what `load` throws
 */
export async function search({ variables, lead, clauses, load }: Search): Promise<SearchResult> {
  const known = new Set<string>();
  const keyOf = (component: string, option: number): string => `${component} ${option}`;
  const unread = (chosen: Iterable<[string, number]>): [string, number][] =>
    [...chosen].filter(([component, option]) => !known.has(keyOf(component, option)));
  const read = async (wanted: readonly [string, number][]): Promise<void> => {
    await load(wanted);
    for (const [component, option] of wanted) known.add(keyOf(component, option));
  };
  const problem = (): Problem => ({ variables, lead, clauses: clauses() });

  for (;;) {
    const decision = solve(problem());
    if (decision.kind === 'conflict') break;
    const wanted = unread(decision.chosen);
    if (wanted.length === 0) return { kind: 'found', chosen: decision.chosen };
    await read(wanted);
  }

  let looks = 0;
  for (let round = 0; ; round++) {
    const conflict = explainConflict(problem(), (component, option) => known.has(keyOf(component, option)));
    const told = { kind: 'conflict', conflict, error: conflictError(conflict) } as const;
    const helpful = new Map(
      conflict.contradictions
        .flatMap(({ helps }) => helps.flatMap(({ chosen }) => unread(Object.entries(chosen))))
        .map((wanted) => [keyOf(...wanted), wanted]),
    );
    looks += helpful.size;
    if (helpful.size === 0 || round === mostRounds || looks > mostLooks) return told;
    try {
      await read([...helpful.values()]);
    } catch (error) {
      // What only might help must not hide what is known to be wrong
      if (error instanceof LockstepError && error.code !== 'INTERRUPTED') return told;
      throw error;
    }
  }
}
