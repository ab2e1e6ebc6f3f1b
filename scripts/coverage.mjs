/**
 * What share of each room the tests run, held against test/coverage-floor.json. V8 counts while the tests run
 * (NODE_V8_COVERAGE), c8 maps that to src/. Commands run as a program of their own, from dist/, and are not counted.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { root } from './setup.mjs';

const floorFile = 'test/coverage-floor.json';

/**
 * Lines and branches of each room, in per cent.
 *
 * @param counts folder that NODE_V8_COVERAGE named
 * @returns Map of room -> { lines, branches }; a file that no test loads counts as not run
 */
export function coverageByRoom(counts) {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-coverage-'));
  try {
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        join(root, 'node_modules/c8/bin/c8.js'),
        'report',
        `--temp-directory=${counts}`,
        ...['--all', '--merge-async', '--src=src', '--include=src/**/*.ts'],
        ...['--reporter=json-summary', `--reports-dir=${folder}`],
      ],
      { cwd: root, encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`c8 report failed: ${stderr}`);
    return byRoom(JSON.parse(readFileSync(join(folder, 'coverage-summary.json'), 'utf8')));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function byRoom(files) {
  const sums = new Map();
  for (const [file, { lines, branches }] of Object.entries(files)) {
    if (file === 'total') continue;
    const room = relative(join(root, 'src'), file).split('/')[0];
    const sum = sums.get(room) ?? { lines: [0, 0], branches: [0, 0] };
    sums.set(room, sum);
    for (const [name, { covered, total }] of Object.entries({ lines, branches })) {
      sum[name][0] += covered;
      sum[name][1] += total;
    }
  }
  const share = ([covered, total]) => (total === 0 ? 100 : (100 * covered) / total);
  return new Map(
    [...sums].sort().map(([room, sum]) => [room, { lines: share(sum.lines), branches: share(sum.branches) }]),
  );
}

/**
 * A line for each room, and what fell below its floor.
 *
 * @param rooms as {@link coverageByRoom} gives them
 * @param what key of the floor file: which tests were counted
 */
export function againstFloor(rooms, what) {
  const floors = JSON.parse(readFileSync(join(root, floorFile), 'utf8'))[what];
  const faults = Object.keys(floors)
    .filter((room) => !rooms.has(room))
    .map((room) => `${floorFile} has the room ${room}, which src does not`);
  const lines = [...rooms].map(([room, figures]) => {
    const floor = floors[room];
    if (floor === undefined) faults.push(`The room ${room} has no floor in ${floorFile}`);
    const cells = ['lines', 'branches'].map((name) => {
      const least = floor?.[name];
      if (least !== undefined && figures[name] < least) {
        faults.push(`${room}: ${figures[name].toFixed(1)} % of ${name}, and the floor is ${least} %`);
      }
      return `${figures[name].toFixed(1).padStart(7)} (${String(least ?? '-').padStart(3)})`;
    });
    return `  ${room.padEnd(14)} ${cells.join(' ')}`;
  });
  const head = `Coverage by ${what} tests, per cent (floor)\n  ${''.padEnd(14)} ${'lines'.padStart(13)} ${'branches'.padStart(13)}`;
  return { text: ['', head, ...lines, ...faults].join('\n'), faults };
}
