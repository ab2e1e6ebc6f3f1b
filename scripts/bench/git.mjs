/**
 * `npm run bench git`: what it costs to resolve and fetch one tag of a git
 * repository over http on this machine, beside `git clone --depth 1 --branch`
 * of the same tag in the same run. Time and the peak of memory (of the largest
 * process, by time(1)), as ratios.
 *
 * history  100,000 commits, 100 tags, 400 files
 * tree     one commit of a large tree: node_modules/, or what --tree names
 *
 *   --runs N        runs of each measure (default 3)
 *   --tree DIR      the large tree
 *   --only A,B      some of them
 *   --commits N     length of the history (default 100000)
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { root, say, setUp } from '../setup.mjs';
import { median, settle } from './measure.mjs';

/**
 * Time as a multiple of git's: a Node that starts and a tarball that is hashed and synced stand against a clone
 * that writes the files out; of a small tree the start is most of it. Memory in MB: Node alone takes 40.
 */
const bounds = { history: { time: 5, memory: 150 }, tree: { time: 2.5, memory: 250 } };

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    tree: { type: 'string', default: join(root, 'node_modules') },
    only: { type: 'string', default: 'history,tree' },
    commits: { type: 'string', default: '100000' },
  },
});
const runs = Number(options.runs);
const commits = Number(options.commits);

setUp([
  { command: 'git', package: 'git', why: 'serves the repositories, and is measured beside Lockstep' },
  { file: '/usr/bin/time', package: 'time', why: 'measures memory' },
]);
const { build } = await import('esbuild');

const scratch = mkdtempSync(join(tmpdir(), 'lockstep-bench-git-'));
// Where packages with native parts are found
const program = join(root, 'node_modules/.cache/lockstep-bench/git-fetch.mjs');
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
process.once('SIGINT', () => process.exit(130));

mkdirSync(dirname(program), { recursive: true });
await build({
  entryPoints: [join(root, 'scripts/bench/git-fetch.mjs')],
  outfile: program,
  bundle: true,
  format: 'esm',
  platform: 'node',
  mainFields: ['module', 'main'],
  external: ['node-liblzma'],
  logLevel: 'error',
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
});

const served = join(scratch, 'served');
const environment = {
  ...process.env,
  HOME: scratch,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Bench',
  GIT_AUTHOR_EMAIL: 'bench@example.org',
  GIT_COMMITTER_NAME: 'Bench',
  GIT_COMMITTER_EMAIL: 'bench@example.org',
};

function git(folder, ...args) {
  const result = spawnSync('git', args, { cwd: folder, env: environment, maxBuffer: 1 << 30 });
  if (result.status !== 0) throw new Error(`git ${args.join(' ')}: ${result.stderr}`);
  return result.stdout.toString().trim();
}

function repository(name) {
  const folder = join(served, name);
  mkdirSync(folder, { recursive: true });
  git(folder, 'init', '-q', '--bare');
  return folder;
}

/** Files of some kilobytes, one of which changes with each commit. */
async function makeHistory() {
  const folder = repository('history');
  const importing = spawn('git', ['fast-import', '--quiet'], {
    cwd: folder,
    env: environment,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const write = async (text) => {
    if (!importing.stdin.write(text)) await once(importing.stdin, 'drain');
  };
  for (let nth = 1; nth <= commits; nth++) {
    const lines = Array.from({ length: 40 }, (_, line) => `${line} ${(nth * 7919 + line * 104729) % 1e9}`);
    const body = `${lines.join('\n')}\n`;
    const message = `Change ${nth}`;
    await write(
      `commit refs/heads/master\ncommitter B <b@example.org> ${1.5e9 + nth * 60} +0000\ndata ${message.length}\n${message}\n` +
        `M 100644 inline d${nth % 20}/f${nth % 400}\ndata ${body.length}\n${body}\n`,
    );
    if (nth % Math.ceil(commits / 100) === 0) {
      await write(`reset refs/tags/1.${nth / Math.ceil(commits / 100)}.0\nfrom refs/heads/master\n\n`);
    }
  }
  importing.stdin.end();
  const [status] = await once(importing, 'close');
  if (status !== 0) throw new Error('git fast-import failed');
  return '1.50.0';
}

function makeTree() {
  const folder = repository('tree');
  const work = ['-c', 'core.bare=false', `--work-tree=${resolve(options.tree)}`, `--git-dir=${folder}`];
  git(folder, ...work, 'add', '-f', '.');
  git(folder, ...work, 'commit', '-q', '-m', 'tree');
  git(folder, 'tag', '1.0.0');
  git(folder, 'repack', '-adq');
  return '1.0.0';
}

/** Seconds, and the peak of memory in MB. */
function measured(command, args) {
  const report = join(scratch, 'time');
  const started = performance.now();
  const result = spawnSync('/usr/bin/time', ['-f', '%M', '-o', report, command, ...args], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const seconds = (performance.now() - started) / 1000;
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${result.stderr}`);
  const megabytes = (Number(readFileSync(report, 'utf8').trim().split('\n').at(-1)) * 1024) / 1e6;
  return { seconds, megabytes, stdout: result.stdout.toString() };
}

let folders = 0;
function several(name, once) {
  const all = Array.from({ length: runs }, () => {
    settle();
    return once(join(scratch, `run-${(folders += 1)}`));
  });
  const seconds = median(all.map((one) => one.seconds));
  const megabytes = Math.max(...all.map((one) => one.megabytes));
  const each = all.map((one) => one.seconds.toFixed(2)).join(', ');
  say(
    `${name.padEnd(46)} ${seconds.toFixed(2)} s (${each}), ${megabytes.toFixed(0)} MB; ${all[0].stdout.trim()}`,
  );
  return { seconds, megabytes };
}

const server = spawn(
  process.execPath,
  ['--import', 'tsx', join(root, 'scripts/bench/git-serve.mjs'), served],
  {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);
process.once('exit', () => server.kill());
mkdirSync(served, { recursive: true });
const [address] = await once(server.stdout, 'data');
const base = address.toString().trim();

const rows = [];
const makers = { history: makeHistory, tree: makeTree };
for (const name of options.only.split(',')) {
  say(`making the repository "${name}" ...`);
  const tag = await makers[name]();
  const url = base + name;
  const theirs = several(`${name}: git clone --depth 1 --branch ${tag}`, (folder) => {
    const one = measured('git', ['clone', '-q', '--depth', '1', '--branch', tag, url, folder]);
    return { ...one, stdout: git(folder, 'rev-parse', 'HEAD') };
  });
  const ours = several(`${name}: resolve and fetch`, (folder) =>
    measured(process.execPath, [program, url, tag, folder]),
  );
  rows.push({ name, ours, theirs, ...bounds[name] });
}

for (const { name, ours, theirs, time, memory } of rows) {
  const line = (what, mine, other, many, bound, ok) => {
    if (!ok) process.exitCode = 1;
    const verdict = ok ? 'ok' : 'MISSED';
    console.log(
      `${name.padEnd(8)} ${what.padEnd(7)} Lockstep ${mine}, git ${other}, ratio ${many.toFixed(2)}, at most ${bound}  ${verdict}`,
    );
  };
  const ratio = ours.seconds / theirs.seconds;
  line('time', `${ours.seconds.toFixed(2)} s`, `${theirs.seconds.toFixed(2)} s`, ratio, time, ratio <= time);
  line(
    'memory',
    `${ours.megabytes.toFixed(0)} MB`,
    `${theirs.megabytes.toFixed(0)} MB`,
    ours.megabytes / theirs.megabytes,
    `${memory} MB`,
    ours.megabytes <= memory,
  );
}
server.kill();
