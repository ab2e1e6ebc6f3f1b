import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { lastSnapshot } from '../../../src/snapshot/snapshot-folder.js';
import { cut } from '../../../src/workflows/release/cut.js';
import { resolve } from '../../../src/workflows/release/resolve.js';
import { libc, lower, memcached, SmallSet, smallMirror } from './small-set.js';

describe('the base of the last snapshot', function () {
  this.timeout(120_000);
  let small: SmallSet;

  beforeEach(async () => {
    small = await SmallSet.make();
  });
  afterEach(async () => small.end());

  const cutting = (olderBase = false) =>
    cut(small.context, 'set', { dryRun: false, security: [], trees: {}, olderBase });
  const recorded = async () => (await lastSnapshot(small.context.places.snapshots, 'set'))!.manifest;

  it('is recorded, and none that is older is taken without the flag, whatever the cache holds', async () => {
    const { mirror, context } = small;
    const first = await cutting();
    const before = (await recorded()).baseReleaseFiles!;
    assert.deepEqual(
      before.map(({ suite, origin, signers }) => [suite, origin, signers]),
      ['bookworm', 'bookworm-updates', 'bookworm-security'].map((suite) => {
        return [suite, 'Debian', [mirror.signer.fingerprint]];
      }),
    );
    const newest = Math.max(...before.map(({ date }) => Date.parse(date) / 1000));
    // The same archive a day before, without the update
    const older = { date: newest - 86_400 };
    await mirror.publish({
      release: { ...older, binaries: [memcached(lower), libc] },
      updates: older,
      security: { ...smallMirror(lower).security, ...older },
    });
    await rm(context.places.cache, { recursive: true });
    for (const act of [() => resolve(context, 'set'), () => cutting()]) {
      await assert.rejects(act(), { code: 'SOURCE_OLDER', hint: /--older-base/ });
    }
    assert.equal((await recorded()).id, first.id);
    const second = await cutting(true);
    assert.notEqual(second.id, first.id);
    const after = await recorded();
    assert.equal(after.packages.find((one) => one.package === 'memcached')!.version, lower);
    // From then on, that is the base
    await resolve(context, 'set');
  });
});
