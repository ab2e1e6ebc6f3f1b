/** How the built command starts: with V8's code of it, which must never be a reason not to start. */
import assert from 'node:assert/strict';
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run } from '../../../src/io/process.js';
import { importedArchive, suite } from '../../fixtures/imported-archive.js';
import { lockstep, scratch, top } from '../../fixtures/lockstep.js';

/** What the loader says of the code: `false` where V8 took it, `true` where it did not, `undefined` without. */
async function codeRejected(installed: string): Promise<string> {
  const loader = pathToFileURL(join(installed, 'bin/program.js')).href;
  const script = `const { loadProgram } = await import('${loader}'); console.log(loadProgram().script.cachedDataRejected);`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script]);
  return stdout.trim();
}

describe('the built program', function () {
  this.timeout(120_000);
  let installed: string;
  let cache: string;

  /** A copy, as npm would install it. */
  before(async () => {
    installed = join(await scratch('installed'), 'lockstep');
    await mkdir(installed);
    for (const part of ['bin', 'dist', 'package.json', 'oclif.manifest.json']) {
      await cp(join(top, part), join(installed, part), { recursive: true });
    }
    await symlink(join(top, 'node_modules'), join(installed, 'node_modules'));
    cache = join(installed, 'dist/cli/program.cjs.cache');
  });

  it('starts with the code that the build compiled', async () => {
    assert.equal(await codeRejected(installed), 'false');
  });

  it('starts without it where it is damaged, of another program, or not there', async () => {
    const version = async (): Promise<string> =>
      (await run(process.execPath, [join(installed, 'bin/run.js'), '--version'])).stdout;
    const expected = await version();
    assert.match(expected, /^lockstep\/\d/);
    const whole = await readFile(cache);
    for (const at of [0, 100, whole.length >> 1]) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 1;
      await writeFile(cache, damaged);
      assert.equal(await codeRejected(installed), 'undefined');
      assert.equal(await version(), expected);
    }
    await writeFile(cache, whole);
    const program = join(installed, 'dist/cli/program.cjs');
    const text = await readFile(program, 'latin1');
    // As long as before: V8 compares no more than that
    await writeFile(program, text.replace('"use strict";', '"use_strict";'));
    assert.equal(await codeRejected(installed), 'undefined');
    await rm(cache);
    assert.equal(await version(), expected);
  });

  it('has its own xz', async () => {
    const { workspace, env, ids } = await importedArchive(['1.0']);
    // What it compressed is to be compressed again
    await rm(join(workspace, '.lockstep/indices'), { recursive: true });
    const nothing = { ...env, PATH: await scratch('no-programs') };
    const { status, stderr } = await lockstep(['publish', ids[0]!, suite], { cwd: workspace, env: nothing });
    assert.equal(status, 0, stderr);
  });
});
