/**
 * `npm run bench release`: what a release costs, as ratios within one run.
 *
 * cold   `lockstep release mediawiki-1.39` with nothing cached but downloads
 * plain  `dpkg-buildpackage -b` of the same source in the same build root
 * warm   the same release again, with nothing changed
 *
 * Needs root (for the plain build's chroot). Ends with 1 when a bound is missed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { releaseTools, root, say, setUp, testTools } from './setup.mjs';

const profile = 'mediawiki-1.39';
const bounds = { coldToPlain: 1.25, warmSeconds: 2 };

setUp([...releaseTools, ...testTools.filter((tool) => tool.package === 'dpkg-dev')]);
if (process.getuid?.() !== 0) {
  say('The plain build needs root, to enter the build root.');
  process.exit(10);
}

const base =
  process.env.LOCKSTEP_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'lockstep');
mkdirSync(dirname(base), { recursive: true });
// Beside the cache, so that its store can be taken over by hard links
const scratch = mkdtempSync(join(dirname(base), 'lockstep-bench-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));

function must(command, args, options = {}) {
  const result = spawnSync(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 30,
    ...options,
  });
  if (result.status !== 0)
    throw new Error(`${command} ${args.join(' ')}\n${result.stdout}\n${result.stderr}`);
  return result.stdout.toString();
}

function timed(name, work) {
  const started = performance.now();
  const value = work();
  const seconds = (performance.now() - started) / 1000;
  say(`${name.padEnd(8)} ${seconds.toFixed(1)} s`);
  return { seconds, value };
}

const lockstep = (args, cwd, cache) =>
  must(process.execPath, [join(root, 'bin/run.js'), ...args], {
    cwd,
    env: { ...process.env, LOCKSTEP_CACHE: cache },
  });

function workspace(name) {
  const folder = join(scratch, name);
  lockstep(['init', folder, '--name', 'lockstep'], root, base);
  lockstep(['key', 'generate', '--no-passphrase'], folder, base);
  return folder;
}

say('Filling the cache with downloads (not counted) ...');
const filled = workspace('filled');
const report = JSON.parse(lockstep(['release', profile, '--json'], filled, base));

const cold = join(scratch, 'cold-cache');
mkdirSync(cold);
// Only what came from outside, and what was proven about it
for (const part of ['store', 'facts']) must('cp', ['-al', join(base, part), join(cold, part)]);
const coldWorkspace = workspace('cold');
const coldRun = timed('cold', () => lockstep(['release', profile, '--json'], coldWorkspace, cold));

const plain = join(scratch, 'plain');
const enter = `
mount --bind /dev "$1/dev"
mount -t proc proc "$1/proc"
exec chroot "$1" sh -c 'cd /build/source && exec dpkg-buildpackage -b -us -uc'`;
preparePlain(plain);
const plainRun = timed('plain', () =>
  must('unshare', ['--mount', '--pid', '--fork', 'sh', '-euc', enter, 'enter', plain], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', HOME: '/nonexistent' },
  }),
);
const warm = [1, 2, 3].map(
  () => timed('warm', () => lockstep(['release', profile, '--json'], coldWorkspace, cold)).seconds,
);

const ratio = coldRun.seconds / plainRun.seconds;
const warmMedian = warm.sort((a, b) => a - b)[1];
console.log(
  `release of ${report.snapshot}, cold ${coldRun.seconds.toFixed(1)} s, plain build ${plainRun.seconds.toFixed(1)} s`,
);
console.log(`cold / plain  ${ratio.toFixed(2)}  (at most ${bounds.coldToPlain})`);
console.log(`warm          ${warmMedian.toFixed(2)} s  (at most ${bounds.warmSeconds} s)`);
process.exit(ratio <= bounds.coldToPlain && warmMedian <= bounds.warmSeconds ? 0 : 1);

/** A copy of the build root that the cold run made, with the source unpacked in it. */
function preparePlain(target) {
  const roots = join(cold, 'roots');
  const [name] = readdirSync(roots).filter((entry) => existsSync(join(roots, entry, 'tree', 'usr')));
  must('cp', ['-a', join(roots, name, 'tree'), target]);
  const manifest = JSON.parse(
    readFileSync(
      join(coldWorkspace, 'snapshots', profile, `${JSON.parse(coldRun.value).snapshot}.json`),
      'utf8',
    ),
  );
  const source = manifest.sources.find((entry) => entry.package === 'mediawiki');
  const pool = join(coldWorkspace, 'public/debian', source.directory);
  const dsc = source.files.find((file) => file.name.endsWith('.dsc')).name;
  mkdirSync(join(target, 'build'), { recursive: true });
  must('dpkg-source', ['--no-check', '-x', join(pool, dsc), join(target, 'build/source')]);
}
