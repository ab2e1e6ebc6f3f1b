/** What keeps the wiki quick, and how large its parts are: for the machine's memory, unless somebody says otherwise. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ask } from '../../fixtures/wiki-client.js';
import { eventually, type WikiMachine } from '../../fixtures/wiki-machine.js';

/** Defines the checks in the suite that is being described; they leave the wiki as they found it. */
export function defineSpeedChecks(machine: () => WikiMachine): void {
  let wiki: WikiMachine;
  before(() => {
    wiki = machine();
  });

  it("has a PHP of the wiki's own, with its classes loaded beforehand", async () => {
    const list = await wiki.text('var/lib/mediawiki-full/preload-list.php');
    const paths = [...list.matchAll(/'(\/usr\/share\/mediawiki[^']*\.php)'/g)].map(([, path]) => path!);
    assert.ok(paths.length > 500, `${paths.length} files`);
    // A page, and what saves one; neither what settings may change nor what has to be run
    for (const path of ['skins/SkinTemplate.php', 'Storage/PageUpdater.php']) {
      assert.ok(
        paths.some((one) => one.endsWith(path)),
        path,
      );
    }
    assert.ok(!paths.some((one) => /LocalSettings|settings\.php|Setup\.php|Defines\.php/.test(one)));
    assert.match(await read('preload'), /preload/);
    const journal = await wiki.machine.run([
      'journalctl',
      '--unit=mediawiki-full-php',
      '--no-pager',
      '--output=cat',
    ]);
    assert.doesNotMatch(journal.stdout, /Warning|Fatal/);
  });

  async function read(name: string): Promise<string> {
    return (await wiki.machine.run(['cat', `/run/mediawiki-full/php.d/${name}.ini`])).stdout;
  }

  /** What each part has in fact. */
  async function inUse(): Promise<Record<string, number>> {
    const count = async (...command: string[]): Promise<number> =>
      Number((await wiki.machine.run(command)).stdout.trim());
    const pool = 'SELECT @@innodb_buffer_pool_size DIV 1048576';
    const arguments_ = (await wiki.machine.run(['ps', '-e', '-o', 'args'])).stdout;
    return {
      phpProcesses: arguments_.match(/^php-fpm: pool mediawiki-full/gm)?.length ?? 0,
      memcached: Number(/memcached .*-m (\d+)/.exec(arguments_)?.[1]),
      varnish: Number(/varnishd .*malloc,(\d+)m/.exec(arguments_)?.[1]),
      innodb: await count('mariadb', '--skip-column-names', '-e', pool),
    };
  }

  async function isWell(): Promise<void> {
    await eventually('the wiki is well', async () => {
      const { status } = await ask(`${wiki.origin}/wiki/Special:Version`).catch(() => ({ status: 0 }));
      return status === 200 && (await wiki.status()).healthy;
    });
  }

  it('is as large as it was told that the machine is', async () => {
    await wiki.machine.run(['mediawiki-full', 'set', 'memory', '1024']);
    await isWell();
    assert.deepEqual(await inUse(), { phpProcesses: 4, memcached: 38, varnish: 64, innodb: 128 });
    const { sizes } = await wiki.status();
    assert.deepEqual([sizes['memory'], sizes['phpProcesses'], sizes['apcu']], [1024, 4, 25]);
    const refused = await wiki.machine.run(['mediawiki-full', 'set', 'memory', 'much'], {
      allowFailure: true,
    });
    assert.deepEqual([refused.exitCode, /must be a number of MiB/.test(refused.stderr)], [1, true]);
  });

  it('has the sizes that the administrator wrote where each part has them', async () => {
    const own: Record<string, string> = {
      'etc/mediawiki-full/fpm.d/own.conf': '[mediawiki-full]\npm.max_children = 3\n',
      'etc/mediawiki-full/php.d/own.ini': 'apc.shm_size = 17M\n',
      'etc/mysql/mariadb.conf.d/60-own.cnf': '[mariadbd]\ninnodb_buffer_pool_size = 160M\n',
      'etc/systemd/system/varnish.service.d/own.conf': '[Service]\nEnvironmentFile=/etc/varnish/own.env\n',
      'etc/varnish/own.env': 'MEDIAWIKI_FULL_VARNISH=99m\n',
    };
    const memcached = await wiki.text('etc/memcached.conf');
    for (const [path, text] of Object.entries(own)) {
      await mkdir(dirname(join(wiki.machine.root, path)), { recursive: true });
      await writeFile(join(wiki.machine.root, path), text);
    }
    await writeFile(join(wiki.machine.root, 'etc/memcached.conf'), memcached.replace('-m 64', '-m 77'));
    try {
      await wiki.machine.run(['systemctl', 'daemon-reload']);
      await wiki.machine.run(['systemctl', 'restart', 'mariadb.service']);
      await wiki.machine.run(['mediawiki-full', 'setup', '--restart']);
      await isWell();
      assert.deepEqual(await inUse(), { phpProcesses: 3, memcached: 77, varnish: 99, innodb: 160 });
      assert.ok(!existsSync(join(wiki.machine.root, 'etc/mysql/mariadb.conf.d/05-mediawiki-full.cnf')));
    } finally {
      for (const path of Object.keys(own)) await rm(join(wiki.machine.root, path), { force: true });
      await writeFile(join(wiki.machine.root, 'etc/memcached.conf'), memcached);
      await wiki.machine.run(['mediawiki-full', 'set', 'memory', '']);
      await wiki.machine.run(['systemctl', 'daemon-reload']);
      await wiki.machine.run(['systemctl', 'restart', 'mariadb.service']);
      await wiki.machine.run(['mediawiki-full', 'setup', '--restart']);
    }
    await isWell();
  });

  it('goes on without classes loaded beforehand where PHP cannot take them', async () => {
    const list = join(wiki.machine.root, 'var/lib/mediawiki-full/preload-list.php');
    const text = await wiki.text('var/lib/mediawiki-full/preload-list.php');
    await writeFile(list, '<?php\nreturn no_such_function();\n');
    try {
      await wiki.machine.run(['systemctl', 'restart', 'mediawiki-full-php.service']);
      await isWell();
    } finally {
      await writeFile(list, text);
      await wiki.machine.run(['systemctl', 'restart', 'mediawiki-full-php.service']);
    }
    await isWell();
    assert.match(await read('preload'), /preload/);
  });
}
