import assert from 'node:assert/strict';
import { lstat, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seePage } from '../../fixtures/chromium.js';
import { lockstepJson } from '../../fixtures/lockstep.js';
import { movingWiki, type MovingWiki } from '../../fixtures/moving-wiki.js';
import { picture } from '../../fixtures/png.js';
import { eventually } from '../../fixtures/wiki-machine.js';
import { assertShows } from '../../fixtures/wiki-checks.js';
import { defineAdoption, host, OldMachine, useOldMachine } from '../../fixtures/wiki-adopted.js';

describe("a wiki of Debian's package with MariaDB, and mediawiki-full", function () {
  this.timeout(2_400_000);
  let sets: MovingWiki;
  const machine = useOldMachine(async () => {
    sets = await movingWiki('bookworm');
    return await OldMachine.boot('bookworm', 'mariadb', sets.publicDir);
  });
  let stop = false;
  beforeEach(function () {
    if (stop) this.skip();
  });
  afterEach(function () {
    stop ||= this.currentTest?.state === 'failed';
  });
  const folders = ['/etc', '/var/www', '/var/lib/mediawiki', '/srv', '/usr/share/mediawiki/skins'];

  defineAdoption(machine, folders);

  it('says what is wrong with settings that cannot be adopted, and changes nothing', async () => {
    const file = join(machine().wiki.machine.root, 'srv/settings/LocalSettings.php');
    const text = await readFile(file, 'utf8');
    const files = await machine().files(...folders);
    const withSettings = async (more: string, told: RegExp): Promise<void> => {
      await writeFile(file, `${text}\n${more}\n`);
      try {
        assert.match(await machine().refused('mediawiki-full', 'adopt'), told);
      } finally {
        await writeFile(file, text);
      }
      assert.deepEqual(await machine().files(...folders), files);
    };
    await withSettings('$wgSitename = ;', /LocalSettings\.php is not valid PHP: .*line \d+/);
    await withSettings('echo "hello\\n";', /prints text.*hello/);
    await withSettings('return;', /ends, by exit or return, before the block.*The wiki is as it was/s);
    await machine().run('systemctl', 'stop', 'mariadb.service');
    assert.match(
      await machine().refused('mediawiki-full', 'adopt'),
      /does not let the wiki in: .*Can't connect/,
    );
    await machine().run('systemctl', 'start', 'mariadb.service');
    const dumps = '/var/lib/mediawiki-full/backups';
    await machine().run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'small', dumps);
    assert.match(
      await machine().refused('mediawiki-full', 'adopt'),
      /not enough room for a dump of the database.*Nothing was changed/,
    );
    await machine().run('umount', dumps);
    assert.deepEqual(await machine().files(...folders), files);
    await machine().assertSame();
  });

  it('keeps no pages where the settings look at who asks, and the visitor is who he was', async () => {
    const file = join(machine().wiki.machine.root, 'srv/settings/LocalSettings.php');
    const text = await readFile(file, 'utf8');
    const own = "in_array( $_SERVER['REMOTE_ADDR'] ?? '127.0.0.1', [ '127.0.0.1', '::1' ] )";
    await writeFile(file, `${text}\n$wgGroupPermissions['*']['read'] = ${own};\n`);
    const asked = async (): Promise<boolean> => (await machine().get('/wiki/Tulips')).text.includes('tulips');
    await eventually('strangers see nothing', async () => !(await asked()));
    const plan = await machine().run('mediawiki-full', 'adopt', '--dry-run');
    assert.match(plan, /Varnish keeps no pages.*\n +\/srv\/settings\/LocalSettings\.php:\d+: .*REMOTE_ADDR/);
    for (const how of [[], ['--cache']]) {
      await machine().run('mediawiki-full', 'adopt', ...how);
      assert.equal(await asked(), false);
      await machine().run('mediawiki-full', 'adopt', '--undo');
    }
    await writeFile(file, text);
    await eventually('strangers read again', asked);
  });

  it('is adopted again, and every address answers the same through upgrade and rollback', async () => {
    await machine().run('mediawiki-full', 'adopt');
    const link = await lstat(join(machine().wiki.machine.root, 'etc/mediawiki/LocalSettings.php'));
    assert.ok(link.isSymbolicLink());
    for (const { id, versions } of [sets.second, sets.first]) {
      const move =
        id === sets.second.id
          ? ['publish', id, sets.unstable]
          : ['rollback', sets.unstable, '--reason', 'it is no good'];
      await lockstepJson(move, { cwd: sets.workspace });
      await machine().wiki.apt('update');
      await machine().wiki.apt('dist-upgrade', '--yes', '--allow-downgrades');
      const status = await machine().wiki.status();
      assert.equal(status.versions['mediawiki-full'], versions['mediawiki-full']);
      assert.deepEqual([status.healthy, status.findings.map(({ code }) => code)], [true, []]);
      await machine().assertSame();
    }
  });

  it('shows an edit at once, and has its jobs done', async () => {
    await machine().get('/wiki/Roses');
    const editor = await machine().editor();
    await editor.edit('Written', 'since it was adopted');
    await editor.upload('New.png', picture(40, 40));
    assertShows(await machine().get('/wiki/Written'), 'since it was adopted');
    await editor.edit('Written', 'and changed');
    assertShows(await machine().get('/wiki/Written'), 'and changed');
    await eventually('no job is left', async () => (await machine().wiki.status()).jobs.waiting === 0);
  });

  it('comes back after a boot, and a browser has nothing to complain about', async () => {
    await machine().wiki.machine.reboot();
    await eventually('the wiki is well', async () => (await machine().wiki.status()).healthy);
    const page = await seePage(
      `http://${host}/wiki/Roses`,
      'document.querySelector(".old-greeting").textContent',
      {
        [host]: machine().wiki.machine.address,
      },
    );
    assert.equal(page.value, 'Good day, Rosa');
    assert.deepEqual([page.complaints, page.failures], [[], []]);
  });

  it('keeps edits and uploads when it is taken back', async () => {
    await machine().run('mediawiki-full', 'adopt', '--undo');
    assertShows(await machine().get('/wiki/Written'), 'and changed');
    assert.equal((await machine().get('/wiki/File:New.png')).status, 200);
  });
});
