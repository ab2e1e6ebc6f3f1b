/**
 * Running a command as a user does, and what it took: wall time with the
 * start of the process, and the peak of its memory.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { say } from '../setup.mjs';

/** A command was stopped when its time was over. */
export class TimeOver extends Error {}

/**
 * Runs to its end; throws with what was printed when it fails. Returns seconds and what it printed on stdout.
 * `timeout` of the options is in milliseconds.
 */
export function timed(command, args, options = {}) {
  const started = performance.now();
  const result = spawnSync(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 30,
    ...options,
  });
  const seconds = (performance.now() - started) / 1000;
  if (result.error?.code === 'ETIMEDOUT') throw new TimeOver(`${command} did not end within ${seconds} s`);
  if (result.status !== 0) {
    const said = `${result.error ?? ''}${result.stdout}${result.stderr}`;
    throw new Error(
      `${command} ${args.slice(0, 6).join(' ')}: status ${result.status}\n${said.slice(-4000)}`,
    );
  }
  return { seconds, stdout: result.stdout.toString() };
}

/** The machine's, whose package list the corpus comes from. */
export const architecture = timed('dpkg', ['--print-architecture']).stdout.trim();

/**
 * What was written before must not be paid for by what is measured next; and whoever reads these files first
 * must not pay for the disk alone.
 */
export function settle(files = []) {
  spawnSync('sync');
  // Not here: what was read would stay in memory, and every start of a process would copy that
  if (files.length === 0) return;
  spawnSync('xargs', ['--null', 'cat', '--'], {
    input: files.join('\0'),
    stdio: ['pipe', 'ignore', 'inherit'],
  });
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Medians of some runs; each run returns its seconds. */
export function medianOf(name, runs, once) {
  const seconds = Array.from({ length: runs }, (_, run) => once(run));
  const result = median(seconds);
  say(`${name.padEnd(44)} ${result.toFixed(2)} s   (${seconds.map((one) => one.toFixed(2)).join(', ')})`);
  return result;
}

/** Runs a command as `timed` does; also its peak memory, all processes together, in MB (peak-memory.mjs). */
export function memoryOf(scratch, command, args, options) {
  const file = join(scratch, 'peak-memory');
  const watcher = new URL('peak-memory.mjs', import.meta.url).pathname;
  const { stdout } = timed(process.execPath, [watcher, file, command, ...args], options);
  return { megabytes: Number(readFileSync(file, 'utf8')) / 1e6, stdout };
}
