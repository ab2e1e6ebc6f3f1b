/** How long each stage of a run took, and its longest files; printed at the end of `npm test`. */
import { existsSync, readFileSync } from 'node:fs';

const stages = [];

const seconds = (milliseconds) => `${Math.round(milliseconds / 1000)} s`;

/** Does it, and remembers how long it took. */
export function stage(name, work) {
  const started = performance.now();
  const end = () => ended(name, performance.now() - started);
  const result = work();
  if (result instanceof Promise) return result.finally(end);
  end();
  return result;
}

/** Remembers a stage that is over; in milliseconds. */
export function ended(name, took) {
  stages.push({ name, took });
  process.stderr.write(`== ${name}: ${seconds(took)}\n`);
}

/** How many files are worth a line. */
const longestFiles = 20;

/**
 * The stages, the whole, and the files that took longest.
 *
 * @param times file of lines as test/fixtures/timing.ts writes them
 */
export function report(times) {
  const lines = stages.map(({ name, took }) => `  ${name.padEnd(28)} ${seconds(took).padStart(7)}`);
  const whole = seconds(performance.now());
  const files = existsSync(times)
    ? readFileSync(times, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line))
        .sort((a, b) => b.processor - a.processor)
        .slice(0, longestFiles)
        .map(
          (one) =>
            `  ${one.file.padEnd(52)} ${seconds(one.seconds * 1000).padStart(7)} ${seconds(one.processor * 1000).padStart(9)}`,
        )
    : [];
  const longest =
    files.length === 0 ? [] : [`Files that cost most ${'wall  processor'.padStart(49)}`, ...files];
  return ['', 'Stages:', ...lines, `  ${'all'.padEnd(28)} ${whole.padStart(7)}`, ...longest, ''].join('\n');
}
