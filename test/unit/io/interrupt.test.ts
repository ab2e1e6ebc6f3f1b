import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { LockstepError } from '../../../src/errors.js';
import { systemClock } from '../../../src/io/clock.js';
import { interrupted, throwIfInterrupted, withInterrupt } from '../../../src/io/interrupt.js';

class FakeProcess extends EventEmitter {
  exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

describe('interruption', () => {
  it('aborts the work with INTERRUPTED, which ends with 130', async () => {
    const source = new FakeProcess();
    const work = withInterrupt(async (signal) => {
      source.emit('SIGTERM');
      throwIfInterrupted(signal);
    }, source);
    await assert.rejects(work, (error) => {
      assert.ok(error instanceof LockstepError);
      assert.equal(error.code, 'INTERRUPTED');
      assert.equal(error.exit, 130);
      assert.match(error.message, /SIGTERM/);
      return true;
    });
    assert.deepEqual(source.exits, []);
  });

  it('exits at once on the second signal', async () => {
    const source = new FakeProcess();
    await withInterrupt(async () => {
      source.emit('SIGINT');
      source.emit('SIGINT');
    }, source);
    assert.deepEqual(source.exits, [130]);
  });

  it('leaves no listener behind', async () => {
    const source = new FakeProcess();
    assert.equal(await withInterrupt(async () => 7, source), 7);
    assert.equal(
      source.listenerCount('SIGINT') + source.listenerCount('SIGTERM') + source.listenerCount('SIGHUP'),
      0,
    );
  });

  it('ends a sleep with its reason', async () => {
    const controller = new AbortController();
    const reason = interrupted('SIGINT');
    const sleep = systemClock.sleep(60_000, controller.signal);
    controller.abort(reason);
    await assert.rejects(sleep, reason);
  });
});
