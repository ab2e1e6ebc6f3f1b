/**
 * Every change of a single token that the mutants soak may make to a file. Pure: text in, mutations out.
 *
 * The changes are comparisons, `&&` and `||`, conditions and their negation, booleans, `throw`, `continue`,
 * `some` and `every`, and `+ 1` and `- 1`. Types are not changed: the compiler judges them.
 */
import { createHash } from 'node:crypto';
import ts from 'typescript';

export interface Mutation {
  /** Twelve hex digits. They depend on the line's text alone: edits of other lines and a new name of the file keep them. */
  id: string;
  /** Offsets in the file, in UTF-16 units. */
  start: number;
  end: number;
  replacement: string;
  /** From 1. */
  line: number;
  before: string;
  after: string;
}

type Edit = Pick<Mutation, 'start' | 'end' | 'replacement'>;

const operators: Readonly<Partial<Record<ts.SyntaxKind, string>>> = {
  [ts.SyntaxKind.EqualsEqualsEqualsToken]: '!==',
  [ts.SyntaxKind.ExclamationEqualsEqualsToken]: '===',
  [ts.SyntaxKind.EqualsEqualsToken]: '!=',
  [ts.SyntaxKind.ExclamationEqualsToken]: '==',
  [ts.SyntaxKind.LessThanToken]: '<=',
  [ts.SyntaxKind.LessThanEqualsToken]: '<',
  [ts.SyntaxKind.GreaterThanToken]: '>=',
  [ts.SyntaxKind.GreaterThanEqualsToken]: '>',
  [ts.SyntaxKind.AmpersandAmpersandToken]: '||',
  [ts.SyntaxKind.BarBarToken]: '&&',
};

const methods: Readonly<Record<string, string>> = { some: 'every', every: 'some' };

/** All mutations of a file's text, in the order of their places. */
export function mutationsOf(text: string): Mutation[] {
  const source = ts.createSourceFile('source.ts', text, ts.ScriptTarget.ES2023, true);
  const edits: Edit[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node)) return;
    edits.push(...editsOf(node, source));
    ts.forEachChild(node, visit);
  };
  visit(source);
  edits.sort((a, b) => a.start - b.start || a.end - b.end);
  const seen = new Map<string, number>();
  return edits.map((edit) => {
    const { line } = source.getLineAndCharacterOfPosition(edit.start);
    const [from, to] = linesAround(text, edit);
    const before = text.slice(from, to).trim();
    const after = (text.slice(from, edit.start) + edit.replacement + text.slice(edit.end, to)).trim();
    const key = `${before}\0${after}`;
    const nth = seen.get(key) ?? 0;
    seen.set(key, nth + 1);
    const id = createHash('sha256').update(`${key}\0${nth}`).digest('hex').slice(0, 12);
    return { ...edit, id, line: line + 1, before, after };
  });
}

/** The file's text with one mutation made. */
export function mutated(text: string, { start, end, replacement }: Edit): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

/**
 * The mutations of a sample in the order in which they are tried. A seed orders them by a hash, so that a change
 * to one file adds or removes its own mutations and leaves the rest of the sample as it was.
 */
export function inOrderOf<T extends Pick<Mutation, 'id'>>(seed: number, mutations: readonly T[]): T[] {
  const place = ({ id }: T): string => createHash('sha256').update(`${seed} ${id}`).digest('hex');
  return mutations
    .map((mutation) => ({ mutation, at: place(mutation) }))
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    .map(({ mutation }) => mutation);
}

function editsOf(node: ts.Node, source: ts.SourceFile): Edit[] {
  const whole = (replacement: string): Edit[] => [
    { start: node.getStart(source), end: node.end, replacement },
  ];
  if (node.kind === ts.SyntaxKind.TrueKeyword) return whole('false');
  if (node.kind === ts.SyntaxKind.FalseKeyword) return whole('true');
  if (ts.isContinueStatement(node)) return whole(';');
  if (ts.isThrowStatement(node)) {
    const start = node.getStart(source);
    return [{ start, end: start + 'throw'.length, replacement: 'void' }];
  }
  if (ts.isBinaryExpression(node)) return ofBinary(node, source);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    return whole(node.operand.getText(source));
  }
  if (ts.isPropertyAccessExpression(node) && ts.isCallExpression(node.parent)) {
    const other = methods[node.name.text];
    if (other === undefined || node.parent.expression !== node) return [];
    return [{ start: node.name.getStart(source), end: node.name.end, replacement: other }];
  }
  return ofCondition(node, source);
}

function ofBinary(node: ts.BinaryExpression, source: ts.SourceFile): Edit[] {
  const { operatorToken: token, right } = node;
  const at = { start: token.getStart(source), end: token.end };
  const other = operators[token.kind];
  if (other !== undefined) return [{ ...at, replacement: other }];
  if (!ts.isNumericLiteral(right) || right.text !== '1') return [];
  if (token.kind === ts.SyntaxKind.PlusToken) return [{ ...at, replacement: '-' }];
  if (token.kind === ts.SyntaxKind.MinusToken) return [{ ...at, replacement: '+' }];
  return [];
}

/** The negation of a condition that has no operator of its own to change. */
function ofCondition(node: ts.Node, source: ts.SourceFile): Edit[] {
  const condition =
    ts.isIfStatement(node) || ts.isWhileStatement(node)
      ? node.expression
      : ts.isConditionalExpression(node)
        ? node.condition
        : undefined;
  if (condition === undefined || ts.isBinaryExpression(condition)) return [];
  if (ts.isPrefixUnaryExpression(condition) || condition.kind === ts.SyntaxKind.TrueKeyword) return [];
  const text = condition.getText(source);
  return [{ start: condition.getStart(source), end: condition.end, replacement: `!(${text})` }];
}

/** From the start of the first line that an edit touches to the end of the last. */
function linesAround(text: string, { start, end }: Edit): [number, number] {
  const to = text.indexOf('\n', end);
  return [text.lastIndexOf('\n', start - 1) + 1, to < 0 ? text.length : to];
}
