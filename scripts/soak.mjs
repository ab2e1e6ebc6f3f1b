/**
 * `npm run soak NAME`: what takes too long for every `npm test`, and is run before a release.
 *
 * keys   each step of a change of the key, with a fault at every single change to the disk
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { releaseTools, root, say, setUp, testTools } from './setup.mjs';

const soaks = {
  keys: ['test/integration/workflows/key-interrupted.test.ts'],
};

const [name = ''] = process.argv.slice(2);
if (!(name in soaks)) {
  say(`No soak named ${JSON.stringify(name)}; there are: ${Object.keys(soaks).join(', ')}.`);
  process.exit(2);
}
setUp([...releaseTools, ...testTools]);
const temporary = mkdtempSync(join(tmpdir(), 'lockstep-soak-'));
process.once('exit', () => rmSync(temporary, { recursive: true, force: true }));
const mocha = [join(root, 'node_modules/mocha/bin/mocha.js'), '--no-color', '--timeout', '0'];
const { status } = spawnSync(process.execPath, [...mocha, ...soaks[name]], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    LOCKSTEP_SOAK: name,
    LOCKSTEP_CACHE: join(temporary, 'cache'),
    LOCKSTEP_TEST_RUN: temporary,
    TMPDIR: temporary,
  },
});
process.exit(status ?? 1);
