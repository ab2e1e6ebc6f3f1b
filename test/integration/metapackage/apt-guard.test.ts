import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../src/io/process.js';
import { needsWikiCommand, packagesOf, WikiCommand } from '../../fixtures/wiki-command.js';
import { Workbench } from '../../fixtures/archive-bench.js';

const schemaA = 'a'.repeat(64);
const schemaB = 'b'.repeat(64);
const older = { mediawiki: '1:1.39.16-1+x1', parsoid: '0.16.1', config: '1.39.16+x1', schema: schemaA };
const newer = { mediawiki: '1:1.39.17-1+x1', parsoid: '0.16.2', config: '1.39.17+x1', schema: schemaB };

/** Lines of apt's protocol 3 behind its configuration. */
const protocol = (lines: readonly string[]): string =>
  ['VERSION 3', 'APT::Architecture=amd64', 'Dir::State=var/lib/apt', '', ...lines, ''].join('\n');

describe('apt-guard, which apt asks before dpkg touches anything', function () {
  this.timeout(60_000);
  let root: string;
  let wiki: WikiCommand;
  let bench: Workbench;
  /** Configuration packages by their version. */
  const debs = new Map<string, string>();

  before(async function () {
    await needsWikiCommand(this);
    bench = await Workbench.make();
    const packages = [
      { version: older.config, fields: { 'Lockstep-Schema': schemaA } },
      { version: newer.config, fields: { 'Lockstep-Schema': schemaB } },
      { version: '1.39.16+x2', fields: { 'Lockstep-Schema': schemaB } },
      { version: '1.39.15+x1', fields: {} },
      { version: '1.39.17+x1+really1.39.16+x1', fields: { 'Lockstep-Schema': schemaA } },
    ];
    for (const { version, fields } of packages) {
      const built = await bench.deb({ name: 'mediawiki-full-config', version, fields });
      debs.set(version, bench.store.path(built.file.sha256));
    }
  });
  after(async () => {
    await (bench as Workbench | undefined)?.remove();
  });

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lockstep-guard-'));
    await chmod(root, 0o755);
    wiki = await WikiCommand.make(root);
    await wiki.installed(newer);
    const stamp = { mediawiki: newer.mediawiki, 'mediawiki-full-config': newer.config, schema: schemaB };
    await wiki.write(
      'var/lib/mediawiki-full/updated-for.json',
      JSON.stringify({ ...stamp, set: packagesOf(newer), snapshot: '20261123T101530Z' }, null, 4),
    );
  });
  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  /** One package of a run, as apt tells of it. */
  const line = (name: string, from: string, to: string, action: string): string => {
    const arrow = from === to ? '=' : from < to ? '<' : '>';
    return `${name} ${from} all none ${arrow} ${to} all none ${action}`;
  };
  const moving = (to: string, from: string = newer.config): string[] => [
    line('php-cli', '1', '2', '/nowhere/php-cli_2_all.deb'),
    line('mediawiki', newer.mediawiki, older.mediawiki, '/nowhere/mediawiki.deb'),
    line('mediawiki-full-config', from, to, debs.get(to) ?? '/nowhere.deb'),
    line('mediawiki-full-config', from, to, '**CONFIGURE**'),
  ];
  const hook = async (lines: readonly string[], env: Record<string, string> = {}) =>
    await wiki.guard(['hook'], { input: protocol(lines), env });

  it('refuses to go back across a schema, and says in plain words what can be done', async () => {
    const { exitCode, stderr, stdout } = await hook(moving(older.config));
    assert.equal(exitCode, 10);
    assert.equal(stdout, '');
    assert.match(stderr, /refused: mediawiki-full-config would go back to 1\.39\.16\+x1/);
    assert.match(stderr, /needs the database schema aaaaaaaaaaaa; the database is at bbbbbbbbbbbb/);
    assert.match(stderr, /^mediawiki-full: +mediawiki-full restore /m);
    assert.match(stderr, /^mediawiki-full: +mediawiki-full pin 20261123T101530Z$/m);
    assert.match(stderr, /MEDIAWIKI_FULL_SCHEMA_DOWNGRADE=yes/);
  });

  it('says nothing where the schema stays, where it goes forward, and to runs that are not about it', async () => {
    const stays = await hook(moving('1.39.16+x2'));
    const forward = await hook([
      line('mediawiki', older.mediawiki, newer.mediawiki, '/nowhere/mediawiki.deb'),
      line('mediawiki-full-config', older.config, newer.config, debs.get(newer.config)!),
    ]);
    const others = await hook([
      line('php-cli', '1', '2', '/nowhere/a file.deb'),
      line('mediawiki-full-config-doc', '2', '1', '/nowhere/b.deb'),
      line('mediawiki', '2', '1', '/nowhere/c.deb'),
    ]);
    const removal = await hook([`mediawiki-full-config ${newer.config} all none > - - none **REMOVE**`]);
    for (const { exitCode, stderr, stdout } of [stays, forward, others, removal]) {
      assert.deepEqual({ exitCode, stderr, stdout }, { exitCode: 0, stderr: '', stdout: '' });
    }
  });

  it('takes what older content is re-issued under for what it really is', async () => {
    assert.equal((await hook(moving('1.39.17+x1+really1.39.16+x1'))).exitCode, 10);
  });

  it('remembers the database of a package that was removed', async () => {
    const lines = [`mediawiki-full-config - - none < ${older.config} all none ${debs.get(older.config)}`];
    assert.equal((await hook(lines)).exitCode, 10);
    await rm(join(root, 'var/lib/mediawiki-full/updated-for.json'));
    assert.deepEqual(await hook(lines).then(({ exitCode, stderr }) => [exitCode, stderr]), [0, '']);
  });

  it('goes on when the administrator says so, and for a restore', async () => {
    const env = { MEDIAWIKI_FULL_SCHEMA_DOWNGRADE: 'yes' };
    assert.equal((await hook(moving(older.config), env)).exitCode, 0);
    assert.equal((await hook(moving(older.config), { MEDIAWIKI_FULL_SCHEMA_DOWNGRADE: 'no' })).exitCode, 10);
    await wiki.write('etc/mediawiki-full/allow-schema-downgrade', '');
    assert.equal((await hook(moving(older.config))).exitCode, 0);
  });

  it('refuses a package that does not say its schema only where MediaWiki goes back with it', async () => {
    const alone = [line('mediawiki-full-config', newer.config, '1.39.15+x1', debs.get('1.39.15+x1')!)];
    assert.equal((await hook(alone)).exitCode, 0);
    const { exitCode, stderr } = await hook(moving('1.39.15+x1'));
    assert.equal(exitCode, 10);
    assert.match(stderr, /is not known/);
  });

  it('never stops apt for what it cannot find out', async () => {
    const lines = moving(older.config);
    const inputs = [
      '',
      '\n',
      'VERSION 2\n\nx\n',
      'rubbish',
      protocol([]),
      protocol(['', '*', 'mediawiki-full-config']),
    ];
    for (const input of inputs) assert.equal((await wiki.guard(['hook'], { input })).exitCode, 0, input);
    const gone = lines.map((text) => text.replace(debs.get(older.config)!, '/nowhere/it is gone.deb'));
    assert.equal((await hook(gone)).exitCode, 0);
    await writeFile(join(root, 'broken.deb'), 'no package');
    const broken = lines.map((text) => text.replace(debs.get(older.config)!, join(root, 'broken.deb')));
    assert.equal((await hook(broken)).exitCode, 0);
    // No wiki yet, or one whose schema was never noted
    await wiki.write('var/lib/mediawiki-full/updated-for.json', '{ "mediawiki": "1:1.0-1" }\n');
    assert.equal((await hook(lines)).exitCode, 0);
    await rm(join(root, 'var/lib/mediawiki-full/updated-for.json'));
    assert.equal((await hook(lines)).exitCode, 0);
  });

  it('refuses an upgrade whose dump has no room, while nothing has changed', async () => {
    await wiki.sql('CREATE TABLE page (id INTEGER)');
    const forward = [
      line('mediawiki', newer.mediawiki, '1:1.39.18-1+x1', '/nowhere/mediawiki.deb'),
      line('mediawiki-full-config', '1.39.15+x9', newer.config, debs.get(newer.config)!),
    ];
    const { exitCode, stderr } = await hook(forward, { TEST_FREE_BYTES: '1000000' });
    assert.equal(exitCode, 10);
    assert.match(
      stderr,
      /not enough room for a dump of the database: it may take \d+ MB, and .* has 1 MB free/,
    );
    assert.equal((await hook(forward)).exitCode, 0);
  });

  describe('where dpkg would ask about a configuration file', () => {
    const run_ = [line('mediawiki-full-config', '1.39.16+x2', newer.config, '@DEB@')];
    let path: string;

    /** A run that brings a configuration package with one conffile. */
    const arriving = async (comes: string): Promise<string> => {
      path = join(root, 'etc/mediawiki-full/pool.conf');
      const built = await bench.deb({
        ...{ name: 'mediawiki-full-config', version: newer.config, fields: { 'Lockstep-Schema': schemaB } },
        files: { [path]: comes },
        conffiles: [path],
      });
      const deb = bench.store.path(built.file.sha256);
      return protocol(run_.map((text) => text.replace('@DEB@', deb)));
    };

    it('refuses a run that nobody sits at, and names the file and what answers beforehand', async () => {
      const input = await arriving('the new one\n');
      await wiki.conffile('mediawiki-full-config', path, { installed: 'the old one\n', now: 'mine\n' });
      const { exitCode, stderr } = await wiki.guardOfRun(input, false);
      assert.equal(exitCode, 10);
      assert.match(stderr, /refused: dpkg would ask about configuration files/);
      assert.ok(stderr.includes(`${path} (mediawiki-full-config)`), stderr);
      assert.match(stderr, /--force-confold/);
    });

    it('lets one at a terminal go on, where dpkg can ask', async () => {
      const input = await arriving('the new one\n');
      await wiki.conffile('mediawiki-full-config', path, { installed: 'the old one\n', now: 'mine\n' });
      const { exitCode, stdout } = await wiki.guardOfRun(input, true);
      assert.deepEqual([exitCode, stdout], [0, '']);
    });

    it('lets one go on that has the answer in the configuration of apt or dpkg', async () => {
      const input = await arriving('the new one\n');
      await wiki.conffile('mediawiki-full-config', path, { installed: 'the old one\n', now: 'mine\n' });
      const told = input.replace('Dir::State', 'DPkg::Options::=--force-confdef,confold\nDir::State');
      assert.equal((await wiki.guardOfRun(told, false)).exitCode, 0);
      await wiki.write('etc/dpkg/dpkg.cfg.d/ours', '# as it was\nforce-confold\n');
      assert.equal((await wiki.guardOfRun(input, false)).exitCode, 0);
    });

    it('knows a file that came with another package so far', async () => {
      for (const [now, asks] of [
        ['of another\n', false],
        ['mine\n', true],
      ] as const) {
        const input = await arriving('new\n');
        await wiki.conffile('another-package', path, { installed: 'of another\n', now });
        assert.equal((await wiki.guardOfRun(input, false)).exitCode, asks ? 10 : 0, now);
        await rm(join(root, 'versions/another-package.conffiles'));
        await rm(path);
      }
    });

    it('refuses what dpkg asks about, and nothing else', async () => {
      const cases: [
        what: string,
        comes: string,
        installed: string | null,
        now: string | null,
        asks: boolean,
      ][] = [
        ['not changed here', 'new\n', 'old\n', 'old\n', false],
        ['not changed in the package', 'old\n', 'old\n', 'mine\n', false],
        ['changed to the same', 'new\n', 'old\n', 'new\n', false],
        ['removed here, and changed in the package', 'new\n', 'old\n', null, true],
        ['new in the package, and there already', 'new\n', null, 'mine\n', true],
        ['new in the package', 'new\n', null, null, false],
      ];
      for (const [what, comes, installed, now, asks] of cases) {
        const input = await arriving(comes);
        await rm(path, { force: true });
        await rm(join(root, 'versions/mediawiki-full-config.conffiles'), { force: true });
        if (installed !== null) await wiki.conffile('mediawiki-full-config', path, { installed, now });
        else if (now !== null) await wiki.write('etc/mediawiki-full/pool.conf', now);
        assert.equal((await wiki.guardOfRun(input, false)).exitCode, asks ? 10 : 0, what);
      }
    });
  });

  describe("in the machine's own release upgrade", () => {
    const removal = `mediawiki-full ${newer.config} all none > - - none **REMOVE**`;
    const baseFiles = (to: string): string =>
      `base-files 12.4+deb12u11 amd64 none < ${to} amd64 none /nowhere.deb`;
    const release = async (version: string): Promise<void> =>
      await wiki.write('etc/os-release', `NAME="Debian GNU/Linux"\nVERSION_ID="${version}"\n`);

    beforeEach(async () => {
      await release('12');
    });

    it('refuses to have the set removed, and says what to do first', async () => {
      for (const order of [
        [removal, baseFiles('13.8')],
        [baseFiles('13.8+deb13u2'), removal],
      ]) {
        const { exitCode, stderr } = await hook(order);
        assert.equal(exitCode, 10);
        assert.match(
          stderr,
          /refused: this run would remove mediawiki-full: the machine goes from Debian 12 to 13/,
        );
        assert.match(stderr, /dpkg-reconfigure farm-archive-keyring; apt-get update/);
      }
    });

    it('knows a machine that is halfway by what it says of itself', async () => {
      await release('13');
      assert.equal((await hook([removal])).exitCode, 10);
    });

    it("leaves an administrator's own removal alone, and one that says so", async () => {
      assert.deepEqual(
        [
          (await hook([removal])).exitCode,
          (await hook([removal, baseFiles('12.4+deb12u12')])).exitCode,
          (await hook([baseFiles('13.8')])).exitCode,
          (await hook([removal, baseFiles('13.8')], { MEDIAWIKI_FULL_REMOVE: 'yes' })).exitCode,
        ],
        [0, 0, 0, 0],
      );
    });
  });

  it("tells prerm the same, for dpkg's own command", async () => {
    const move = async (to: string, schema: string) =>
      (await wiki.guard(['move', to, newer.config, schema])).exitCode;
    assert.deepEqual(
      [await move(older.config, schemaA), await move(older.config, schemaB), await move('1.40+x1', schemaA)],
      [10, 0, 0],
    );
    assert.equal(await move(older.config, ''), 10);
  });

  it('is what the line in apt.conf calls, which is silent when the program is gone', async () => {
    const { stdout } = await run('apt-config', ['dump', 'DPkg::Pre-Install-Pkgs'], {
      env: {
        APT_CONFIG: join(import.meta.dirname, '../../../templates/mediawiki-full-config/files/apt/apt.conf'),
      },
    });
    const command = /^DPkg::Pre-Install-Pkgs:: "(\/usr\/share\/mediawiki-full\/apt-guard hook .*)";$/m.exec(
      stdout,
    )?.[1];
    assert.ok(command !== undefined, stdout);
    const gone = await run('sh', ['-c', command.replaceAll('/usr/share/mediawiki-full', '/nowhere')], {
      allowFailure: true,
    });
    assert.deepEqual([gone.exitCode, gone.stdout, gone.stderr], [0, '', '']);
  });
});
