/**
 * Composer's version numbers and constraints, as far as reading them goes:
 * is this installed version one that this `require` line allows?
 *
 * Follows composer/semver's VersionParser and PHP's version_compare, not
 * npm's rules: `~1.2` stops below 2.0 here, and `^0.16.0-a17` knows `a17` as
 * the seventeenth alpha. Pure; it must not read files.
 */

/** Ascending, in the order of PHP's version_compare. */
const stages = ['dev', 'alpha', 'beta', 'rc', 'stable', 'patch'] as const;
type Stage = (typeof stages)[number];

interface NumericVersion {
  /** Always four. */
  numbers: number[];
  stage: Stage;
  /** Of `beta2.1`: 2, 1. */
  stageNumbers: number[];
  /** `1.0-beta2-dev`: before beta2 itself. */
  dev: boolean;
}

type Version = NumericVersion | { branch: string };

type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=';

interface Bound {
  operator: Operator;
  version: Version;
}

/** Alternatives (`||`) of bounds that hold together; an empty list of bounds allows everything. */
export interface ComposerConstraint {
  text: string;
  alternatives: readonly (readonly Bound[])[];
}

const modifier = '[._-]?(?:(stable|beta|b|rc|alpha|a|patch|pl|p)((?:[.-]?\\d+)*)?)?([.-]?dev)?';
const numbersThenModifier = `v?(\\d+)(?:\\.(\\d+))?(?:\\.(\\d+))?(?:\\.(\\d+))?${modifier}`;
const exactPattern = new RegExp(`^${numbersThenModifier}$`, 'i');
const modifierAtEnd = new RegExp(`-${modifier}$`, 'i');
const hyphenPattern = /^(\S+) +- +(\S+)$/;

const stageNames: Readonly<Record<string, Stage>> = {
  stable: 'stable',
  a: 'alpha',
  alpha: 'alpha',
  b: 'beta',
  beta: 'beta',
  rc: 'rc',
  p: 'patch',
  pl: 'patch',
  patch: 'patch',
  dev: 'dev',
};

interface ParsedNumbers {
  version: NumericVersion;
  /** How many numbers were written. */
  written: number;
  /** Whether a stage or -dev was written. */
  staged: boolean;
}

function parseNumbers(text: string): ParsedNumbers | null {
  const match = exactPattern.exec(text);
  if (!match) return null;
  const written = match.slice(1, 5).filter((part) => part !== undefined).length;
  const numbers = [1, 2, 3, 4].map((group) => Number(match[group] ?? 0));
  const stageWord = match[5]?.toLowerCase();
  const dev = match[7] !== undefined;
  const stage = stageWord === undefined ? (dev ? 'dev' : 'stable') : (stageNames[stageWord] ?? 'stable');
  const stageNumbers = (match[6] ?? '')
    .split(/[.-]/)
    .filter((part) => part !== '')
    .map(Number);
  const version = { numbers, stage, stageNumbers, dev: dev && stageWord !== undefined };
  return { version, written, staged: dev || stageWord !== undefined };
}

function parseVersion(text: string): Version | null {
  const plain = text.trim().replace(/^([^,\s]+) +as +[^,\s]+$/, '$1');
  if (/^dev-./i.test(plain)) return { branch: plain.slice(4).replace(/#.*$/, '') };
  const branch = /^v?(\d+(?:\.\d+)*)\.x-dev(?:#.*)?$/i.exec(plain);
  if (branch) return { branch: `${branch[1]!}.x` };
  return parseNumbers(plain.replace(/@(?:stable|rc|beta|alpha|dev)$/i, ''))?.version ?? null;
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const difference = a[index]! - b[index]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function compareNumeric(a: NumericVersion, b: NumericVersion): number {
  return (
    compareLists(a.numbers, b.numbers) ||
    stages.indexOf(a.stage) - stages.indexOf(b.stage) ||
    compareLists(a.stageNumbers, b.stageNumbers) ||
    Number(b.dev) - Number(a.dev)
  );
}

function holds(version: Version, bound: Bound): boolean {
  if ('branch' in version || 'branch' in bound.version) {
    const same = 'branch' in version && 'branch' in bound.version && version.branch === bound.version.branch;
    return bound.operator === '=' ? same : bound.operator === '!=' ? !same : false;
  }
  const order = compareNumeric(version, bound.version);
  switch (bound.operator) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

/** The very first version with these numbers: `1.2.0.0-dev`, which Composer takes for the start of a range. */
function startOf(numbers: readonly number[]): NumericVersion {
  return { numbers: [...numbers], stage: 'dev', stageNumbers: [], dev: false };
}

/** The start of the next series, counting up the number at `position` (from 1). */
function nextSeries(numbers: readonly number[], position: number): NumericVersion {
  return startOf(
    numbers.map((number, index) => (index < position - 1 ? number : index === position - 1 ? number + 1 : 0)),
  );
}

function range(from: ParsedNumbers, position: number): Bound[] {
  const lower = from.staged ? from.version : startOf(from.version.numbers);
  return [
    { operator: '>=', version: lower },
    { operator: '<', version: nextSeries(from.version.numbers, position) },
  ];
}

function caretPosition({ version, written }: ParsedNumbers): number {
  const [major, minor] = version.numbers;
  if (major !== 0 || written === 1) return 1;
  return minor !== 0 || written === 2 ? 2 : 3;
}

function parseHyphen(fromText: string, toText: string): Bound[] | null {
  const from = parseNumbers(fromText);
  const to = parseNumbers(toText);
  if (!from || !to) return null;
  const lower = from.staged ? from.version : startOf(from.version.numbers);
  const upper: Bound =
    to.written >= 3 || to.staged
      ? { operator: '<=', version: to.version }
      : { operator: '<', version: nextSeries(to.version.numbers, to.written) };
  return [{ operator: '>=', version: lower }, upper];
}

function parseComparison(text: string, stability: Stage | null): Bound[] | null {
  const match = /^(<>|!=|>=?|<=?|==?)?\s*(.+)$/.exec(text);
  if (!match) return null;
  const written = match[1] ?? '=';
  const operator = (written === '<>' ? '!=' : written === '==' ? '=' : written) as Operator;
  const version = parseVersion(match[2]!);
  if (!version) return null;
  if (!('branch' in version) && version.stage === 'stable') {
    if (stability !== null && stability !== 'stable')
      return [{ operator, version: { ...version, stage: stability } }];
    if ((operator === '<' || operator === '>=') && !modifierAtEnd.test(match[2]!)) {
      return [{ operator, version: startOf(version.numbers) }];
    }
  }
  return [{ operator, version }];
}

function parseSingle(written: string): Bound[] | null {
  let text = written.replace(/^([^,\s]+) +as +[^,\s]+$/, '$1');
  let stability: Stage | null = null;
  const flag = /^([^,\s]*?)@(stable|rc|beta|alpha|dev)$/i.exec(text);
  if (flag) {
    text = flag[1] === '' ? '*' : flag[1]!;
    stability = stageNames[flag[2]!.toLowerCase()] ?? null;
  }
  if (/^v?[x*](?:\.[x*])*$/i.test(text)) return [];
  const tilde = /^~\s*(.+)$/.exec(text);
  if (tilde) {
    const from = parseNumbers(tilde[1]!.replace(/(?:\.[x*])+$/i, ''));
    return from && range(from, Math.max(1, from.written - 1));
  }
  const caret = /^\^\s*(.+)$/.exec(text);
  if (caret) {
    const from = parseNumbers(caret[1]!.replace(/(?:\.[x*])+$/i, ''));
    return from && range(from, caretPosition(from));
  }
  const wildcard = /^v?(\d+(?:\.\d+){0,2})(?:\.[x*])+$/i.exec(text);
  if (wildcard) {
    const from = parseNumbers(wildcard[1]!);
    return from && range(from, from.written);
  }
  const hyphen = hyphenPattern.exec(text);
  if (hyphen) return parseHyphen(hyphen[1]!, hyphen[2]!);
  return parseComparison(text, stability);
}

/** Splits at commas and blanks, but not after an operator and not around a hyphen or `as`. */
function splitTogether(text: string): string[] {
  const glued = text
    .trim()
    .replace(/(<>|[!<>=]=|[<>=^~])\s+/g, '$1')
    .replace(/\s+-\s+/g, '\u0000-\u0000')
    .replace(/\s+as\s+/g, '\u0000as\u0000');
  return glued
    .split(/\s*,\s*|\s+/)
    .filter((part) => part !== '')
    .map((part) => part.replaceAll('\u0000', ' '));
}

/**
 * Reads a constraint of a `require` line: exact, `^`, `~`, comparisons,
 * wildcards, hyphen ranges, `||`, stability flags. Hands back null when it is
 * none (a person's typing error, or grammar Composer would refuse too).
 * Source: getcomposer.org/doc/articles/versions.md.
 */
export function parseConstraint(text: string): ComposerConstraint | null {
  const alternatives: Bound[][] = [];
  for (const alternative of text.trim().split(/\s*\|\|?\s*/)) {
    const parts = splitTogether(alternative);
    const bounds = parts.map(parseSingle);
    if (parts.length === 0 || bounds.includes(null)) return null;
    alternatives.push(bounds.flatMap((bound) => bound ?? []));
  }
  return { text: text.trim(), alternatives };
}

/** Whether an installed version (as installed.json writes it: `v0.16.6`) is allowed. An unreadable version never is. */
export function allows(constraint: ComposerConstraint, installed: string): boolean {
  const version = parseVersion(installed);
  if (!version) return false;
  return constraint.alternatives.some((bounds) => bounds.every((bound) => holds(version, bound)));
}

/** `v0.16.4` -> `0.16.4`, `0.16.0-a17` stays; null for a branch (`dev-master`), which has no number. */
export function plainVersion(installed: string): string | null {
  const version = parseVersion(installed);
  if (!version || 'branch' in version) return null;
  return installed
    .trim()
    .replace(/^v/i, '')
    .replace(/[@#].*$/, '');
}

/** Order of two versions as Composer sees them: negative, 0 or positive; null when one has no number. */
export function compareComposer(a: string, b: string): number | null {
  const left = parseVersion(a);
  const right = parseVersion(b);
  if (!left || !right || 'branch' in left || 'branch' in right) return null;
  return compareNumeric(left, right);
}
