/**
 * The archive goes over to another key while machines follow it, or sleep:
 * Debian roots that are not booted, in which a real apt does what a person or
 * unattended-upgrades has it do, and nothing else.
 */
import assert from 'node:assert/strict';
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { serveArchive } from '../../../src/archive/static-server.js';
import { run } from '../../../src/io/process.js';
import { AptRoot } from '../../fixtures/apt-root.js';
import { unfitForRoots, type Codename } from '../../fixtures/debian-root.js';
import { importedArchive, must, suite, type ImportedArchive } from '../../fixtures/imported-archive.js';
import { lockstepJson, scratch, top } from '../../fixtures/lockstep.js';
import { keyStatusResult } from '../../../src/workflows/keys/key-results.js';

const stop = new AbortController();

describe('a change of the key, seen from machines', function () {
  this.timeout(600_000);
  let archive: ImportedArchive;
  let first: string;
  let second: string;
  const codenames = ['bookworm', 'trixie'] as const;
  const followers = new Map<Codename, AptRoot>();
  const sleepers = new Map<Codename, AptRoot>();
  /** Awake again while both keys sign, and then they know the first one alone. */
  const late = new Map<Codename, AptRoot>();

  const lockstep = (...args: string[]): Promise<void> => must(args, archive.workspace, archive.env);
  const sourcesFile = (): Promise<string> =>
    readFile(join(archive.workspace, 'public/debian', `${suite}.sources`), 'utf8');

  /** A machine that got the archive's own source file, and nothing else. */
  async function following(codename: Codename): Promise<AptRoot> {
    const root = await AptRoot.make(codename, { 'sources.list.d/tiny.sources': await sourcesFile() });
    await root.apt('update');
    await root.apt('install', '-y', 'tiny-archive-keyring', 'mediawiki-full');
    return root;
  }

  before(async function () {
    const unfit = await unfitForRoots();
    if (unfit !== undefined) {
      if (process.env['CI'] === 'true') throw new Error(unfit);
      console.warn(`SKIPPED, the change of the key on machines: ${unfit}`);
      this.skip();
    }
    const folder = join(await scratch('served'), 'public');
    await mkdir(folder);
    // The address must be known before the archive is made: the folder is filled later
    const server = await serveArchive({ root: folder, port: 0, signal: stop.signal });
    archive = await importedArchive(['1.0', '2.0', '3.0'], server.url);
    await cp(join(top, 'templates/archive-keyring'), join(archive.workspace, 'templates/archive-keyring'), {
      recursive: true,
    });
    await rm(folder, { recursive: true });
    await run('ln', ['-s', join(archive.workspace, 'public'), folder]);
    await lockstep('publish', archive.ids[0]!, suite);
    first = (await status()).plan.current;
    for (const codename of codenames) {
      followers.set(codename, await following(codename));
      sleepers.set(codename, await following(codename));
      late.set(codename, await following(codename));
    }
  });
  after(async () => {
    stop.abort();
    for (const root of [...followers.values(), ...sleepers.values(), ...late.values()]) await root.remove();
  });

  const status = async () =>
    keyStatusResult.parse(
      await lockstepJson(['key', 'status'], { cwd: archive.workspace, env: archive.env }),
    );

  it('finds machines with the suite that is there for the key', async () => {
    for (const root of followers.values()) {
      assert.match(await root.source('tiny-keyring'), new RegExp(`^Suites: keyring-${first}$`, 'm'));
      // The file that was fetched had the key inside: it would have stayed the only one
      assert.match(
        await root.source('tiny'),
        /^Signed-By: \/usr\/share\/keyrings\/tiny-archive-keyring\.gpg$/m,
      );
      assert.doesNotMatch(await root.source('tiny'), /BEGIN PGP|keyring-[0-9A-F]/);
      assert.deepEqual(await root.upgrade(), []);
    }
  });

  it('leads machines that follow over to the next key by plain upgrades', async () => {
    await lockstep('key', 'generate', '--next', '--no-passphrase');
    await lockstep('key', 'rotate', '--now');
    for (const root of followers.values()) assert.deepEqual(await root.upgrade(), []);
    await lockstep('key', 'rotate', '--now');
    await lockstep('publish', archive.ids[1]!, suite);
    for (const root of followers.values()) {
      assert.deepEqual(await root.upgrade(), []);
      assert.equal(await root.version('mediawiki-full'), '2.0');
    }
    for (const root of late.values()) {
      const keyring = join(root.path, 'usr/share/keyrings/tiny-archive-keyring.gpg');
      const known = await run('gpg', ['--show-keys', '--with-colons', keyring]);
      assert.equal([...known.stdout.matchAll(/^pub:/gm)].length, 1);
      assert.deepEqual(await root.upgrade(), []);
      assert.equal(await root.version('mediawiki-full'), '2.0');
    }
    await lockstep('key', 'rotate', '--now');
    second = (await status()).plan.current;
    assert.notEqual(second, first);
    await rm(join(archive.workspace, '.lockstep/keys/archive.asc'));
    await lockstep('publish', archive.ids[2]!, suite);
    for (const root of followers.values()) {
      assert.deepEqual(await root.upgrade(), []);
      assert.equal(await root.version('mediawiki-full'), '3.0');
      assert.match(await root.source('tiny-keyring'), new RegExp(`^Suites: keyring-${second}$`, 'm'));
      assert.deepEqual(await root.upgrade(), []);
    }
  });

  it('has a machine that slept come back by itself', async () => {
    for (const root of sleepers.values()) {
      assert.equal(await root.version('mediawiki-full'), '1.0');
      // The suite itself is foreign to it; that of the key it knows is not
      const complaints = await root.upgrade();
      assert.ok(
        complaints.some((line) => line.includes(suite)),
        complaints.join('\n'),
      );
      assert.ok(!complaints.some((line) => line.includes('keyring-')), complaints.join('\n'));
      assert.deepEqual(await root.upgrade(), []);
      assert.equal(await root.version('mediawiki-full'), '3.0');
      assert.match(await root.source('tiny-keyring'), new RegExp(`^Suites: keyring-${second}$`, 'm'));
    }
  });

  it('leaves a new machine nothing to know of the former key', async () => {
    const root = await following('bookworm');
    try {
      assert.equal(await root.version('mediawiki-full'), '3.0');
      assert.deepEqual(await root.upgrade(), []);
    } finally {
      await root.remove();
    }
    await lockstep('verify');
    await lockstep('refresh');
  });
});
