/**
 * `npm test`: sets everything up, then runs every check and every test.
 * `npm test -- unit` (or integration, e2e, lint, types) runs one part.
 * What the unit tests run of each room must not fall below test/coverage-floor.json; `npm run coverage` counts
 * the integration tests too, see coverage.mjs.
 * `npm test -- --fresh` does it in a copy of the tree with empty caches, see fresh.mjs.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { againstFloor, coverageByRoom } from './coverage.mjs';
import { runFresh } from './fresh.mjs';
import { keptByTests, releaseTools, root, say, setUp, testTools } from './setup.mjs';
import { report, stage } from './stages.mjs';

const bin = (name) => join(root, 'node_modules', name);
const node = (file, ...args) => [process.execPath, [bin(file), ...args]];
const mocha = (...args) =>
  node('mocha/bin/mocha.js', '--no-color', '--require', 'test/fixtures/timing.ts', ...args);

/** What takes longest goes first: a core that is left alone with it at the end is a core that others wait for. */
const longest = {
  integration: [
    'workflows/broken-disk',
    'archive/crash',
    'workflows/readers',
    'workflows/gc',
    'workflows/repair',
    'workflows/verify',
    'workflows/drop',
    'build/repack',
    'workflows/moves',
    'workflows/supersede',
    'build/debian-method',
  ],
  // The machines of wiki-booted wait for what release makes
  e2e: [
    'release/release',
    'moves/crash',
    'tracking/git-wiki',
    'tracking/extensions',
    'wiki-moves/bookworm',
    'wiki-moves/bookworm-unattended',
    'wiki-moves/trixie',
    'wiki-booted/bookworm',
    'wiki-booted/trixie',
    'bad-input/json',
    'bad-input/moving',
  ],
};

function filesOf(part) {
  const folder = join('test', part);
  const rank = (file) => {
    const at = longest[part].indexOf(file.slice(folder.length + 1, -'.test.ts'.length));
    return at === -1 ? Infinity : at;
  };
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
    .sort((a, b) => (rank(a) === rank(b) ? (a < b ? -1 : 1) : rank(a) - rank(b)));
}

/** Files share nothing but the caches and what is made once a run (test/fixtures/run-folder.ts). */
const inParallel = (part, jobs, timeout) =>
  mocha('--parallel', '--jobs', String(jobs), '--timeout', String(timeout), ...filesOf(part));

const parts = {
  lint: [
    node('eslint/bin/eslint.js', '.'),
    node('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'),
  ],
  types: [node('typescript/bin/tsc', '--noEmit', '-p', '.')],
  unit: [mocha('--recursive', 'test/unit/**/*.test.ts')],
  integration: [inParallel('integration', 2, 300_000)],
  // On two cores: a machine that boots, or asks apt, leaves one of them idle now and then
  e2e: [inParallel('e2e', 3, 2_400_000)],
};

/**
 * Side by side: a lane that boots machines, and waits for them now and then, and one that does not. Within a
 * lane one part follows the other.
 */
const lanes = [['e2e'], ['lint', 'types', 'unit', 'integration']];

/**
 * The parts whose coverage is counted. Counting makes integration tests slower, by a sixth of their processor time,
 * so they are counted where that is asked for (`npm run coverage`).
 */
const counted = process.argv.includes('--coverage') ? ['unit', 'integration'] : ['unit'];

const flags = ['--fresh', '--coverage'];
const asked = process.argv.slice(2).filter((name) => !flags.includes(name));
const unknown = asked.filter((name) => !(name in parts));
if (unknown.length > 0) {
  say(
    `No part named ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}, ${flags.join(' and ')}.`,
  );
  process.exit(2);
}

if (process.argv.includes('--fresh')) {
  process.exit(runFresh(process.argv.slice(2).filter((name) => name !== '--fresh')));
}

setUp([...releaseTools, ...testTools], stage);

// Everything that tests make is below one folder, which goes whatever became of the tests
const temporary = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
// Some of what tests start runs as the web server's user, and has to get through
chmodSync(temporary, 0o711);
process.once('exit', () => {
  // Debian roots that lie in memory are mounts, which a test that was killed leaves behind
  for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
    const [, path = ''] = line.split(' ');
    if (path.startsWith(`${temporary}/`)) spawnSync('umount', ['--lazy', path]);
  }
  rmSync(temporary, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

const memory = folderInMemory();
const times = join(temporary, 'times.jsonl');
const kept = keptByTests();
const counts = join(temporary, 'coverage');
/** What programs write at home that tests start (gpg, a browser) goes with the run. */
const home = join(temporary, 'home');
mkdirSync(home, { mode: 0o700 });
const testing = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('XDG_'))),
  HOME: home,
  LOCKSTEP_CACHE: join(kept, 'lockstep'),
  LOCKSTEP_TEST_CACHE: kept,
  LOCKSTEP_TEST_TIMES: times,
  TMPDIR: temporary,
  LOCKSTEP_TEST_RUN: temporary,
  LOCKSTEP_TEST_MEMORY: memory,
};

/**
 * For tests of many small files, which otherwise wait for the disk most of their time. Where root has no
 * memory to spare, or there is no root, it is a folder like any other.
 */
function folderInMemory() {
  const folder = join(temporary, 'memory');
  mkdirSync(folder, { mode: 0o711 });
  if (process.getuid?.() === 0 && freemem() > 8 * 1024 ** 3) {
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4g,mode=0711', 'lockstep-test', folder]);
  }
  return folder;
}

const total = { passed: 0, failed: 0, skipped: 0 };

/** Runs one command, its output passed on as it comes or in one piece, mocha's own counts added up. */
function run([command, args], { together = false, env = testing } = {}) {
  return new Promise((done) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', together ? 'pipe' : 'inherit'],
      env,
    });
    const pieces = [];
    child.stderr?.on('data', (data) => pieces.push(data));
    child.stdout.on('data', (data) => {
      pieces.push(data);
      if (!together) process.stdout.write(data);
    });
    child.on('close', (status) => {
      const text = Buffer.concat(pieces).toString();
      if (together) process.stdout.write(text);
      const end = text.slice(-100_000);
      const count = (word) => Number(new RegExp(`^  (\\d+) ${word}\\b`, 'm').exec(end)?.[1] ?? 0);
      total.passed += count('passing');
      total.failed += count('failing');
      total.skipped += count('pending');
      done(status === 0);
    });
  });
}

const failures = [];
const wanted = asked.length > 0 ? asked : Object.keys(parts);

const waiting = lanes.map((names) => names.filter((name) => wanted.includes(name)));
const isAlone = waiting.filter((names) => names.length > 0).length === 1;

async function runLane(names) {
  for (const name of names) {
    say(`\n== ${name} begins`);
    const env = {
      ...testing,
      ...(name === 'integration' ? { TMPDIR: memory } : {}),
      ...(counted.includes(name) ? { NODE_V8_COVERAGE: counts } : {}),
    };
    // What two lanes say at once nobody could read: one of them speaks when a command is over
    const together = !isAlone && name !== 'e2e';
    await stage(name, async () => {
      for (const command of parts[name]) if (!(await run(command, { together, env }))) failures.push(name);
    });
  }
}

await Promise.all(waiting.map(runLane));

// Of tests that failed, or were not asked for, the figure would say nothing
if (counted.every((name) => wanted.includes(name) && !failures.includes(name))) {
  const { text, faults } = againstFloor(coverageByRoom(counts), counted.join(' and '));
  console.log(text);
  if (faults.length > 0) failures.push('coverage');
}

console.log(report(times));
if (failures.length > 0) total.failed ||= failures.length;
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
if (failures.length > 0) console.log(`failed: ${[...new Set(failures)].join(', ')}`);
process.exit(failures.length > 0 ? 1 : 0);
