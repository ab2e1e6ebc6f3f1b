import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { cutResult, releaseResult } from '../../../src/workflows/release/release-results.js';
import { publishResult } from '../../../src/workflows/move/move-results.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { isTemporaryName } from '../../../src/io/disk.js';
import type { SnapshotManifest } from '../../../src/snapshot/manifest.js';
import { startLockstep, type CommandOutcome } from '../../fixtures/lockstep.js';
import { needs } from '../../fixtures/machine.js';
import { IsolatedApt } from '../../fixtures/archive-bench.js';
import {
  Bench,
  cacheMirror,
  failedWith,
  hashes,
  keepsTo,
  profile,
  suite,
} from '../../fixtures/bad-input-bench.js';
import { SmallDisk, unfitForSmallDisks } from './small-disk.js';

/** What a publication replaces before InRelease. */
const replaced = /\/(?:(?:Packages|Sources|Contents-\w+)\.(?:gz|xz)|Release|Release\.gpg)$/;

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
    const { packages } = JSON.parse(await readFile(manifest!, 'utf8')) as SnapshotManifest;
    const wanted = packages.find((one) => one.package === 'memcached')!;
    const path = bench.path('public/debian', wanted.path);
    await mkdir(dirname(path), { recursive: true });
    for (const other of [randomBytes(wanted.size), Buffer.from('short')]) {
      await writeFile(path, other);
      const { where } = await bench.fails(['publish', id, suite], {
        code: 'ARCHIVE_CONFLICT',
        says: [
          /different bytes under the name pool\/main\/m\/memcached\/memcached_1\.6\.19-1_amd64\.deb/,
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
        sources.replace(/^URIs:.*$/gm, `URIs: file:${disk.path}/debian`),
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
      const store = new ContentStore(join(bench.cache, 'store'));
      for (const [path, content] of Object.entries({ ...old, ...now })) {
        assert.ok(!isTemporaryName(basename(path)), path);
        if (now[path] === old[path]) continue;
        // An index under its name, or Release, may be a new one already: InRelease is not, and apt goes by it
        assert.ok(!(path in old) || replaced.test(path), path);
        if (/\/(?:In)?Release(?:\.gpg)?$/.test(path)) continue;
        // Else nothing but files out of the store, and the way of the new snapshot to the pool
        assert.ok(content.startsWith('../') || (await store.has(content)), path);
      }
      await bench.assertNothingHalfWritten();
      assert.deepEqual(await apt.update(), []);
      assert.deepEqual(await apt.versions('memcached'), ['1.6.18-1']);
    }

    async function assertNew(): Promise<void> {
      assert.deepEqual(await apt.update(), []);
      assert.deepEqual(await apt.versions('memcached'), ['1.6.19-1', '1.6.18-1']);
    }

    it('says so before anything is written, where it can be known', async () => {
      await disk.limit('size=4m');
      const { where } = failedWith(await run('release', profile), {
        code: 'DISK_FULL',
        says: [/public has \d MiB of free space; the publication needs \d MiB/, /Nothing was written/],
      });
      assert.equal(where![0]!.file, bench.path('public'));
      assert.deepEqual(await hashes(disk.path), old);
      await assertIntact();
      await disk.limit('size=32m');
      const { publication } = keepsTo(releaseResult, (await run('release', profile)).stdout);
      assert.equal(publication!.verdict, 'publish');
      await assertNew();
    });

    it('leaves the old archive or the new one, wherever in between it gets full', async () => {
      const used = await disk.inodes();
      let outcome;
      let runs = 0;
      for (let room = 1; ; room += 3) {
        await disk.limit(`nr_inodes=${used + room}`);
        outcome = await run('release', profile);
        if (outcome.status === 0) break;
        failedWith(outcome, {
          code: 'DISK_FULL',
          says: [/The disk is full \(ENOSPC\): could not .*public/, /Free some disk space/],
        });
        await assertIntact();
        runs += 1;
      }
      assert.ok(runs >= 4, `it was full only ${runs} times`);
      assert.equal(keepsTo(releaseResult, outcome.stdout).publication!.verdict, 'publish');
      await assertNew();
    });
  });
});
