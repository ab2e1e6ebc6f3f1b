import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../src/io/process.js';
import { needsWikiCommand, packagesOf, WikiCommand } from '../../fixtures/wiki-command.js';
import { Workbench } from '../archive/fixture.js';

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
