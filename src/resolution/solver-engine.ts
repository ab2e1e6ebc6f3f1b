/**
 * A small engine of propositional search: clauses over literals, unit
 * propagation with watched literals, learned clauses, back-jumping. It knows
 * nothing of components; what its literals mean is solver-encoding.ts.
 *
 * Decisions follow the order that the caller gives, without a score: so the first solution is the first one
 * in that order, and the same problem always has the same answer.
 */

/** Twice the number of a variable where it is true, and one more where it is false. */
export type Literal = number;

/** The opposite of a literal. */
export function not(literal: Literal): Literal {
  return literal ^ 1;
}

export type Outcome =
  | { kind: 'found' }
  /** `core`: those of the assumptions that cannot hold together; empty where nothing can hold at all. */
  | { kind: 'none'; core: Literal[] };

/** Why a variable has its value: a clause of which it is the last hope, or the one literal that implies it. */
type Reason = readonly Literal[] | Literal | null;

export class Engine {
  /** How many literals were propagated, and how often that ended in a contradiction: the work done, for tests and limits. */
  steps = 0;
  conflicts = 0;

  /** By literal: 1 true, -1 false, 0 open. */
  readonly #values: number[] = [];
  readonly #levels: number[] = [];
  readonly #reasons: Reason[] = [];
  readonly #seen: boolean[] = [];
  /** By literal: clauses to look at when it becomes false. */
  readonly #watches: Literal[][][] = [];
  /** By literal: what must be true when it is. */
  readonly #implied: Literal[][] = [];
  /** By variable: those of which at most one is true, itself among them. */
  readonly #rivals: (readonly Literal[] | null)[] = [];
  readonly #trail: Literal[] = [];
  /** By level: where on the trail it begins. */
  readonly #begins: number[] = [];
  #next = 0;
  #contradictory = false;

  /** A new variable, as the literal that says it is true. */
  add(): Literal {
    const literal = this.#values.length;
    this.#values.push(0, 0);
    this.#watches.push([], []);
    this.#implied.push([], []);
    this.#levels.push(0);
    this.#reasons.push(null);
    this.#seen.push(false);
    this.#rivals.push(null);
    return literal;
  }

  /** At most one of these positive literals is true. A literal may be in one such group. */
  atMostOne(literals: readonly Literal[]): void {
    for (const literal of literals) this.#rivals[literal >> 1] = literals;
  }

  /** One of these is true. */
  clause(literals: readonly Literal[]): void {
    this.#backTo(0);
    const kept: Literal[] = [];
    for (const literal of literals) {
      const value = this.#values[literal]!;
      // It holds already, whatever becomes of the rest
      if (value === 1 || kept.includes(not(literal))) return;
      if (value === 0 && !kept.includes(literal)) kept.push(literal);
    }
    const [first, second] = kept;
    if (first === undefined) this.#contradictory = true;
    else if (second === undefined) this.#set(first, null);
    else this.#attach(kept);
  }

  /** Whether a literal is true in the solution that was found. */
  isTrue(literal: Literal): boolean {
    return this.#values[literal] === 1;
  }

  /**
   * Looks for values with which every clause holds.
   * @param order rows of literals of which one is true in each: rows are decided in turn, each by its first open literal
   * @param assumptions literals that are to hold
   */
  solve(order: readonly (readonly Literal[])[], assumptions: readonly Literal[] = []): Outcome {
    this.#backTo(0);
    for (;;) {
      const conflict = this.#contradictory ? [] : this.#propagate();
      if (conflict !== null) {
        this.conflicts++;
        if (this.#begins.length === 0) {
          this.#contradictory = true;
          return { kind: 'none', core: [] };
        }
        this.#learn(conflict);
        continue;
      }
      const level = this.#begins.length;
      if (level < assumptions.length) {
        const assumed = assumptions[level]!;
        if (this.#values[assumed] === -1) return { kind: 'none', core: this.#coreOf(assumed) };
        this.#begins.push(this.#trail.length);
        if (this.#values[assumed] === 0) this.#set(assumed, null);
        continue;
      }
      const decision = this.#decision(order);
      if (decision === undefined) return { kind: 'found' };
      this.#begins.push(this.#trail.length);
      this.#set(decision, null);
    }
  }

  #decision(order: readonly (readonly Literal[])[]): Literal | undefined {
    for (const row of order) {
      const first = row.find((literal) => this.#values[literal] !== -1);
      // If one literal of a row is true, the others are false, so the first that is not false decides
      if (first !== undefined && this.#values[first] === 0) return first;
    }
    return undefined;
  }

  #attach(clause: Literal[]): void {
    if (clause.length === 2) {
      this.#implied[not(clause[0]!)]!.push(clause[1]!);
      this.#implied[not(clause[1]!)]!.push(clause[0]!);
      return;
    }
    this.#watches[clause[0]!]!.push(clause);
    this.#watches[clause[1]!]!.push(clause);
  }

  #set(literal: Literal, reason: Reason): void {
    this.#values[literal] = 1;
    this.#values[not(literal)] = -1;
    this.#levels[literal >> 1] = this.#begins.length;
    this.#reasons[literal >> 1] = reason;
    this.#trail.push(literal);
  }

  #backTo(level: number): void {
    if (this.#begins.length <= level) return;
    const keep = this.#begins[level]!;
    while (this.#trail.length > keep) {
      const literal = this.#trail.pop()!;
      this.#values[literal] = 0;
      this.#values[not(literal)] = 0;
    }
    while (this.#begins.length > level) this.#begins.pop();
    this.#next = keep;
  }

  /** Draws all conclusions; hands back a clause of which every literal is false, or null. */
  #propagate(): readonly Literal[] | null {
    while (this.#next < this.#trail.length) {
      const literal = this.#trail[this.#next++]!;
      this.steps++;
      const conflict = this.#propagateShort(literal) ?? this.#propagateLong(not(literal));
      if (conflict !== null) return conflict;
    }
    return null;
  }

  #propagateShort(literal: Literal): readonly Literal[] | null {
    const rivals = (literal & 1) === 0 ? this.#rivals[literal >> 1]! : null;
    if (rivals !== null) {
      for (const rival of rivals) {
        if (rival === literal || this.#values[rival] === -1) continue;
        if (this.#values[rival] === 1) return [not(rival), not(literal)];
        this.#set(not(rival), literal);
      }
    }
    for (const implied of this.#implied[literal]!) {
      const value = this.#values[implied]!;
      if (value === -1) return [implied, not(literal)];
      if (value === 0) this.#set(implied, literal);
    }
    return null;
  }

  #propagateLong(falsified: Literal): readonly Literal[] | null {
    const watching = this.#watches[falsified]!;
    let kept = 0;
    for (let at = 0; at < watching.length; at++) {
      const clause = watching[at]!;
      if (clause[0] === falsified) {
        clause[0] = clause[1]!;
        clause[1] = falsified;
      }
      const other = clause[0]!;
      if (this.#values[other] === 1) {
        watching[kept++] = clause;
        continue;
      }
      let found = 2;
      while (found < clause.length && this.#values[clause[found]!] === -1) found++;
      if (found < clause.length) {
        clause[1] = clause[found]!;
        clause[found] = falsified;
        this.#watches[clause[1]]!.push(clause);
        continue;
      }
      watching[kept++] = clause;
      if (this.#values[other] === -1) {
        for (at++; at < watching.length; at++) watching[kept++] = watching[at]!;
        if (kept < watching.length) watching.length = kept;
        return clause;
      }
      this.#set(other, clause);
    }
    if (kept < watching.length) watching.length = kept;
    return null;
  }

  /** What made a literal true: literals that are all true themselves. */
  #causesOf(literal: Literal): Literal[] {
    const reason = this.#reasons[literal >> 1]!;
    if (reason === null) return [];
    if (typeof reason === 'number') return [reason];
    return reason.filter((one) => one !== literal).map(not);
  }

  /**
   * Takes a conflict back to its first unique cause on the present level, adds
   * the clause that forbids it, and goes back to where that clause speaks.
   */
  #learn(conflict: readonly Literal[]): void {
    const present = this.#begins.length;
    const learned: Literal[] = [];
    const marked: number[] = [];
    let open = 0;
    const mark = (cause: Literal): void => {
      const variable = cause >> 1;
      const level = this.#levels[variable]!;
      if (this.#seen[variable] === true || level === 0) return;
      this.#seen[variable] = true;
      marked.push(variable);
      if (level === present) open++;
      else learned.push(not(cause));
    };
    for (const literal of conflict) mark(not(literal));
    // A conflict of lower levels alone is one that those levels should have seen: analyse it there
    if (open === 0) {
      for (const variable of marked) this.#seen[variable] = false;
      this.#backTo(Math.max(0, ...marked.map((variable) => this.#levels[variable]!)));
      if (this.#begins.length === 0) this.#contradictory = true;
      else this.#learn(conflict);
      return;
    }
    let at = this.#trail.length;
    let unique: Literal;
    for (;;) {
      do at--;
      while (this.#seen[this.#trail[at]! >> 1] !== true);
      unique = this.#trail[at]!;
      open--;
      if (open === 0) break;
      for (const cause of this.#causesOf(unique)) mark(cause);
    }
    // What follows from the rest of the clause need not be said
    const rest = learned.filter((literal) => {
      const causes = this.#causesOf(not(literal));
      return (
        causes.length === 0 ||
        causes.some((cause) => this.#seen[cause >> 1] !== true && this.#levels[cause >> 1]! > 0)
      );
    });
    for (const variable of marked) this.#seen[variable] = false;
    rest.sort((a, b) => this.#levels[b >> 1]! - this.#levels[a >> 1]!);
    const clause = [not(unique), ...rest];
    this.#backTo(rest.length === 0 ? 0 : this.#levels[rest[0]! >> 1]!);
    if (clause.length > 1) this.#attach(clause);
    this.#set(clause[0]!, clause.length === 1 ? null : clause.length === 2 ? not(clause[1]!) : clause);
  }

  /** The assumptions that together make `assumed` false, and itself. */
  #coreOf(assumed: Literal): Literal[] {
    const core = [assumed];
    const marked = new Set([assumed >> 1]);
    for (let at = this.#trail.length - 1; at >= (this.#begins[0] ?? this.#trail.length); at--) {
      const literal = this.#trail[at]!;
      if (!marked.has(literal >> 1)) continue;
      if (this.#reasons[literal >> 1] === null) core.push(literal);
      for (const cause of this.#causesOf(literal)) {
        if (this.#levels[cause >> 1]! > 0) marked.add(cause >> 1);
      }
    }
    return core;
  }
}
