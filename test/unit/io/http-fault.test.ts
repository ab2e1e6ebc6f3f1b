import assert from 'node:assert/strict';
import { LockstepError } from '../../../src/errors.js';
import {
  afterTries,
  isTransient,
  netFault,
  planRetry,
  shownUrl,
  StatusError,
} from '../../../src/io/http-fault.js';

const policy = { tries: 4, backoffMs: 100, random: () => 0.5 };
const url = 'http://archive.invalid/a';

describe('network faults', () => {
  it('names 404 and 410 apart from every other status', () => {
    assert.equal(new StatusError(url, 404).code, 'NET_NOT_FOUND');
    assert.equal(new StatusError(url, 410).code, 'NET_NOT_FOUND');
    assert.equal(new StatusError(url, 403).code, 'NET_STATUS');
    assert.equal(new StatusError(url, 404).exit, 5);
  });

  it('tries again what may pass, and nothing else', () => {
    const passing = [503, 429, 500, 408].map((status) => new StatusError(url, status));
    const lasting = [404, 403, 401, 501].map((status) => new StatusError(url, status));
    for (const error of passing) assert.equal(isTransient(error), true, error.message);
    for (const error of lasting) assert.equal(isTransient(error), false, error.message);
    assert.equal(isTransient(netFault('NET_STALLED', url, 'x')), true);
    assert.equal(isTransient(netFault('NET_TRUNCATED', url, 'x')), true);
    assert.equal(isTransient(netFault('NET_TOO_LARGE', url, 'x')), false);
    assert.equal(isTransient(new Error('a bug')), false);
  });

  it('does not ask again a server that cannot prove who it is', () => {
    const cause = Object.assign(new Error('self-signed'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    assert.equal(isTransient(netFault('NET_UNREACHABLE', url, 'x', cause)), false);
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    assert.equal(isTransient(netFault('NET_UNREACHABLE', url, 'x', refused)), true);
  });

  it('doubles its waits, leaves half to chance, and stops at 15 s and after the last try', () => {
    const stalled = netFault('NET_STALLED', url, 'x');
    assert.deepEqual(
      [1, 2, 3, 4].map((failed) => planRetry(stalled, failed, policy)),
      [75, 150, 300, undefined],
    );
    assert.equal(planRetry(stalled, 1, { ...policy, random: () => 0 }), 50);
    assert.equal(planRetry(stalled, 20, { tries: 99, backoffMs: 500, random: () => 1 }), 15_000);
  });

  it('waits as long as the server asks, but no longer than our own limit', () => {
    assert.equal(planRetry(new StatusError(url, 503, 2000), 1, policy), 2000);
    assert.equal(planRetry(new StatusError(url, 503, 3_600_000), 1, policy), 15_000);
    assert.equal(planRetry(new StatusError(url, 503, 0), 1, policy), 75);
  });

  it('never shows a password', () => {
    assert.equal(shownUrl('https://me:secret@mirror.invalid/x#y'), 'https://mirror.invalid/x');
    assert.doesNotMatch(new StatusError('http://me:secret@mirror.invalid/', 500).message, /secret/);
  });

  it('says how often it tried', () => {
    const error = afterTries(netFault('NET_STALLED', url, 'Nothing came'), 5);
    assert.equal(error instanceof LockstepError && error.code, 'NET_STALLED');
    assert.match(error.message, /5 tries/);
  });
});
