/**
 * Composer's version numbers: brought into one form, and ordered as PHP's
 * version_compare orders that form. MediaWiki's own numbers are known besides:
 * `1.47.0-wmf.9`, the weekly ones, which Composer cannot read and MediaWiki's
 * own check therefore leaves out. Pure; constraints are composer.ts's.
 */

/** `1.47.0.0-wmf9`, `1.0.9999999.9999999-dev`, `dev-master`: what two versions are compared in. */
export type NormalVersion = string;

/** No version and no constraint that means something is longer; what comes from a tree may be. */
export const longestText = 500;

export const stabilities = 'stable|rc|beta|alpha|dev';

/** A stage with its numbers, and a `dev` behind it: `-RC1`, `beta.2`, `-alpha-dev`. */
export const stagePart = '[._-]?(?:(stable|beta|b|rc|alpha|a|wmf|patch|pl|p)((?:[.-]?\\d+)*)?)?([.-]?dev)?';

const aliased = /^([^,\s]+) +as +[^,\s]+$/;
const flagAtEnd = new RegExp(`@(?:${stabilities})$`, 'i');
const buildAtEnd = /^([^,\s+]+)\+\S+$/;
const numbered = new RegExp(`^v?(\\d{1,5})(?:\\.(\\d+))?(?:\\.(\\d+))?(?:\\.(\\d+))?${stagePart}$`, 'i');
const dated = new RegExp(`^v?(\\d{4}(?:[.:-]?\\d{2}){1,6}(?:[.:-]?\\d{1,3}){0,2})${stagePart}$`, 'i');
const numberedBranch = /^v?(\d+)(?:\.(\d+|[x*]))?(?:\.(\d+|[x*]))?(?:\.(\d+|[x*]))?[.-]?dev$/i;

/** How Composer writes the open end of a branch such as `1.0.x-dev`: above every number of that series. */
const openEnd = '9999999';

const stageNames: Readonly<Record<string, string>> = {
  a: 'alpha',
  b: 'beta',
  rc: 'RC',
  p: 'patch',
  pl: 'patch',
};

/**
 * A version, as a tree or installed.json writes it, in the form for comparisons; null if it is not a version.
 * Source: getcomposer.org/doc/articles/versions.md, and composer/semver itself as the tests' oracle.
 */
export function normalVersion(written: string): NormalVersion | null {
  if (written.length > longestText) return null;
  let text = written.trim();
  text = (aliased.exec(text)?.[1] ?? text).replace(flagAtEnd, '');
  // These three were branches of Composer 1 that needed no dev-
  if (['master', 'trunk', 'default'].includes(text)) return `dev-${text}`;
  if (/^dev-/i.test(text)) return `dev-${text.slice(4)}`;
  text = buildAtEnd.exec(text)?.[1] ?? text;
  const numbers = numbered.exec(text);
  if (numbers) {
    const four = [1, 2, 3, 4].map((group) => numbers[group] ?? '0').join('.');
    return four + stageOf(numbers[5], numbers[6], numbers[7]);
  }
  const date = dated.exec(text);
  if (date) return date[1]!.replace(/\D/g, '.') + stageOf(date[2], date[3], date[4]);
  const branch = numberedBranch.exec(text);
  if (branch) {
    const parts = [1, 2, 3, 4].map((group) => branch[group] ?? 'x');
    return `${parts.map((part) => (/^\d/.test(part) ? part : openEnd)).join('.')}-dev`;
  }
  return null;
}

function stageOf(word: string | undefined, numbers: string | undefined, dev: string | undefined): string {
  const stage = word?.toLowerCase();
  if (stage === 'stable') return '';
  const name = stage === undefined ? '' : `-${stageNames[stage] ?? stage}`;
  return `${name}${(numbers ?? '').replace(/^[.-]+/, '')}${dev === undefined ? '' : '-dev'}`;
}

export function isBranch(version: NormalVersion): boolean {
  return version.startsWith('dev-');
}

/** Ascending, as PHP's manual of version_compare lists them; an unknown word comes before all. */
const words: readonly (readonly [beginning: string, rank: number])[] = [
  ['dev', 0],
  ['alpha', 1],
  ['a', 1],
  // The weeks of MediaWiki's main branch: after its `-alpha`, before the release branch's first beta or rc
  ['wmf', 2],
  ['beta', 3],
  ['b', 3],
  ['RC', 4],
  ['rc', 4],
  ['#', 5],
  ['p', 6],
];
const numberRank = 5;

function rankOf(part: string): number {
  if (isNumber(part)) return numberRank;
  return words.find(([beginning]) => part.startsWith(beginning))?.[1] ?? -1;
}

function isNumber(part: string): boolean {
  return /^\d/.test(part);
}

/** The turns of digits and of letters. */
function partsOf(version: NormalVersion): string[] {
  return version.match(/\d+|[^\d._+-]+/g) ?? [];
}

/** Order of two numbered versions: negative, 0 or positive. Branches have none. */
export function compareNormal(a: NormalVersion, b: NormalVersion): number {
  const left = partsOf(a);
  const right = partsOf(b);
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const order = comparePart(left[index], right[index]);
    if (order !== 0) return order;
  }
  return 0;
}

/** Where one version ends, a number more is higher, and a word is held against a number. */
function comparePart(a: string | undefined, b: string | undefined): number {
  if (a !== undefined && b !== undefined && isNumber(a) && isNumber(b)) {
    const difference = BigInt(a) - BigInt(b);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }
  if (a === undefined) return b === undefined || isNumber(b) ? -1 : numberRank - rankOf(b);
  if (b === undefined) return isNumber(a) ? 1 : rankOf(a) - numberRank;
  return rankOf(a) - rankOf(b);
}

/** `v0.16.4` -> `0.16.4`, `0.16.0-a17` stays; null for a branch (`dev-master`, `1.0.x-dev`), which has no number. */
export function plainVersion(installed: string): string | null {
  const version = normalVersion(installed);
  if (version === null || isBranch(version) || version.includes(openEnd)) return null;
  return installed
    .trim()
    .replace(/^v/i, '')
    .replace(/[@#].*$/, '');
}

/** Order of two versions as Composer sees them: negative, 0 or positive; null when one has no number. */
export function compareComposer(a: string, b: string): number | null {
  const left = normalVersion(a);
  const right = normalVersion(b);
  if (left === null || right === null || isBranch(left) || isBranch(right)) return null;
  return compareNormal(left, right);
}
