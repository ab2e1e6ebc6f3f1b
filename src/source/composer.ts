/**
 * Composer's constraints: which versions does this `require` line allow? The
 * same grammar is in extension.json's `requires` and in a profile's.
 *
 * Follows composer/semver, not npm's rules: `~1.2` stops below 2.0 here, and
 * the start of a range is the `-dev` of its first version, so that `>=1.47`
 * takes 1.47.0-alpha and 1.47.0-wmf.9. Pure; it must not read files.
 */
import {
  compareNormal,
  isBranch,
  longestText,
  normalVersion,
  stabilities,
  stagePart,
  type NormalVersion,
} from './composer-version.js';

export { compareComposer, plainVersion } from './composer-version.js';

type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=';

interface Bound {
  operator: Operator;
  version: NormalVersion;
}

/** Alternatives (`||`) of bounds that hold together; an empty list of bounds allows everything. */
export interface ComposerConstraint {
  text: string;
  alternatives: readonly (readonly Bound[])[];
}

const stages = stagePart.replaceAll(/\((?!\?)/g, '(?:');
const series = `v?(\\d+)(?:\\.(\\d+))?(?:\\.(\\d+))?(?:\\.(\\d+))?(${stages}|\\.[x*][.-]?dev)(\\+\\S+)?`;
const tildePattern = new RegExp(`^~(${series})$`, 'i');
const caretPattern = new RegExp(`^\\^(${series})$`, 'i');
const hyphenPattern = new RegExp(`^(${series}) - (${series})$`, 'i');
const wildcardPattern = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.[x*])+$/i;
const anyPattern = /^(v?)[x*]((?:\.[x*])*)$/i;
const comparisonPattern = /^(<>|!=|>=?|<=?|==?)?\s*(.*)$/;
const flagPattern = new RegExp(`^([^,\\s]*?)@(${stabilities})$`, 'i');
const aliasPattern = /^([^,\s]+) +as +[^,\s]+$/;
const referencePattern = /^(dev-[^,\s@]+?|[^,\s@]+?\.x-dev)#.+$/i;
const stagedPattern = new RegExp(`-${stages}$`, 'i');

/** The parts of a matched {@link series}. */
interface Series {
  text: string;
  /** As written; up to four. */
  numbers: string[];
  /** What follows the numbers: `-beta1`, `.x-dev`, or nothing. */
  tail: string;
  hasBuild: boolean;
}

/** @param groups a match, and where in it the whole text of the series stands */
function seriesAt(groups: readonly (string | undefined)[], at: number): Series {
  const numbers = groups.slice(at + 1, at + 5).filter((part) => part !== undefined);
  return {
    text: groups[at]!,
    numbers,
    tail: groups[at + 5] ?? '',
    hasBuild: groups[at + 6] !== undefined,
  };
}

function isStaged({ tail }: Series): boolean {
  return /[a-z]/i.test(tail);
}

/** `1.2.0.0-dev`, the very first version with these numbers; the number at `position` (from 1) counted up by `step`. */
function startOf(numbers: readonly string[], position: number, step: 0 | 1): NormalVersion {
  const four = [0, 1, 2, 3].map((index) => {
    const number = BigInt(index < position ? (numbers[index] ?? '0') : '0');
    return index === position - 1 ? number + BigInt(step) : number;
  });
  return `${four.join('.')}-dev`;
}

/** From this version, or the first of its series where no stage is written, to before the next series. */
function range(from: Series, positionOf: (from: Series) => number): Bound[] | null {
  // A build part hides the -dev that Composer appends
  const lower = normalVersion(isStaged(from) || from.hasBuild ? from.text : `${from.text}-dev`);
  if (lower === null) return null;
  return [
    { operator: '>=', version: lower },
    { operator: '<', version: startOf(from.numbers, positionOf(from), 1) },
  ];
}

/** The last number that is written may rise, or the one before it. */
function tildePosition({ numbers, tail }: Series): number {
  const openBranch = /[x*]/i.test(tail) && tail.startsWith('.');
  return Math.max(1, numbers.length + (openBranch ? 1 : 0) - 1);
}

/** Whatever is right of the first number that is not 0 may rise. */
function caretPosition({ numbers: [major, minor, patch] }: Series): number {
  if (major !== '0' || minor === undefined) return 1;
  return minor !== '0' || patch === undefined ? 2 : 3;
}

function hyphenRange(from: Series, to: Series): Bound[] | null {
  const lower = normalVersion(from.text);
  const upper = normalVersion(to.text);
  if (lower === null || upper === null) return null;
  const isWhole = to.numbers.length >= 3 || isStaged(to);
  return [
    { operator: '>=', version: isStaged(from) ? lower : `${lower}-dev` },
    isWhole
      ? { operator: '<=', version: upper }
      : { operator: '<', version: startOf(to.numbers, to.numbers.length, 1) },
  ];
}

function comparison(text: string, flag: string | null): Bound[] | null {
  const match = comparisonPattern.exec(text);
  if (!match) return null;
  const written = match[1] ?? '=';
  const operator = (written === '<>' ? '!=' : written === '==' ? '=' : written) as Operator;
  const wanted = match[2]!;
  const version = normalVersion(wanted) ?? branchBehind(wanted);
  if (version === null) return null;
  const isStable = !isBranch(version) && !/-(?:dev|alpha|wmf|beta|RC)/.test(version);
  if (operator !== '=' && flag !== null && isStable) return [{ operator, version: `${version}-${flag}` }];
  const startsRange = operator === '<' || operator === '>=';
  if (startsRange && !stagedPattern.test(wanted) && !isBranch(version))
    return [{ operator, version: `${version}-dev` }];
  return [{ operator, version }];
}

/** `feature-dev`, which ought to be `dev-feature`: Composer takes it. */
function branchBehind(text: string): NormalVersion | null {
  return /^[0-9a-zA-Z\-./]+-dev$/.test(text) ? `dev-${text.slice(0, -4)}` : null;
}

function parseSingle(written: string): Bound[] | null {
  let text = aliasPattern.exec(written)?.[1] ?? written;
  let flag: string | null = null;
  const flagged = flagPattern.exec(text);
  if (flagged) {
    text = flagged[1] === '' ? '*' : flagged[1]!;
    const word = flagged[2]!.toLowerCase();
    if (word !== 'stable') flag = word === 'rc' ? 'RC' : word;
  }
  text = referencePattern.exec(text)?.[1] ?? text;
  for (const [pattern, boundsOf] of forms) {
    const match = pattern.exec(text);
    if (match) return boundsOf(match);
  }
  return comparison(text, flag);
}

/** The forms of a constraint other than a comparison. */
const forms: readonly (readonly [RegExp, (match: RegExpExecArray) => Bound[] | null])[] = [
  [
    anyPattern,
    // `*` alone takes branches too, `*.*` needs a number
    ([, mark, more]) => (mark === '' && more === '' ? [] : [{ operator: '>=', version: startOf([], 0, 0) }]),
  ],
  [tildePattern, (match) => range(seriesAt(match, 1), tildePosition)],
  [caretPattern, (match) => range(seriesAt(match, 1), caretPosition)],
  [
    wildcardPattern,
    (match) => {
      const numbers = match.slice(1, 4).filter((part) => part !== undefined);
      return [
        { operator: '>=', version: startOf(numbers, numbers.length, 0) },
        { operator: '<', version: startOf(numbers, numbers.length, 1) },
      ];
    },
  ],
  [hyphenPattern, (match) => hyphenRange(seriesAt(match, 1), seriesAt(match, 8))],
];

/** Splits at commas and blanks, but not after an operator and not around a hyphen or `as`; null where a part is missing. */
function splitTogether(text: string): string[] | null {
  const glued = text
    .trim()
    .replace(/([<>=]) +(?=[^ ,])/g, '$1\u0000')
    .replace(/(?<=\S) - (?=\S)/g, '\u0000-\u0000')
    .replace(/(?<=[^ ,]) as +(?=[^ ,])/g, '\u0000as\u0000');
  if (/ -|- /.test(glued)) return null;
  const parts = glued.split(/ *, *| +/).map((part) => part.replaceAll('\u0000', ' '));
  return parts.includes('') ? null : parts;
}

/**
 * Reads a constraint of a `require` line: exact, `^`, `~`, comparisons, wildcards, hyphen ranges, `||`,
 * stability flags, branches. Returns null for an invalid constraint (a typing error, or grammar that Composer
 * would refuse too). Source: getcomposer.org/doc/articles/versions.md.
 */
export function parseConstraint(text: string): ComposerConstraint | null {
  if (text.length > longestText) return null;
  const alternatives: Bound[][] = [];
  for (const alternative of text.trim().split(/\s*\|\|?\s*/)) {
    const bounds = splitTogether(alternative)?.map(parseSingle);
    if (bounds === undefined || bounds.includes(null)) return null;
    alternatives.push(bounds.flatMap((bound) => bound ?? []));
  }
  return { text: text.trim(), alternatives };
}

function holds(version: NormalVersion, bound: Bound): boolean {
  if (isBranch(version) || isBranch(bound.version)) {
    // A branch is itself and no other thing; it is neither above nor below a number
    const same = version === bound.version;
    return bound.operator === '=' ? same : bound.operator === '!=' && !same;
  }
  return fits[bound.operator](compareNormal(version, bound.version));
}

/** Whether the order of a version and a bound is one that the operator means. */
const fits: Readonly<Record<Operator, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

/** Whether a version (as installed.json or a tree writes it: `v0.16.6`) is allowed. An unreadable version never is. */
export function allows(constraint: ComposerConstraint, written: string): boolean {
  const version = normalVersion(written);
  if (version === null) return false;
  return constraint.alternatives.some((bounds) => bounds.every((bound) => holds(version, bound)));
}
