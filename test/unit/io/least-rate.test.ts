import assert from 'node:assert/strict';
import { deadlineMs, RateWatch } from '../../../src/io/least-rate.js';

describe('the least rate of a server', () => {
  const limit = { leastRate: 100, spanMs: 30_000 };

  it('is judged over a span, not in a moment', () => {
    const watch = new RateWatch(limit);
    assert.equal(watch.add(29_999, 0), undefined);
    assert.equal(watch.add(1, 3000), undefined);
    // A new span
    assert.equal(watch.add(15_000, 2999), undefined);
    assert.equal(watch.add(15_000, 0), 'Only 2999 bytes arrived in 30 s, and the least is 100 per second');
  });

  it('does not count what was sent before', () => {
    const watch = new RateWatch(limit);
    assert.equal(watch.add(30_000, 1_000_000), undefined);
    assert.match(watch.add(30_000, 1) ?? '', /^Only 1 byte arrived/);
  });

  it('is no limit where it is 0', () => {
    const watch = new RateWatch({ ...limit, leastRate: 0 });
    assert.equal(watch.add(1e9, 0), undefined);
    assert.equal(deadlineMs(1, 5, { ...limit, leastRate: 0 }), Infinity);
  });

  it('gives a transfer a deadline by its size', () => {
    assert.equal(deadlineMs(1000, 5, limit), 160_000);
  });
});
