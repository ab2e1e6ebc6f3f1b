/**
 * Data as tables for people. Plain text: columns line up, nothing is cut. Where a table is wider than the terminal,
 * cells are wrapped between words; where that is not enough, each row becomes a block. No word is broken, so that
 * ids and commands can be copied.
 */
import { wrapped } from './wrapped.js';
import type { Pin } from '../../source/pin.js';
import type { BuildResult, BuildPlanRow } from '../../workflows/release/release-results.js';

type Rows = readonly (readonly string[])[];

const gap = '  ';

/** @param columns to keep within; a pipe has no end */
export function renderTable(head: readonly string[], rows: Rows, columns = Infinity): string {
  const widest = widthsOf(head, rows, (cell) => cell.length);
  if (total(widest) <= columns) return aligned(head, rows, widest);
  const least = widthsOf(head, rows, (cell) => Math.max(...cell.split(' ').map((word) => word.length)));
  if (total(least) > columns) return rows.map((row) => block(head, row, columns)).join('\n\n');
  const widths = narrowed(widest, least, columns);
  const wrappedRows = rows.flatMap((row) => {
    const cells = head.map((_, column) => wrapped(row[column] ?? '', widths[column]!));
    return Array.from({ length: Math.max(...cells.map((lines) => lines.length)) }, (_, at) =>
      cells.map((lines) => lines[at] ?? ''),
    );
  });
  return aligned(head, wrappedRows, widths);
}

function aligned(head: readonly string[], rows: Rows, widths: readonly number[]): string {
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join(gap)
      .trimEnd();
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** A title is never wrapped. */
function widthsOf(head: readonly string[], rows: Rows, of: (cell: string) => number): number[] {
  return head.map((title, column) => Math.max(title.length, ...rows.map((row) => of(row[column] ?? ''))));
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + gap.length * (widths.length - 1);
}

/** The widest column gives way, again and again, down to its longest word. */
function narrowed(widest: readonly number[], least: readonly number[], columns: number): number[] {
  const widths = [...widest];
  while (total(widths) > columns) {
    const room = widths.map((width, column) => (width > least[column]! ? width : 0));
    widths[room.indexOf(Math.max(...room))]! -= 1;
  }
  return widths;
}

/** One row below its first cell, a line or more for each of the others that says something. */
function block(head: readonly string[], row: readonly string[], columns: number): string {
  const width = Math.max(...head.slice(1).map((title) => title.length));
  const lines = head.slice(1).flatMap((title, at) => {
    const cell = row[at + 1] ?? '';
    if (cell === '') return [];
    const indent = gap.length * 2 + width;
    return wrapped(cell, columns - indent).map(
      (line, n) => `${gap}${(n === 0 ? title : '').padEnd(width)}${gap}${line}`,
    );
  });
  return [row[0] ?? '', ...lines].join('\n');
}

/** One row a package: component, version, package, where from, who vouches. */
export function pinRows(pins: ReadonlyMap<string, Pin>): string[][] {
  return [...pins.values()].flatMap((pin) => {
    const signer = pin.provenance.find((step) => step.kind === 'signature');
    const vouched = signer === undefined ? '' : `${signer.step} by ${signer.by}`;
    switch (pin.kind) {
      case 'apt-source':
        return [[pin.component, pin.version, `${pin.package} (source)`, pin.suite, vouched]];
      case 'apt-binary':
        return pin.packages.map((binary) => [
          pin.component,
          binary.version,
          `${binary.package} (${binary.architecture})`,
          binary.suite,
          vouched,
        ]);
      case 'within': {
        const demanded = pin.demanded === undefined ? '' : `demanded there: ${pin.demanded}`;
        return [
          [
            pin.component,
            pin.upstreamVersion,
            pin.library ?? pin.path,
            `${pin.within}: ${pin.path}`,
            demanded,
          ],
        ];
      }
      case 'git':
        return [[pin.component, pin.upstreamVersion, pin.ref ?? pin.commit.slice(0, 12), pin.url, vouched]];
      case 'tarball':
        return [[pin.component, pin.upstreamVersion, pin.archive.name, pin.url, vouched]];
      case 'local':
        return [[pin.component, pin.upstreamVersion, 'local tree', pin.path, 'nobody']];
    }
  });
}

export function buildRows(rows: readonly BuildPlanRow[]): string[][] {
  return rows.map((row) => [row.component, row.package, row.version, row.method, row.state]);
}

export function builtRows(packages: BuildResult['packages']): string[][] {
  return packages.map((built) => [built.package, built.version, built.file]);
}
