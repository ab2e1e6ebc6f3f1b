/**
 * Debian 12 machines that nobody looks after: one that unattended-upgrades
 * moves alone, and one that knows the archive by its .sources file only, which
 * apt therefore never takes down.
 */
import assert from 'node:assert/strict';
import { appendFile, copyFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { secondConfiguration } from '../../fixtures/moving-wiki.js';
import { defineContent, useMachine } from './main-path.js';
import type { MovingMachine } from './moving-machine.js';
import { stopAtFirstFailure } from './steps.js';

describe('a Debian 12 machine that is left alone', function () {
  this.timeout(2_400_000);
  stopAtFirstFailure();
  const machine = useMachine('bookworm');
  defineContent(machine);
  defineUnattended(machine);
  defineWithoutPin(machine);
});

/** Ends with suite and machine at the second snapshot. */
function defineUnattended(machine: () => MovingMachine): void {
  it('moves nothing while one package of the set cannot be had', async () => {
    const { first, second, unstable, publicDir } = machine().sets;
    await machine().wiki.apt('install', '--yes', 'unattended-upgrades');
    await machine().archive('publish', second.id, unstable);
    const pool = join(publicDir, 'debian/pool/main/m/mediawiki');
    const name = (await readdir(pool)).find((file) => /^mediawiki_.*\+wiki1\+.*\.deb$/.test(file));
    const [there, away] = [join(pool, name!), join(publicDir, '../away.deb')];
    await rename(there, away);
    await aDayPasses(machine());
    await rename(away, there);
    const log = await machine().wiki.text('var/log/unattended-upgrades/unattended-upgrades.log');
    assert.match(log, /mediawiki_\S+wiki1\S+ failed to download, aborting/);
    await machine().assertAt(first, 'first');
  });

  it('brings the whole set when it can', async () => {
    await aDayPasses(machine());
    await machine().assertAt(machine().sets.second, 'second');
  });

  it('moves nothing back while dpkg would ask about a conffile, and says about which', async () => {
    const { second, unstable } = machine().sets;
    await edit(machine());
    await machine().archive('rollback', unstable, '--reason', 'the second set is no good');
    await aDayPasses(machine());
    await machine().assertAt(second, 'second');
    assert.match(await logs(machine()), /refused: dpkg would ask .*[^]*pool\.d\/mediawiki-full\.conf/);
    await machine().attempt('mediawiki-full', 'unpin', '--apply');
    await machine().assertAt(second, 'second');
  });

  it('follows the suite back once nothing is to be asked', async () => {
    await takeBack(machine());
    await aDayPasses(machine());
    await machine().assertAt(machine().sets.first, 'first');
  });

  it('moves nothing forward either while dpkg would ask', async () => {
    const { first, second, unstable } = machine().sets;
    await edit(machine());
    await machine().archive('publish', second.id, unstable);
    await aDayPasses(machine());
    await machine().assertAt(first, 'first');
  });

  it('follows it forward again', async () => {
    await takeBack(machine());
    await aDayPasses(machine());
    await machine().assertAt(machine().sets.second, 'second');
  });
}

const edited = '; edited on this machine\n';

function conffile({ wiki }: MovingMachine): string {
  return join(wiki.machine.root, secondConfiguration.conffile('8.2'));
}

/** An administrator writes into the file that he should not have to touch. */
async function edit(machine: MovingMachine): Promise<void> {
  await appendFile(conffile(machine), edited);
}

async function takeBack(machine: MovingMachine): Promise<void> {
  const text = await readFile(conffile(machine), 'utf8');
  await writeFile(conffile(machine), text.replace(edited, ''));
}

/** What unattended-upgrades wrote down. */
async function logs({ wiki }: MovingMachine): Promise<string> {
  const folder = join(wiki.machine.root, 'var/log/unattended-upgrades');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.log'));
  return (await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')))).join('\n');
}

/** The same machine, with nothing of the keyring package left. */
function defineWithoutPin(machine: () => MovingMachine): void {
  it('has the .sources file of the archive alone', async () => {
    const { second, unstable, publicDir } = machine().sets;
    const { root } = machine().wiki.machine;
    await machine().wiki.apt('purge', '--yes', 'lockstep-archive-keyring');
    const left = (await readdir(join(root, 'etc/apt'), { recursive: true })).filter((name) =>
      name.includes('lockstep'),
    );
    assert.deepEqual(left, []);
    const file = join(publicDir, 'debian', `${unstable}.sources`);
    await copyFile(file, join(root, 'etc/apt/sources.list.d/lockstep.sources'));
    assertNothingToDo(await upgrade(machine()));
    await machine().assertAt(second, 'second');
  });

  it('stays where it is when the suite is rolled back, and apt has nothing to complain about', async () => {
    const { second, unstable } = machine().sets;
    await machine().archive('rollback', unstable, '--reason', 'the second set is no good');
    assertNothingToDo(await upgrade(machine()));
    await machine().assertAt(second, 'second');
  });

  it('goes to the old content under new versions by a superseding rollback', async () => {
    const { first, unstable } = machine().sets;
    await machine().archive('rollback', unstable, '--supersede', '--reason', 'machines without the pin');
    const reissued = await machine().pointsAt(unstable);
    for (const [name, version] of Object.entries(reissued.versions)) {
      // Without its epoch, and with no second place where an upstream version could end
      const content = (first.versions[name] ?? '').replace(/^\d+:/, '').replaceAll('-', '+');
      assert.ok(version.endsWith(`+really${content}`), `${name} ${version}`);
    }
    await upgrade(machine());
    await machine().assertAt(reissued, 'first');
    assertNothingToDo(await upgrade(machine()));
  });

  it('goes forward again the same way', async () => {
    const { second, unstable } = machine().sets;
    const why = ['--reason', 'it is good after all'];
    await machine().archive('rollback', unstable, '--supersede', '--to', second.id, ...why);
    const reissued = await machine().pointsAt(unstable);
    assert.notEqual(reissued.id, second.id);
    await upgrade(machine());
    await machine().assertAt(reissued, 'second');
  });
}

/** What Debian's own timers start once a day, the apt lists included. */
async function aDayPasses(machine: MovingMachine): Promise<void> {
  const stamps = join(machine.wiki.machine.root, 'var/lib/apt/periodic');
  for (const name of await readdir(stamps).catch(() => [])) await rm(join(stamps, name));
  await machine.run('apt-get', 'clean');
  await machine.run('systemctl', 'start', 'apt-daily.service');
  await machine.run('systemctl', 'start', 'apt-daily-upgrade.service');
}

/** An administrator who has never heard of downgrades. @returns what apt said */
async function upgrade(machine: MovingMachine): Promise<string> {
  await machine.update();
  const { stdout, stderr } = await machine.wiki.apt('dist-upgrade', '--yes');
  assert.doesNotMatch(stdout + stderr, /^(W|E|N): /m);
  return stdout;
}

function assertNothingToDo(output: string): void {
  assert.match(output, /^0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded\.$/m);
}
