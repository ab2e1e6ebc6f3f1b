import assert from 'node:assert/strict';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { releaseResult } from '../../../src/workflows/release/release-results.js';
import { promoteResult, publishResult, rollbackResult } from '../../../src/workflows/move/move-results.js';
import { statusResult } from '../../../src/workflows/reading/status-result.js';
import { systemClock } from '../../../src/io/clock.js';
import { takeLock } from '../../../src/io/lock.js';
import { openpgpSigner } from '../../../src/signing/signer.js';
import { Ledger } from '../../../src/workflows/workspace/ledger.js';
import { evidenceBeside } from '../../fixtures/snapshots.js';
import { planSnapshot, type SnapshotContent } from '../../../src/snapshot/snapshot-plan.js';
import { applySnapshot, listSnapshots, readSnapshot } from '../../../src/snapshot/snapshot-folder.js';
import { IsolatedApt } from '../../fixtures/archive-bench.js';
import { Bench, cacheMirror, profile, suite } from '../../fixtures/bad-input-bench.js';

const stable = 'cache-stable';
const why = ['--reason', 'a test'];

describe('moving suites', function () {
  this.timeout(120_000);
  let bench: Bench;
  /** The first and second snapshot; the unstable suite is at the second. */
  let first: string;
  let second: string;

  before(async () => {
    bench = await Bench.make();
    first = (await bench.succeeds(releaseResult, ['release', profile])).snapshot!;
    await bench.mirror.publish(cacheMirror('1.6.19-1'));
    second = (await bench.succeeds(releaseResult, ['release', profile])).snapshot!;
  });
  after(async () => bench?.end());

  /** Cuts what the second snapshot is, but for something that no mirror of a test can make so. */
  async function recut(change: Partial<SnapshotContent>): Promise<string> {
    const root = bench.path('snapshots');
    const { manifest } = await readSnapshot(root, { profile, id: second });
    const evidence = await evidenceBeside(root, { profile, id: second });
    const now = new Date();
    const plan = planSnapshot({
      content: { sourceChangelogs: [], ...manifest, evidence, ...change } as SnapshotContent,
      last: null,
      taken: (await listSnapshots(root)).map(({ id }) => id),
      now,
      tool: manifest.tool,
    });
    const signer = await openpgpSigner({ keyFile: bench.path('.lockstep/keys/archive.asc') });
    await applySnapshot(root, plan, { signer, now });
    return plan.id;
  }

  it('names the suite that was meant', async () => {
    const says = [/lockstep\.yaml has no suite "cache-stabel"; did you mean "cache-stable"\?/];
    for (const args of [
      ['promote', suite, 'cache-stabel'],
      ['promote', 'cache-stabel', stable],
      ['rollback', 'cache-stabel', ...why],
      ['publish', second, 'cache-stabel'],
      ['status', 'cache-stabel'],
    ]) {
      await bench.fails(args, { code: 'SUITE_UNKNOWN', says });
    }
  });

  it('names the snapshot that was meant', async () => {
    const slip = second.replace(/^2/, '3');
    for (const args of [
      ['publish', slip, stable],
      ['promote', suite, stable, slip],
      ['rollback', suite, '--to', slip, ...why],
    ]) {
      await bench.fails(args, {
        code: 'SNAPSHOT_UNKNOWN',
        says: [new RegExp(`${slip}.*did you mean ${second}`), /The newest snapshots are/],
      });
    }
  });

  it('promotes upwards only, out of a suite that has something, within one profile', async () => {
    await bench.fails(['promote', stable, suite], {
      code: 'MOVE_TRUST',
      says: [
        /has the trust level unstable, which is not higher than stable, the trust level of cache-stable/,
        /higher trust level: unstable, stable/,
      ],
    });
    await bench.fails(['promote', suite, suite], { code: 'MOVE_TRUST' });
    await bench.fails(['promote', 'mediawiki-1.39-unstable', 'mediawiki-1.39-stable'], {
      code: 'SNAPSHOT_UNKNOWN',
      says: [/points at no snapshot yet/],
    });
    await bench.fails(['promote', suite, 'mediawiki-1.39-stable'], { code: 'SUITE_UNKNOWN' });
  });

  it('goes back only where there is something to go back to, and with a reason', async () => {
    await bench.fails(['rollback', stable, ...why], {
      code: 'MOVE_NOWHERE',
      says: [/points at no snapshot, so it cannot be rolled back/],
    });
    await bench.fails(['rollback', suite], {
      code: 'USAGE',
      says: [/needs a reason/, new RegExp(`: lockstep rollback ${suite} --reason TEXT$`, 'm')],
    });
    await bench.fails(['rollback', suite, '--to', first, '--supersede'], {
      code: 'USAGE',
      says: [new RegExp(`lockstep rollback ${suite} --to ${first} --supersede --reason TEXT$`, 'm')],
    });
    await bench.fails(['rollback', suite, '--reason', '  '], { code: 'USAGE', says: [/reason .* is empty/] });
    await bench.fails(['rollback', suite, '--to', second, ...why], {
      code: 'MOVE_NOWHERE',
      says: [/already points at/],
    });
    await bench.succeeds(publishResult, ['publish', first, stable]);
    await bench.fails(['rollback', stable, ...why], {
      code: 'MOVE_NOWHERE',
      says: [/no good snapshot before/, /lockstep snapshots cache/],
    });
    await bench.fails(['rollback', stable, '--to', second, ...why], {
      code: 'MOVE_NOWHERE',
      says: [new RegExp(`lockstep publish ${second} ${stable}`)],
    });
  });

  it('keeps a suite with its base release', async () => {
    await bench.succeeds(publishResult, ['publish', first, stable]);
    const base = { distribution: 'debian', release: '13', codename: 'trixie', architectures: ['amd64'] };
    const other = await recut({ base });
    const says = [new RegExp(`${other} is for debian 13 \\(trixie\\), but the suite .* is for debian 12`)];
    await bench.fails(['publish', other, stable], { code: 'MOVE_BASE', says });
    await bench.fails(['rollback', stable, '--to', other, ...why], { code: 'MOVE_NOWHERE' });
    await bench.edit('lockstep.yaml', (text) =>
      text.replace('suites:\n', `suites:\n  cache-next: { profile: ${profile}, trust: unstable }\n`),
    );
    await bench.succeeds(publishResult, ['publish', other, 'cache-next']);
    await bench.fails(['promote', 'cache-next', stable], { code: 'MOVE_BASE', says });
    await bench.fails(['rollback', 'cache-next', '--to', first, ...why], { code: 'MOVE_BASE' });
  });

  it('moves across a schema change only when told that it may', async () => {
    const schema = (version: string) => ({
      component: 'memcached',
      version,
      digest: version.replace('.', '').padEnd(64, '0'),
    });
    const old = await recut({ schema: schema('1.39') });
    const next = await recut({ schema: schema('1.43') });
    await bench.succeeds(publishResult, ['publish', old, suite]);
    await bench.succeeds(publishResult, ['publish', old, stable]);
    const published = await bench.run(['publish', next, suite]);
    assert.equal(published.status, 0, published.stderr);
    assert.match(
      published.stderr,
      /database schema changes in cache-unstable.*memcached 1\.39.*memcached 1\.43/s,
    );
    const says = [/memcached 1\.39.*memcached 1\.43/, /--schema-change/];
    await bench.fails(['promote', suite, stable], { code: 'MOVE_SCHEMA', says });
    const dry = await bench.run(['promote', suite, stable, '--schema-change', '--dry-run']);
    assert.match(dry.stderr, /^Database:/m);
    await bench.succeeds(promoteResult, ['promote', suite, stable, '--schema-change']);
    await bench.fails(['rollback', stable, ...why], { code: 'MOVE_SCHEMA', says: [/--schema-change/] });
    const back = await bench.succeeds(rollbackResult, ['rollback', stable, '--schema-change', ...why]);
    assert.equal(back.to, old);
    assert.match(back.database!, /memcached 1\.43 \(\w{12}\) to the schema of memcached 1\.39 \(\w{12}\)/);
  });

  it('says what will be before it is done, and shows it afterwards', async () => {
    const fresh = await Bench.make();
    try {
      const one = (await fresh.succeeds(releaseResult, ['release', profile])).snapshot!;
      await fresh.mirror.publish(cacheMirror('1.6.19-1'));
      const two = (await fresh.succeeds(releaseResult, ['release', profile])).snapshot!;
      await fresh.succeeds(promoteResult, ['promote', suite, stable, one]);
      const up = await fresh.succeeds(promoteResult, ['promote', suite, stable, '--reason', 'good']);
      assert.deepEqual([up.from, up.to, up.publication?.listed], [one, two, [two, one]]);

      const before = await fresh.state();
      const without = await fresh.run(['rollback', stable, '--dry-run']);
      assert.equal(without.status, 0, without.stderr);
      assert.doesNotMatch(without.stderr, /Reason:/);
      const dry = await fresh.run(['rollback', stable, ...why, '--dry-run']);
      assert.equal(dry.status, 0, dry.stderr);
      assert.match(dry.stderr, /goes back to/);
      assert.match(dry.stdout, /^inrelease\tdebian\/dists\/cache-stable\/InRelease$/m);
      assert.deepEqual(await fresh.state(), before);

      const wet = await fresh.run(['rollback', stable, ...why]);
      assert.equal(wet.status, 0, wet.stderr);
      assert.equal(wet.stdout.trim(), one);
      for (const words of [/bench-archive-keyring \(pin 1001\)/, /without that pin/, /--allow-downgrades/]) {
        assert.match(wet.stderr, words);
      }
      const entry = (await Ledger.open(fresh.path('snapshots'))).history(stable).at(-1)!;
      assert.deepEqual([entry.action, entry.to, entry.reason], ['rollback', one, 'a test']);
      const forward = await fresh.succeeds(promoteResult, ['promote', suite, stable]);
      assert.match(forward.warnings.join(), /was withdrawn from cache-stable/);
      const text = await readFile(join(fresh.workspace, 'public/debian/dists', stable, 'InRelease'), 'utf8');
      assert.match(text, new RegExp(`^X-Lockstep-Snapshot: ${two}$`, 'm'));
    } finally {
      await fresh.end();
    }
  });

  it('goes back without the keyring package: new machines and old ones have the newest', async () => {
    const fresh = await Bench.make();
    try {
      const one = (await fresh.succeeds(releaseResult, ['release', profile])).snapshot!;
      const keyring = 'bench-archive-keyring';
      const offered = async (name: string): Promise<string[]> => {
        const text = await readFile(fresh.path(`public/debian/${suite}.sources`), 'utf8');
        const sources = text.replace(/^URIs: .*$/gm, `URIs: file:${fresh.path('public/debian')}`);
        const apt = await IsolatedApt.make(await mkdtemp(join(fresh.cache, 'apt-')), sources);
        assert.deepEqual(await apt.update(), []);
        return await apt.versions(name);
      };
      const first = await offered(keyring);
      // The archive moves: what machines need to know is in the keyring package
      await fresh.edit('lockstep.yaml', (text) =>
        text.replace(/baseUrl: .*/, 'baseUrl: http://elsewhere.invalid'),
      );
      await fresh.mirror.publish(cacheMirror('1.6.19-1'));
      await fresh.succeeds(releaseResult, ['release', profile]);
      const [newest] = await offered(keyring);
      assert.ok(!first.includes(newest!), newest);
      await fresh.succeeds(rollbackResult, ['rollback', suite, ...why]);
      assert.deepEqual(await offered('memcached'), ['1.6.18-1']);
      assert.equal((await offered(keyring))[0], newest);
      const lists = await fresh.run(['show', one, '--json']);
      assert.ok(!lists.stdout.includes(`"version": "${newest}"`), 'the old set had the old one');
      assert.equal((await fresh.run(['verify'])).status, 0);
    } finally {
      await fresh.end();
    }
  });

  it('while another run is at work waits for nobody: a move is refused, status shows', async () => {
    const lock = await takeLock(bench.path('.lockstep/lock'), {
      command: 'lockstep cut cache',
      clock: systemClock,
    });
    assert.ok('release' in lock);
    try {
      const refused = await bench.run(['rollback', suite, ...why, '--json']);
      assert.match(refused.stdout, /"LOCK_HELD"/);
      const report = await bench.succeeds(statusResult, ['status']);
      assert.equal(report.running?.command, 'lockstep cut cache');
      assert.ok(report.suites.some((one) => one.suite === suite && one.snapshot !== null && one.agrees));
    } finally {
      await lock.release();
    }
    const table = await bench.run(['status']);
    assert.equal(table.status, 0);
    assert.match(table.stdout, /^suite +trust +profile +snapshot/);
    assert.match(table.stdout, /^cache-unstable +unstable +cache +\d{8}T\d{6}Z /m);
    assert.match(table.stdout, /^mediawiki-1\.39-stable +stable +mediawiki-1\.39 +- /m);
  });
});
