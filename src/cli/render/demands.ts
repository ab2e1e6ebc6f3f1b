/** Who of a set demands what of whom, as a table for people. */
import { counted } from '../../counted.js';
import type { DemandRow } from '../../resolution/demand-shape.js';
import { demandInWords } from '../../resolution/explain-words.js';
import { cleanLine } from '../../plain-text.js';
import { renderTable } from './table.js';

const head = ['Who', 'Demands', 'Of', 'Available', ''];

/**
 * The table: what is not met first, then what components demand of each other and of the base release. What
 * the libraries in a vendor folder demand, and what a tree has in itself, is only counted.
 */
export function renderDemands(rows: readonly DemandRow[]): string {
  if (rows.length === 0) return 'No component of the set has demands.';
  const shown = rows.filter((row) => !row.met || isBetweenOthers(row));
  const order = [...shown.filter(({ met }) => !met), ...shown.filter(({ met }) => met)];
  const lines = unique(order.map(cells));
  const left = counted(rows.length - shown.length, 'more demand');
  return [
    ...(lines.length === 0 ? [] : [renderTable(head, lines)]),
    ...(shown.length === rows.length
      ? []
      : [`${left} within one tree, or of a library in a vendor folder: all satisfied`]),
  ].join('\n');
}

/** Composer has seen to what is within a vendor folder, and upstream to what is within a tree. */
function isBetweenOthers({ by, component, suppliedBy, demands }: DemandRow): boolean {
  return (
    !by.startsWith('library ') &&
    suppliedBy !== component &&
    !(demands.startsWith('library/') && suppliedBy === null)
  );
}

function cells({ component, by, demands, constraint, suppliedBy, version, met, note }: DemandRow): string[] {
  const who = by === component ? by : `${by} (${component})`;
  const there = met ? [version, note].filter((part) => part !== null).join(', ') : (note ?? version ?? '');
  return [who, demandInWords(demands, constraint), suppliedBy ?? 'nobody', there, met ? 'ok' : 'NOT MET'].map(
    cleanLine,
  );
}

/** Two files of a tree often demand the same. */
function unique(lines: readonly string[][]): string[][] {
  return [...new Map(lines.map((line) => [JSON.stringify(line), line])).values()];
}
