import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../src/io/process.js';
import Refresh from '../../../src/commands/refresh.js';
import { top } from '../../fixtures/lockstep.js';
import { needs } from '../../fixtures/machine.js';

describe('the systemd units', function () {
  this.timeout(30_000);
  let folder: string;
  const shipped = join(top, 'systemd');

  before(async () => (folder = await mkdtemp(join(tmpdir(), 'lockstep-units-'))));
  after(async () => rm(folder, { recursive: true, force: true }));

  it('are as systemd wants them, for a workspace whose path has blanks and dashes', async function () {
    await needs(this, { tools: ['systemd-analyze', 'systemd-escape'] });
    const { stdout } = await run('systemd-escape', ['--path', '/srv/wiki releases/my-set']);
    const units = await readdir(shipped);
    assert.deepEqual(units.sort(), ['lockstep-refresh@.service', 'lockstep-refresh@.timer']);
    const instances = units.map((name) => join(folder, name.replace('@', `@${stdout.trim()}`)));
    for (const [at, name] of units.entries()) {
      const text = await readFile(join(shipped, name), 'utf8');
      // systemd-analyze asks that the program is there
      const here = text.replace(/^ExecStart=lockstep /m, `ExecStart=${process.execPath} `);
      await writeFile(join(folder, name), here);
      await writeFile(instances[at]!, here);
    }
    const verified = await run('systemd-analyze', ['verify', '--man=no', ...instances], {
      allowFailure: true,
    });
    assert.deepEqual([verified.exitCode, verified.stderr, verified.stdout], [0, '', '']);
  });

  it('run a command that there is', async () => {
    const text = await readFile(join(shipped, 'lockstep-refresh@.service'), 'utf8');
    const [, command = '', flags = ''] = /^ExecStart=lockstep (\S+) (.*)$/m.exec(text)!;
    assert.equal(command, 'refresh');
    const known = [...Object.keys(Refresh.flags), ...Object.keys(Refresh.baseFlags)];
    for (const [, flag] of flags.matchAll(/--([a-z-]+)/g)) assert.ok(known.includes(flag!), flag);
  });
});
