/**
 * What extension.json demands of MediaWiki, as relations of Debian. Pure.
 */
import { compareVersions, formatVersion, parseVersion } from '../deb/version.js';
import { relation } from './relations.js';

/**
 * Relations on the package `mediawiki` that a constraint of Composer's comes to: with them, a security release of
 * MediaWiki changes no extension's package. Where Debian's relations cannot say it (`||`, `!=`), or it would not
 * be met, the version of the set, which was shown to fit.
 *
 * @param constraint null: any
 * @param version of the package in the set
 */
export function mediawikiRelations(constraint: string | null, version: string): string[] {
  const bounds = constraint === null ? [] : boundsOf(constraint.trim(), parseVersion(version).epoch);
  const fits = bounds?.every(([operator, bound]) => {
    const order = compareVersions(version, bound);
    return operator === '>=' ? order >= 0 : order < 0;
  });
  if (bounds === null || fits !== true) return relation('mediawiki', 'exact', version);
  if (bounds.length === 0) return ['mediawiki'];
  return bounds.map(([operator, bound]) => `mediawiki (${operator} ${bound})`);
}

type Bound = readonly [operator: '>=' | '<<', version: string];

/** Bounds that hold together; null where that is not all of it. */
function boundsOf(constraint: string, epoch: number): Bound[] | null {
  const parts = constraint.replace(/([<>=^~])\s+/g, '$1').split(/\s*,\s*|\s+/);
  const bounds = parts.map(boundsOfPart);
  if (bounds.includes(null)) return null;
  return bounds.flatMap((own) =>
    // A pre-release sorts before the numbers with "~" behind them: Composer counts it to the series as well
    own!.map(([operator, numbers]): Bound => [
      operator,
      formatVersion({ epoch, upstream: `${numbers.join('.')}~`, revision: null }),
    ]),
  );
}

function boundsOfPart(part: string): ['>=' | '<<', number[]][] | null {
  if (part === '*') return [];
  const [, operator = '', text = '', wildcard] =
    /^(>=|<|\^|~|)v?(\d{1,6}(?:\.\d{1,6}){0,2})(\.\*)?$/.exec(part) ?? [];
  if (text === '' || (operator !== '' && wildcard !== undefined)) return null;
  const numbers = text.split('.').map(Number);
  const upTo = (position: number): number[] => [...numbers.slice(0, position), (numbers[position] ?? 0) + 1];
  if (operator === '>=') return [['>=', numbers]];
  if (operator === '<') return [['<<', numbers]];
  // 0.x is the business of Composer's grammar alone: MediaWiki left it behind in 2003
  if (operator === '^' ? numbers[0] === 0 : operator === '' && wildcard === undefined) return null;
  const raised = { '~': Math.max(0, numbers.length - 2), '^': 0 }[operator] ?? numbers.length - 1;
  return [
    ['>=', numbers],
    ['<<', upTo(raised)],
  ];
}
