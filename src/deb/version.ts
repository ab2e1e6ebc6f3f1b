/**
 * Debian version numbers, deb-version(7): parsing, ordering, and conversion from and to upstream's own numbering. It
 * knows versions, not packages. The ranges of a profile are semver ranges; only `semverOf` compares Debian versions
 * with them.
 */
import semver, { type SemVer } from 'semver';
import { LockstepError } from '../errors.js';
import { parseUpstream } from './upstream-version.js';

/** `[epoch:]upstream[-revision]`; a native version has no revision. */
export interface DebianVersion {
  readonly epoch: number;
  readonly upstream: string;
  readonly revision: string | null;
}

/** Same limit as dpkg: an epoch is a C int. */
const largestEpoch = 2147483647;

/** The parsed version, or the reason why the text is invalid. */
function read(text: string): DebianVersion | string {
  if (text === '') return 'it is empty';
  const colon = text.indexOf(':');
  const epoch = colon < 0 ? '0' : text.slice(0, colon);
  if (!/^[0-9]+$/.test(epoch)) return 'its epoch is not a number';
  if (Number(epoch) > largestEpoch) return 'its epoch is too large';
  const rest = text.slice(colon + 1);
  const hyphen = rest.lastIndexOf('-');
  const [upstream, revision] = hyphen < 0 ? [rest, null] : [rest.slice(0, hyphen), rest.slice(hyphen + 1)];
  if (upstream === '') return 'it has no upstream part';
  if (!/^[0-9]/.test(upstream)) return 'its upstream part does not start with a digit';
  if (!/^[A-Za-z0-9.+~:-]+$/.test(upstream))
    return 'its upstream part may contain only A-Z a-z 0-9 . + ~ - :';
  if (revision === '') return 'its revision is empty';
  if (revision !== null && !/^[A-Za-z0-9.+~]+$/.test(revision)) {
    return 'its revision may contain only A-Z a-z 0-9 . + ~';
  }
  return { epoch: Number(epoch), upstream, revision };
}

/**
 * Reads a version.
 * @throws LockstepError DEB_VERSION
 */
export function parseVersion(text: string): DebianVersion {
  const version = read(text);
  if (typeof version !== 'string') return version;
  throw new LockstepError('DEB_VERSION', {
    message: `${JSON.stringify(text)} is not a Debian version: ${version}`,
    hint: 'The form is [epoch:]upstream[-revision], see deb-version(7)',
    where: [{ value: text }],
  });
}

/** Whether `text` is a version that dpkg accepts in a package. */
export function isValidVersion(text: string): boolean {
  return typeof read(text) !== 'string';
}

/** The version as text; an epoch of 0 is not written. */
export function formatVersion(version: DebianVersion): string {
  const epoch = version.epoch === 0 ? '' : `${version.epoch}:`;
  return `${epoch}${version.upstream}${version.revision === null ? '' : `-${version.revision}`}`;
}

/**
 * Compares two versions in dpkg's order: `~` sorts before the end, letters before other characters, digits as numbers
 * of any length. Usable with `Array.sort`.
 * @throws LockstepError DEB_VERSION
 */
export function compareVersions(a: string, b: string): -1 | 0 | 1 {
  if (a === b && isValidVersion(a)) return 0;
  const left = parseVersion(a);
  const right = parseVersion(b);
  if (left.epoch !== right.epoch) return left.epoch < right.epoch ? -1 : 1;
  const upstream = compareParts(left.upstream, right.upstream);
  if (upstream !== 0) return upstream;
  // deb-version(7): an absent revision equals revision 0
  return compareParts(left.revision ?? '', right.revision ?? '');
}

/** The highest of some versions, and the first of equal ones; undefined for an empty list. */
export function highestOf(versions: readonly string[]): string | undefined {
  return versions.toSorted((a, b) => compareVersions(b, a))[0];
}

/** For each key, the item with the highest version, and the first of equal ones. */
export function highestBy<K, T>(
  items: Iterable<T>,
  keyOf: (item: T) => K,
  versionOf: (item: T) => string,
): Map<K, T> {
  const highest = new Map<K, T>();
  for (const item of items) {
    const known = highest.get(keyOf(item));
    if (known === undefined || compareVersions(versionOf(known), versionOf(item)) < 0)
      highest.set(keyOf(item), item);
  }
  return highest;
}

function isDigitAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

/** The sort weight of the character at `at`. A digit or the end of the text has weight 0. */
function weightAt(text: string, at: number): number {
  if (at >= text.length || isDigitAt(text, at)) return 0;
  const code = text.charCodeAt(at);
  if (code === 126) return -1;
  const isLetter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
  return isLetter ? code : code + 256;
}

/** dpkg's verrevcmp: compares non-digits and digits in turn. */
function compareParts(a: string, b: string): -1 | 0 | 1 {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigitAt(a, i)) || (j < b.length && !isDigitAt(b, j))) {
      const left = weightAt(a, i);
      const right = weightAt(b, j);
      if (left !== right) return left < right ? -1 : 1;
      i++;
      j++;
    }
    while (a.charCodeAt(i) === 48) i++;
    while (b.charCodeAt(j) === 48) j++;
    let first: -1 | 0 | 1 = 0;
    while (isDigitAt(a, i) && isDigitAt(b, j)) {
      if (first === 0 && a[i] !== b[j]) first = a.charCodeAt(i) < b.charCodeAt(j) ? -1 : 1;
      i++;
      j++;
    }
    if (isDigitAt(a, i)) return 1;
    if (isDigitAt(b, j)) return -1;
    if (first !== 0) return first;
  }
  return 0;
}

/** The upstream part: `1:1.39.17-1+deb12u2` -> `1.39.17`. @throws LockstepError DEB_VERSION */
export function upstreamOf(version: string): string {
  return parseVersion(version).upstream;
}

/** The version without its epoch, as file names have it (Policy 5.6.12). @throws LockstepError DEB_VERSION */
export function withoutEpoch(version: string): string {
  return formatVersion({ ...parseVersion(version), epoch: 0 });
}

/**
 * The version with `suffix` at its end, which makes it slightly higher:
 * `1:1.39.17-1+deb12u2`, `+lockstep1` -> `1:1.39.17-1+deb12u2+lockstep1`.
 * @throws LockstepError DEB_VERSION when the suffix would change the parts (a hyphen, a colon)
 */
export function withSuffix(version: string, suffix: string): string {
  parseVersion(version);
  if (!/^[+~.][A-Za-z0-9.+~]*$/.test(suffix)) {
    throw new LockstepError('DEB_VERSION', {
      message: `${JSON.stringify(suffix)} is not a valid suffix of a Debian version: it must start with + ~ or . and contain only A-Z a-z 0-9 . + ~`,
      where: [{ value: suffix }],
    });
  }
  return version + suffix;
}

/**
 * An upstream version as the upstream part of a Debian version.
 * - A pre-release sorts before its release: `0.16.0-a17` -> `0.16.0~a17`, `1.0RC1` -> `1.0~rc1`.
 * - Composer's patch stability sorts after the release: `1.0.0-p2` -> `1.0.0+p2`.
 * - So does build metadata: `1.47.0-wmf.9+git20261123.101530.1a2b3c4d` -> `1.47.0~wmf.9+git...`.
 * - A leading `v` is removed. A text that already is a Debian version stays unchanged.
 * @throws LockstepError DEB_VERSION when the result is not a version
 */
export function debianVersionOf(upstream: string): string {
  const text = upstream.trim();
  const parsed = parseUpstream(text);
  const version =
    parsed === null
      ? text
      : parsed.numbers +
        parsed.letters +
        (parsed.pre === null ? '' : `~${parsed.pre}`) +
        parsed.after.map((part) => `+${part}`).join('');
  // A hyphen would begin a revision, and upstream's versions have none
  if (parsed === null && version.includes('-')) throw noUpstreamVersion(upstream);
  parseVersion(version);
  return version;
}

/**
 * Compares upstream versions by dpkg's rules, after conversion to Debian versions, because machines compare those.
 * Usable with `Array.sort`.
 *
 * The order is semver's, and also compares numbers inside words (`a9` < `a17`). MediaWiki's weekly `-wmf.N` versions
 * sort by their number and after `-alpha`, the version of its main branch. They also sort after the `-rc` versions of
 * the same release, although they are older: dpkg sorts `~wmf` after `~rc`, and Debian's own MediaWiki packages use
 * both. wmf branches and release tags are never candidates of one component.
 * @throws LockstepError DEB_VERSION for a text that is not a version in any known grammar
 */
export function compareUpstreamVersions(a: string, b: string): -1 | 0 | 1 {
  for (const text of [a, b]) if (parseUpstream(text) === null) throw noUpstreamVersion(text);
  return compareVersions(debianVersionOf(a), debianVersionOf(b));
}

function noUpstreamVersion(text: string): LockstepError {
  return new LockstepError('DEB_VERSION', {
    message: `${JSON.stringify(text)} is not a version that can be ordered`,
    hint: 'Valid versions are numbers with dots and the usual suffixes: 1.43.0, 1.43.0-rc.1, 1.47.0-wmf.9, 0.23.0-a18, REL1_43_2, 2026-11-23',
    where: [{ value: text }],
  });
}

/** What Debian appends to an upstream version when it repacks the tarball. */
const repackMark = /[+~.](?:dfsg|ds|repack|debian|nmu)[A-Za-z0-9.]*/g;

/**
 * An upstream part (not a whole Debian version, see `upstreamOf`) as semver: `7.1` -> 7.1.0, `0.16.0~a17` ->
 * 0.16.0-a17, `1.2.3+dfsg1` -> 1.2.3. Null if semver has no equivalent (`9.2p1`, four numbers): such a version is in no
 * range.
 */
export function semverOf(upstream: string): SemVer | null {
  const plain = upstream.replace(repackMark, '');
  const match =
    /^([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:~([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.+~-]+))?$/.exec(plain);
  if (match === null) return null;
  // Date-like versions have leading zeros (2023.01.05), which semver forbids
  const numbers = [match[1], match[2] ?? '0', match[3] ?? '0'].map((part) => String(BigInt(part!)));
  const pre = match[4] === undefined ? '' : `-${match[4].replace(/(^|\.)0+(?=[0-9]+(?:\.|$))/g, '$1')}`;
  const metadata = match[5] === undefined ? '' : `+${match[5].replace(/[+~]/g, '-')}`;
  return semver.parse(`${numbers.join('.')}${pre}${metadata}`);
}

/**
 * Which pre-releases a range includes.
 * - `named`: pre-releases with the same numbers as a pre-release that the range names, as in npm: `>=2.0.0-alpha`
 * includes 2.0.0-beta but not 2.1.0-alpha, and `>=1` does not include 2.0.0-beta
 * - `any`: all in the range
 */
export type PreReleases = 'named' | 'any';

/**
 * Whether an upstream part is in a semver range. `a9` is below `a17` (plain semver compares such identifiers as text).
 * A version with four numbers is between its first three numbers and the next version: `1.2.3.4` is above 1.2.3, and
 * below every form of 1.2.4.
 */
export function isInRange(upstream: string, range: string, preReleases: PreReleases): boolean {
  const dottedRange = range.replace(
    /([0-9])-([0-9A-Za-z.-]+)/g,
    (_, digit: string, pre: string) => `${digit}-${pre.replace(/([A-Za-z])(?=[0-9])/g, '$1.')}`,
  );
  const version = semverOf(upstream);
  if (version === null) {
    const isPre = upstream.replace(repackMark, '').includes('~');
    return !(isPre && preReleases === 'named') && isBetween(upstream, dottedRange);
  }
  const dotted = version.format().replace(/([A-Za-z])(?=[0-9])/g, '$1.');
  return semver.satisfies(dotted, dottedRange, { includePrerelease: preReleases === 'any' });
}

/** As {@link isInRange}, for versions with more numbers than semver allows. */
function isBetween(upstream: string, range: string): boolean {
  const three = /^([0-9]+\.[0-9]+\.[0-9]+)(?:\.[0-9]+)+(?:[~+][0-9A-Za-z.+~]*)?$/.exec(upstream)?.[1];
  const below = three === undefined ? null : semverOf(three);
  if (below === null || semver.validRange(range) === null) return false;
  const { set } = new semver.Range(range, { includePrerelease: true });
  return set.some((comparators) =>
    comparators.every((comparator) => {
      const bound = comparator.semver as SemVer | symbol;
      // The comparator of "*" has no version
      if (!(bound instanceof semver.SemVer)) return true;
      const above = semver.compare(below, bound) >= 0;
      return comparator.operator.startsWith('>') ? above : comparator.operator.startsWith('<') && !above;
    }),
  );
}
