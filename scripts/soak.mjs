/**
 * `npm run soak NAME`: what takes too long for every `npm test`, and is run before a release.
 *
 * keys      each step of a change of the key, with a fault at every single change to the disk
 * fuzz      what comes in from outside, and the record, changed by chance for an hour; options: test/soak/fuzz/main.ts
 * judges    thousands of generated packages and paragraphs, past Lockstep and past dpkg and apt of both releases
 * crawlers  1,000 addresses that crawl a wiki, and what an editor waits meanwhile
 * machines  booted machines that are not like ours: another PHP, no keyring package, from Debian 12 to 13;
 *           old wikis of each kind that are adopted or imported, other sites beside
 * mutants   single tokens of the rooms that decide, changed one at a time: do the tests notice?
 *           It has options: see test/soak/mutants/main.ts
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keptByTests, releaseTools, root, say, setUp, testTools } from './setup.mjs';

const soaks = {
  keys: { files: ['test/integration/workflows/key-interrupted.test.ts'], caches: false },
  crawlers: { files: ['test/soak/crawlers.test.ts'], caches: true },
  // The sets that they follow, and the roots, are those of the tests
  machines: { files: ['test/soak/machines.test.ts', 'test/soak/old-wikis.test.ts'], caches: true },
  fuzz: { program: 'test/soak/fuzz/main.ts', caches: false },
  // Their numbers can be set: LOCKSTEP_MUTANTS packages, LOCKSTEP_PARAGRAPHS, LOCKSTEP_SEED
  judges: {
    files: ['test/integration/deb/dpkg-verdict.test.ts', 'test/integration/vetting/binary-stanza.test.ts'],
    caches: true,
    env: { LOCKSTEP_MUTANTS: '5000', LOCKSTEP_PARAGRAPHS: '20000' },
  },
  mutants: { program: 'test/soak/mutants/main.ts', caches: false },
};

const [name = '', ...options] = process.argv.slice(2);
if (!(name in soaks)) {
  say(`No soak named ${JSON.stringify(name)}; there are: ${Object.keys(soaks).join(', ')}.`);
  process.exit(2);
}
setUp([...releaseTools, ...testTools]);
const temporary = mkdtempSync(join(tmpdir(), 'lockstep-soak-'));
// Some of what tests start runs as the web server's user, and has to get through
chmodSync(temporary, 0o711);
process.once('exit', () => rmSync(temporary, { recursive: true, force: true }));
const mocha = [join(root, 'node_modules/mocha/bin/mocha.js'), '--no-color', '--timeout', '0'];
const kept = keptByTests();
const { files, program, caches, env = {} } = soaks[name];
const work = program === undefined ? [...mocha, ...files] : ['--import', 'tsx', program, ...options];
const { status } = spawnSync(process.execPath, work, {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...env,
    ...process.env,
    LOCKSTEP_SOAK: name,
    LOCKSTEP_CACHE: caches ? join(kept, 'lockstep') : join(temporary, 'cache'),
    LOCKSTEP_TEST_CACHE: kept,
    LOCKSTEP_TEST_RUN: temporary,
    TMPDIR: temporary,
  },
});
process.exit(status ?? 1);
