/**
 * `npm test`: sets everything up, then runs every check and every test.
 * `npm test -- unit` (or integration, e2e, lint, types) runs one part.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { releaseTools, root, say, setUp, testTools } from './setup.mjs';

const bin = (name) => join(root, 'node_modules', name);
const mocha = (...args) => [process.execPath, [bin('mocha/bin/mocha.js'), '--no-color', ...args]];

const parts = {
  lint: [
    [process.execPath, [bin('eslint/bin/eslint.js'), '.']],
    [process.execPath, [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.']],
  ],
  types: [[process.execPath, [bin('typescript/bin/tsc'), '--noEmit', '-p', '.']]],
  unit: [mocha('--recursive', 'test/unit/**/*.test.ts')],
  // Side by side on the two cores; files share nothing but the caches and the workspace below
  integration: [mocha('--parallel', '--jobs', '2', '--timeout', '300000', 'test/integration/**/*.test.ts')],
  e2e: [mocha('--parallel', '--jobs', '2', '--timeout', '2400000', 'test/e2e/**/*.test.ts')],
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in parts));
if (unknown.length > 0) {
  say(`No part named ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}.`);
  process.exit(2);
}

setUp([...releaseTools, ...testTools]);

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

/** The workspace that the end-to-end tests release real profiles from. */
const workspace = join(temporary, 'releases');
const testing = { ...process.env, TMPDIR: temporary, LOCKSTEP_TEST_WORKSPACE: workspace };

function makeWorkspace() {
  const lockstep = (args, cwd) => {
    const result = spawnSync(process.execPath, [join(root, 'bin/run.js'), ...args], {
      cwd,
      stdio: ['ignore', 2, 2],
    });
    if (result.status !== 0) process.exit(1);
  };
  lockstep(['init', workspace, '--name', 'lockstep'], root);
  lockstep(['key', 'generate', '--no-passphrase'], workspace);
}

const total = { passed: 0, failed: 0, skipped: 0 };

/** Runs one command, its output passed on, mocha's own counts added up. */
function run([command, args]) {
  return new Promise((done) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], env: testing });
    let text = '';
    child.stdout.on('data', (data) => {
      process.stdout.write(data);
      text = (text + data).slice(-100_000);
    });
    child.on('close', (status) => {
      const count = (word) => Number(new RegExp(`^  (\\d+) ${word}\\b`, 'm').exec(text)?.[1] ?? 0);
      total.passed += count('passing');
      total.failed += count('failing');
      total.skipped += count('pending');
      done(status === 0);
    });
  });
}

const failures = [];
for (const name of asked.length > 0 ? asked : Object.keys(parts)) {
  const started = performance.now();
  say(`\n== ${name}`);
  if (name === 'e2e') makeWorkspace();
  for (const command of parts[name]) if (!(await run(command))) failures.push(name);
  say(`== ${name}: ${Math.round((performance.now() - started) / 1000)} s`);
}

if (failures.length > 0) total.failed ||= failures.length;
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
if (failures.length > 0) console.log(`failed: ${[...new Set(failures)].join(', ')}`);
process.exit(failures.length > 0 ? 1 : 0);
