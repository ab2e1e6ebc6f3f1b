import assert from 'node:assert/strict';
import type { LockHolder, ProcessView } from '../../../src/io/lock.js';
import { holderHasEnded } from '../../../src/io/lock.js';

const view: ProcessView = { host: 'a', boot: 'b1', pidNamespace: 'pid:[1]', processStart: '500' };
const holder: LockHolder = {
  ...view,
  pid: 42,
  processStart: '500',
  startedAt: '2026-11-23T00:00:00.000Z',
  command: 'lockstep release x',
  nonce: 'n',
};

describe('whether the holder of a lock has ended', () => {
  it('has not while its process lives', () => assert.equal(holderHasEnded(holder, view), false));

  it('has when there is no such process', () =>
    assert.equal(holderHasEnded(holder, { ...view, processStart: undefined }), true));

  it('has when its pid is now another process', () =>
    assert.equal(holderHasEnded(holder, { ...view, processStart: '900' }), true));

  it('has when the machine was restarted, even if pid and ticks happen to agree', () =>
    assert.equal(holderHasEnded(holder, { ...view, boot: 'b2' }), true));

  it('cannot be known of another machine or pid namespace, so it counts as alive', () => {
    assert.equal(holderHasEnded(holder, { ...view, host: 'z', processStart: undefined }), false);
    assert.equal(
      holderHasEnded(holder, { ...view, pidNamespace: 'pid:[2]', processStart: undefined }),
      false,
    );
  });
});
