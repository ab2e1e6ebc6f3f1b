/** A Debian 13 machine: the main path, and apt's own --snapshot. */
import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunResult } from '../../../src/io/process.js';
import { defineContent, defineMainPath, useMachine } from './main-path.js';
import type { MovingMachine } from './moving-machine.js';
import { stopAtFirstFailure } from './steps.js';

describe('a Debian 13 machine that follows the archive', function () {
  this.timeout(2_400_000);
  stopAtFirstFailure();
  const machine = useMachine('trixie');
  defineContent(machine);
  defineMainPath(machine);
  defineFrozenViews(machine);
});

/** Begins with suite and machine at the second snapshot. */
function defineFrozenViews(machine: () => MovingMachine): void {
  const nobody = '20200101T000000Z';

  it('is taken to the frozen first snapshot by apt --snapshot', async () => {
    const { first } = machine().sets;
    await leaveDebianAlone(machine());
    await machine().update();
    const { stdout } = await fromSnapshot(machine(), first.id);
    assert.match(stdout, new RegExp(`/snapshot/${first.id} `));
    await machine().assertAt(first, 'first');
  });

  it('finds the suite as it is without --snapshot', async () => {
    await machine().follow();
    await machine().assertAt(machine().sets.second, 'second');
  });

  for (const [kind, prepare] of [
    ['warm', async () => {}],
    ['cold', forgetLists],
  ] as const) {
    it(`installs nothing from a snapshot that does not exist, its lists ${kind}`, async () => {
      await prepare(machine());
      const { exitCode, stdout, stderr } = await fromSnapshot(machine(), nobody, true);
      assert.equal(exitCode, 100, stdout);
      assert.match(stderr, new RegExp(`snapshot/${nobody} .*does not have a Release file`));
      // Nor afterwards, with the lists that this has left
      const again = await machine().attempt(
        ...['apt-get', '--snapshot', nobody, '--simulate', '--reinstall', 'install', 'mediawiki-full'],
      );
      assert.doesNotMatch(again.stdout, /^Inst /m);
      assert.deepEqual(await machine().versions(), machine().sets.second.versions);
    });
  }

  it('is taken there with lists that never saw the suite', async () => {
    const { first } = machine().sets;
    await forgetLists(machine());
    await fromSnapshot(machine(), first.id);
    await machine().assertAt(first, 'first');
  });
}

async function fromSnapshot(machine: MovingMachine, id: string, mayFail = false): Promise<RunResult> {
  const command = ['apt-get', '--snapshot', id, '--update', 'install', '--yes', '--allow-downgrades'];
  const result = await machine.attempt(...command, 'mediawiki-full');
  if (!mayFail) assert.equal(result.exitCode, 0, result.stdout + result.stderr);
  return result;
}

/** As on a machine that was never updated. */
async function forgetLists(machine: MovingMachine): Promise<void> {
  const { root } = machine.wiki.machine;
  await rm(join(root, 'var/lib/apt/lists'), { recursive: true });
  await machine.run('mkdir', '--parents', '/var/lib/apt/lists/partial');
  await machine.run('apt-get', 'clean');
}

/** apt would look for Debian's packages of that second in Debian's own snapshots, far away from here. */
async function leaveDebianAlone(machine: MovingMachine): Promise<void> {
  const folder = join(machine.wiki.machine.root, 'etc/apt/sources.list.d');
  for (const name of await readdir(folder)) {
    if (name === 'lockstep.sources') continue;
    const text = await readFile(join(folder, name), 'utf8');
    await writeFile(join(folder, name), text.replaceAll('Types: deb\n', 'Types: deb\nSnapshot: no\n'));
  }
}
