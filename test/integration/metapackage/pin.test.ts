import assert from 'node:assert/strict';
import { chmod, copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planPinFile } from '../../../src/suite/apt-preferences.js';
import type { Snapshot } from '../../../src/snapshot/manifest.js';
import { needs } from '../../fixtures/machine.js';
import { needsWikiCommand, packagesOf, WikiCommand, type SetVersions } from '../../fixtures/wiki-command.js';
import { IsolatedApt, Workbench, type PackageWish } from '../../fixtures/archive-bench.js';

const first = {
  mediawiki: '1:1.39.16-1+lockstep1',
  parsoid: '0.16.1+lockstep1',
  config: '1.39.16+lockstep1',
  schema: 'a'.repeat(64),
};
const second = {
  mediawiki: '1:1.39.17-1+lockstep1',
  parsoid: '0.16.2+lockstep1',
  config: '1.39.17+lockstep1',
  schema: 'a'.repeat(64),
};

/** The set with what it takes from the base release, and the archive's keyring package. */
function wishes(set: SetVersions, varnish: string): PackageWish[] {
  const versions = packagesOf(set);
  const exact = (...names: string[]): string =>
    names.map((name) => `${name} (= ${versions[name]})`).join(', ');
  const depends: Record<string, string> = {
    mediawiki: exact('mediawiki-classes'),
    'mediawiki-parsoid': exact('mediawiki'),
    'mediawiki-full-config': `${exact('mediawiki', 'mediawiki-classes', 'mediawiki-parsoid')}, varnish`,
    'mediawiki-full': `${exact('mediawiki-full-config')}, varnish (>= ${varnish})`,
  };
  return [
    ...Object.entries(versions).map(([name, version]) => ({
      name,
      version,
      ...(depends[name] === undefined ? {} : { depends: depends[name] }),
      ...(name === 'mediawiki-full-config' ? { fields: { 'Lockstep-Schema': set.schema } } : {}),
    })),
    { name: 'varnish', version: varnish },
    { name: 'farm-archive-keyring', version: `1+lockstep${varnish.at(-1)}` },
  ];
}

describe('holding machines at a snapshot', function () {
  this.timeout(120_000);
  let bench: Workbench;
  let one: Snapshot;
  let two: Snapshot;

  before(async function () {
    await needs(this, { tools: ['apt-get', 'apt-cache'] });
    bench = await Workbench.make();
    one = await bench.snapshot(wishes(first, '7.1-1'));
    await bench.publish(one);
    two = await bench.snapshot(wishes(second, '7.1-2'), one);
    await bench.publish(two, [one]);
  });
  after(async () => {
    await (bench as Workbench | undefined)?.remove();
  });

  const candidates = async (apt: IsolatedApt): Promise<Record<string, string>> => {
    const names = [...Object.keys(packagesOf(first)), 'varnish', 'farm-archive-keyring'];
    const { stdout } = await apt.run('apt-cache', 'policy', ...names);
    const found = stdout.matchAll(/^(\S+):\n.*\n {2}Candidate: (\S+)$/gm);
    return Object.fromEntries([...found].map(([, name = '', version = '']) => [name, version] as const));
  };

  it('is what a pin file does to apt, above the pin of the keyring package', async () => {
    const sources = await readFile(join(bench.public, 'debian/set-stable.sources'), 'utf8');
    const apt = await IsolatedApt.make(join(bench.root, 'apt'), sources);
    const preferences = join(apt.root, 'etc/preferences.d');
    // As templates/archive-keyring has it: the first record that names a package wins, whatever its priority
    await writeFile(
      join(preferences, 'zz-farm-archive-keyring'),
      `Package: ${[...Object.keys(packagesOf(first)), 'farm-archive-keyring'].join(' ')}\nPin: release o=Test, l=Test\nPin-Priority: 1001\n`,
    );
    assert.deepEqual(await apt.update(), []);
    const followed = { ...packagesOf(second), varnish: '7.1-2', 'farm-archive-keyring': '1+lockstep2' };
    assert.deepEqual(await candidates(apt), followed);

    const components = Object.fromEntries(
      one.manifest.packages.map(({ component }) => [
        component,
        { pin: {}, build: { inputs: 'b'.repeat(64), method: component === 'varnish' ? 'none' : 'tree' } },
      ]),
    ) as never;
    const plan = planPinFile({
      manifest: { ...one.manifest, components },
      keyringPackage: 'farm-archive-keyring',
      frozen: { baseUrl: bench.baseUrl, suite: 'set-stable' },
    });
    await writeFile(join(preferences, 'wiki.pref'), plan.text);
    assert.deepEqual(await candidates(apt), { ...followed, ...packagesOf(first) });
    const { stdout, stderr } = await apt.run('apt-get', 'install', '--simulate', 'mediawiki-full');
    assert.equal(stderr, '');
    assert.match(stdout, /^Inst mediawiki-full \(1\.39\.16\+lockstep1 /m);
    assert.match(stdout, /^Inst varnish \(7\.1-2 /m);
  });

  describe('by mediawiki-full pin', () => {
    let root: string;
    let wiki: WikiCommand;

    before(async function () {
      await needsWikiCommand(this);
    });
    beforeEach(async () => {
      root = await mkdtemp(join(tmpdir(), 'lockstep-pin-'));
      await chmod(root, 0o755);
      wiki = await WikiCommand.make(root);
      await wiki.installed(second);
      await copyFile(bench.keyring, join(root, 'archive.gpg'));
      await wiki.write(
        'etc/apt/sources.list.d/farm.sources',
        `Types: deb\nURIs: ${bench.baseUrl}/debian\nSuites: set-stable\nComponents: main\nSigned-By: ${root}/archive.gpg\n`,
      );
      await update();
    });
    afterEach(async () => {
      await rm(root, { recursive: true, force: true });
    });

    const update = async (): Promise<void> => {
      const { exitCode, stderr } = await wiki.apt(['update']);
      assert.deepEqual([exitCode, stderr], [0, '']);
    };
    const aptFiles = async (): Promise<string[]> =>
      [
        ...(await readdir(join(root, 'etc/apt/preferences.d'))),
        ...(await readdir(join(root, 'etc/apt/sources.list.d'))),
        ...(await readdir(join(root, 'var/lib/apt/lists'))).filter((name) => name.includes('_snapshot_')),
      ].sort();
    const status = async () =>
      JSON.parse((await wiki.run(['status', '--json'])).stdout) as {
        snapshot: { pinned: string | null; current: string | null };
      };

    it('holds the set and takes the machine there, but not what the base release patches', async () => {
      const id = one.manifest.id;
      assert.deepEqual((await status()).snapshot, { pinned: null, current: two.manifest.id });
      const { exitCode, stderr } = await wiki.run(['pin', id]);
      assert.equal(exitCode, 0, stderr);
      assert.match(stderr, new RegExp(`held at snapshot ${id}`));
      assert.equal(await wiki.text('versions/mediawiki'), first.mediawiki);
      assert.deepEqual((await status()).snapshot, { pinned: id, current: id });
      const preferences = await wiki.text('etc/apt/preferences.d/00-farm-snapshot');
      const held = [...preferences.matchAll(/^Package: (\S+)\nPin: version (\S+)\nPin-Priority: 1002$/gm)];
      assert.deepEqual(
        Object.fromEntries(held.map(([, name, version]) => [name, version])),
        packagesOf(first),
      );
      assert.match(
        await wiki.text('etc/apt/sources.list.d/farm-snapshot.sources'),
        new RegExp(`/snapshot/${id}$`, 'm'),
      );
      await update();
      const policy = await wiki.apt(['install', '--simulate', 'mediawiki-full']);
      assert.match(policy.stdout, /^Inst mediawiki-full \(1\.39\.16\+lockstep1 /m);
      assert.match(policy.stdout, /^Inst varnish \(7\.1-2 /m);
    });

    it('only writes down with --no-apply', async () => {
      assert.equal((await wiki.run(['pin', one.manifest.id, '--no-apply'])).exitCode, 0);
      assert.equal(await wiki.text('versions/mediawiki'), second.mediawiki);
      assert.deepEqual(await wiki.asked(), []);
    });

    it('fails closed for what is no id and for an id that is not there: an earlier pin stays', async () => {
      const before = await aptFiles();
      assert.equal((await wiki.run(['pin', '2026-11-23'])).exitCode, 2);
      const unknown = await wiki.run(['pin', '20010101T000000Z']);
      assert.equal(unknown.exitCode, 1);
      assert.match(unknown.stderr, /there is no snapshot 20010101T000000Z in file:\S+ \(suite set-stable\)/);
      assert.match(unknown.stderr, /Nothing was changed/);
      assert.deepEqual(await aptFiles(), before);
      await wiki.run(['pin', one.manifest.id]);
      const held = await aptFiles();
      assert.equal((await wiki.run(['pin', '20010101T000000Z'])).exitCode, 1);
      assert.deepEqual(await aptFiles(), held);
      assert.equal((await status()).snapshot.pinned, one.manifest.id);
    });

    it('does not hold a machine at what apt refuses to install', async () => {
      const before = await aptFiles();
      await wiki.write('fail-install', '');
      const { exitCode, stderr } = await wiki.run(['pin', one.manifest.id]);
      assert.equal(exitCode, 1);
      assert.match(stderr, /is not held at it/);
      assert.deepEqual(await aptFiles(), before);
    });

    it('refuses to cross a schema before anything is written', async () => {
      const before = await aptFiles();
      await wiki.write(
        'var/lib/mediawiki-full/updated-for.json',
        JSON.stringify({ mediawiki: second.mediawiki, schema: 'b'.repeat(64) }, null, 4),
      );
      const { exitCode, stderr } = await wiki.run(['pin', one.manifest.id]);
      assert.equal(exitCode, 1);
      assert.match(stderr, /mediawiki-full restore/);
      assert.deepEqual(await aptFiles(), before);
      const env = { MEDIAWIKI_FULL_SCHEMA_DOWNGRADE: 'yes' };
      assert.equal((await wiki.run(['pin', one.manifest.id], env)).exitCode, 0);
    });

    it('lets go with unpin, and moves on when asked to', async () => {
      const before = await aptFiles();
      await wiki.run(['pin', one.manifest.id]);
      const { exitCode, stderr } = await wiki.run(['unpin']);
      assert.equal(exitCode, 0, stderr);
      assert.match(stderr, new RegExp(`no longer held at snapshot ${one.manifest.id}`));
      assert.deepEqual(await aptFiles(), before);
      assert.deepEqual((await status()).snapshot, { pinned: null, current: null });
      await wiki.asked();
      assert.equal((await wiki.run(['unpin', '--apply'])).exitCode, 0);
      assert.match((await wiki.asked()).join('\n'), /install .*mediawiki-full-config/);
    });
  });
});
