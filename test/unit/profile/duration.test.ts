import assert from 'node:assert/strict';
import { parseDuration } from '../../../src/profile/duration.js';

describe('a length of time', () => {
  it('is read to seconds', () => {
    assert.equal(parseDuration('90s'), 90);
    assert.equal(parseDuration('30m'), 1800);
    assert.equal(parseDuration('12h'), 43_200);
    assert.equal(parseDuration('14d'), 1_209_600);
    assert.equal(parseDuration('2w'), 1_209_600);
  });

  it('is nothing else', () => {
    for (const text of ['', '14', 'd', '0d', '-1d', '1.5d', '14 d', '14D', '1y', '9999999999s']) {
      assert.equal(parseDuration(text), undefined, text);
    }
  });
});
