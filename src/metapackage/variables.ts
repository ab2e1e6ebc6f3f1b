/**
 * Finds every variable of a template that does not exist, before the template is rendered. Handlebars' strict mode
 * stops at the first one and ignores the arguments of helpers (`{{#if typo}}` is silently false). Pure.
 */
import { didYouMean } from '../profile/nearest.js';

/** A fault in a template; line and column count from 1. */
export interface VariableFault {
  code: 'TEMPLATE_UNKNOWN_VARIABLE' | 'TEMPLATE_INVALID';
  line: number;
  column: number;
  variable: string;
  message: string;
}

/** A value that is unknown until the template is rendered: the element of an empty list, a helper's result. */
const untold = Symbol('untold');

const loopVariables = new Set(['index', 'key', 'first', 'last']);

interface Scope {
  /** Values of `this`, the outermost first. */
  values: readonly unknown[];
  /** Block parameters: `{{#each suites as |suite|}}`. */
  locals: ReadonlyMap<string, unknown>;
}

interface Resolved {
  value: unknown;
  /** For an unknown variable: the missing part, and the available names. */
  missing?: { variable: string; known: string[] };
}

/**
 * All faults of a template: variables that are not in `context`, groups of values used as text, helpers that do not
 * exist, partials (Lockstep does not have any).
 *
 * @param helpers names of the helpers that templates may call
 */
export function findVariableFaults(
  program: hbs.AST.Program,
  context: Readonly<Record<string, unknown>>,
  helpers: ReadonlySet<string>,
): VariableFault[] {
  const walk = new Walk(helpers);
  walk.program(program, { values: [context], locals: new Map() });
  return [...walk.faults.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}

class Walk {
  /** By place and variable, because the body of a loop is walked once for each element. */
  readonly faults = new Map<string, VariableFault>();

  constructor(private readonly helpers: ReadonlySet<string>) {}

  program(program: hbs.AST.Program | undefined, scope: Scope): void {
    for (const statement of program?.body ?? []) this.#statement(statement, scope);
  }

  #statement(statement: hbs.AST.Statement, scope: Scope): void {
    switch (statement.type) {
      case 'MustacheStatement':
        this.#mustache(statement as hbs.AST.MustacheStatement, scope);
        break;
      case 'BlockStatement':
        this.#block(statement as hbs.AST.BlockStatement, scope);
        break;
      case 'ContentStatement':
      case 'CommentStatement':
        break;
      default:
        this.#fault(statement.loc, '', 'templates support no partials and no decorators');
    }
  }

  #mustache(statement: hbs.AST.MustacheStatement, scope: Scope): void {
    const value = this.#call(statement, scope);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const path = statement.path as hbs.AST.PathExpression;
      this.#fault(
        statement.path.loc,
        path.original,
        `"${path.original}" is a group of values, not text; it has ${Object.keys(value).join(', ') || 'none'}`,
      );
    }
  }

  #block(block: hbs.AST.BlockStatement, scope: Scope): void {
    const name = (block.path as { original?: unknown }).original;
    const condition = block.params[0];
    if ((name === 'if' || name === 'unless') && condition !== undefined) {
      const value = this.#expression(condition, scope);
      this.#hash(block.hash, scope);
      // For a plain variable, both branches are checked: otherwise a fault in a branch appears only when someone sets
      // the variable. `{{#if (lookup components "x")}}` asks whether something exists, so only the branch that applies
      // can be checked
      const asks = condition.type === 'SubExpression' && value !== untold;
      const holds = isTruthy(value) === (name === 'if');
      if (!asks || holds) this.program(block.program, scope);
      if (!asks || !holds) this.program(block.inverse, scope);
      return;
    }
    const subject = this.#blockSubject(block, scope);
    this.program(block.inverse, scope);
    const names = block.program.blockParams ?? [];
    const enter = (value: unknown, key: unknown): void => {
      const locals = new Map(scope.locals);
      [value, key].forEach((local, index) => {
        if (names[index] !== undefined) locals.set(names[index], local);
      });
      this.program(block.program, { values: [...scope.values, value], locals });
    };
    if (name === 'with' || (name !== 'each' && !Array.isArray(subject))) enter(subject, untold);
    else if (Array.isArray(subject) && subject.length > 0) subject.forEach((value) => enter(value, untold));
    else if (isGroup(subject) && Object.keys(subject).length > 0)
      Object.values(subject).forEach((value) => enter(value, untold));
    else enter(untold, untold);
  }

  /** The value that a block changes `this` to: the argument of each and with, or the variable of `{{#variable}}`. */
  #blockSubject(block: hbs.AST.BlockStatement, scope: Scope): unknown {
    const name = (block.path as { original?: unknown }).original;
    if (name !== 'each' && name !== 'with') return this.#call(block, scope);
    this.#hash(block.hash, scope);
    const [subject] = block.params;
    return subject === undefined ? untold : this.#expression(subject, scope);
  }

  #call(
    call: { path: hbs.AST.Expression; params: hbs.AST.Expression[]; hash: hbs.AST.Hash },
    scope: Scope,
  ): unknown {
    const name = String((call.path as { original?: unknown }).original);
    const hasArguments = call.params.length > 0 || (call.hash?.pairs ?? []).length > 0;
    if (!hasArguments) return this.#expression(call.path, scope);
    const values = call.params.map((param) => this.#expression(param, scope));
    this.#hash(call.hash, scope);
    if (!this.helpers.has(name)) {
      const known = [...this.helpers].sort();
      this.#fault(
        call.path.loc,
        name,
        `unknown helper "${name}"${didYouMean(name, known) || ';'} available: ${known.join(', ')}`,
      );
    }
    const [group, key] = values;
    if (name !== 'lookup' || group === untold || key === untold) return untold;
    return isGroup(group) && Object.hasOwn(group, String(key)) ? group[String(key)] : undefined;
  }

  #hash(hash: hbs.AST.Hash | undefined, scope: Scope): void {
    for (const pair of hash?.pairs ?? []) this.#expression(pair.value, scope);
  }

  #expression(expression: hbs.AST.Expression, scope: Scope): unknown {
    if (expression.type === 'PathExpression') {
      const path = expression as hbs.AST.PathExpression;
      const { value, missing } = resolvePath(path, scope);
      if (missing !== undefined) {
        const known = missing.known.join(', ') || 'nothing';
        this.#fault(
          path.loc,
          missing.variable,
          `unknown variable "${missing.variable}"${didYouMean(missing.variable, missing.known) || '.'} Available there: ${known}`,
          'TEMPLATE_UNKNOWN_VARIABLE',
        );
      }
      return value;
    }
    if (expression.type === 'SubExpression') return this.#call(expression as hbs.AST.SubExpression, scope);
    return 'value' in expression ? expression.value : undefined;
  }

  #fault(
    loc: hbs.AST.SourceLocation,
    variable: string,
    message: string,
    code: VariableFault['code'] = 'TEMPLATE_INVALID',
  ): void {
    const { line, column } = loc.start;
    const key = `${line}:${column}:${variable}`;
    if (!this.faults.has(key)) this.faults.set(key, { code, line, column: column + 1, variable, message });
  }
}

function resolvePath(path: hbs.AST.PathExpression, scope: Scope): Resolved {
  const parts = path.parts.map(String);
  const own = /^(this\b|\.)/.test(path.original);
  if (path.data) {
    if (parts[0] === 'root') return descend(scope.values[0], parts.slice(1), '@root.');
    if (parts.length === 1 && loopVariables.has(parts[0]!)) return { value: untold };
    return {
      value: untold,
      missing: { variable: path.original, known: ['@root', '@index', '@key', '@first', '@last'] },
    };
  }
  const [first] = parts;
  if (!own && path.depth === 0 && first !== undefined && scope.locals.has(first)) {
    return descend(scope.locals.get(first), parts.slice(1), `${first}.`);
  }
  const level = scope.values.length - 1 - path.depth;
  if (level < 0) return { value: untold, missing: { variable: path.original, known: [] } };
  return descend(scope.values[level], parts, '../'.repeat(path.depth));
}

/** Reads own properties only: handlebars does not show inherited ones. */
function descend(start: unknown, parts: readonly string[], prefix: string): Resolved {
  let value = start;
  let name = prefix;
  for (const part of parts) {
    if (value === untold) return { value: untold };
    if (!isGroup(value) || !Object.hasOwn(value, part)) {
      const known =
        isGroup(value) && !Array.isArray(value) ? Object.keys(value).map((key) => name + key) : [];
      return { value: untold, missing: { variable: name + part, known } };
    }
    value = value[part];
    name += `${part}.`;
  }
  return { value };
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** As handlebars' `if` sees it: an empty list is false. */
function isTruthy(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}
