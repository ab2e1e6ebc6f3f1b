/** Data as tables for people. Plain text: columns line up, nothing is cut. */
import type { Pin } from '../../source/pin.js';
import type { BuildPlanRow } from '../../workflows/release/set-build.js';
import type { BuildResult } from '../results/all.js';

export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(head), line(head.map((_, column) => '-'.repeat(widths[column] ?? 0))), ...rows.map(line)].join(
    '\n',
  );
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
