import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { releaseResult, resolveResult } from '../../../src/workflows/release/release-results.js';
import {
  Bench,
  cacheMirror,
  failedWith,
  profile,
  until,
  type RunningCommand,
} from '../../fixtures/bad-input-bench.js';

/** Patient, so that it is at the download until something else ends it. */
const patient = { LOCKSTEP_STALL_SECONDS: '3000', LOCKSTEP_TRIES: '1' };

describe('a run in the middle of a download', function () {
  this.timeout(60_000);
  let bench: Bench;
  const deb = /memcached_.*\.deb$/;
  const large = (): Record<string, string> => ({
    'usr/bin/large': randomBytes(512 * 1024).toString('hex'),
  });

  before(async () => {
    bench = await Bench.make({ mirror: cacheMirror('1.6.18-1', large()) });
  });
  beforeEach(async () => {
    await bench.freshCache();
    bench.mirror.server.noFaults();
    bench.mirror.server.fault(deb, 'stalled');
  });
  let stalled: RunningCommand | undefined;
  afterEach(async () => {
    // Where the test failed before it ended it: it holds the lock that the next one needs
    stalled?.kill('SIGKILL');
    await stalled?.ended;
  });
  after(async () => bench?.end());

  /** Half of a package has come, and no more will. */
  async function stalledRun(...args: string[]): Promise<RunningCommand> {
    const running = bench.startInTerminal([...args, '--json'], patient);
    stalled = running;
    const partial = join(bench.cache, 'store/partial');
    await until(async () => {
      for (const name of await readdir(partial).catch(() => [])) {
        // A small one may be whole, and gone, by now
        const size = (await stat(join(partial, name)).catch(() => undefined))?.size ?? 0;
        if (name.endsWith('.part') && size > 64 * 1024) return true;
      }
      return false;
    });
    return running;
  }

  /** The rest is fetched, not all of it again. */
  async function assertResumes(): Promise<void> {
    bench.mirror.server.noFaults();
    bench.mirror.server.asked();
    const { components } = await bench.succeeds(resolveResult, ['resolve', profile]);
    assert.deepEqual(Object.keys(components), ['memcached']);
    await bench.assertNothingHalfWritten();
    assert.deepEqual(await readdir(join(bench.cache, 'store/partial')), []);
  }

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`ends on ${signal} with nothing left behind, and the next one goes on`, async () => {
      const before = await bench.state();
      const running = await stalledRun('release', profile);
      running.kill(signal);
      failedWith(await running.ended, {
        code: 'INTERRUPTED',
        says: [new RegExp(`\\(${signal}\\)`), /Run the same/],
      });
      assert.deepEqual(await bench.state(), before);
      await bench.assertNothingHalfWritten();
      await assertResumes();
      const ranges = bench.mirror.server.requests
        .filter(({ path }) => deb.test(path))
        .map(({ range }) => range);
      assert.match(ranges.join(), /^bytes=\d+-$/);
    });
  }

  it('keeps a second one out of the workspace, which says who it is', async () => {
    const running = await stalledRun('release', profile);
    for (const command of ['release', 'build']) {
      const { where } = failedWith(await bench.run([command, profile, '--json']), {
        code: 'LOCK_HELD',
        says: [
          new RegExp(
            `"lockstep release ${profile} --json", process ${running.pid}, since \\d{4}-\\d\\d-\\d\\dT`,
          ),
          /Wait for it to finish/,
        ],
      });
      assert.equal(where![0]!.file, bench.path('.lockstep/lock'));
    }
    // What only reads goes on beside it
    assert.equal((await bench.run(['check'])).status, 0);
    running.kill('SIGINT');
    await running.ended;
    assert.ok(!existsSync(bench.path('.lockstep/lock')));
    bench.mirror.server.noFaults();
    const { cut } = await bench.succeeds(releaseResult, ['release', profile]);
    assert.equal(cut, true);
  });

  it('leaves its lock when it is killed outright, and the next one takes it', async () => {
    // What the pool has is not downloaded again
    await bench.mirror.publish(cacheMirror('1.6.18-2', large()));
    const running = await stalledRun('release', profile);
    running.kill('SIGKILL');
    await running.ended;
    assert.match(await readFile(bench.path('.lockstep/lock'), 'utf8'), new RegExp(`"pid": ${running.pid}`));
    bench.mirror.server.noFaults();
    await bench.succeeds(releaseResult, ['release', profile]);
    await bench.assertNothingHalfWritten();
  });
});
