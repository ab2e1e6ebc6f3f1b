import assert from 'node:assert/strict';
import { copyFile, cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { releaseResult } from '../../../src/workflows/release/release-results.js';
import { hashFile } from '../../../src/io/disk.js';
import { run } from '../../../src/io/process.js';
import { lockstepJson, newWorkspace, scratch } from '../../fixtures/lockstep.js';
import { lockstepInTurn, released, type Release } from '../../fixtures/releases.js';

/** Files below a folder that a pattern allows, with their SHA-256. */
async function hashesBelow(folder: string, wanted: RegExp): Promise<Map<string, string>> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((name) => wanted.test(name))
    .sort();
  const hashes = new Map<string, string>();
  for (const name of names) hashes.set(name, (await hashFile(join(folder, name))).sha256);
  return hashes;
}

const packages = /^debian\/pool\/.*\.(deb|dsc|xz|gz|asc)$/;
const indices = /\/(Packages|Sources|Contents-[^/]*)\.(gz|xz)$/;

describe('a release of mediawiki-1.39 from real sources', function () {
  this.timeout(1_800_000);
  let release: Release;

  before(async () => {
    release = await released('mediawiki-1.39');
  });

  it('built MediaWiki from source, and took the caches as they are', () => {
    const row = (component: string): { version: string; state: string } =>
      release.report.builds.find((build) => build.component === component)!;
    assert.match(row('mediawiki').version, /^1:1\.39\.\d+-\S+\+lockstep1$/);
    assert.match(row('parsoid').version, /^0\.16\.\d+\+lockstep1$/);
    assert.equal(row('varnish').state, 'taken');
    assert.equal(row('memcached').state, 'taken');
  });

  it('does nothing when run again, and says so', async () => {
    const { stdout, stderr, status } = await lockstepInTurn(
      ['release', 'mediawiki-1.39', '--json'],
      release.workspace,
    );
    assert.equal(status, 0, stderr);
    const report = releaseResult.parse(JSON.parse(stdout));
    assert.equal(report.cut, false);
    assert.equal(report.snapshot, release.snapshot);
    assert.equal(report.publication?.writes, 0);
    assert.deepEqual([...new Set(report.builds.map(({ state }) => state))].sort(), ['cached', 'taken']);
    assert.match(stderr, /nothing to build/);
    assert.match(stderr, /Nothing changed/);
  });

  it('signs so that gpgv and sqv both accept InRelease and Release.gpg', async () => {
    const dists = join(release.publicFolder, 'debian/dists', release.suite);
    const keyring = join(release.publicFolder, 'debian/archive-keyring.gpg');
    await run('gpgv', ['--keyring', keyring, join(dists, 'InRelease')]);
    await run('gpgv', ['--keyring', keyring, join(dists, 'Release.gpg'), join(dists, 'Release')]);
    await run('sqv', ['--keyring', keyring, join(dists, 'Release.gpg'), join(dists, 'Release')]);
    const plain = join(await scratch('inrelease'), 'Release');
    await run('gpgv', ['--keyring', keyring, '--output', plain, join(dists, 'InRelease')]);
    assert.equal(await readFile(plain, 'utf8'), await readFile(join(dists, 'Release'), 'utf8'));
  });

  it('has no lintian error in the packages that Lockstep composes', async () => {
    const ours = [
      ...(
        await hashesBelow(
          release.publicFolder,
          /\/(mediawiki-full|mediawiki-parsoid|lockstep-archive)[^/]*\.deb$/,
        )
      ).keys(),
    ];
    assert.equal(ours.length, 4, ours.join(', '));
    const result = await run(
      'lintian',
      ['--fail-on', 'error', ...ours.map((name) => join(release.publicFolder, name))],
      { allowFailure: true },
    );
    assert.equal(result.exitCode, 0, result.stdout);
  });

  it('gives a source package that dpkg-source unpacks, signed by the archive', async () => {
    const [name] = [
      ...(await hashesBelow(release.publicFolder, /\/mediawiki_[^/]*\+lockstep1\.dsc$/)).keys(),
    ];
    const dsc = join(release.publicFolder, name!);
    // What dget and dscverify do
    await run('gpgv', ['--keyring', join(release.publicFolder, 'debian/archive-keyring.gpg'), dsc]);
    const target = join(await scratch('source'), 'tree');
    await run('dpkg-source', ['--no-check', '-x', dsc, target]);
    assert.match(
      await readFile(join(target, 'debian/changelog'), 'utf8'),
      /^mediawiki \(\S+\+lockstep1\) bookworm;/,
    );
  });

  it('shows what a change would do: build what it touches, and nothing else', async () => {
    // In a copy: other test files release from the workspace at the same time
    const copy = join(await scratch('changed'), 'releases');
    await mkdir(copy);
    for (const part of ['lockstep.yaml', 'profiles', 'templates', 'snapshots', '.lockstep/keys'])
      await cp(join(release.workspace, part), join(copy, part), { recursive: true });
    const profile = join(copy, 'profiles/mediawiki-1.39.yaml');
    const text = await readFile(profile, 'utf8');
    await writeFile(profile, text.replace(/siteName: .*/, 'siteName: Another Name'));
    const plan = await lockstepJson<{ builds: { package: string; version: string; state: string }[] }>(
      ['release', 'mediawiki-1.39', '--dry-run'],
      { cwd: copy },
    );
    const waiting = plan.builds.filter(({ state }) => state === 'to build').map((row) => row.package);
    const changed = plan.builds.filter(({ version }) => version.endsWith('+lockstep2'));
    assert.deepEqual(changed.map((row) => row.package).sort(), ['mediawiki-full', 'mediawiki-full-config']);
    // A metapackage of the same versions may be in a warm cache; a configuration with this name is in none
    assert.deepEqual(
      waiting.filter((name) => name !== 'mediawiki-full'),
      ['mediawiki-full-config'],
    );
  });

  it('makes the same bytes again from empty caches', async () => {
    const again = await newWorkspace({ baseUrl: release.baseUrl });
    // The keyring package holds the key, so the other archive has the same one
    const key = '.lockstep/keys/archive.asc';
    await mkdir(dirname(join(again, key)), { recursive: true });
    await copyFile(join(release.workspace, key), join(again, key));
    for (const file of ['lockstep.yaml', 'profiles/mediawiki-1.39.yaml']) {
      await copyFile(join(release.workspace, file), join(again, file));
    }
    await lockstepJson(['release', 'mediawiki-1.39'], {
      cwd: again,
      env: { LOCKSTEP_CACHE: await scratch('cache') },
    });
    const expected = await hashesBelow(release.publicFolder, packages);
    const made = await hashesBelow(join(again, 'public'), packages);
    // The other profile of the test run may be in the first archive too
    const common = new Map([...expected].filter(([name]) => made.has(name)));
    assert.ok(made.size >= 10);
    assert.deepEqual(made, common);
    const suite = (folder: string): Promise<Map<string, string>> =>
      hashesBelow(join(folder, 'debian/dists', release.suite), indices);
    assert.deepEqual(await suite(join(again, 'public')), await suite(release.publicFolder));
  });
});
