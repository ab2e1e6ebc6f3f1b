import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cutResult, publishResult, releaseResult } from '../../../src/cli/results.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { isTemporaryName } from '../../../src/io/disk.js';
import type { Manifest } from '../../../src/snapshot/manifest.js';
import { startLockstep, type CommandOutcome } from '../../fixtures/lockstep.js';
import { needs } from '../../fixtures/machine.js';
import { IsolatedApt } from '../../integration/archive/fixture.js';
import { Bench, cacheMirror, failedWith, hashes, keepsTo, profile, suite } from './bench.js';
import { SmallDisk, unfitForSmallDisks } from './small-disk.js';

describe('publishing', function () {
  this.timeout(60_000);
  let bench: Bench;

  beforeEach(async () => {
    bench = await Bench.make();
  });
  afterEach(async () => bench?.end());

  it('does not overwrite a pool file with other bytes', async () => {
    await bench.succeeds(releaseResult, ['release', profile]);
    await bench.mirror.publish(cacheMirror('1.6.19-1'));
    const { id, manifest } = await bench.succeeds(cutResult, ['cut', profile]);
    const { packages } = JSON.parse(await readFile(manifest!, 'utf8')) as Manifest;
    const wanted = packages.find((one) => one.package === 'memcached')!;
    const path = bench.path('public/debian', wanted.path);
    await mkdir(dirname(path), { recursive: true });
    for (const other of [randomBytes(wanted.size), Buffer.from('short')]) {
      await writeFile(path, other);
      const { where } = await bench.fails(['publish', id, suite], {
        code: 'ARCHIVE_CONFLICT',
        says: [
          /other bytes under the name pool\/main\/m\/memcached\/memcached_1\.6\.19-1_amd64\.deb/,
          /remove it/,
        ],
      });
      assert.equal(where![0]!.path, `debian/${wanted.path}`);
    }
    await rm(path);
    assert.equal((await bench.succeeds(publishResult, ['publish', id, suite])).verdict, 'publish');
  });

  describe('on a disk that is full', () => {
    let disk: SmallDisk;
    let apt: IsolatedApt;
    let old: Record<string, string>;

    before(async function () {
      await needs(this, { tools: ['unshare', 'nsenter', 'apt-get'], also: unfitForSmallDisks });
    });
    beforeEach(async () => {
      await mkdir(bench.path('public'));
      disk = await SmallDisk.mount(bench.path('public'), 'size=32m,nr_inodes=4k');
      keepsTo(releaseResult, (await run('release', profile)).stdout);
      old = await hashes(disk.path);
      const sources = await readFile(join(disk.path, `debian/${suite}.sources`), 'utf8');
      apt = await IsolatedApt.make(
        join(dirname(bench.workspace), 'apt'),
        sources.replace(/^URIs:.*$/m, `URIs: file:${disk.path}/debian`),
      );
      await bench.mirror.publish(
        cacheMirror('1.6.19-1', { 'usr/bin/large': randomBytes(256 * 1024).toString('hex') }),
      );
    });
    afterEach(async () => disk?.end());

    async function run(...args: string[]): Promise<CommandOutcome> {
      const command = [...args, '--json', '--workspace', bench.workspace];
      return await startLockstep(command, { env: bench.env, within: disk.within }).ended;
    }

    /** The old archive is there, byte for byte, and good; what is new is whole. */
    async function assertIntact(): Promise<void> {
      const now = await hashes(disk.path);
      assert.deepEqual(Object.fromEntries(Object.keys(old).map((path) => [path, now[path]])), old);
      const store = new ContentStore(join(bench.cache, 'store'));
      for (const [path, content] of Object.entries(now).filter(([name]) => !(name in old))) {
        assert.ok(!isTemporaryName(path.split('/').at(-1)!), path);
        // Files out of the store, and the way of the new snapshot to the pool
        assert.ok(content.startsWith('../') || (await store.has(content)), path);
      }
      await bench.assertNothingHalfWritten();
      assert.deepEqual(await apt.update(), []);
      assert.deepEqual(await apt.versions('memcached'), ['1.6.18-1']);
    }

    /** With room again, the same command completes. */
    async function assertCompletes(): Promise<void> {
      await disk.limit('size=32m,nr_inodes=4k');
      const { publication } = keepsTo(releaseResult, (await run('release', profile)).stdout);
      assert.equal(publication!.verdict, 'publish');
      assert.deepEqual(await apt.update(), []);
      assert.deepEqual(await apt.versions('memcached'), ['1.6.19-1', '1.6.18-1']);
    }

    it('says so before anything is written, where it can be known', async () => {
      await disk.limit('size=4m');
      const { where } = failedWith(await run('release', profile), {
        code: 'DISK_FULL',
        says: [/public has \d MiB free, and the publication needs \d MiB/, /Nothing was written/],
      });
      assert.equal(where![0]!.file, bench.path('public'));
      assert.deepEqual(await hashes(disk.path), old);
      await assertIntact();
      await assertCompletes();
    });

    for (const room of [2, 12, 25]) {
      it(`leaves the old archive as it was when it is full after ${room} more files`, async () => {
        await disk.limit(`nr_inodes=${(await disk.inodes()) + room}`);
        failedWith(await run('release', profile), {
          code: 'DISK_FULL',
          says: [/The disk is full \(ENOSPC\): could not .*public/, /Make room/],
        });
        await assertIntact();
        await assertCompletes();
      });
    }
  });
});
