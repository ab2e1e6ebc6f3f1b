import assert from 'node:assert/strict';
import type { BuildLimit, BuildLimits } from '../../../src/build/build-limits.js';
import { Watchdog } from '../../../src/build/watchdog.js';
import { run } from '../../../src/io/process.js';
import { buildLimits } from '../../../src/profile/workspace-schema.js';
import { needs } from '../../fixtures/machine.js';

/** Where a machine has no control groups, the watchdog alone sees what a build uses. */
describe('the watchdog of builds without a control group', function () {
  this.timeout(60_000);

  before(async function () {
    await needs(this, { root: true, tools: ['unshare', 'perl'] });
  });

  async function passed(script: string, limits: Partial<BuildLimits>): Promise<BuildLimit | undefined> {
    const watchdog = new Watchdog({
      limits: { ...buildLimits.parse({}), ...limits },
      group: null,
      diskUse: () => Promise.resolve(0),
    });
    await run('unshare', ['--pid', '--fork', '--kill-child=KILL', '--', 'sh', '-c', script], {
      allowFailure: true,
      group: true,
      onStart: (pid) => watchdog.begin(pid),
    });
    await watchdog.over();
    return watchdog.past;
  }

  it('ends what has too many processes', async () => {
    const script = 'for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done; wait';
    assert.equal(await passed(script, { processes: 8 }), 'processes');
  });

  it('ends what has too much memory together', async () => {
    const script = `for i in 1 2 3; do perl -e '$x = "a" x 3e7; sleep 1000' & done; wait`;
    assert.equal(await passed(script, { memory: 150 * 1024 ** 2 }), 'memory');
  });

  it('leaves alone what keeps to its limits', async () => {
    assert.equal(await passed('sleep 1', { processes: 8, memory: 150 * 1024 ** 2 }), undefined);
  });
});
