/**
 * A change of the key on a disk that fails, at one change to it after the other: what machines read stays signed by
 * keys that they have, and another run completes the step.
 */
import assert from 'node:assert/strict';
import { cp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LockstepError } from '../../../src/errors.js';
import { run } from '../../../src/io/process.js';
import { generateKey } from '../../../src/signing/keys.js';
import { keyringOf } from '../../../src/snapshot/key-record.js';
import type { RecordedKey } from '../../../src/snapshot/key-state.js';
import { replaceCompromisedKey } from '../../../src/workflows/keys/key-compromise.js';
import { keyStatus, rotateKey } from '../../../src/workflows/keys/rotate-key.js';
import { copyTree } from '../../fixtures/imported-archive.js';
import { injected } from '../../fixtures/fault-preload.mjs';
import { MoveBench } from './move-bench.js';
import { verified } from './tampering.js';

const day = 86_400;
const top = resolve(import.meta.dirname, '../../..');

describe('changing the key on a disk that fails', function () {
  this.timeout(process.env['LOCKSTEP_SOAK'] === undefined ? 600_000 : 0);
  let bench: MoveBench;

  before(async () => {
    bench = await MoveBench.make(400 * day);
    await cp(join(top, 'templates/archive-keyring'), join(bench.work.root, 'templates/archive-keyring'), {
      recursive: true,
    });
    await bench.publish(await bench.cutWiki('1.0-1'));
  });
  after(async () => {
    injected.fault = 'count';
    await bench.end();
  });

  /** The next key of the archive, where lockstep.yaml has it. */
  async function put(file: string): Promise<void> {
    const { root, clock } = bench.work;
    clock.move(60);
    const made = await generateKey({ name: file, date: clock.now() });
    await writeFile(join(root, file), made.privateArmored, { mode: 0o600 });
  }

  /** Whether a machine with these keys takes a view. */
  async function isTaken(view: string, keys: readonly RecordedKey[]): Promise<boolean> {
    const keyring = join(bench.work.root, 'machine.gpg');
    await writeFile(keyring, await keyringOf(keys));
    const file = join(bench.work.public, view, 'InRelease');
    const { stdout } = await run('gpgv', ['--status-fd', '1', '--keyring', keyring, file], {
      allowFailure: true,
    });
    return stdout.includes('GOODSIG');
  }

  const rotate = (now: boolean): Promise<unknown> =>
    rotateKey(bench.context, { now, abandon: false, dryRun: false });

  /**
   * Runs the step once for each change to the disk that it makes (every so many of them, but for `npm run soak keys`),
   * that change failing, and then has another run complete it.
   *
   * @param look at what machines find after the fault
   */
  async function interrupted(
    step: () => Promise<unknown>,
    again: () => Promise<unknown>,
    look: () => Promise<void>,
  ): Promise<void> {
    const saved = `${bench.work.root}-saved`;
    const now = bench.work.clock.now().getTime();
    await copyTree(bench.work.root, saved);
    const restore = async (): Promise<void> => {
      await copyTree(saved, bench.work.root);
      anotherProcess();
      bench.work.clock.move((now - bench.work.clock.now().getTime()) / 1000);
    };
    Object.assign(injected, { fault: 'count', calls: 0 });
    await step();
    const changes = injected.calls;
    assert.ok(changes > 20, String(changes));
    const stride = process.env['LOCKSTEP_SOAK'] === undefined ? Math.ceil(changes / 4) : 1;
    let faults = 0;
    for (let at = 1; at <= changes; at += stride) {
      await restore();
      Object.assign(injected, { fault: 'EIO', at, calls: 0 });
      const fault: unknown = await step().then(
        () => undefined,
        (error: unknown) => error,
      );
      injected.fault = 'count';
      const where = `change ${at} of ${changes}: ${String(fault)}`;
      if (fault !== undefined) {
        faults += 1;
        assert.ok(fault instanceof LockstepError && fault.code === 'DISK_IO', where);
      }
      // A process that could not take its lock away ends, and the next one sees that; this one lives on
      await rm(join(bench.context.places.state, 'lock'), { force: true });
      anotherProcess();
      await look();
      bench.work.clock.move(60);
      await again();
      assert.deepEqual((await verified(bench.context)).faults, [], where);
    }
    assert.ok(faults > 0);
    await rm(saved, { recursive: true });
  }

  function anotherProcess(): void {
    Object.assign(bench, { context: bench.again() });
  }

  it('completes each step, and keeps machines in at every moment', async () => {
    await put('next.asc');
    const { current: first } = (await keyStatus(bench.context)).state;
    for (const wanted of ['announced', 'both', 'steady'] as const) {
      bench.work.clock.move(15 * day);
      await interrupted(
        () => rotate(true),
        async () => {
          const { state } = await keyStatus(bench.context);
          const taken = state.stage === wanted && (state.stage !== 'steady' || state.next === null);
          const done = taken && state.keys.length > 1;
          // The step is in the record: it is too early for the next one, and what is left of this one is done
          if (done && wanted !== 'steady') await assert.rejects(rotate(false), { code: 'ROTATE_EARLY' });
          else await rotate(true);
        },
        async () => {
          const { state } = await keyStatus(bench.context);
          assert.ok(
            await isTaken('debian/dists/set-unstable', wanted === 'announced' ? [first] : state.keys),
          );
          assert.ok(await isTaken(`debian/dists/keyring-${first.fingerprint}`, [first]));
        },
      );
      assert.equal((await keyStatus(bench.context)).state.stage, wanted);
    }
    assert.notEqual((await keyStatus(bench.context)).state.current.fingerprint, first.fingerprint);
  });

  it('completes the change of a key that was stolen', async () => {
    const { current: stolen } = (await keyStatus(bench.context)).state;
    await rm(join(bench.work.root, 'key.asc'));
    await put('key.asc');
    const since = bench.work.clock.now();
    const replace = (): Promise<unknown> =>
      replaceCompromisedKey(bench.context, { since, accept: [], dryRun: false });
    await interrupted(replace, replace, async () => undefined);
    const { state } = await keyStatus(bench.context);
    assert.notEqual(state.current.fingerprint, stolen.fingerprint);
    assert.ok(await isTaken('debian/dists/set-unstable', [state.current]));
  });
});
