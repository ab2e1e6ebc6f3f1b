/**
 * What must be true of a wiki that a machine got by `apt-get install
 * mediawiki-full` and nothing else, on a booted Debian. The steps build on one
 * another and stop at the first that fails.
 */
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seePage } from '../../fixtures/chromium.js';
import { unfitForRoots, type Codename } from '../../fixtures/debian-root.js';
import { installedWiki, type InstalledWiki } from '../../fixtures/installed-wiki.js';
import { ask } from '../../fixtures/wiki-client.js';
import { defineAccessChecks } from './access-checks.js';
import { defineCrawlerChecks } from './crawler-checks.js';
import { assertDocumented } from './documented.js';
import { defineEditorChecks } from './editor-checks.js';
import { defineSpeedChecks } from './speed-checks.js';
import { assertShows, defineWikiChecks } from '../../fixtures/wiki-checks.js';
import { eventually, WikiMachine, type WikiStatus } from '../../fixtures/wiki-machine.js';

export interface ScenarioOptions {
  title: string;
  codename: Codename;
  /** Also purging, installing again, and SQLite. */
  thorough: boolean;
}

/** Defines the scenario as a mocha suite. */
export function describeBootedWiki({ title, codename, thorough }: ScenarioOptions): void {
  describe(title, function () {
    this.timeout(2_400_000);
    let wiki: WikiMachine;
    let installed: InstalledWiki;
    let broken = false;

    before(async function () {
      const reason = await unfitForRoots();
      if (reason !== undefined) {
        if (process.env['CI'] === 'true') throw new Error(`CI has to run this, and cannot: ${reason}`);
        console.warn(`    SKIPPED, ${title}: ${reason}`);
        this.skip();
      }
      installed = await installedWiki(codename);
      wiki = await WikiMachine.boot(installed, installed.archive);
      await eventually('the wiki answers', async () => {
        const { status } = await ask(`${wiki.origin}/wiki/Main_Page`).catch(() => ({ status: 0 }));
        return status === 200;
      });
    });

    // mocha's own bail would look at failures of other suites too
    beforeEach(function () {
      if (broken) this.skip();
    });
    afterEach(function () {
      broken ||= this.currentTest?.state === 'failed';
    });

    after(async () => {
      await (wiki as WikiMachine | undefined)?.machine.remove();
    });

    it('followed the archive by its keyring package, and apt had nothing to complain about', () => {
      const { update } = installed.said;
      assert.doesNotMatch(update, /^(W|E|N|Err|Ign)[: ]/m);
      assert.ok(update.includes(` ${installed.archive.suite} InRelease`), update);
    });

    it('was installed without a question', () => {
      assert.match(installed.said.install, /Setting up mediawiki-full /);
      assert.equal(installed.said.failedUnits, '');
    });

    it('was healthy at once, and is after a boot; it uses MariaDB', async () => {
      for (const status of [installed.status, await wiki.status()]) {
        assert.deepEqual({ ...status, healthy: status.healthy }, { ...status, healthy: true });
        assert.equal(status.database, 'mariadb');
        assert.ok(Object.values(status.services).every((state) => state === 'active'));
      }
    });

    if (thorough) {
      // The pages take their examples from Debian 12
      it('has every file, unit and command that the pages name', async () => {
        await assertDocumented(wiki, 'lockstep');
      });
    }

    const checked = { machine: () => wiki, adminName: 'Admin' };
    defineWikiChecks(checked);
    defineAccessChecks(checked);
    defineCrawlerChecks(checked);
    defineEditorChecks(checked);
    defineSpeedChecks(() => wiki);

    it('says what is wrong and what to do, and nothing where all is well', async () => {
      await checkFindings(wiki);
    });

    it('looks right in a browser', async () => {
      await checkLooks(wiki, title);
    });

    it('keeps its secrets', async () => {
      await checkSecrets(wiki);
    });

    it('comes back after a reboot', async () => {
      await wiki.machine.reboot();
      await eventually('the wiki answers', async () => {
        const { status } = await ask(`${wiki.origin}/wiki/Main_Page`).catch(() => ({ status: 0 }));
        return status === 200;
      });
      const status = await wiki.status();
      assert.deepEqual(
        Object.values(status.services).filter((state) => state !== 'active'),
        [],
      );
      assert.equal(status.healthy, true);
      assertShows(await wiki.visitor().get('/wiki/Edited'), 'second text');
    });

    it('runs update.php once when the set changes, after a copy of the database', async () => {
      await checkUpdate(wiki);
    });

    it('finishes at boot what had to wait', async () => {
      // As an installation in a chroot leaves it, where no database runs
      await writeFile(
        join(wiki.machine.root, 'var/lib/mediawiki-full/setup-pending'),
        'no services run here\n',
      );
      await rm(join(wiki.machine.root, 'var/lib/mediawiki-full/updated-for.json'));
      await wiki.machine.reboot();
      await eventually('all is well', async () => (await wiki.status()).healthy);
    });

    if (thorough) defineReinstallation(() => wiki);
  });
}

/** Purging keeps the wiki; a second installation goes on with it; told to, a purge leaves nothing. */
function defineReinstallation(machine: () => WikiMachine): void {
  let wiki: WikiMachine;
  let settings: string;
  before(() => {
    wiki = machine();
  });

  it('is gone after a purge, but for what belongs to its people', async () => {
    settings = await wiki.text('etc/mediawiki/LocalSettings.php');
    await wiki.purge();
    const left = await wiki.machine.run([
      'find',
      '/etc',
      '/usr',
      '/var/cache',
      '/var/log',
      '-name',
      '*mediawiki-full*',
    ]);
    const ours = left.stdout
      .split('\n')
      .filter((path) => path !== '' && !/^\/var\/(log\/apache2|cache\/apt)\//.test(path));
    assert.deepEqual(ours, []);
    // Apache and Varnish are back where Debian has them
    assert.match(await wiki.askFromInside('GET', 'http://127.0.0.1/'), / 200 /);
    assert.equal(
      (await wiki.machine.run(['systemctl', 'is-active', 'varnish', 'apache2'])).stdout,
      'active\nactive\n',
    );
  });

  it('goes on where it was after a second installation', async () => {
    await wiki.apt('install', '--yes', 'mediawiki-full');
    assert.equal((await wiki.status()).healthy, true);
    assert.equal(await wiki.text('etc/mediawiki/LocalSettings.php'), settings);
    assertShows(await wiki.visitor().get('/wiki/Edited'), 'second text');
    await wiki.administrator();
  });

  it('leaves nothing when told to delete the data', async () => {
    await wiki.preseed({ 'purge-data': 'true' });
    await wiki.purge();
    const found = await wiki.machine.run(['find', '/var/lib/mediawiki-full', '/etc/mediawiki'], {
      allowFailure: true,
    });
    assert.equal(found.stdout, '');
    const databases = await wiki.machine.run([
      'mariadb',
      '-N',
      '-e',
      'SHOW DATABASES; SELECT User FROM mysql.user',
    ]);
    assert.doesNotMatch(databases.stdout, /mediawiki/);
  });

  describe('with SQLite, and every answer given beforehand', () => {
    const password = 'kept by nobody 4711';

    it('needs no database server', async () => {
      const { stdout } = await wiki.apt(
        'install',
        '--simulate',
        'mediawiki-full',
        'sqlite3',
        'mariadb-server-',
      );
      assert.match(stdout, /^Inst mediawiki-full /m);
    });

    it('installs', async () => {
      await wiki.preseed({
        database: 'sqlite',
        'site-name': 'Wiki "of" $things',
        'server-url': 'http://wiki.example.org',
        'admin-name': 'Chief',
        'admin-password': password,
      });
      await wiki.apt('install', '--yes', 'mediawiki-full', 'sqlite3');
      const status = await wiki.status();
      assert.deepEqual([status.healthy, status.database], [true, 'sqlite']);
      const answers = await wiki.visitor().get('/api.php?action=query&meta=siteinfo&format=json');
      const { query } = JSON.parse(answers.text) as { query: { general: Record<string, string> } };
      assert.deepEqual(
        [query.general['sitename'], query.general['server'], query.general['dbtype']],
        ['Wiki "of" $things', 'http://wiki.example.org', 'sqlite'],
      );
    });

    defineWikiChecks({ machine, adminName: 'Chief', password });
    defineAccessChecks({ machine, adminName: 'Chief', password });
    defineCrawlerChecks({ machine, adminName: 'Chief', password });

    it('keeps the given password nowhere', async () => {
      const found = await wiki.machine.run(
        ['grep', '-rlF', password, '/etc', '/var/lib', '/var/cache', '/var/log', '/run'],
        {
          allowFailure: true,
        },
      );
      assert.equal(found.stdout, '');
    });
  });
}

async function checkFindings(wiki: WikiMachine): Promise<void> {
  const status = async (): Promise<[number | undefined, string[]]> => {
    const { exitCode, stdout } = await wiki.machine.run(['mediawiki-full', 'status', '--json'], {
      allowFailure: true,
    });
    const { findings } = JSON.parse(stdout) as WikiStatus;
    for (const { what, do: todo } of findings) assert.ok(what !== '' && todo !== '');
    return [exitCode, findings.map(({ code }) => code)];
  };
  assert.deepEqual(await status(), [0, []]);
  const doctor = await wiki.machine.run(['mediawiki-full', 'doctor', '--json'], { allowFailure: true });
  const looks = JSON.parse(doctor.stdout) as { what: string; finding: { severity: string } | null }[];
  const severities = Object.fromEntries(looks.map(({ what, finding }) => [what, finding?.severity ?? null]));
  // A machine of a test has no mail, and no clock but ours
  const { name, clock, mail, ...rest } = severities;
  const looked = ['settings', 'setup', 'service', 'port', 'disk', 'jobs', 'captchas', 'database', 'php'];
  const tried = ['cache', 'edit', 'headers', 'editor'];
  assert.deepEqual(rest, Object.fromEntries([...looked, ...tried].map((code) => [code, null])));
  assert.equal(mail, 'warning');
  assert.ok(name !== 'error' && clock !== 'error');
  assert.equal(doctor.exitCode, 1);
  await checkPhpLimits(wiki);
  await wiki.machine.run(['systemctl', 'stop', 'memcached.service']);
  assert.deepEqual(await status(), [2, ['service']]);
  const { stdout } = await wiki.machine.run(['mediawiki-full', 'status'], { allowFailure: true });
  assert.match(stdout, /^error: memcached does not run \(inactive\)\n {4}.*systemctl restart memcached/m);
  await wiki.machine.run(['systemctl', 'start', 'memcached.service']);
  const ready = join(wiki.machine.root, 'var/lib/mediawiki-full/captcha/ready');
  await rm(ready);
  assert.deepEqual(await status(), [1, ['captchas']]);
  await wiki.machine.run(['mediawiki-full', 'captchas']);
  const settings = join(wiki.machine.root, 'etc/mediawiki/LocalSettings.php');
  const text = await wiki.text('etc/mediawiki/LocalSettings.php');
  await writeFile(settings, `${text}\n$wgSitename = ;\n`);
  const [exitCode, codes] = await status();
  assert.deepEqual([exitCode, codes.includes('settings')], [2, true]);
  await writeFile(settings, text);
  await eventually('all is well again', async () => (await status())[0] === 0);
}

/** The doctor sees what the running processes may do, and where files say otherwise. */
async function checkPhpLimits(wiki: WikiMachine): Promise<void> {
  const said = async (): Promise<string[]> => {
    const { stdout } = await wiki.machine.run(['mediawiki-full', 'doctor', '--json'], { allowFailure: true });
    const looks = JSON.parse(stdout) as { what: string; finding: { what: string } | null }[];
    return looks.flatMap(({ what, finding }) => (what === 'php' && finding !== null ? [finding.what] : []));
  };
  const [unit] = (
    await wiki.machine.run(['systemctl', 'list-units', '--plain', 'php*-fpm.service'])
  ).stdout.match(/php[\d.]+-fpm\.service/)!;
  const file = join(wiki.machine.root, 'etc/mediawiki-full/fpm.d/small.conf');
  await writeFile(file, 'php_value[post_max_size] = 8M\n');
  try {
    assert.deepEqual(await said(), ['post_max_size should be 8M, but is 72M in the running processes']);
    await wiki.machine.run(['systemctl', 'reload', unit]);
    await eventually('the limit is seen', async () =>
      /^post_max_size \(8M\) leaves no/.test((await said()).join()),
    );
    await writeFile(file, 'pm.max_children = 20\n');
    await eventually('Varnish lets more strangers through', async () =>
      (await wiki.text('var/lib/mediawiki-full/machine.vcl')).includes('.max_connections = 6;'),
    );
    await writeFile(file, 'pm.max_children = none\n');
    await eventually('the fault is seen', async () =>
      (await said()).join().includes('FPM refuses its files'),
    );
  } finally {
    await rm(file);
    await wiki.machine.run(['systemctl', 'reload', unit]);
  }
  await eventually('all is well', async () => (await said()).length === 0);
}

async function checkSecrets(wiki: WikiMachine): Promise<void> {
  const modes = await wiki.machine.run([
    'stat',
    '--format=%a %U:%G %n',
    '/etc/mediawiki/LocalSettings.php',
    '/etc/mediawiki-full/admin-password',
    '/var/lib/mediawiki-full/images',
  ]);
  assert.deepEqual(modes.stdout.trim().split('\n'), [
    '640 root:www-data /etc/mediawiki/LocalSettings.php',
    '600 root:root /etc/mediawiki-full/admin-password',
    '755 www-data:www-data /var/lib/mediawiki-full/images',
  ]);
  const grants = await wiki.machine.run([
    'mariadb',
    '-N',
    '-e',
    "SHOW GRANTS FOR 'mediawiki_full'@'localhost'",
  ]);
  assert.doesNotMatch(grants.stdout, /ALL PRIVILEGES|GRANT OPTION|SUPER|FILE/);
  assert.match(grants.stdout, /GRANT USAGE ON \*\.\*/);
  const listening = await wiki.machine.run(['ss', '--tcp', '--listening', '--numeric', '--no-header']);
  const open = listening.stdout.split('\n').flatMap((line) => {
    const local = line.trim().split(/\s+/)[3] ?? '';
    return local === '' || /^(127\.|\[::1\])/.test(local) ? [] : [local];
  });
  assert.deepEqual(
    open.filter((local) => !local.endsWith(':80')),
    [],
  );
}

async function checkUpdate(wiki: WikiMachine): Promise<void> {
  const trigger = async (): Promise<void> => {
    await wiki.machine.run([
      'dpkg-trigger',
      '--no-await',
      '--by-package=mediawiki',
      '/usr/share/mediawiki/includes',
    ]);
    await wiki.machine.run(['dpkg', '--configure', '--pending'], {
      env: { DEBIAN_FRONTEND: 'noninteractive' },
    });
  };
  const backups = async (): Promise<string[]> =>
    (
      await wiki.machine.run(['find', '/var/lib/mediawiki-full/backups', '-name', '*.gz'], {
        allowFailure: true,
      })
    ).stdout
      .split('\n')
      .filter(Boolean);
  const settings = await wiki.text('etc/mediawiki/LocalSettings.php');
  const stamp = 'var/lib/mediawiki-full/updated-for.json';
  const now = await wiki.text(stamp);
  await trigger();
  assert.deepEqual(await backups(), []);
  // As if the database had last been brought up to an earlier MediaWiki
  await writeFile(
    join(wiki.machine.root, stamp),
    JSON.stringify({ ...JSON.parse(now), mediawiki: '1:1.0-1' }),
  );
  await trigger();
  assert.equal(await wiki.text(stamp), now);
  assert.equal((await backups()).length, 1);
  await trigger();
  assert.equal((await backups()).length, 1);
  await wiki.apt('install', '--yes', '--reinstall', 'mediawiki-full-config');
  assert.equal((await backups()).length, 1);
  assert.equal(await wiki.text('etc/mediawiki/LocalSettings.php'), settings);
  assert.equal((await wiki.status()).healthy, true);
}

async function checkLooks(wiki: WikiMachine, title: string): Promise<void> {
  const look = `JSON.stringify({
    styles: getComputedStyle(document.querySelector('#firstHeading, .firstHeading')).fontFamily.includes('serif'),
    background: getComputedStyle(document.body).backgroundColor,
    logo: [...document.querySelectorAll('.mw-logo-icon, .mw-wiki-logo')].map((e) => e.src || getComputedStyle(e).backgroundImage)[0],
    source: document.querySelector('#ca-viewsource') !== null,
    broken: [...document.images].filter((image) => image.complete && image.naturalWidth === 0).map((image) => image.src),
  })`;
  // RLQ is where a page queues what needs MediaWiki's scripts, which load after it
  const ready = `new Promise((done) => (window.RLQ = window.RLQ || []).push(
    [['mediawiki.page.ready'], () => done(${look})]))`;
  const page = await seePage(`${wiki.origin}/wiki/Main_Page`, ready);
  // To be looked at by people
  const shots = process.env['LOCKSTEP_TEST_SHOTS'];
  if (shots !== undefined) await writeFile(join(shots, `${title.replace(/\W+/g, '-')}.png`), page.screenshot);
  assert.deepEqual(page.complaints, []);
  assert.deepEqual(page.failures, []);
  const seen = JSON.parse(String(page.value)) as Record<string, unknown>;
  assert.equal(seen['styles'], true);
  assert.match(String(seen['logo']), /mediawiki\.png/);
  // A stranger does not edit it
  assert.equal(seen['source'], true);
  assert.deepEqual(seen['broken'], []);
}
