import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import {
  dropResult,
  gcResult,
  refreshResult,
  verifyResult,
  type VerifyResult,
} from '../../../src/workflows/upkeep/upkeep-results.js';
import { releaseResult } from '../../../src/workflows/release/release-results.js';
import { exitStatus } from '../../../src/errors.js';
import { Bench, cacheMirror, hashes, keepsTo, profile, suite } from '../../fixtures/bad-input-bench.js';

describe('the upkeep of an archive', function () {
  this.timeout(120_000);
  let bench: Bench;
  const ids: string[] = [];

  before(async () => {
    bench = await Bench.make();
    for (const version of ['1.6.18-1', '1.6.19-1', '1.6.20-1', '1.6.21-1']) {
      await bench.mirror.publish(cacheMirror(version));
      ids.push((await bench.succeeds(releaseResult, ['release', profile])).snapshot!);
    }
  });
  after(async () => bench?.end());

  /** Faults, the status that tells of them, and the same in words. */
  async function faulty(...args: string[]): Promise<VerifyResult> {
    const outcome = await bench.run(['verify', ...args, '--json']);
    assert.equal(outcome.status, exitStatus.archive, outcome.stderr);
    assert.match(outcome.stderr, /^Error VERIFY_FAULTS: \d+ fault/m);
    const result = keepsTo(verifyResult, outcome.stdout);
    assert.equal(result.ok, false);
    const inWords = await bench.run(['verify', ...args]);
    assert.equal(inWords.status, exitStatus.archive);
    for (const { path, code, hint } of result.faults) {
      assert.ok(
        inWords.stdout.includes(`${path}: ${code}, `) && inWords.stdout.includes(hint),
        inWords.stdout,
      );
    }
    return result;
  }

  it('verifies, names each fault and repairs it', async () => {
    const before = await bench.state();
    assert.equal((await bench.succeeds(verifyResult, ['verify'])).ok, true);
    assert.deepEqual(await bench.state(), before);
    const packages = bench.path('public/debian/pool/main/m/memcached/memcached_1.6.20-1_amd64.deb');
    const bytes = await readFile(packages);
    bytes[100]! ^= 1;
    await writeFile(packages, bytes);
    await rm(bench.path(`public/debian/dists/${suite}/Release.gpg`));
    const { faults } = await faulty();
    assert.deepEqual(
      faults.map(({ path, kind }) => [path.replace(/^.*\//, ''), kind]),
      [
        ['Release.gpg', 'missing'],
        ['memcached_1.6.20-1_amd64.deb', 'damaged'],
      ],
    );
    assert.deepEqual((await faulty(ids[2]!)).faults, [faults[1]]);
    const repaired = await bench.succeeds(verifyResult, ['verify', '--all', '--repair']);
    assert.deepEqual([repaired.ok, repaired.repairs.length], [true, 2]);
    assert.equal((await bench.state())[packages], before[packages]);
  });

  it('signs again only what is asked for or due', async () => {
    const before = await hashes(bench.path('public'));
    const none = await bench.succeeds(refreshResult, ['refresh', '--all-due']);
    assert.ok(none.views.length >= 5 && none.views.every(({ reason }) => reason === null));
    assert.deepEqual(await hashes(bench.path('public')), before);
    const { views } = await bench.succeeds(refreshResult, ['refresh', suite, '--force']);
    assert.equal(views.filter(({ reason }) => reason === 'forced').length, 1);
    const now = await hashes(bench.path('public'));
    const changed = Object.keys(now).filter((path) => now[path] !== before[path]);
    assert.ok(
      changed.length === 3 && changed.every((path) => /\/(?:InRelease|Release|Release\.gpg)$/.test(path)),
    );
    await bench.fails(['refresh', '--all-due', suite], { code: 'USAGE' });
    await bench.fails(['refresh', 'cache-stabel'], { code: 'SUITE_UNKNOWN', says: [/cache-stable/] });
  });

  it('drops what nothing needs, and collects what was left', async () => {
    await bench.fails(['drop', ids[3]!], { code: 'SNAPSHOT_IN_USE', says: [/points at it/] });
    await bench.fails(['drop', ids[2]!], { code: 'SNAPSHOT_IN_USE', says: [/lists it/] });
    await bench.fails(['drop', '20200101T000000Z'], { code: 'SNAPSHOT_UNKNOWN' });
    const dropped = await bench.succeeds(dropResult, ['drop', ids[0]!, '--reason', 'old']);
    assert.ok(dropped.freed.files > 0);
    assert.equal((await bench.succeeds(verifyResult, ['verify'])).ok, true);
    const before = await bench.state();
    const plan = await bench.succeeds(gcResult, ['gc', '--dry-run', '--grace', '0d']);
    assert.deepEqual(await bench.state(), before);
    assert.deepEqual((await bench.succeeds(gcResult, ['gc'])).removed, []);
    assert.deepEqual(await bench.state(), before);
    const { removed } = await bench.succeeds(gcResult, ['gc', '--grace', '0d']);
    assert.deepEqual(
      removed.map(({ path }) => path),
      plan.removed.map(({ path }) => path),
    );
    const gone = removed.filter(({ kind }) => kind === 'pool').map(({ path }) => path);
    assert.ok(gone.some((path) => path.endsWith('memcached_1.6.18-1_amd64.deb')));
    assert.deepEqual(
      Object.keys(before)
        .filter((path) => !removed.some((each) => bench.path(each.path) === path))
        .sort(),
      Object.keys(await bench.state()).sort(),
    );
    assert.equal((await bench.succeeds(verifyResult, ['verify'])).ok, true);
    await bench.fails(['gc', '--grace', 'soon'], { code: 'USAGE', says: [/14d/] });
    await bench.mirror.publish(cacheMirror('1.6.22-1'));
    await bench.succeeds(releaseResult, ['release', profile]);
    assert.equal((await bench.succeeds(verifyResult, ['verify'])).ok, true);
  });
});
