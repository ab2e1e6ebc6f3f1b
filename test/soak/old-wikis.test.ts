/**
 * Booted machines that serve something already when mediawiki-full comes: old
 * wikis of other kinds than the one that `npm test` has, and other sites.
 * `npm run soak machines`.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { defineAdoption, host, OldMachine, useOldMachine } from '../fixtures/wiki-adopted.js';
import { assertShows } from '../fixtures/wiki-checks.js';
import { installedWiki } from '../fixtures/installed-wiki.js';
import {
  copyBetween,
  oldAddresses,
  oldAdmin,
  oldPassword,
  record,
  type Recorded,
} from '../fixtures/old-wiki.js';
import { ask, WikiClient } from '../fixtures/wiki-client.js';
import { eventually, WikiMachine } from '../fixtures/wiki-machine.js';

const folders = ['/etc', '/var/www', '/var/lib/mediawiki', '/srv', '/usr/share/mediawiki/skins'];

describe("a wiki of Debian's package with SQLite, and mediawiki-full", function () {
  this.timeout(1_800_000);
  const machine = useOldMachine(() => OldMachine.boot('bookworm', 'sqlite'));
  // Its database is in /srv/data, and is compared by what is in it
  defineAdoption(machine, [...folders.filter((folder) => folder !== '/srv'), '/srv/settings', '/srv/files']);
});

describe('a wiki that was unpacked in /var/www, and mediawiki-full', function () {
  this.timeout(1_800_000);
  const machine = useOldMachine(() => OldMachine.boot('bookworm', 'unpacked'));
  defineAdoption(machine, folders, ['/var/www/html/w']);

  it('keeps edits and uploads of the time between', async () => {
    await machine().run('mediawiki-full', 'adopt', '/var/www/html/w');
    const editor = await machine().editor();
    await editor.edit('Written', 'since it was adopted');
    await machine().run('mediawiki-full', 'adopt', '--undo');
    assertShows(await machine().get('/wiki/Written'), 'since it was adopted');
  });

  it('is as it was whenever adopting or taking back is killed', async () => {
    const before = await machine().files(...folders);
    for (const seconds of ['2', '3', '5', '8']) {
      const killed = (...command: string[]): Promise<unknown> =>
        machine().wiki.machine.run(['timeout', '--signal=KILL', seconds, 'mediawiki-full', ...command], {
          allowFailure: true,
        });
      await killed('adopt', '/var/www/html/w');
      await killed('adopt', '--undo');
      await machine().wiki.machine.run(['mediawiki-full', 'adopt', '--undo'], { allowFailure: true });
      assert.deepEqual(await machine().files(...folders), before, `killed after ${seconds} s`);
      assertShows(await machine().get('/wiki/Written'), 'since it was adopted');
    }
  });

  it('keeps settings that were changed meanwhile, without the block', async () => {
    const file = join(machine().wiki.machine.root, 'var/www/html/w/LocalSettings.php');
    await machine().run('mediawiki-full', 'adopt', '/var/www/html/w');
    await writeFile(file, `${await readFile(file, 'utf8')}$wgSitename = 'Newer Wiki';\n`);
    await machine().run('mediawiki-full', 'adopt', '--undo');
    const text = await readFile(file, 'utf8');
    assert.deepEqual([text.includes('Newer Wiki'), text.includes('mediawiki-full')], [true, false]);
    await eventually('it is in force', async () =>
      (await machine().get('/wiki/Roses')).text.includes('Newer Wiki'),
    );
  });

  it('has its own code again when the packages are purged, data and all', async () => {
    await machine().run('mediawiki-full', 'adopt', '/var/www/html/w');
    await machine().wiki.preseed({ 'purge-data': 'true' });
    await machine().wiki.purge();
    assertShows(await machine().get('/wiki/Written'), 'since it was adopted');
    const file = (await machine().get('/wiki/File:Old7.png')).text;
    const [, picture = ''] = /href="(\/w\/images\/[^"]*Old7\.png)"/.exec(file) ?? [];
    assert.equal((await machine().get(picture)).headers['content-type'], 'image/png');
  });
});

describe('an older MediaWiki that was unpacked on Debian 13, and mediawiki-full', function () {
  this.timeout(1_800_000);
  const machine = useOldMachine(() => OldMachine.boot('trixie', 'unpacked'));
  const adopt = ['mediawiki-full', 'adopt', '/var/www/html/w'];
  let data: string;

  it('is shown that its database is brought forward', async () => {
    await machine().install();
    await machine().assertSame();
    data = await machine().data();
    const plan = await machine().run(...adopt, '--dry-run');
    assert.match(plan, /^schema +is brought from MediaWiki 1\.39\.\d+ to 1\.43\.\d+ by update\.php/m);
  });

  it('is adopted: its pages are there, at their addresses, in the newer MediaWiki', async () => {
    await machine().run(...adopt);
    const now = await record(machine().wiki.origin, oldAddresses);
    const statuses = (all: readonly Recorded[]): string[] =>
      all.map(({ path, status }) => `${status} ${path}`);
    assert.deepEqual(statuses(now), statuses(machine().before));
    assertShows(await machine().get('/wiki/Roses'), 'Good day, Rosa');
    assert.match((await machine().get('/wiki/Special:Version')).text, /1\.43\./);
    assert.equal((await machine().wiki.status()).healthy, true);
  });

  it('is not taken back while that would lose something, unless that is said', async () => {
    const editor = await machine().editor();
    await editor.edit('Written', 'since it was adopted');
    const told = await machine().refused('mediawiki-full', 'adopt', '--undo');
    assert.match(told, /this would be lost: edits: 1\. With --discard-changes/);
    assertShows(await machine().get('/wiki/Written'), 'since it was adopted');
    await machine().run('mediawiki-full', 'adopt', '--undo', '--discard-changes');
    await machine().assertSame();
    assert.equal(await machine().data(), data);
    assert.match(await machine().run('mediawiki-full', 'restore', '--list'), /before-undo/);
  });
});

describe('a wiki whose MariaDB is on another machine, and mediawiki-full', function () {
  this.timeout(1_800_000);
  let other: WikiMachine;
  let way: Server;
  const machine = useOldMachine(async () => {
    const old = await OldMachine.boot('bookworm', 'mariadb');
    const { archive } = await installedWiki('bookworm');
    other = await WikiMachine.boot('bookworm', archive);
    await other.apt('update');
    await other.apt('install', '--yes', '--no-install-recommends', 'mariadb-server');
    await writeFile(
      join(other.machine.root, 'etc/mysql/mariadb.conf.d/99-open.cnf'),
      '[mysqld]\nbind-address = 0.0.0.0\n',
    );
    await other.machine.run(['systemctl', 'restart', 'mariadb.service']);
    await old.run('sh', '-c', 'mariadb-dump oldwiki > /srv/old.sql');
    await copyBetween([old.wiki.machine.root, other.machine.root], ['srv/old.sql']);
    const sql =
      'CREATE DATABASE oldwiki CHARACTER SET binary; ' +
      `CREATE USER old@'%' IDENTIFIED BY '${oldPassword}'; GRANT ALL ON oldwiki.* TO old@'%'`;
    await other.machine.run(['mariadb', '-e', sql]);
    await other.machine.run(['sh', '-c', 'mariadb oldwiki < /srv/old.sql']);
    // Machines of tests reach this machine alone, so the way from one to the other leads through it
    way = createServer((from) => {
      const to = connect(3306, other.machine.address);
      for (const [one, two] of [
        [from, to],
        [to, from],
      ] as const)
        one.on('error', () => two.destroy()).pipe(two);
    });
    await new Promise<void>((resolve) => way.listen(3306, old.wiki.machine.hostAddress, resolve));
    const file = join(old.wiki.machine.root, 'srv/settings/LocalSettings.php');
    const text = await readFile(file, 'utf8');
    await writeFile(
      file,
      text.replace(/^\$wgDBserver = .*$/m, `$wgDBserver = "${old.wiki.machine.hostAddress}";`),
    );
    await old.wiki.apt('purge', '--yes', 'mariadb-server', 'mariadb-server-core');
    old.dataOn = other;
    await old.settle();
    return old;
  });
  after(async () => {
    way.close();
    await other.machine.remove();
  });
  defineAdoption(machine, folders);

  it('says so where that machine is not reached', async () => {
    await other.machine.run(['systemctl', 'stop', 'mariadb.service']);
    assert.match(await machine().refused('mediawiki-full', 'adopt'), /does not let the wiki in/);
    await other.machine.run(['systemctl', 'start', 'mariadb.service']);
    await machine().assertSame();
  });
});

describe("a machine whose Apache serves somebody's site", function () {
  this.timeout(1_800_000);
  let wiki: WikiMachine;
  before(async () => {
    const { archive } = await installedWiki('bookworm');
    wiki = await WikiMachine.boot('bookworm', archive);
    await wiki.apt('update');
    await wiki.apt('install', '--yes', 'apache2', WikiMachine.keyringPackage);
    await wiki.apt('update');
    await writeFile(join(wiki.machine.root, 'var/www/html/mine.html'), 'my site\n');
  });
  after(async () => wiki.machine.remove());
  const mine = async (): Promise<string> => (await ask(`${wiki.origin}/mine.html`)).text;
  const main = async (name: string): Promise<number> =>
    (await ask(`${wiki.origin}/wiki/Main_Page`, { headers: { host: name } })).status;

  it('goes on serving it, and is told where the new wiki is', async () => {
    const { stdout, stderr } = await wiki.apt('install', '--yes', 'mediawiki-full');
    assert.match(stdout + stderr, /Apache serves what it served before, so port 80 does not change/);
    assert.match(stdout + stderr, /\/var\/www\/html\/mine\.html/);
    assert.match(stdout + stderr, /take-port-80/);
    assert.equal(await mine(), 'my site\n');
    await eventually('the wiki is well', async () => (await wiki.status()).healthy);
    assert.match(await wiki.askFromInside('GET', 'http://127.0.0.1:6081/wiki/Main_Page'), / 200 /);
    const { findings, healthy } = await wiki.status();
    assert.deepEqual([healthy, findings], [true, []]);
  });

  it('serves the wiki beside it, under a name of its own', async () => {
    await wiki.machine.run(['mediawiki-full', 'set', 'server_url', 'http://wiki.example.org']);
    await eventually('the wiki has its name', async () => (await main('wiki.example.org')) === 200);
    assert.equal(await main('elsewhere.example'), 404);
    assert.equal(await mine(), 'my site\n');
    // A stranger may not drop pages, by this way either
    const purged = await ask(`${wiki.origin}/wiki/Main_Page`, {
      method: 'PURGE',
      headers: { host: 'wiki.example.org' },
    });
    assert.equal(purged.status, 403);
  });

  it('gives port 80 to the wiki, and back', async () => {
    await wiki.machine.run(['mediawiki-full', 'take-port-80', '--yes']);
    await eventually('the wiki has port 80', async () => (await main('elsewhere.example')) === 200);
    assert.notEqual(await mine(), 'my site\n');
    await wiki.machine.run(['mediawiki-full', 'take-port-80', '--undo']);
    await eventually('the site is back', async () => (await mine()) === 'my site\n');
    assert.equal(await main('wiki.example.org'), 200);
    assert.equal((await wiki.status()).healthy, true);
  });

  it('comes back after a boot, and Apache is as it was once the package is gone', async () => {
    await wiki.machine.reboot();
    await eventually('the wiki is well', async () => (await wiki.status()).healthy);
    assert.equal(await mine(), 'my site\n');
    await wiki.purge();
    assert.equal(await mine(), 'my site\n');
    assert.equal(await main('wiki.example.org'), 404);
  });
});

describe('a wiki of another machine, with an older MediaWiki', function () {
  this.timeout(2_400_000);
  const old = useOldMachine(() => OldMachine.boot('bookworm', 'mariadb'));
  let wiki: WikiMachine;
  before(async () => {
    const { image, archive } = await installedWiki('trixie');
    wiki = await WikiMachine.boot({ image }, archive);
    await eventually('the wiki is well', async () => (await wiki.status()).healthy);
  });
  after(async () => wiki.machine.remove());
  const from = (...more: string[]): string[] => {
    const parts = [
      '--dump',
      '/srv/old.sql.gz',
      '--settings',
      '/srv/LocalSettings.php',
      '--images',
      '/srv/images',
    ];
    return ['mediawiki-full', 'import', ...parts, ...more];
  };
  const refused = async (what: RegExp, ...command: string[]): Promise<void> => {
    const { exitCode, stderr } = await wiki.machine.run(command, { allowFailure: true });
    assert.deepEqual([exitCode, what.test(stderr)], [1, true], stderr);
    assert.equal((await wiki.visitor().get('/wiki/Main_Page')).status, 200);
    assert.equal((await wiki.status()).healthy, true);
  };

  it('is copied over as people do it', async () => {
    await old().run('sh', '-c', 'mariadb-dump oldwiki | gzip > /srv/old.sql.gz');
    await old().run('sh', '-c', 'mariadb-dump --databases oldwiki > /srv/all.sql');
    const roots = [old().wiki.machine.root, wiki.machine.root] as const;
    await copyBetween(roots, ['srv/old.sql.gz', 'srv/all.sql', 'srv/settings', 'var/lib/mediawiki/images']);
    await copyBetween(roots, [
      'usr/share/mediawiki/skins/OldSkin',
      'var/lib/mediawiki/extensions/OldGreeting',
    ]);
    await wiki.machine.run([
      'sh',
      '-c',
      'mv /srv/settings/LocalSettings.php /srv/ && mv /var/lib/mediawiki/images /srv/images && mkdir /var/lib/mediawiki/images',
    ]);
  });

  it('is refused where something is wrong, and the wiki here stays', async () => {
    await refused(/nothing\.gz \(--dump\) does not exist/, ...from().with(3, '/srv/nothing.gz'));
    await refused(/make it without --databases/, ...from().with(3, '/srv/all.sql'));
    await writeFile(
      join(wiki.machine.root, 'srv/hostile.sql'),
      "\\! touch /srv/obeyed\nCREATE TABLE `ow_page` (a BLOB);\nLOAD DATA LOCAL INFILE '/etc/shadow' INTO TABLE `ow_page`;\n",
    );
    await refused(/hostile\.sql could not be loaded/, ...from().with(3, '/srv/hostile.sql'));
    assert.equal((await wiki.machine.run(['find', '/srv/obeyed'], { allowFailure: true })).stdout, '');
    await writeFile(join(wiki.machine.root, 'srv/broken.php'), '<?php $wgSitename = ;');
    await refused(/broken\.php is not valid PHP/, ...from().with(5, '/srv/broken.php'));
    const settings = await wiki.text('srv/LocalSettings.php');
    await writeFile(join(wiki.machine.root, 'srv/more.php'), `${settings}\nwfLoadExtension( 'NotHere' );\n`);
    await refused(/MediaWiki cannot read .*NotHere.*extensions/s, ...from().with(5, '/srv/more.php'));
    await writeFile(join(wiki.machine.root, 'srv/prefix.php'), `${settings}\n$wgDBprefix = 'other_';\n`);
    await refused(/has no table "other_page"/, ...from().with(5, '/srv/prefix.php'));
  });

  it('takes the place of the new one, with pages, people, uploads and addresses', async () => {
    await wiki.machine.run(from());
    const page = await ask(`${wiki.origin}/wiki/Roses`, { headers: { host } });
    assertShows(page, 'Good day, Rosa');
    for (const path of [
      '/w/index.php?title=Roses',
      '/w/index.php/Roses',
      '/w/api.php',
      '/wiki/File:Old7.png',
    ]) {
      assert.equal((await ask(`${wiki.origin}${path}`, { headers: { host } })).status, 200, path);
    }
    const file = (await ask(`${wiki.origin}/wiki/File:Old7.png`, { headers: { host } })).text;
    const [, picture = ''] = /href="(\/w\/images\/[^"]*Old7\.png)"/.exec(file) ?? [];
    assert.equal(
      (await ask(`${wiki.origin}${picture}`, { headers: { host } })).headers['content-type'],
      'image/png',
    );
    assert.equal((await ask(`${wiki.origin}/w/skins/OldSkin/paper.png`, { headers: { host } })).status, 200);
    const editor = new WikiClient(wiki.origin, '/w');
    await editor.logIn(oldAdmin, oldPassword);
    await editor.edit('Roses', 'blue by now');
    assertShows(await ask(`${wiki.origin}/wiki/Roses`, { headers: { host } }), 'blue by now');
    const again = await ask(`${wiki.origin}/wiki/Roses`, { headers: { host } });
    assert.equal(again.headers['x-cache'], 'hit');
    const { healthy, findings } = await wiki.status();
    assert.deepEqual([healthy, findings], [true, []]);
  });

  it('is there after a boot', async () => {
    await wiki.machine.reboot();
    await eventually('the wiki is well', async () => (await wiki.status()).healthy);
    assertShows(await ask(`${wiki.origin}/wiki/Tulips`, { headers: { host } }), 'tulips');
    assert.match(
      await readFile(join(wiki.machine.root, 'etc/mediawiki/LocalSettings.php'), 'utf8'),
      /Old Wiki/,
    );
  });
});
