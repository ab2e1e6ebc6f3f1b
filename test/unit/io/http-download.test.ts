import assert from 'node:assert/strict';
import { offsetOf, planRange } from '../../../src/io/http-download.js';

describe('resuming a download', () => {
  it('asks for the rest of the same version', () => {
    assert.deepEqual(planRange(10, 100, '"v1"'), { range: 'bytes=10-', 'if-range': '"v1"' });
    assert.deepEqual(planRange(10, 100, undefined), { range: 'bytes=10-' });
  });

  it('asks for everything when it has nothing, or too much', () => {
    assert.deepEqual(planRange(0, 100, '"v1"'), {});
    assert.deepEqual(planRange(100, 100, '"v1"'), {});
    assert.deepEqual(planRange(101, 100, undefined), {});
  });

  const partial = (range: string) => ({ status: 206, headers: { 'content-range': range } });

  it('goes on where the server says it goes on', () => {
    assert.equal(offsetOf(partial('bytes 10-99/100'), 10, 100), 10);
    assert.equal(offsetOf(partial('bytes 10-99/*'), 10, 100), 10);
  });

  it('begins anew when the server sends all of it', () => {
    assert.equal(offsetOf({ status: 200, headers: {} }, 10, 100), 0);
  });

  it('refuses a range that was not asked for, of another length, or none', () => {
    assert.equal(offsetOf(partial('bytes 11-99/100'), 10, 100), undefined);
    assert.equal(offsetOf(partial('bytes 10-99/101'), 10, 100), undefined);
    assert.equal(offsetOf({ status: 206, headers: {} }, 10, 100), undefined);
    assert.equal(offsetOf({ status: 416, headers: {} }, 10, 100), undefined);
  });
});
