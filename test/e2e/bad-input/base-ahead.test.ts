import assert from 'node:assert/strict';
import { outdatedResult } from '../../../src/cli/results-resolution.js';
import { releaseResult } from '../../../src/cli/results.js';
import { statusResult } from '../../../src/cli/results-moves.js';
import { Bench, cacheMirror, profile, suite } from './bench.js';

/** Debian's security suite gets a higher version of what the archive makes itself. */
describe('a base release that is ahead of the archive', function () {
  this.timeout(120_000);
  let bench: Bench;
  const today = new Date().toISOString().slice(0, 10);
  const theirs = { package: 'cache-full', version: '1.6.19-1~deb12u1', depends: 'libc6' };
  const sentence = new RegExp(
    `Debian 12 is ahead: cache-full 1\\.6\\.19-1~deb12u1 \\(bookworm-security\\), first seen by us on ${today}, is above 1\\.6\\.18\\+lockstep`,
  );

  before(async () => {
    bench = await Bench.make();
    await bench.succeeds(releaseResult, ['release', profile]);
  });
  after(async () => bench?.end());

  it('is not spoken of while it is not', async () => {
    const { suites } = await bench.succeeds(statusResult, ['status', suite]);
    assert.deepEqual([suites[0]!.ahead, suites[0]!.warnings], [[], []]);
  });

  it('is told by what asks the mirror, with the day', async () => {
    await bench.mirror.publish({ ...cacheMirror(), security: { binaries: [theirs] } });
    const { profiles } = await bench.succeeds(outdatedResult, ['outdated', profile]);
    assert.deepEqual(
      profiles[0]!.ahead.map(({ ours, version, seen }) => [ours, version, seen.slice(0, 10)]),
      [['1.6.18+lockstep1', theirs.version, today]],
    );
    assert.match((await bench.run(['outdated', profile])).stderr, sentence);
  });

  it('is told of each suite by status, which asks nobody', async () => {
    bench.mirror.server.asked();
    const { status, stderr } = await bench.run(['status']);
    assert.equal(status, 0);
    assert.match(stderr, sentence);
    assert.match(stderr, /Run: lockstep release cache/);
    assert.deepEqual(bench.mirror.server.asked(), []);
  });

  it('refuses a release before anything is built', async () => {
    await bench.edit('templates/cache-full/package.yaml', (text) => text.replace('as a set', 'as one set'));
    for (const args of [
      ['release', profile],
      ['cut', profile],
      ['release', profile, '--dry-run'],
    ]) {
      const { stderr } = await bench.fails(args, { code: 'INSTALL_IMPOSSIBLE', says: [sentence] });
      assert.match(stderr, /profiles\/cache\.yaml:\d+/);
      assert.doesNotMatch(stderr, /Building/);
    }
    assert.equal((await bench.run(['build', profile])).status, 0);
  });

  it('is over when the base has it no more', async () => {
    await bench.mirror.publish(cacheMirror());
    await bench.succeeds(releaseResult, ['release', profile]);
    const { suites } = await bench.succeeds(statusResult, ['status', suite]);
    assert.deepEqual([suites[0]!.ahead, suites[0]!.warnings], [[], []]);
  });
});
