import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DiskPort } from '../../../src/archive/disk-port.js';
import { LockstepError } from '../../../src/errors.js';
import { run } from '../../../src/io/process.js';
import type { Snapshot } from '../../../src/snapshot/manifest.js';
import { FailingPort, type Failure } from './failing-port.js';
import { IsolatedApt, Workbench } from '../../fixtures/archive-bench.js';

describe('a publication that is stopped', function () {
  this.timeout(180_000);
  let bench: Workbench;
  let first: Snapshot;
  let second: Snapshot;
  let sources: string;
  let saved: string;

  beforeEach(async () => {
    bench = await Workbench.make();
    first = await bench.snapshot([{ name: 'tiny', version: '1.0' }]);
    await bench.publish(first);
    sources = await readFile(join(bench.public, 'debian/set-stable.sources'), 'utf8');
    second = await bench.snapshot([{ name: 'tiny', version: '2.0' }], first);
    saved = join(bench.root, 'saved');
    await copyTree(bench.public, saved);
  });
  afterEach(async () => {
    await bench.remove();
  });

  /** With hard links and symbolic links as they are. */
  async function copyTree(from: string, to: string): Promise<void> {
    await rm(to, { recursive: true, force: true });
    await cp(from, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  }

  /** What a machine that comes fresh sees; it must be able to fetch what is listed. */
  async function seen(): Promise<string[]> {
    const root = join(bench.root, 'apt');
    await rm(root, { recursive: true, force: true });
    const apt = await IsolatedApt.make(root, sources);
    assert.deepEqual(await apt.update(), []);
    const versions = await apt.versions('tiny');
    const { exitCode, stderr } = await apt.run('apt-get', 'download', `tiny=${versions[0]}`);
    assert.equal(exitCode, 0, stderr);
    return versions;
  }

  async function countWrites(): Promise<number> {
    const port = new FailingPort(bench.port, Infinity, 'after');
    await bench.publish(second, [first], port);
    await copyTree(saved, bench.public);
    return port.writes;
  }

  for (const failure of ['torn', 'after'] as const satisfies Failure[]) {
    it(`leaves the old archive or the new one, whichever write it was (${failure}), and is completed by the next`, async () => {
      const writes = await countWrites();
      assert.ok(writes > 20, String(writes));
      const outcomes = new Set<string>();
      // Torn differs from `after` the write before by a temporary file only: every third will do.
      for (let at = 0; at < writes; at += failure === 'torn' ? 3 : 1) {
        await copyTree(saved, bench.public);
        await assert.rejects(bench.publish(second, [first], new FailingPort(bench.port, at, failure)), {
          code: 'DISK_IO',
        });
        const versions = (await seen()).join(' ');
        outcomes.add(versions);
        assert.ok(['1.0', '2.0 1.0'].includes(versions), `after write ${at}: ${versions}`);
        if (failure === 'torn') assert.equal(versions, '1.0');
        // As the next run does before anything else (src/workflows/move/recover.ts)
        await bench.port.sweep();
        await bench.publish(second, [first]);
        assert.equal((await bench.plan(second, [first])).verdict, 'nothing');
      }
      assert.deepEqual([...outcomes], failure === 'torn' ? ['1.0'] : ['1.0', '2.0 1.0']);
      assert.deepEqual(await seen(), ['2.0', '1.0']);
      assert.deepEqual(await bench.port.sweep(), []);
    });
  }

  it('can go back to the old snapshot from any write', async () => {
    const writes = await countWrites();
    for (let at = 0; at < writes; at += 3) {
      await copyTree(saved, bench.public);
      await assert.rejects(bench.publish(second, [first], new FailingPort(bench.port, at, 'after')));
      await bench.publish(first);
      assert.deepEqual(await seen(), ['1.0'], `after write ${at}`);
    }
  });

  it('says DISK_FULL when there is no room, and the old archive is as it was', async () => {
    const writes = await countWrites();
    for (const at of [0, 5, writes - 1]) {
      await copyTree(saved, bench.public);
      await assert.rejects(
        bench.publish(second, [first], new FailingPort(bench.port, at, 'torn', 'ENOSPC')),
        (error: unknown) => error instanceof LockstepError && error.code === 'DISK_FULL',
      );
      assert.deepEqual(await seen(), ['1.0']);
    }
  });

  it('writes nothing when it is known beforehand that there is no room', async () => {
    const port = new FailingPort(bench.port, Infinity, 'after');
    port.folder!.freeBytes = () => Promise.resolve(1000);
    await assert.rejects(bench.publish(second, [first], port), { code: 'DISK_FULL' });
    assert.equal(port.writes, 0);
  });

  it('writes nothing when the signer refuses', async () => {
    const plan = await bench.plan(second, [first]);
    const port = new FailingPort(bench.port, Infinity, 'after');
    const broken = new LockstepError('SIGN_WRONG_PASSPHRASE', { message: 'wrong' });
    bench.signer.detached = () => Promise.reject(broken);
    await assert.rejects(bench.apply(plan, port), { code: 'SIGN_WRONG_PASSPHRASE' });
    assert.equal(port.writes, 0);
  });

  it('says DISK_FULL on a file system that really is full', async function () {
    const mount = join(bench.root, 'small');
    await mkdir(mount);
    const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', mount], {
      allowFailure: true,
    });
    if (mounted.exitCode !== 0) {
      assert.notEqual(process.env['CI'], 'true', 'this machine must be able to mount a tmpfs');
      console.warn('      skipped: this user may not mount a tmpfs');
      return this.skip();
    }
    try {
      await cp(saved, mount, { recursive: true, verbatimSymlinks: true });
      const port = new DiskPort(mount);
      const files = { '/usr/share/tiny': randomBytes(400_000).toString('base64') };
      const third = await bench.snapshot(
        Array.from({ length: 6 }, (_, at) => ({ name: `tiny${at}`, version: '3.0', files })),
        first,
      );
      const plan = await bench.plan(third, [], port);
      port.freeBytes = () => Promise.resolve(undefined);
      await assert.rejects(bench.apply(plan, port), { code: 'DISK_FULL' });
      const view = join(mount, 'debian/dists/set-stable/InRelease');
      assert.deepEqual(
        await readFile(view),
        await readFile(join(saved, 'debian/dists/set-stable/InRelease')),
      );
      assert.deepEqual(await port.sweep(), []);
    } finally {
      await run('umount', [mount]);
    }
  });
});
