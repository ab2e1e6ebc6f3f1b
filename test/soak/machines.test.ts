/**
 * Booted machines that are not like ours: with somebody else's PHP, without the
 * keyring package, on their way to the next Debian. `npm run soak machines`.
 */
import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../src/io/process.js';
import { debianSources, unfitForRoots } from '../fixtures/debian-root.js';
import { addRepository } from '../fixtures/flat-repository.js';
import { installedWiki } from '../fixtures/installed-wiki.js';
import { top } from '../fixtures/lockstep.js';
import { needs } from '../fixtures/machine.js';
import type { BinarySpec } from '../fixtures/packages.js';
import { released } from '../fixtures/releases.js';
import { eventually, WikiMachine } from '../fixtures/wiki-machine.js';

const keyring = 'lockstep-archive-keyring';

/** What removes what is there, and nothing that is asked: with a person's consent. */
const yes = ['--yes', '--allow-downgrades'];

/** A machine for one suite of tests. */
function useWiki(boot: () => Promise<WikiMachine>): () => WikiMachine {
  let wiki: WikiMachine | undefined;
  before(async function () {
    await needs(this, { root: true, also: async () => (await unfitForRoots()) ?? null });
    wiki = await boot();
  });
  after(async () => wiki?.machine.remove());
  return () => wiki!;
}

async function bootInstalled(): Promise<WikiMachine> {
  const { image, archive } = await installedWiki('bookworm');
  const wiki = await WikiMachine.boot({ image }, archive);
  await isWell(wiki);
  return wiki;
}

/** A machine that follows the archive and has a package of Debian's, but no wiki yet. */
async function bootWith(package_: string): Promise<WikiMachine> {
  const { archive } = await installedWiki('bookworm');
  const machine = await WikiMachine.boot('bookworm', archive);
  await machine.apt('update');
  await machine.apt('install', '--yes', package_, WikiMachine.keyringPackage);
  await machine.apt('update');
  return machine;
}

async function isWell(wiki: WikiMachine): Promise<void> {
  await eventually('the wiki is well', async () => (await wiki.status()).healthy);
  assert.equal((await wiki.visitor().get('/wiki/Main_Page')).status, 200);
}

async function installed(wiki: WikiMachine): Promise<Map<string, string>> {
  const format = '${Package} ${db:Status-Abbrev}${Version}\\n';
  const { stdout } = await wiki.machine.run(['dpkg-query', '-W', '-f', format]);
  return new Map([...stdout.matchAll(/^(\S+) ii (\S+)$/gm)].map(([, name, version]) => [name!, version!]));
}

describe('a machine on which "php" is another PHP', function () {
  this.timeout(1_800_000);

  /** As the well-known one has it: newer packages of PHP, and names without a version that lead to them. */
  const others = ['cli', 'fpm', 'mbstring', 'xml', 'intl', 'mysql', 'sqlite3', 'curl', 'apcu', 'common'];
  const repository = (): BinarySpec[] =>
    others.flatMap((name): BinarySpec[] => [
      {
        package: `php8.4-${name}`,
        version: '8.4.99-1+other1',
        architecture: 'all',
        ...(name === 'cli'
          ? {
              files: { 'usr/bin/php8.4': '#!/bin/sh\necho "the other PHP was run" >&2\nexit 1\n' },
              modes: { 'usr/bin/php8.4': 0o755 },
              scripts: {
                postinst: '#!/bin/sh\nupdate-alternatives --install /usr/bin/php php /usr/bin/php8.4 84\n',
              },
            }
          : {}),
      },
      { package: `php-${name}`, version: '2:8.4+99+other1', architecture: 'all', depends: `php8.4-${name}` },
    ]);

  describe('before the wiki comes', () => {
    const wiki = useWiki(async () => {
      const { archive } = await installedWiki('bookworm');
      const machine = await WikiMachine.boot('bookworm', archive);
      await addRepository(machine.machine.root, 'other-php', repository());
      return machine;
    });

    it('gets a wiki that is well, with the PHP that the set was proven with', async () => {
      await wiki().apt('update');
      await wiki().apt('install', '--yes', 'php-cli', 'php-mbstring', 'php-xml');
      await wiki().apt('install', '--yes', WikiMachine.keyringPackage);
      await wiki().apt('update');
      await wiki().apt('install', '--yes', 'mediawiki-full');
      const there = await installed(wiki());
      for (const name of others.filter((one) => one !== 'common'))
        assert.ok(there.has(`php8.2-${name}`), name);
      await isWell(wiki());
    });

    it('comes back after a boot, and its jobs and commands run', async () => {
      await wiki().machine.reboot();
      await isWell(wiki());
      await (await wiki().administrator()).edit('Somewhere else', 'written beside another PHP');
      await wiki()
        .machine.run(['mediawiki-full', 'maintenance', 'showSiteStats'])
        .catch(() => undefined);
      await eventually('no job is left', async () => (await wiki().status()).jobs.waiting === 0);
    });
  });

  describe('once the wiki is there', () => {
    const wiki = useWiki(bootInstalled);

    it('keeps its wiki well through upgrade, full upgrade and autoremove', async () => {
      await addRepository(wiki().machine.root, 'other-php', repository());
      await wiki().apt('update');
      await wiki().apt('install', '--yes', 'php-cli', 'php-apcu');
      for (const step of [['upgrade'], ['dist-upgrade'], ['autoremove', '--purge']]) {
        await wiki().apt(...step, ...yes);
      }
      const there = await installed(wiki());
      assert.ok(there.has('php8.2-apcu') && there.has('php8.2-mbstring') && there.has('mediawiki-full'));
      await wiki().machine.reboot();
      await isWell(wiki());
    });
  });
});

describe('a machine without the keyring package, when Debian is ahead of the suite', function () {
  this.timeout(1_800_000);
  const wiki = useWiki(async () => {
    const machine = await bootInstalled();
    const { archive } = await installedWiki('bookworm');
    await machine.apt('purge', '--yes', keyring);
    const sources = await readFile(join(archive.publicDir, 'debian', `${archive.suite}.sources`), 'utf8');
    await writeFile(join(machine.machine.root, 'etc/apt/sources.list.d/lockstep.sources'), sources);
    await addRepository(
      machine.machine.root,
      'ahead',
      ['mediawiki', 'mediawiki-classes'].map((name) => ({
        package: name,
        version: '1:1.39.99-1~deb12u1',
        architecture: 'all',
      })),
    );
    await machine.apt('update');
    return machine;
  });
  let set: Map<string, string>;

  it('keeps its wiki by a plain upgrade', async () => {
    set = await installed(wiki());
    await wiki().apt('upgrade', '--yes');
    assert.equal((await installed(wiki())).get('mediawiki-full'), set.get('mediawiki-full'));
    await isWell(wiki());
  });

  it('loses it by a full upgrade, as the page says', async () => {
    await wiki().apt('dist-upgrade', '--yes');
    const there = await installed(wiki());
    assert.ok(!there.has('mediawiki-full'));
    assert.equal(there.get('mediawiki'), '1:1.39.99-1~deb12u1');
  });

  it('has it again by the two lines of the page', async () => {
    await wiki().apt('install', ...yes, keyring);
    await wiki().apt('install', ...yes, 'mediawiki-full');
    const there = await installed(wiki());
    for (const name of ['mediawiki', 'mediawiki-full', 'mediawiki-full-config'])
      assert.equal(there.get(name), set.get(name), name);
    await isWell(wiki());
  });

  it('keeps it by a full upgrade from then on', async () => {
    await wiki().apt('update');
    await wiki().apt('dist-upgrade', ...yes);
    assert.equal((await installed(wiki())).get('mediawiki'), set.get('mediawiki'));
    await isWell(wiki());
  });
});

describe('a machine on its way from Debian 12 to 13', function () {
  this.timeout(3_600_000);
  const wiki = useWiki(async () => {
    // Both sets are in one archive
    await released('mediawiki-1.43');
    return await bootInstalled();
  });

  async function write(title: string, text: string): Promise<void> {
    await (await wiki().administrator()).edit(title, text);
  }

  it('has the last of Debian 12', async () => {
    await write('Before', 'written on Debian 12');
    await wiki().apt('update');
    await wiki().apt('dist-upgrade', '--yes');
    await isWell(wiki());
  });

  it('is told to change the suite before anything is removed', async () => {
    const lists = join(wiki().machine.root, 'etc/apt');
    // Whatever holds Debian's own addresses
    await rm(join(lists, 'sources.list'), { force: true });
    for (const name of await readdir(join(lists, 'sources.list.d'))) {
      if (!name.startsWith('lockstep')) await rm(join(lists, 'sources.list.d', name));
    }
    await writeFile(join(lists, 'sources.list.d/debian.sources'), await debianSources('trixie'));
    await wiki().apt('update');
    const before = await installed(wiki());
    const { exitCode, stdout, stderr } = await wiki().machine.run(
      ['apt-get', '-o', 'DPkg::Use-Pty=0', 'dist-upgrade', '--yes'],
      { env: { DEBIAN_FRONTEND: 'noninteractive' }, allowFailure: true },
    );
    assert.notEqual(exitCode, 0);
    assert.match(stdout + stderr, /refused: this run would remove mediawiki-full/);
    assert.match(stdout + stderr, /goes from Debian 12 to 13/);
    assert.deepEqual(await installed(wiki()), before);
    await isWell(wiki());
  });

  it('goes there with the suite of the newer set, and has everything', async () => {
    const file = join(wiki().machine.root, 'etc/apt/sources.list.d/lockstep.sources');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('mediawiki-1.39-', 'mediawiki-1.43-'));
    await wiki().apt('update');
    await wiki().apt('dist-upgrade', '--yes');
    assert.match(await wiki().text('etc/debian_version'), /^13\./);
    const there = await installed(wiki());
    assert.match(there.get('mediawiki') ?? '', /^1:1\.43\./);
    assert.equal((await wiki().machine.run(['dpkg', '--audit'])).stdout, '');
    await isWell(wiki());
    await wiki().machine.reboot();
    await isWell(wiki());
    const page = await wiki().visitor().get('/wiki/Before');
    assert.match(page.text, /written on Debian 12/);
    await write('After', 'written on Debian 13');
    assert.match((await wiki().visitor().get('/wiki/After')).text, /written on Debian 13/);
    const dumps = await readdir(join(wiki().machine.root, 'var/lib/mediawiki-full/backups'));
    assert.ok(dumps.length > 0, 'the database was dumped before its tables changed');
  });

  it('leaves nothing of the older PHP in use once it is tidied up', async () => {
    await wiki().apt('autoremove', '--yes', '--purge');
    await wiki().machine.reboot();
    await isWell(wiki());
    assert.ok(![...(await installed(wiki())).keys()].some((name) => name.startsWith('php8.2-fpm')));
  });
});

describe('a machine whose MariaDB has a password for its root', function () {
  this.timeout(1_800_000);
  const wiki = useWiki(async () => {
    const machine = await bootWith('mariadb-server');
    const sql = "ALTER USER root@localhost IDENTIFIED VIA mysql_native_password USING PASSWORD('of root')";
    await machine.machine.run(['mariadb', '-e', sql]);
    return machine;
  });

  it('gets all packages, and is told what to do', async () => {
    const { stdout, stderr } = await wiki().apt('install', '--yes', 'mediawiki-full');
    assert.match(
      stdout + stderr,
      /MariaDB's root has a password\. Write it to \/etc\/mediawiki-full\/mariadb\.cnf/,
    );
    assert.match((await wiki().status()).wiki.setup, /^pending: MariaDB's root has a password/);
  });

  it('has its wiki once that is done', async () => {
    const file = join(wiki().machine.root, 'etc/mediawiki-full/mariadb.cnf');
    await writeFile(file, '[client]\nuser=root\npassword=wrong\n', { mode: 0o600 });
    const wrong = await wiki().machine.run(['mediawiki-full', 'setup'], { allowFailure: true });
    assert.deepEqual([wrong.exitCode, /does not take the user and password/.test(wrong.stderr)], [1, true]);
    await writeFile(file, '[client]\nuser=root\npassword=of root\n', { mode: 0o600 });
    await wiki().machine.run(['mediawiki-full', 'setup']);
    await isWell(wiki());
    await (await wiki().administrator()).edit('With a password', 'as everywhere');
    await wiki().machine.reboot();
    await isWell(wiki());
  });
});

describe('a machine on which another program has port 80', function () {
  this.timeout(1_800_000);
  const wiki = useWiki(() => bootWith('nginx-light'));

  const inside = async (): Promise<string> =>
    await wiki().askFromInside('GET', 'http://127.0.0.1:6081/wiki/Main_Page');

  it('keeps that program, and has its wiki behind it', async () => {
    const { stdout, stderr } = await wiki().apt('install', '--yes', 'mediawiki-full');
    assert.match(stdout + stderr, /nginx\.service has port 80, so port 80 does not change/);
    assert.match(stdout + stderr, /`mediawiki-full take-port-80` gives it port 80/);
    assert.match(String((await wiki().visitor().get('/')).headers['server']), /nginx/);
    // An upgrade of PHP, which apt's triggers end with, restarts the wiki's own
    await eventually('the wiki is well', async () => (await wiki().status()).healthy);
    assert.match(await inside(), / 200 /);
    const { healthy, findings } = await wiki().status();
    assert.deepEqual([healthy, findings], [true, []]);
    const failed = await wiki().machine.run([
      'systemctl',
      'list-units',
      '--state=failed',
      '--plain',
      '--no-legend',
    ]);
    assert.equal(failed.stdout, '');
  });

  it('gives port 80 to the wiki once that is said, and back', async () => {
    const { exitCode } = await wiki().machine.run(['mediawiki-full', 'take-port-80'], { allowFailure: true });
    assert.equal(exitCode, 2, 'nobody was there to agree');
    await wiki().machine.run(['mediawiki-full', 'take-port-80', '--yes']);
    await isWell(wiki());
    await wiki().machine.reboot();
    await isWell(wiki());
    await wiki().machine.run(['mediawiki-full', 'take-port-80', '--undo']);
    assert.match(String((await wiki().visitor().get('/')).headers['server']), /nginx/);
    assert.match(await inside(), / 200 /);
  });
});

describe('a machine with one GiB of memory', function () {
  this.timeout(1_800_000);
  const memory = 1024;
  const wiki = useWiki(async () => {
    const { image, archive } = await installedWiki('bookworm');
    const machine = await WikiMachine.boot({ image }, archive, memory);
    await isWell(machine);
    // Where a container cannot see its limit
    await machine.machine.run(['mediawiki-full', 'set', 'memory', String(memory)]);
    await isWell(machine);
    return machine;
  });

  /** Fifty connections for a minute, by a process of its own. */
  async function load(job: object): Promise<{ done: number; failed: Record<string, number> }> {
    const input = JSON.stringify({ origin: wiki().origin, connections: 50, seconds: 60, ...job });
    const script = join(top, 'scripts/bench/wiki-load.mjs');
    const { stdout } = await run(process.execPath, [script], { input: Buffer.from(input) });
    return JSON.parse(stdout) as { done: number; failed: Record<string, number> };
  }

  it('has caches that fit', async () => {
    const { sizes } = await wiki().status();
    assert.deepEqual([sizes['memory'], sizes['phpProcesses']], [memory, 4]);
  });

  it('serves fifty who read and fifty who write, and nothing is killed', async () => {
    const admin = await wiki().administrator();
    const text = Array.from({ length: 40 }, (_, at) => `== Section ${at} ==\n[[Page ${at}]]\n`).join('\n');
    await admin.edit('Read by many', text);
    const cookie = admin.cookieHeader;
    const views = await load({ cookie, requests: [{ path: '/wiki/Read_by_many' }] });
    assert.deepEqual([views.done > 0, views.failed], [true, {}]);
    const form = {
      action: 'edit',
      format: 'json',
      title: 'Saved {n}',
      text: `${text}{n}`,
      token: await admin.token('csrf'),
    };
    const saves = await load({ cookie, requests: [{ method: 'POST', path: '/api.php', form }] });
    assert.deepEqual([saves.done > 0, saves.failed], [true, {}]);
    assert.equal(await wiki().machine.killedForMemory(), 0);
    await isWell(wiki());
  });
});
