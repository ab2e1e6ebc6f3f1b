import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { serveArchive } from '../../../src/archive/static-server.js';
import { outdatedResult } from '../../../src/workflows/release/release-results.js';
import { releaseResult } from '../../../src/workflows/release/release-results.js';
import { statusResult } from '../../../src/workflows/reading/status-result.js';
import { AptRoot } from '../../fixtures/apt-root.js';
import { unfitForRoots } from '../../fixtures/debian-root.js';
import { Bench, cacheMirror, profile, suite } from '../../fixtures/bad-input-bench.js';

/** Debian's security suite gets a higher version of what the archive makes itself. */
describe('a base release that is ahead of the archive', function () {
  this.timeout(120_000);
  let bench: Bench;
  const today = new Date().toISOString().slice(0, 10);
  const theirs = { package: 'cache-full', version: '1.6.19-1~deb12u1', depends: 'libc6' };
  const sentence = new RegExp(
    `Debian 12 is ahead: cache-full 1\\.6\\.19-1~deb12u1 \\(bookworm-security\\), first seen on ${today}, is higher than 1\\.6\\.18\\+lockstep`,
  );

  const stop = new AbortController();
  let archiveUrl: string;

  before(async () => {
    bench = await Bench.make();
    await mkdir(bench.path('public'));
    archiveUrl = (await serveArchive({ root: bench.path('public'), port: 0, signal: stop.signal })).url;
    await bench.edit('lockstep.yaml', (text) => text.replace(/baseUrl: .*/, `baseUrl: ${archiveUrl}`));
    await bench.succeeds(releaseResult, ['release', profile]);
  });
  after(async () => {
    stop.abort();
    await bench?.end();
  });

  it('is not spoken of while it is not', async () => {
    const { suites } = await bench.succeeds(statusResult, ['status', suite]);
    assert.deepEqual([suites[0]!.ahead, suites[0]!.warnings], [[], []]);
  });

  it('is told by what asks the mirror, with the day', async () => {
    await bench.mirror.publish({ ...cacheMirror(), security: { binaries: [theirs] } });
    const { profiles } = await bench.succeeds(outdatedResult, ['outdated', profile]);
    assert.deepEqual(
      profiles[0]!.ahead.map(({ ours, version, seen }) => [ours, version, seen.slice(0, 10)]),
      [['1.6.18+lockstep1', theirs.version, today]],
    );
    assert.match((await bench.run(['outdated', profile])).stderr, sentence);
  });

  it('is shown by status for each suite, without a request to the mirror', async () => {
    bench.mirror.server.asked();
    const { status, stderr } = await bench.run(['status']);
    assert.equal(status, 0);
    assert.match(stderr, sentence);
    assert.match(stderr, /Run: lockstep release cache/);
    assert.deepEqual(bench.mirror.server.asked(), []);
  });

  describe('as machines see it', function () {
    this.timeout(300_000);
    const keyring = 'bench-archive-keyring';
    const ours = '1.6.18+lockstep1';
    let machine: AptRoot | undefined;

    before(async function () {
      const unfit = await unfitForRoots();
      if (unfit === undefined) return;
      if (process.env['CI'] === 'true') throw new Error(unfit);
      console.warn(`SKIPPED, a base release that is ahead, as machines see it: ${unfit}`);
      this.skip();
    });
    afterEach(async () => {
      await machine?.remove();
      machine = undefined;
    });

    /** One that has Debian's security suite, and the archive by the file that it gives out. */
    const boot = async (more: Record<string, string> = {}): Promise<AptRoot> => {
      const debian = `deb [trusted=yes] ${bench.mirror.url}`;
      const files = {
        'sources.list': `${debian} bookworm main\n${debian}-security bookworm-security main\n`,
        'sources.list.d/bench.sources': await readFile(bench.path(`public/debian/${suite}.sources`), 'utf8'),
        ...more,
      };
      machine = await AptRoot.make('bookworm', files);
      await machine.apt('update');
      return machine;
    };

    const settings = {
      '': {},
      ' under APT::Default-Release': { 'apt.conf.d/default': 'APT::Default-Release "bookworm";\n' },
    };
    for (const [name, more] of Object.entries(settings)) {
      it(`have the set of the archive by two steps, the keyring package first, and keep it${name}`, async () => {
        const root = await boot(more);
        await root.apt('install', '-y', keyring);
        await root.apt('install', '-y', 'cache-full');
        assert.equal(await root.version('cache-full'), ours);
        await root.apt('-y', 'dist-upgrade');
        assert.equal(await root.version('cache-full'), ours);
      });
    }

    it('have that of Debian by one step, which is why the pages say two', async () => {
      const root = await boot();
      await root.apt('install', '-y', keyring, 'cache-full');
      assert.equal(await root.version('cache-full'), theirs.version);
      // The pin brings it back by what an administrator types anyway
      await root.apt('-y', '--allow-downgrades', 'dist-upgrade');
      assert.equal(await root.version('cache-full'), ours);
    });
  });

  describe('as who releases sees it', () => {
    it('refuses a release before anything is built', async () => {
      await bench.edit('templates/cache-full/package.yaml', (text) => text.replace('as a set', 'as one set'));
      for (const args of [
        ['release', profile],
        ['cut', profile],
        ['release', profile, '--dry-run'],
      ]) {
        const { stderr } = await bench.fails(args, { code: 'INSTALL_IMPOSSIBLE', says: [sentence] });
        assert.match(stderr, /profiles\/cache\.yaml:\d+/);
        assert.doesNotMatch(stderr, /Building/);
      }
      assert.equal((await bench.run(['build', profile])).status, 0);
    });

    it('is over when the base has it no more', async () => {
      await bench.mirror.publish(cacheMirror());
      await bench.succeeds(releaseResult, ['release', profile]);
      const { suites } = await bench.succeeds(statusResult, ['status', suite]);
      assert.deepEqual([suites[0]!.ahead, suites[0]!.warnings], [[], []]);
    });
  });
});
