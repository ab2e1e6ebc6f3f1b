/**
 * Version numbers as upstream writes them: one grammar for semver's, for MediaWiki's (`1.43.0-rc.1`,
 * `1.47.0-wmf.9`, `REL1_43_2`), for dates and for four numbers. Any other text is not a version: a guess
 * would order it wrongly. version.ts orders versions and converts them to Debian versions.
 */

export interface UpstreamVersion {
  /** `1.43.0`; of a date `2026.11.23`. */
  numbers: string;
  /** What follows the last number without a mark, and comes after it: `w` of `1.1.1w`, `p1` of `9.2p1`. */
  letters: string;
  /** What comes before the release: `rc.1`, `wmf.14`, `a18`; null for none. */
  pre: string | null;
  /** What comes after it: `p2`, `git20261123.101530.1a2b3c4d`. */
  after: string[];
}

/**
 * Words that mark a pre-release, wherever they are placed next to the number. `a` and `b` are such words only
 * before a number: OpenSSL's `1.0.2b` is its second bug-fix release.
 */
const stage =
  '(?:alpha|beta|rc|wmf|dev|preview|pre|snapshot)(?:[-._]?[0-9]+(?:[-._][0-9]+)*)?|[ab][0-9]+(?:[-._][0-9]+)*';

const grammar = new RegExp(
  [
    '^v?(?<numbers>[0-9]+(?:\\.[0-9]+)*)',
    // Composer's patch stability, and letters that mark no stage
    '(?<letters>(?!(?:' + stage + ')(?:[-+.~]|$))[a-z][0-9]*)?',
    '(?:[-~](?<patch>(?:pl|patch|p)[.-]?[0-9]*)',
    `|[-._~]?(?<stage>(?:${stage})(?:[-.](?:${stage}))*)`,
    '|[-~](?<pre>[0-9a-z]+(?:[.~_-]+[0-9a-z]+)*))?',
    '(?<after>(?:\\+[0-9a-z]+(?:[.~_-]+[0-9a-z]+)*)*)$',
  ].join(''),
  'i',
);

const longest = 120;

/** Takes a version apart; null for what the grammar does not know (`main`, `nightly`, `1..2`). */
export function parseUpstream(text: string): UpstreamVersion | null {
  if (text.length > longest) return null;
  const match = grammar.exec(dotted(text));
  if (match?.groups === undefined) return null;
  const { numbers, letters, patch, stage: word, pre, after } = match.groups;
  const before = word?.toLowerCase() ?? pre;
  return {
    numbers: numbers!,
    letters: letters ?? '',
    pre: before === undefined ? null : before.replace(/[-_]+/g, '.'),
    after: [
      ...(patch === undefined ? [] : [patch.replace(/[-_]/g, '.')]),
      ...(after ?? '')
        .split('+')
        .slice(1)
        .map((part) => part.replace(/[-_]+/g, '.')),
    ],
  };
}

/** MediaWiki's tags before 1.44 or so, and dates, as numbers with dots. */
function dotted(text: string): string {
  const release = /^REL([0-9]+(?:_[0-9]+)+)((?:_?(?:alpha|beta|rc)_?[0-9]*)?)$/i.exec(text);
  if (release !== null) {
    return (
      release[1]!.replaceAll('_', '.') +
      release[2]!.replace(/^_?/, release[2] === '' ? '' : '-').replaceAll('_', '.')
    );
  }
  // Hyphens in it do not mark a pre-release
  return text.replace(/^((?:19|20)[0-9]{2})-([01][0-9])-([0-3][0-9])(?![0-9])/, '$1.$2.$3');
}

/** Whether a version is a pre-release; false for a text that is not a version. */
export function isPreRelease(text: string): boolean {
  return typeof parseUpstream(text)?.pre === 'string';
}

/**
 * The version that a tag or branch is named after: `wmf/1.47.0-wmf.9` -> `1.47.0-wmf.9`, `REL1_43` -> `1.43`,
 * `v0.20.1` -> `0.20.1`. Null where its name says none.
 */
export function versionOfName(name: string): string | null {
  const last = name.slice(name.lastIndexOf('/') + 1);
  const version = parseUpstream(last);
  return version === null ? null : dotted(last).replace(/^v(?=[0-9])/i, '');
}
