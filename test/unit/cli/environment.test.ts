import assert from 'node:assert/strict';
import { cacheFolder, networkLimits } from '../../../src/cli/environment.js';
import { LockstepError } from '../../../src/errors.js';

describe('the cache folder', () => {
  it('is LOCKSTEP_CACHE, else below XDG_CACHE_HOME, else below HOME', () => {
    const env = { LOCKSTEP_CACHE: '/a', XDG_CACHE_HOME: '/x', HOME: '/h' };
    assert.equal(cacheFolder(env), '/a');
    assert.equal(cacheFolder({ ...env, LOCKSTEP_CACHE: '' }), '/x/lockstep');
    assert.equal(cacheFolder({ HOME: '/h' }), '/h/.cache/lockstep');
  });
});

describe('the limits of the network', () => {
  it('are those that are set', () => {
    assert.deepEqual(networkLimits({}), {});
    assert.deepEqual(networkLimits({ LOCKSTEP_TRIES: '', LOCKSTEP_STALL_SECONDS: ' ' }), {});
    assert.deepEqual(networkLimits({ LOCKSTEP_TRIES: '7' }), { tries: 7 });
    assert.deepEqual(networkLimits({ LOCKSTEP_STALL_SECONDS: '0.5' }), { stallMs: 500 });
    assert.deepEqual(networkLimits({ LOCKSTEP_LEAST_RATE: '0' }), { leastRate: 0 });
  });

  it('must be such numbers', () => {
    const wrong: [name: string, values: string[]][] = [
      ['LOCKSTEP_TRIES', ['0', '-1', '1.5', '101', 'x', '0x10', '1e1']],
      ['LOCKSTEP_LEAST_RATE', ['-1', '1.5', '1e3', '2000000000']],
      ['LOCKSTEP_STALL_SECONDS', ['0', '-1', '3601', 'Infinity', '1s', '.']],
    ];
    for (const [name, values] of wrong) {
      for (const value of values) {
        assert.throws(
          () => networkLimits({ [name]: value }),
          (error: unknown) =>
            error instanceof LockstepError && error.code === 'USAGE' && error.message.includes(name),
          `${name}=${value}`,
        );
      }
    }
  });
});
