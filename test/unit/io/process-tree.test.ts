import assert from 'node:assert/strict';
import { privateMemory } from '../../../src/io/process-tree.js';

describe('the memory of a process', () => {
  it('is what it has for itself, here or in swap, and what is shared without a file', () => {
    const status =
      'Name:\tRssAnon: 9 kB\nVmRSS:\t  900 kB\nRssAnon:\t     100 kB\nRssFile:\t     500 kB\nRssShmem:\t       20 kB\nVmSwap:\t        3 kB\n';
    assert.equal(privateMemory(status), 123 * 1024);
  });

  it('of one that has ended is nothing', () => {
    assert.equal(privateMemory(''), 0);
  });
});
