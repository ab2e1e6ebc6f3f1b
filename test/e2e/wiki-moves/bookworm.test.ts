/** A Debian 12 machine with the keyring package, through everything a release manager or an administrator does. */
import assert from 'node:assert/strict';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lockstep } from '../../fixtures/lockstep.js';
import { defineContent, defineMainPath, useMachine } from './main-path.js';
import type { MovingMachine } from './moving-machine.js';
import { stopAtFirstFailure } from './steps.js';

describe('a Debian 12 machine that follows the archive', function () {
  this.timeout(2_400_000);
  stopAtFirstFailure();
  const machine = useMachine('bookworm');
  defineContent(machine);
  defineMainPath(machine);
  defineHolding(machine);
  defineSchemaChange(machine);
});

/** Held at another snapshot than the suite's, by either of the two means. Ends at the second snapshot. */
function defineHolding(machine: () => MovingMachine): void {
  const nobody = '20200101T000000Z';

  it('is not held at a snapshot that does not exist', async () => {
    const { second } = machine().sets;
    const files = await aptFiles(machine());
    const { exitCode, stderr } = await machine().attempt('mediawiki-full', 'pin', nobody);
    assert.equal(exitCode, 1);
    assert.match(stderr, new RegExp(`there is no snapshot ${nobody} `));
    assert.deepEqual(await aptFiles(machine()), files);
    assert.deepEqual(await machine().versions(), second.versions);
    assert.equal((await machine().heldAt()).pinned, null);
  });

  it('is held at the first snapshot, whatever the suite has', async () => {
    const { first } = machine().sets;
    await machine().run('mediawiki-full', 'pin', first.id);
    await machine().assertAt(first, 'first');
    assert.deepEqual(await machine().heldAt(), { pinned: first.id, current: first.id });
    assertNothingToDo((await machine().follow()).stdout);
    // One that does not exist does not take away the hold that is there either
    assert.equal((await machine().attempt('mediawiki-full', 'pin', nobody)).exitCode, 1);
    assert.deepEqual(await machine().heldAt(), { pinned: first.id, current: first.id });
    assertNothingToDo((await machine().follow()).stdout);
  });

  it('follows again when it is let go', async () => {
    const { second } = machine().sets;
    await machine().run('mediawiki-full', 'unpin', '--apply');
    await machine().assertAt(second, 'second');
    assert.deepEqual(await machine().heldAt(), { pinned: null, current: second.id });
  });

  it('takes an older mediawiki-full by its version, with the pin file that was written for it', async () => {
    const { first, second, workspace, unstable } = machine().sets;
    const { status, stdout, stderr } = await lockstep(['pin-file', first.id, '--suite', unstable], {
      cwd: workspace,
    });
    assert.equal(status, 0, stderr);
    const file = join(machine().wiki.machine.root, 'etc/apt/preferences.d/hold');
    await writeFile(file, stdout);
    const wanted = `mediawiki-full=${first.versions['mediawiki-full']}`;
    await machine().wiki.apt('install', '--yes', '--allow-downgrades', wanted);
    await machine().assertAt(first, 'first');
    assertNothingToDo((await machine().follow()).stdout);
    await rm(file);
    await machine().follow();
    await machine().assertAt(second, 'second');
  });
}

/** The suite for production, and a database that goes forward only. */
function defineSchemaChange(machine: () => MovingMachine): void {
  let pages: Map<string, string>;

  it('follows the stable suite, which has what was promoted and nothing else', async () => {
    const { second, third, unstable, stable } = machine().sets;
    await machine().archive('promote', unstable, stable, '--reason', 'a week without faults');
    assert.equal((await machine().pointsAt(stable)).id, second.id);
    await machine().run(
      'sed',
      '-i',
      `s/^Suites:.*/Suites: ${stable}/`,
      '/etc/apt/sources.list.d/lockstep.sources',
    );
    assertNothingToDo((await machine().follow()).stdout);
    await machine().archive('publish', third!.id, unstable);
    assertNothingToDo((await machine().follow()).stdout);
    await machine().assertAt(second, 'second');
  });

  it('gets a new database schema by a promotion that says so, after a dump', async () => {
    const { second, third, unstable, stable } = machine().sets;
    const refused = await machine().archiveRefuses('promote', unstable, stable);
    assert.match(refused.stderr, /--schema-change/);
    assert.equal((await machine().pointsAt(stable)).id, second.id);
    await machine().archive('promote', unstable, stable, '--schema-change');
    pages = new Map(machine().pages);
    const dumps = await machine().dumps();
    assert.equal(await machine().hasNewTable(), false);
    await machine().follow();
    assert.equal(await machine().hasNewTable(), true);
    const made = (await machine().dumps()).filter((name) => !dumps.includes(name));
    assert.equal(made.length, 1, made.join(', '));
    await machine().write('Lost', 'written under the third set');
    await machine().assertAt(third!, 'second');
  });

  it('refuses to leave its database behind, and is none the worse for it', async () => {
    const { second, third, stable } = machine().sets;
    const refused = await machine().archiveRefuses('rollback', stable, '--reason', 'slow');
    assert.match(refused.stderr, /--schema-change/);
    assert.equal((await machine().pointsAt(stable)).id, third!.id);
    await machine().archive('rollback', stable, '--reason', 'slow', '--schema-change');
    assert.equal((await machine().pointsAt(stable)).id, second.id);
    await machine().update();
    const { exitCode, stdout, stderr } = await machine().attempt(
      ...['apt-get', 'dist-upgrade', '--yes', '--allow-downgrades'],
    );
    assert.equal(exitCode, 100);
    assert.match(stdout + stderr, /refused: .* the wiki's database cannot follow/);
    assert.match(stdout + stderr, /^\s*(mediawiki-full: )?\s*mediawiki-full restore /m);
    await machine().assertAt(third!, 'second');
  });

  it('goes back with its database, to what was there before the change', async () => {
    const { second } = machine().sets;
    const unasked = await machine().attempt('mediawiki-full', 'restore');
    assert.equal(unasked.exitCode, 2);
    await machine().run('mediawiki-full', 'restore', '--yes');
    const lost = [...machine().pages.keys()].filter((title) => !pages.has(title));
    assert.ok(lost.includes('Lost'));
    machine().pages.clear();
    for (const [title, text] of pages) machine().pages.set(title, text);
    await machine().assertAt(second, 'second');
    assert.equal(await machine().hasNewTable(), false);
    assert.equal((await machine().wiki.visitor().get('/wiki/Lost')).status, 404);
    assertNothingToDo((await machine().follow()).stdout);
  });

  it('goes forward across the change again', async () => {
    const { third, unstable, stable } = machine().sets;
    await machine().archive('promote', unstable, stable, '--schema-change', '--reason', 'it was not slow');
    await machine().follow();
    assert.equal(await machine().hasNewTable(), true);
    await machine().assertAt(third!, 'second');
  });
}

function assertNothingToDo(output: string): void {
  assert.match(output, /^0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded\.$/m);
}

/** What apt is told on the machine: sources and preferences. */
async function aptFiles(machine: MovingMachine): Promise<string[]> {
  const etc = join(machine.wiki.machine.root, 'etc/apt');
  const folders = ['sources.list.d', 'preferences.d'];
  return (await Promise.all(folders.map((folder) => readdir(join(etc, folder))))).flat().sort();
}
