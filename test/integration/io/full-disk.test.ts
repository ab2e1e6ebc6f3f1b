import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../src/io/process.js';
import { FaultyServer, sendFile } from './faulty-server.js';
import type { Report } from './full-disk-child.js';

describe('a full disk', () => {
  let folder: string;
  let server: FaultyServer;
  /** `unshare` with what it needs here: a mount namespace, and to be root in it. */
  const unshare = ['--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];
  const mounted = 'mount -t tmpfs -o size=1m none "$0" && exec "$@"';

  before(async function () {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-full-'));
    server = await FaultyServer.start();
    const trial = await run('unshare', [...unshare, 'sh', '-c', mounted, folder, 'true'], {
      allowFailure: true,
    }).catch(() => undefined);
    if (trial?.exitCode === 0) return;
    const why = 'this machine does not let us mount a tmpfs in a namespace of our own';
    if (process.env['CI'] === 'true') assert.fail(why);
    console.warn(`      skipped: ${why}`);
    this.skip();
  });

  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  it('is DISK_FULL by every way of writing, and leaves the old file and no part of a new one', async () => {
    const url = server.on('/f', sendFile(Buffer.alloc(4 * 1024 * 1024)));
    const child = [
      process.execPath,
      '--import',
      'tsx',
      join(import.meta.dirname, 'full-disk-child.ts'),
      folder,
      url,
    ];
    const result = await run('unshare', [...unshare, 'sh', '-c', mounted, folder, ...child]);
    const report = JSON.parse(result.stdout) as Report;
    assert.deepEqual(report.codes, {
      file: 'DISK_FULL',
      put: 'DISK_FULL',
      download: 'DISK_FULL',
      lock: 'DISK_FULL',
    });
    assert.equal(report.old, 'old');
    assert.deepEqual(
      report.files.filter((name) => !['locks', 'store', 'store/partial'].includes(name)),
      ['file'],
    );
  });
});
