import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkResult } from '../../../src/workflows/release/release-results.js';
import { errorCodes, exitStatus, type ErrorCode } from '../../../src/errors.js';
import { lockstep, newWorkspace, scratch } from '../../fixtures/lockstep.js';
import { failedWith, keepsTo } from '../../fixtures/bad-input-bench.js';

describe('the command line', function () {
  this.timeout(60_000);
  let workspace: string;

  before(async () => {
    workspace = await newWorkspace({ name: 'line' });
  });

  describe('the command help', () => {
    it('lists all commands, itself among them', async () => {
      const { status, stdout } = await lockstep(['help']);
      assert.equal(status, 0);
      assert.match(stdout, /^ {2}cut +Cut a snapshot/m);
      assert.match(stdout, /^ {2}help +Show what a command does/m);
      assert.equal(stdout, (await lockstep(['--help'])).stdout);
    });

    it('says of one command what --help says of it', async () => {
      for (const command of [['cut'], ['key', 'rotate'], ['key']]) {
        const { status, stdout } = await lockstep(['help', ...command]);
        assert.equal(status, 0);
        assert.ok(stdout.includes(`lockstep ${command.join(' ')}`), stdout);
        assert.equal(stdout, (await lockstep([...command, '--help'])).stdout);
      }
    });

    it('names the nearest one for a command that there is not', async () => {
      const { status, stdout, stderr } = await lockstep(['help', 'key', 'rotat']);
      assert.equal(status, 2);
      assert.equal(stdout, '');
      assert.match(stderr, /no command "key rotat"; did you mean "key rotate"\?/);
    });
  });

  it('takes -C and --json before the command too', async () => {
    const elsewhere = await scratch('elsewhere');
    for (const args of [
      ['-C', workspace, '--json', 'check'],
      ['--json', `--workspace=${workspace}`, 'check'],
      ['check', '--json', '-C', workspace],
    ]) {
      const { status, stdout, stderr } = await lockstep(args, { cwd: elsewhere });
      assert.equal(status, 0, stderr);
      assert.equal(keepsTo(checkResult, stdout).ok, true);
    }
    const wrong = await lockstep(['--json', '-C', workspace, 'chek'], { cwd: elsewhere });
    failedWith(wrong, { code: 'USAGE', says: [/no command "chek"; did you mean "check"\?/] });
  });

  it('blames the command line for a file that a flag names and that is not there', async () => {
    const profile = `format: 1
kind: imported
description: Tools
base: { distribution: debian, release: "12", codename: bookworm, architectures: [amd64] }
`;
    await writeFile(join(workspace, 'profiles/tools.yaml'), profile);
    for (const args of [
      ['verify', '--keyring', 'none.gpg'],
      ['refresh', '--former-key', 'none.gpg'],
      ['import', 'tools', '.', '--keyring', 'none.gpg'],
      ['key', 'generate', '--next', '--passphrase-file', 'none.gpg'],
    ]) {
      const failed = failedWith(await lockstep([...args, '--json'], { cwd: workspace }), {
        code: 'FILE_MISSING',
        says: [new RegExp(`${args.at(-2)}: ${join(workspace, 'none.gpg')} does not exist`)],
      });
      assert.equal(errorCodes[failed.code as ErrorCode][0], 'usage');
    }
    await writeFile(join(workspace, 'junk.gpg'), 'junk');
    const junk = await lockstep(['verify', '--keyring', 'junk.gpg'], { cwd: workspace });
    assert.equal(junk.status, exitStatus.input, junk.stderr);
  });

  it('finds the workspace from a folder within it', async () => {
    const cwd = join(workspace, 'profiles/below');
    await mkdir(cwd);
    for (const args of [['check'], ['status'], ['snapshots']]) {
      const { status, stderr } = await lockstep(args, { cwd });
      assert.equal(status, 0, stderr);
    }
    const misspelt = await lockstep(['status', '-C', 'belwo', '--json'], { cwd });
    failedWith(misspelt, { code: 'WORKSPACE_MISSING', says: [/The folder .*\/belwo does not exist/] });
  });
});
