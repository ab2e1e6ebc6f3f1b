/**
 * `npm run bench archive`: what an archive of 10,000 and of 100,000 packages
 * costs, beside Debian's own aptly and reprepro in the same run, on the same
 * disk, all with real signatures. Medians and their ratios; ends with 1 when
 * one misses its bound, or was not measured.
 *
 *   SIZE ...        how many packages (default 10000 100000)
 *   --runs N        runs of each measure (default 3; the largest size, and aptly beyond 10,000: once)
 *   --corpus DIR    where the packages are made, and kept for the next run
 *   --limit S       seconds after which a command of a peer is given up (default 3600)
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parseArgs } from 'node:util';
import { say, setUp } from './setup.mjs';

/** What is to be reached. */
const bounds = {
  /** Times faster than the peer in the same run. */
  reprepro: 1.8,
  aptly: 12,
  change: 8,
  rollback: 8,
  /** Times the same at the smallest size that something may take at the largest. */
  growth: 1.3,
  /** MB of all processes together. */
  memory: { 10_000: 300, 100_000: 700 },
};

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '3' },
    corpus: { type: 'string' },
    limit: { type: 'string', default: '3600' },
  },
});
const sizes = (positionals.length === 0 ? Object.keys(bounds.memory) : positionals).map(Number);
const limit = Number(options.limit) * 1000;
const smallest = Math.min(...sizes);

setUp([
  { command: 'aptly', package: 'aptly', why: 'is measured beside Lockstep' },
  { command: 'reprepro', package: 'reprepro', why: 'is measured beside Lockstep' },
  { command: 'apt-ftparchive', package: 'apt-utils', why: 'scans packages, as a reference' },
  { command: 'gpg', package: 'gnupg', why: 'signs for aptly and reprepro' },
]);
// Only now are the npm packages sure to be there
const [
  { makeCorpus, changedPackage, debsIn },
  { Lockstep },
  peers,
  { median, medianOf, settle, TimeOver },
  { Table },
] = await Promise.all([
  import('./bench/corpus.mjs'),
  import('./bench/lockstep.mjs'),
  import('./bench/peers.mjs'),
  import('./bench/measure.mjs'),
  import('./bench/table.mjs'),
]);

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

const corpora = resolve(options.corpus ?? join(scratch, 'corpus'));
let folders = 0;
const folder = (name) => join(scratch, `${name}-${(folders += 1)}`);
const changes = [1, 2, 3, 4].map((number) => changedPackage(join(scratch, 'changed'), number));

const table = new Table();
const measured = new Map();
for (const size of sizes) measured.set(size, await measure(size));
for (const [size, cells] of measured) rowsOf(size, cells);
const least = measured.get(smallest);
for (const [size, cells] of measured) {
  if (size !== smallest || sizes.length === 1) growthRows(size, cells);
}
table.print();

/** Everything that is measured with so many packages; seconds and MB. What could not be is left out. */
async function measure(count) {
  const runs = count > smallest ? 1 : Number(options.runs);
  const corpus = makeCorpus(join(corpora, String(count)), count);
  const debs = debsIn(corpus);
  const cells = {};

  // Memory is measured in a run of its own
  let lockstep = new Lockstep(folder('lockstep'));
  const imported = lockstep.memoryOf(['import', 'bench', corpus]);
  cells.importMemory = imported.megabytes;
  cells.publishMemory = lockstep.memoryOf(['publish', imported.stdout.trim(), 'bench']).megabytes;

  const imports = [];
  cells.ours = medianOf(`lockstep import, publish ${count}`, runs, () => {
    lockstep = new Lockstep(folder('lockstep'));
    settle(debs);
    imports.push(lockstep.import([corpus]));
    settle();
    return imports.at(-1) + lockstep.publish();
  });
  cells.perPackage = median(imports) / count;
  say(`  of which import: ${imports.map((seconds) => seconds.toFixed(2)).join(', ')}`);

  let reprepro;
  cells.reprepro = withinLimit(() =>
    medianOf(`reprepro includedeb, export ${count}`, runs, () => {
      reprepro = new peers.Reprepro(folder('reprepro'), key, limit);
      settle(debs);
      return reprepro.includeAll(corpus);
    }),
  );
  let aptly;
  cells.aptly = withinLimit(() =>
    medianOf(`aptly repo add, snapshot, publish ${count}`, Math.min(runs, 2), () => {
      aptly = new peers.Aptly(folder('aptly'), key, limit);
      settle(debs);
      const adding = aptly.add(corpus) + aptly.snapshot('s0');
      settle();
      return adding + aptly.publish('s0');
    }),
  );
  compareListings(
    { lockstep, reprepro: cells.reprepro && reprepro, aptly: cells.aptly && aptly },
    peers.bareScan(corpus),
    count,
  );
  // Every start of a process copies what this one holds
  collectGarbage();

  cells.change = medianOf(`lockstep publish, one package changed ${count}`, changes.length, (run) => {
    lockstep.import([changes[run]], { add: true });
    settle();
    return lockstep.publish();
  });
  cells.rollback = rollbackTime(lockstep, `lockstep rollback ${count}`);
  if (cells.aptly !== undefined) {
    const switches = count > smallest ? 1 : changes.length;
    cells.aptlySwitch = withinLimit(() =>
      medianOf(`aptly publish switch, one package changed ${count}`, switches, (run) => {
        aptly.add(changes[run]);
        aptly.snapshot(`s${run + 1}`);
        settle();
        return aptly.switchTo(`s${run + 1}`);
      }),
    );
    cells.aptlyBack = withinLimit(() =>
      medianOf(`aptly publish switch, back ${count}`, runs, () => {
        aptly.switchTo(`s${switches}`);
        settle();
        return aptly.switchTo(`s${switches - 1}`);
      }),
    );
  }
  return cells;
}

/** What a peer took, or undefined where its time was over. */
function withinLimit(work) {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TimeOver)) throw error;
    say(error.message);
    return undefined;
  }
}

function rowsOf(size, cells) {
  const memory = bounds.memory[size];
  table.memory(`memory of import, ${size} packages`, cells.importMemory, memory);
  table.memory(`memory of publish, ${size} packages`, cells.publishMemory, memory);
  const whole = `import, cut, publish ${size}`;
  table.faster(whole, cells.ours, 'reprepro', cells.reprepro, bounds.reprepro);
  table.faster(whole, cells.ours, 'aptly', cells.aptly, bounds.aptly);
  const change = `publish after one changed package, ${size}`;
  table.faster(change, cells.change, 'aptly switch', cells.aptlySwitch, bounds.change);
  table.faster(`rollback, ${size}`, cells.rollback, 'aptly switch', cells.aptlyBack, bounds.rollback);
}

/** With one size there is nothing to compare with, and each row says so. */
function growthRows(size, cells) {
  const [now, before] = sizes.length === 1 ? [{}, cells] : [cells, least];
  const one = `at ${smallest}`;
  const what = (name) => (sizes.length === 1 ? `${name}, larger` : `${name}, ${size}`);
  table.growth(what('publish after one changed package'), now.change, one, before.change, bounds.growth);
  table.growth(what('rollback'), now.rollback, one, before.rollback, bounds.growth);
  table.growth(what('import, each package'), now.perPackage, one, before.perPackage, bounds.growth);
}

function pause(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Back and forward again, several times. */
function rollbackTime(one, name) {
  const newest = one.snapshots().at(-1);
  one.publish(newest);
  return medianOf(name, Number(options.runs) + 2, () => {
    settle();
    // Each move is dated a second after the one before; one that runs ahead of the clock would wait for it
    pause(2500);
    const seconds = one.rollback();
    one.publish(newest);
    return seconds;
  });
}

function compareListings(listings, scanned, count) {
  say(`apt-ftparchive packages (bare scan) ${count}: ${scanned.seconds.toFixed(2)} s`);
  for (const [name, peer] of Object.entries(listings)) {
    if (peer !== undefined) assertSame(name, peer.packages(), scanned.packages, count);
  }
}

function collectGarbage() {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

/** A fast archive that lists something else would be no achievement. */
function assertSame(name, packages, reference, count) {
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
