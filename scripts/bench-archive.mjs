/**
 * `npm run bench archive`: what an archive of 10,000 packages costs, beside
 * Debian's own aptly and reprepro in the same run, on the same disk, all with
 * real signatures. Medians and their ratios; ends with 1 when one misses its
 * bound.
 *
 *   --small         leave out the 100,000 packages (minutes)
 *   --runs N        runs of each measure (default 3)
 *   --corpus DIR    where the packages are made, and kept for the next run
 *   --only A,B      some parts: import, change, rollback, large
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { say, setUp } from './setup.mjs';

const bounds = {
  /** Times faster. */
  reprepro: 1,
  aptly: 6,
  change: 5,
  rollback: 6,
  /** Times the time at 10,000 that a move may take at 100,000: noise alone. */
  growth: 1.5,
  /** MB. */
  memory: { 10_000: 400, 100_000: 1500 },
};

const { values: options } = parseArgs({
  options: {
    small: { type: 'boolean', default: false },
    runs: { type: 'string', default: '3' },
    corpus: { type: 'string' },
    only: { type: 'string', default: 'import,change,rollback,large' },
  },
});
const runs = Number(options.runs);
const parts = new Set(options.only.split(','));
if (options.small) parts.delete('large');

setUp([
  { command: 'aptly', package: 'aptly', why: 'is measured beside Lockstep' },
  { command: 'reprepro', package: 'reprepro', why: 'is measured beside Lockstep' },
  { command: 'apt-ftparchive', package: 'apt-utils', why: 'scans packages, as a reference' },
  { command: 'gpg', package: 'gnupg', why: 'signs for aptly and reprepro' },
]);
// Only now are the npm packages sure to be there
const [{ makeCorpus, changedPackage, debsIn }, { Lockstep }, peers, { medianOf, settle }] = await Promise.all(
  [
    import('./bench/corpus.mjs'),
    import('./bench/lockstep.mjs'),
    import('./bench/peers.mjs'),
    import('./bench/measure.mjs'),
  ],
);

const base =
  process.env.LOCKSTEP_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'lockstep');
mkdirSync(dirname(base), { recursive: true });
const scratch = mkdtempSync(join(dirname(base), 'lockstep-bench-'));
const key = peers.makeKey(scratch);
process.once('exit', () => {
  peers.endKey(key);
  rmSync(scratch, { recursive: true, force: true });
});
process.once('SIGINT', () => process.exit(130));

const count = 10_000;
const corpora = resolve(options.corpus ?? join(scratch, 'corpus'));
const corpus = await makeCorpus(join(corpora, String(count)), count);
const rows = [];

/** `better` is how many times faster we must be. */
function compare(what, ours, peer, theirs, better) {
  const ratio = theirs / ours;
  rows.push({
    what,
    ours: `${ours.toFixed(2)} s`,
    peer: `${peer} ${theirs.toFixed(2)} s`,
    ratio: ratio.toFixed(1),
    bound: better === 1 ? 'faster (> 1)' : `at least ${better}`,
    ok: better === 1 ? ratio > 1 : ratio >= better,
  });
}

function compareMemory(what, megabytes, limit) {
  rows.push({
    what,
    ours: `${megabytes.toFixed(0)} MB`,
    peer: '',
    ratio: '',
    bound: `under ${limit} MB`,
    ok: megabytes < limit,
  });
}

let folders = 0;
const folder = (name) => join(scratch, `${name}-${(folders += 1)}`);
const changes = [1, 2, 3, 4].map((number) => changedPackage(join(scratch, 'changed'), number));

let lockstep;
let aptly;

if (parts.has('import')) {
  const debs = debsIn(corpus);
  // Memory is measured in a run of its own
  lockstep = new Lockstep(folder('lockstep'));
  const imported = lockstep.memoryOf(['import', 'bench', corpus]);
  lockstep.last = imported.stdout.trim();
  const published = lockstep.memoryOf(['publish', lockstep.last, 'bench']);
  compareMemory(`memory of import, ${count} packages`, imported.megabytes, bounds.memory[count]);
  compareMemory(`memory of publish, ${count} packages`, published.megabytes, bounds.memory[count]);

  const imports = [];
  const ours = medianOf('lockstep import, publish', runs, () => {
    lockstep = new Lockstep(folder('lockstep'));
    settle(debs);
    const importing = lockstep.import([corpus]);
    settle();
    const publishing = lockstep.publish();
    imports.push(`${importing.toFixed(2)} + ${publishing.toFixed(2)}`);
    return importing + publishing;
  });
  say(`  of which import + publish: ${imports.join(', ')}`);

  let reprepro;
  const included = medianOf('reprepro includedeb, export', runs, () => {
    reprepro = new peers.Reprepro(folder('reprepro'), key);
    settle(debs);
    return reprepro.includeAll(corpus);
  });
  const added = medianOf('aptly repo add, snapshot, publish', Math.min(runs, 2), () => {
    aptly = new peers.Aptly(folder('aptly'), key);
    settle(debs);
    const adding = aptly.add(corpus) + aptly.snapshot('s0');
    settle();
    return adding + aptly.publish('s0');
  });
  let scanned;
  medianOf('apt-ftparchive packages (bare scan)', 1, () => {
    settle(debs);
    scanned = peers.bareScan(corpus);
    return scanned.seconds;
  });
  const listings = { lockstep, reprepro, aptly };
  for (const [name, peer] of Object.entries(listings)) assertSame(name, peer.packages(), scanned.packages);
  compare('import, cut, publish 10,000', ours, 'reprepro', included, bounds.reprepro);
  compare('import, cut, publish 10,000', ours, 'aptly', added, bounds.aptly);
}

if (parts.has('change') || parts.has('rollback')) {
  lockstep ??= readyLockstep(corpus);
  aptly ??= readyAptly();
  let current = 's0';
  const before = [];
  const switched = medianOf('aptly publish switch, one package changed', changes.length, (run) => {
    aptly.add(changes[run]);
    before.push(current);
    aptly.snapshot((current = `s${run + 1}`));
    settle();
    return aptly.switchTo(current);
  });
  const changed = medianOf('lockstep publish, one package changed', changes.length, (run) => {
    lockstep.import([changes[run]], { add: true });
    settle();
    return lockstep.publish();
  });
  compare('publish after one changed package', changed, 'aptly', switched, bounds.change);

  if (parts.has('rollback')) {
    const back = medianOf('aptly publish switch, back', runs, () => {
      aptly.switchTo(current);
      settle();
      return aptly.switchTo(before.at(-1));
    });
    const ours = rollbackTime(lockstep, 'lockstep rollback');
    compare('rollback at 10,000', ours, 'aptly', back, bounds.rollback);
    if (parts.has('large')) await large(ours);
  }
}

report();

function pause(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Back and forward again, several times. */
function rollbackTime(one, name) {
  const newest = one.snapshots().at(-1);
  one.publish(newest);
  return medianOf(name, runs + 2, () => {
    settle();
    // Each move is dated a second after the one before; one that runs ahead of the clock would wait for it
    pause(2500);
    const seconds = one.rollback();
    one.publish(newest);
    return seconds;
  });
}

function readyLockstep(packages) {
  const ready = new Lockstep(folder('lockstep'));
  ready.import([packages]);
  ready.publish();
  return ready;
}

function readyAptly() {
  const ready = new peers.Aptly(folder('aptly'), key);
  ready.add(corpus);
  ready.snapshot('s0');
  ready.publish('s0');
  return ready;
}

/** Ten times as many packages: memory, and that a move takes no longer. */
async function large(atSmall) {
  const many = 100_000;
  const packages = await makeCorpus(join(corpora, String(many)), many);
  const one = new Lockstep(folder('large'));
  const imported = one.memoryOf(['import', 'bench', packages]);
  one.last = imported.stdout.trim();
  const published = one.memoryOf(['publish', one.last, 'bench']);
  compareMemory(`memory of import, ${many} packages`, imported.megabytes, bounds.memory[many]);
  compareMemory(`memory of publish, ${many} packages`, published.megabytes, bounds.memory[many]);
  one.import([changes[0]], { add: true });
  one.publish();
  const seconds = rollbackTime(one, 'lockstep rollback at 100,000');
  rows.push({
    what: 'rollback at 100,000 as at 10,000',
    ours: `${seconds.toFixed(2)} s`,
    peer: `at 10,000 ${atSmall.toFixed(2)} s`,
    ratio: (seconds / atSmall).toFixed(2),
    bound: `at most ${bounds.growth}`,
    ok: seconds / atSmall <= bounds.growth,
  });
}

/** A fast archive that lists something else would be no achievement. */
function assertSame(name, packages, reference) {
  const listed = (text) =>
    text
      .split('\n\n')
      .flatMap((paragraph) => {
        const hash = /^SHA256: (\S+)$/m.exec(paragraph)?.[1];
        return hash === undefined ? [] : [`${/^Package: (\S+)$/m.exec(paragraph)[1]} ${hash}`];
      })
      .sort();
  const [ours, theirs] = [listed(packages), listed(reference)];
  if (theirs.length !== count || ours.join() !== theirs.join()) {
    throw new Error(`${name} lists ${ours.length} packages, not the ${theirs.length} of the corpus`);
  }
}

function report() {
  const head = { what: 'what', ours: 'Lockstep', peer: 'peer', ratio: 'ratio', bound: 'bound' };
  const keys = Object.keys(head);
  const widths = keys.map((name) => Math.max(...[head, ...rows].map((row) => row[name].length)));
  const line = (row, end) => [...keys.map((name, at) => row[name].padEnd(widths[at])), end].join('  ');
  console.log(`\n${line(head, '')}`);
  for (const row of rows) console.log(line(row, row.ok ? 'ok' : 'MISSED'));
  process.exitCode = rows.every(({ ok }) => ok) ? 0 : 1;
}
