import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needsWikiCommand, packagesOf, WikiCommand } from '../../fixtures/wiki-command.js';

const first = {
  mediawiki: '1:1.39.16-1+lockstep1',
  parsoid: '0.16.1',
  config: '1.39.16+lockstep1',
  schema: 'a'.repeat(64),
};
const second = {
  ...first,
  mediawiki: '1:1.39.17-1+lockstep1',
  config: '1.39.17+lockstep1',
  schema: 'b'.repeat(64),
};

const data = 'var/lib/mediawiki-full';
const stateFile = `${data}/restoring.json`;
const stampFile = `${data}/updated-for.json`;

interface Note {
  name: string;
  reason: string;
  file: string;
  versions: Record<string, string>;
  schema: string | null;
  snapshot: string | null;
  bytes: number;
}

describe('mediawiki-full: dumps, and putting one back with its packages', function () {
  this.timeout(120_000);
  let root: string;
  let wiki: WikiCommand;

  before(async function () {
    await needsWikiCommand(this);
  });

  /** A wiki of the first set that holds "old", as its last update left it. */
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lockstep-restore-'));
    await chmod(root, 0o755);
    wiki = await WikiCommand.make(root);
    await wiki.installed(first);
    await wiki.sql("CREATE TABLE page (text); INSERT INTO page VALUES ('old')");
    await succeeds(['setup']);
  });
  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  const succeeds = async (args: string[], env: Record<string, string> = {}): Promise<string> => {
    const { exitCode, stderr, stdout } = await wiki.run(args, env);
    assert.equal(exitCode, 0, stderr);
    return stderr + stdout;
  };
  const fails = async (args: string[], env: Record<string, string> = {}): Promise<string> => {
    const { exitCode, stderr } = await wiki.run(args, env);
    assert.equal(exitCode, 1, stderr);
    return stderr;
  };
  const dumps = async (): Promise<Note[]> =>
    JSON.parse((await wiki.run(['restore', '--list', '--json'])).stdout) as Note[];
  const isThere = async (path: string): Promise<boolean> =>
    await stat(join(root, path)).then(
      () => true,
      () => false,
    );
  const text = async (): Promise<string> => await wiki.sql('SELECT text FROM page');

  /** The second set arrives, update.php runs, somebody writes. */
  const upgrade = async (): Promise<void> => {
    await wiki.installed(second);
    await succeeds(['setup', '--or-later', '--restart']);
    // A chroot has no services, so a package's script leaves it to the next boot
    await succeeds(['setup']);
    await wiki.sql("UPDATE page SET text = 'new'");
  };

  it('notes what the database is at', async () => {
    assert.deepEqual(await wiki.json(stampFile), {
      mediawiki: first.mediawiki,
      'mediawiki-parsoid': first.parsoid,
      'mediawiki-full-config': first.config,
      schema: first.schema,
      set: packagesOf(first),
      snapshot: null,
    });
    assert.deepEqual(await dumps(), []);
  });

  it('dumps before an update that changes MediaWiki or the schema, with a note of what it belongs to', async () => {
    await upgrade();
    const [dump, ...others] = await dumps();
    assert.equal(others.length, 0);
    assert.ok(dump !== undefined);
    assert.deepEqual(
      [dump.reason, dump.versions, dump.schema, dump.snapshot],
      ['before-update', packagesOf(first), first.schema, null],
    );
    const path = `${data}/backups/${dump.file}`;
    assert.equal(await wiki.sql('SELECT text FROM page', path), 'old');
    const { size, mode } = await stat(join(root, path));
    assert.deepEqual([size, mode & 0o777], [dump.bytes, 0o600]);
    assert.equal((await wiki.json<{ schema: string }>(stampFile)).schema, second.schema);

    // The same MediaWiki and schema with another configuration: nothing in the tables will change
    await wiki.installed({ ...second, config: '1.39.17+lockstep2' });
    await succeeds(['setup']);
    assert.equal((await dumps()).length, 1);
    // The same version with another schema
    await wiki.installed({ ...second, config: '1.39.17+lockstep3', schema: 'c'.repeat(64) });
    await succeeds(['setup']);
    assert.equal((await dumps()).length, 2);
  });

  it('keeps as many as wiki.conf says, and a key there that it does not know', async () => {
    const conf = 'etc/mediawiki-full/wiki.conf';
    await wiki.write(conf, `${await wiki.text(conf)}dumps_kept=2\nkey_of_tomorrow=x y\n`);
    for (const number of [1, 2, 3, 4]) {
      await wiki.installed({ ...first, mediawiki: `1:1.39.2${number}-1` });
      await succeeds(['setup']);
    }
    assert.deepEqual(
      (await dumps()).map(({ versions }) => versions['mediawiki']),
      ['1:1.39.23-1', '1:1.39.22-1'],
    );
    assert.equal((await readdir(join(root, data, 'backups'))).length, 4);
    assert.equal((await wiki.run(['configure'], {})).exitCode, 0);
    assert.match(await wiki.text(conf), /^key_of_tomorrow=x y$/m);
  });

  it('leaves the wiki as it was where a dump has no room', async () => {
    await wiki.installed(second);
    const told = await fails(['setup'], { TEST_FREE_BYTES: '5000000' });
    assert.match(
      told,
      /not enough room for a dump of the database: it may take 34 MB, and \S+ has 5 MB free/,
    );
    assert.match(told, /Nothing was changed/);
    assert.equal((await wiki.json<{ schema: string }>(stampFile)).schema, first.schema);
    assert.deepEqual(await dumps(), []);
  });

  it('names the dump when update.php fails', async () => {
    await wiki.installed(second);
    await wiki.write('fail-update', '');
    const told = await fails(['setup']);
    const [dump] = await dumps();
    assert.match(told, /update\.php failed:\nthe tables are broken/);
    assert.ok(told.includes(`mediawiki-full restore ${dump!.name}`));
  });

  it('empties the caches of files when the set moves, for an older set has older files', async () => {
    await wiki.write('var/cache/mediawiki-full/l10n_cache-en.cdb', 'texts of the first set');
    await wiki.installed(second);
    await succeeds(['setup']);
    assert.deepEqual(await readdir(join(root, 'var/cache/mediawiki-full')), []);
  });

  it('puts back database and packages together, after a dump of what there is', async () => {
    await upgrade();
    await wiki.asked();
    await wiki.write('var/cache/mediawiki-full/l10n_cache-en.cdb', 'texts of the second set');
    const told = await succeeds(['restore', '--yes']);
    assert.equal(await text(), 'old');
    assert.equal(await wiki.text('versions/mediawiki'), first.mediawiki);
    assert.deepEqual((await wiki.json<{ set: unknown }>(stampFile)).set, packagesOf(first));
    assert.equal((await wiki.json<{ schema: string }>(stampFile)).schema, first.schema);
    const [saved] = await dumps();
    assert.equal(saved?.reason, 'before-restore');
    assert.deepEqual(saved.versions, packagesOf(second));
    assert.equal(await wiki.sql('SELECT text FROM page', `${data}/backups/${saved.file}`), 'new');
    assert.ok(told.includes(saved.name));
    assert.deepEqual(await readdir(join(root, 'var/cache/mediawiki-full')), []);
    assert.equal(await isThere(stateFile), false);

    const moves = (await wiki.asked()).filter((line) => !/--simulate|--download-only/.test(line));
    assert.equal(moves.length, 1);
    assert.match(moves[0]!, /^downgrade=yes apt-get .*-y --allow-downgrades .*--no-remove/);
    for (const [name, version] of Object.entries(packagesOf(first))) {
      assert.ok(moves[0]!.includes(` ${name}=${version}`), name);
    }
    const { mode, uid } = await stat(join(root, data, 'sqlite/mediawiki_full.sqlite'));
    assert.equal(uid, (await stat(join(root, data, 'sqlite'))).uid);
    assert.notEqual(mode & 0o200, 0);
    // The older set's own setup finds nothing to do
    await wiki.installed(first);
    await succeeds(['setup']);
    assert.equal((await dumps()).length, 2);
  });

  it('goes forward again by the dump that it made', async () => {
    await upgrade();
    await succeeds(['restore', '--yes']);
    const [saved] = await dumps();
    await wiki.installed(first);
    await succeeds(['restore', saved!.name, '--yes']);
    assert.equal(await text(), 'new');
    assert.equal(await wiki.text('versions/mediawiki'), second.mediawiki);
  });

  it('asks, and does nothing where there is nobody to ask', async () => {
    await upgrade();
    const { exitCode, stderr } = await wiki.run(['restore']);
    assert.equal(exitCode, 2);
    assert.match(stderr, /add --yes/);
    assert.match(stderr, /mediawiki +1:1\.39\.16-1\+lockstep1 \(now 1:1\.39\.17-1\+lockstep1\)/);
    assert.equal(await text(), 'new');
    assert.equal((await wiki.run(['restore', '--all'])).exitCode, 2);
    assert.match(await fails(['restore', 'nothing-like-it', '--yes']), /there is no dump "nothing-like-it"/);
  });

  it('touches nothing for a damaged dump, a missing one, or packages that cannot be had', async () => {
    await upgrade();
    const [dump] = await dumps();
    const path = join(root, data, 'backups', dump!.file);
    await wiki.write('fail-simulate', '');
    assert.match(
      await fails(['restore', '--yes']),
      /cannot be installed, and nothing was changed:\nE: Version was not found/,
    );
    await rm(join(root, 'fail-simulate'));
    await writeFile(path, 'bits', { flag: 'r+' });
    assert.match(await fails(['restore', '--yes']), /is damaged: its SHA-256 is not the one noted/);
    await rm(path);
    assert.match(await fails(['restore', '--yes']), /is gone/);
    assert.equal(await text(), 'new');
    assert.equal(await wiki.text('versions/mediawiki'), second.mediawiki);
    assert.equal(await isThere(stateFile), false);
  });

  it('begins nothing where there is no room for the present state', async () => {
    await upgrade();
    assert.match(
      await fails(['restore', '--yes'], { TEST_FREE_BYTES: '1000000' }),
      /not enough room for a dump of the/,
    );
    assert.equal(await isThere(stateFile), false);
    assert.equal(await text(), 'new');
  });

  it('opens the wiki again where a dump cannot be loaded', async () => {
    await upgrade();
    const [dump] = await dumps();
    const bytes = 'sound to its hash, and no database';
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await wiki.write(`${data}/backups/${dump!.file}`, bytes);
    await wiki.write(`${data}/backups/${dump!.name}.json`, JSON.stringify({ ...dump, sha256 }));
    assert.match(await fails(['restore', '--yes']), /is not a valid SQLite database\. The wiki is as it was/);
    assert.equal(await isThere(stateFile), false);
    assert.equal(await isThere(`${data}/sqlite/restore.sqlite`), false);
    assert.equal(await text(), 'new');
    assert.equal(await wiki.text('versions/mediawiki'), second.mediawiki);
  });

  it('goes on after a loss of power between the packages and the database', async () => {
    await upgrade();
    await wiki.write('kill-install', '');
    const { exitCode } = await wiki.run(['restore', '--yes']);
    assert.notEqual(exitCode, 0);
    assert.equal((await wiki.json<{ phase: string }>(stateFile)).phase, 'loaded');
    assert.equal(await text(), 'new');
    // Scripts of packages pass by; everything else says what to do
    assert.equal((await wiki.run(['setup', '--or-later', '--restart'])).stderr, '');
    for (const args of [['setup'], ['update'], ['pin', '20261123T101530Z'], ['unpin']]) {
      assert.match(
        await fails(args),
        /a restore of \S+ was interrupted; `mediawiki-full restore` goes on with it/,
      );
    }
    const status = JSON.parse((await wiki.run(['status', '--json'])).stdout) as Record<string, unknown>;
    assert.equal(status['healthy'], false);
    assert.equal((status['restoring'] as { phase: string }).phase, 'loaded');

    await succeeds(['restore']);
    assert.equal(await text(), 'old');
    assert.equal(await wiki.text('versions/mediawiki'), first.mediawiki);
    assert.equal(await isThere(stateFile), false);
  });

  it('stays closed where apt fails, says so, and goes on when it is mended', async () => {
    await upgrade();
    await wiki.write('fail-install', '');
    const told = await fails(['restore', '--yes']);
    assert.match(told, /The wiki stays closed and its database is untouched/);
    assert.match(told, /dpkg --configure -a/);
    assert.equal(await text(), 'new');
    await rm(join(root, 'fail-install'));
    await succeeds(['restore']);
    assert.equal(await text(), 'old');
  });

  it('does each step once, wherever it was interrupted', async () => {
    const dump = async (): Promise<string> =>
      (await dumps()).find(({ reason }) => reason === 'before-update')!.name;
    await upgrade();
    const state = { format: 1, dump: await dump(), saved: null };
    // Killed before the dump of the present state, and when all was done but for the last lines
    for (const phase of ['begun', 'changed']) {
      await wiki.write(stateFile, JSON.stringify({ ...state, phase }));
      await succeeds(['restore']);
      assert.equal(await text(), 'old');
    }
    // Killed when the database had changed places, before that was noted
    await wiki.write(stateFile, JSON.stringify({ ...state, phase: 'loaded' }));
    await succeeds(['restore']);
    assert.equal(await text(), 'old');
  });

  it('leaves alone what a newer version began', async () => {
    await wiki.write(stateFile, JSON.stringify({ format: 2, dump: 'x', phase: 'y' }));
    assert.match(
      await fails(['restore']),
      /is not of this version of mediawiki-full-config\. By hand: install/,
    );
  });

  it('does not think of a database that it did not make', async () => {
    await rm(join(root, data, 'database'));
    await wiki.installed(second);
    await succeeds(['setup']);
    assert.deepEqual(await dumps(), []);
    await wiki.write(
      `${data}/backups/x.json`,
      JSON.stringify({ name: 'x', file: 'x.sqlite', time: 't', versions: {}, reason: 'before-update' }),
    );
    assert.match(await fails(['restore', '--yes']), /has a database that this package did not create/);
  });
});
