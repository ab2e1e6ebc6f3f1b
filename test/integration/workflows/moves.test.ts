import assert from 'node:assert/strict';
import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { explainMove, moveFields } from '../../../src/cli/explain/move.js';
import { promoteResult, rollbackResult } from '../../../src/workflows/move/move-results.js';
import { goodSnapshots } from '../../../src/suite/history.js';
import { snapshotFiles } from '../../../src/snapshot/snapshot-folder.js';
import type { MoveOutlook } from '../../../src/workflows/move/move-outlook.js';
import { hashes } from '../../fixtures/bad-input-bench.js';
import { IsolatedApt } from '../../fixtures/archive-bench.js';
import { MoveBench, schemaOf } from './move-bench.js';

describe('suites that move', function () {
  this.timeout(60_000);
  let bench: MoveBench;

  beforeEach(async () => {
    bench = await MoveBench.make();
  });
  afterEach(async () => bench.end());

  const named = (versions: readonly { package: string; version: string }[]): string[] =>
    versions.map((one) => `${one.package} ${one.version}`);

  it('take no snapshot under the name of another one, whatever is known of it already', async () => {
    const one = await bench.cutWiki('1.0-1');
    const two = await bench.cutWiki('1.1-1');
    const three = await bench.cutWiki('1.2-1');
    await bench.publish(one);
    const files = (id: string) => snapshotFiles(bench.context.places.snapshots, { profile: 'set', id });
    for (const part of ['manifest', 'signature', 'evidence'] as const)
      await copyFile(files(one)[part], files(three)[part]);
    const before = await hashes(bench.work.public);
    const other = { code: 'SNAPSHOT_INVALID', message: new RegExp(`holds the snapshot ${one} of set`) };
    await assert.rejects(bench.publish(three), other);
    assert.deepEqual(await hashes(bench.work.public), before);
    assert.deepEqual(
      (await bench.history('set-unstable')).map(({ to }) => to),
      [one],
    );
    await bench.publish(two);
  });

  describe('promoting', () => {
    it('copies what the lower suite points at, and says in the history where it came from', async () => {
      const one = await bench.cutWiki('1.0-1', { security: ['CVE-2026-1234'] });
      const two = await bench.cutWiki('1.1-1', { security: ['CVE-2026-1234'] });
      await bench.publish(one);
      await bench.publish(two);
      await bench.promote('set-unstable', 'set-stable', { id: one, reason: 'old but good' });
      const { report } = await bench.promote('set-unstable', 'set-stable');
      assert.equal(report?.snapshot, two);
      const pool = await readdir(join(bench.work.public, 'debian/pool/main/w/wiki'));
      assert.equal(pool.filter((name) => name.endsWith('.deb')).length, 2, 'the same files, once each');
      const [first, second] = await bench.history('set-stable');
      assert.deepEqual(
        [first!.action, first!.from, first!.to, first!.fromSuite, first!.reason, first!.by],
        ['promote', null, one, 'set-unstable', 'old but good', 'tester@here'],
      );
      assert.deepEqual([second!.from, second!.to, second!.security], [one, two, ['CVE-2026-1234']]);
      const unstable = (await bench.release('set-unstable')).sha256.get('main/binary-amd64/Packages');
      const stable = (await bench.release('set-stable')).sha256.get('main/binary-amd64/Packages');
      assert.deepEqual(stable, unstable, 'the same listing');
    });

    it('again does nothing and notes nothing', async () => {
      await bench.publish(await bench.cutWiki('1.0-1'));
      await bench.promote('set-unstable', 'set-stable');
      const before = await hashes(bench.work.public);
      const { report } = await bench.promote('set-unstable', 'set-stable');
      assert.equal(report?.verdict, 'nothing');
      assert.deepEqual(await hashes(bench.work.public), before);
      assert.equal((await bench.history('set-stable')).length, 1);
    });

    it('is refused across base releases, and so is publishing', async () => {
      const old = await bench.cutWiki('1.0-1');
      const next = await bench.cutWiki('1.0-1+deb13', { base: '13' });
      await bench.publish(old, 'set-stable');
      await bench.publish(next);
      const before = await hashes(bench.work.root);
      await assert.rejects(bench.promote('set-unstable', 'set-stable'), {
        code: 'MOVE_BASE',
        message: new RegExp(
          `${next} is for debian 13 \\(trixie\\), but the suite set-stable is for debian 12`,
        ),
      });
      await assert.rejects(bench.publish(next, 'set-stable'), { code: 'MOVE_BASE' });
      const after = await hashes(bench.work.root);
      for (const path of Object.keys(after)) if (/signing\.log|indices/.test(path)) delete after[path];
      for (const [path, hash] of Object.entries(after)) assert.equal(hash, before[path], path);
    });

    it('is refused for what was never in the lower suite, is dropped or is unknown', async () => {
      const one = await bench.cutWiki('1.0-1');
      const two = await bench.cutWiki('1.1-1');
      await bench.publish(one);
      await assert.rejects(bench.promote('set-unstable', 'set-stable', { id: two }), { code: 'MOVE_TRUST' });
      await assert.rejects(bench.promote('set-unstable', 'set-stable', { id: one.replace(/.Z$/, 'xZ') }), {
        code: 'SNAPSHOT_UNKNOWN',
        message: new RegExp(`did you mean ${one}`),
      });
      await assert.rejects(bench.promote('set-unstable', 'other-stable'), { code: 'SUITE_UNKNOWN' });
      await assert.rejects(bench.promote('set-stable', 'set-unstable'), { code: 'MOVE_TRUST' });
      await assert.rejects(bench.promote('set-testing', 'set-stable'), { code: 'SNAPSHOT_UNKNOWN' });
      await bench.publish(two);
      const { manifest } = snapshotFiles(bench.context.places.snapshots, { profile: 'set', id: one });
      await rm(manifest);
      await assert.rejects(bench.promote('set-unstable', 'set-stable', { id: one }), {
        code: 'SNAPSHOT_UNKNOWN',
      });
    });
  });

  describe('rolling back', () => {
    it('re-issues the earlier listing under a new Date, without what is withdrawn; forward works again', async () => {
      const ids = [];
      for (const version of ['1.0-1', '1.1-1', '1.2-1']) ids.push(await bench.cutWiki(version));
      for (const id of ids) await bench.publish(id, 'set-stable');
      const last = await bench.release('set-stable');
      const { outlook, report } = await bench.rollback('set-stable');
      const back = await bench.release('set-stable');
      assert.ok(back.date > last.date);
      assert.deepEqual(report?.listed, [ids[1], ids[0]]);
      assert.deepEqual(named(outlook.versions.withdrawn), ['set-full 1.2-1', 'wiki 1.2-1']);
      assert.deepEqual(named(outlook.versions.installable), ['set-full 1.0-1', 'wiki 1.0-1']);
      const entry = (await bench.history('set-stable')).at(-1)!;
      assert.deepEqual(
        [entry.action, entry.from, entry.to, entry.reason],
        ['rollback', ids[2], ids[1], 'it broke'],
      );

      await bench.rollback('set-stable');
      await assert.rejects(bench.rollback('set-stable'), { code: 'MOVE_NOWHERE' });
      await bench.publish(ids[2]!, 'set-stable');
      const again = await bench.release('set-stable');
      assert.ok(again.date > back.date);
      assert.equal(
        again.fields.get('X-Lockstep-Listed'),
        `${ids[2]} ${ids[0]}`,
        'what was withdrawn stays so',
      );
      assert.deepEqual(goodSnapshots(await bench.history('set-stable')), [ids[2], ids[0]]);
    });

    it('withdraws a snapshot also where none of its versions is higher', async () => {
      const one = await bench.cutWiki('1.0-1');
      const two = await bench.cut([
        { name: 'wiki', version: '1.0-1' },
        { name: 'extra', version: '1' },
      ]);
      for (const id of [one, two]) await bench.publish(id, 'set-stable');
      const { report, outlook } = await bench.rollback('set-stable');
      assert.deepEqual(report?.listed, [one]);
      assert.deepEqual(named(outlook.versions.withdrawn), ['extra 1']);
    });

    it('says on a dry run what a run says, and writes nothing', async () => {
      const [one, two] = [await bench.cutWiki('1.0-1'), await bench.cutWiki('1.1-1')];
      for (const id of [one, two]) await bench.publish(id, 'set-stable');
      const before = await hashes(bench.work.public);
      const dry = await bench.rollback('set-stable', { dryRun: true });
      assert.deepEqual(await hashes(bench.work.public), before);
      assert.equal((await bench.history('set-stable')).length, 2);
      const wet = await bench.rollback('set-stable');
      assert.deepEqual(wet.outlook, dry.outlook);
      assert.equal(explainMove(wet.outlook), explainMove(dry.outlook));
      rollbackResult.parse({
        ...moveFields(wet.outlook),
        reissues: wet.outlook.reissues,
        publication: wet.report,
      });
    });

    it('goes to a snapshot that is named, of its own profile, older than the present one', async () => {
      const other = await bench.cutWiki('9.0-1', { profile: 'other' });
      const never = await bench.cutWiki('1.0-1');
      const one = await bench.cutWiki('1.1-1');
      const newer = await bench.cutWiki('1.2-1');
      await bench.publish(one, 'set-stable');
      await assert.rejects(bench.rollback('set-stable'), { code: 'MOVE_NOWHERE' });
      await assert.rejects(bench.rollback('set-stable', { to: newer }), { code: 'MOVE_NOWHERE' });
      await assert.rejects(bench.rollback('set-stable', { to: other }), { code: 'SUITE_UNKNOWN' });
      await assert.rejects(bench.rollback('set-stable', { to: '20200101T000000Z' }), {
        code: 'SNAPSHOT_UNKNOWN',
      });
      await assert.rejects(bench.rollback('set-stable', { reason: ' ' }), { code: 'USAGE' });
      await assert.rejects(bench.rollback('set-stabel'), {
        code: 'SUITE_UNKNOWN',
        message: /did you mean "set-stable"/,
      });
      const { report } = await bench.rollback('set-stable', { to: never });
      assert.equal(report?.snapshot, never);
    });

    it('tells that the snapshot it goes to was withdrawn before', async () => {
      const ids = [];
      for (const version of ['1.0-1', '1.1-1', '1.2-1']) ids.push(await bench.cutWiki(version));
      for (const id of ids.slice(0, 2)) await bench.publish(id, 'set-stable');
      await bench.rollback('set-stable', { reason: 'login is broken' });
      await bench.publish(ids[2]!, 'set-stable');
      const { outlook } = await bench.rollback('set-stable', { to: ids[1] });
      assert.equal(outlook.withdrawnBefore?.reason, 'login is broken');
      assert.match(explainMove(outlook), /Warning: this snapshot was withdrawn .* "login\sis\sbroken"/);
    });

    it('across a schema change needs the word for it, as a promotion does', async () => {
      const old = await bench.cutWiki('1.0-1', { schema: schemaOf('1.39') });
      const same = await bench.cutWiki('1.1-1', { schema: schemaOf('1.39') });
      const next = await bench.cutWiki('2.0-1', { schema: schemaOf('1.43') });
      const told: (string | null)[] = [];
      for (const id of [old, same, next]) {
        await bench.publish(id);
        told.push((await bench.history('set-unstable')).at(-1)!.to);
      }
      assert.deepEqual(told, [old, same, next], 'publishing only tells');
      await assert.rejects(bench.rollback('set-unstable'), { code: 'MOVE_SCHEMA' });
      const { outlook } = await bench.rollback('set-unstable', { schemaChange: true });
      assert.equal(outlook.schema?.from?.version, '1.43');
      assert.equal(outlook.program, 'set-full');
      await bench.rollback('set-unstable');
      await bench.promote('set-unstable', 'set-stable');
      await bench.publish(next);
      await assert.rejects(bench.promote('set-unstable', 'set-stable'), { code: 'MOVE_SCHEMA' });
      const up = await bench.promote('set-unstable', 'set-stable', { schemaChange: true });
      assert.match(
        moveFields(up.outlook).database!,
        /from the schema of wiki 1\.39 \(\w{12}\) to the schema of wiki 1\.43 \(\w{12}\)/,
      );
      promoteResult.parse({ ...moveFields(up.outlook), fromSuite: 'set-unstable', publication: up.report });
    });

    it('reads no manifest of what it has seen before', async () => {
      const [one, two] = [await bench.cutWiki('1.0-1'), await bench.cutWiki('1.1-1')];
      for (const id of [one, two]) await bench.publish(id, 'set-stable');
      for (const id of [one, two]) {
        const { manifest } = snapshotFiles(bench.context.places.snapshots, { profile: 'set', id });
        await writeFile(manifest, 'not read');
      }
      const { report } = await bench.rollback('set-stable');
      assert.equal(report?.snapshot, one);
    });
  });

  describe('under higher versions', () => {
    it('says what would be without cutting, then cuts and publishes it as a rollback', async () => {
      const [one, two] = [await bench.cutWiki('1.0-1'), await bench.cutWiki('1.1-1')];
      for (const id of [one, two]) await bench.publish(id, 'set-stable');
      const before = await hashes(bench.context.places.snapshots);
      const dry = await bench.rollback('set-stable', { supersede: true, dryRun: true });
      assert.deepEqual(await hashes(bench.context.places.snapshots), before);
      assert.equal(dry.outlook.to, null);
      const wet = await bench.rollback('set-stable', { supersede: true });
      assert.deepEqual(wet.outlook.versions, dry.outlook.versions);
      const entry = (await bench.history('set-stable')).at(-1)!;
      assert.deepEqual([entry.action, entry.from, entry.reissues], ['rollback', two, one]);
      assert.equal(entry.to, wet.outlook.to);
      assert.deepEqual(wet.report?.listed, [entry.to, one]);
      const words = moveFields(wet.outlook).machines;
      assert.match(words.unpinned, /dist-upgrade upgrades them to the re-issued versions/);
      // Forward, and back again, from there
      const three = await bench.cutWiki('1.2-1');
      await bench.publish(three, 'set-stable');
      assert.equal((await bench.rollback('set-stable')).report?.snapshot, entry.to);
      assert.equal((await bench.rollback('set-stable')).report?.snapshot, one);
    });

    it('brings along, after a plain rollback, what could not follow that', async () => {
      const ids = [];
      for (const version of ['1.0-1', '1.1-1', '1.2-1']) ids.push(await bench.cutWiki(version));
      for (const id of ids) await bench.publish(id, 'set-stable');
      await bench.rollback('set-stable');
      const { outlook, report } = await bench.rollback('set-stable', { supersede: true });
      assert.equal(outlook.reissues, ids[1]);
      assert.deepEqual(report?.listed.slice(1), [ids[1], ids[0]]);
      await assert.rejects(bench.rollback('set-stable', { supersede: true, to: ids[1] }), {
        code: 'MOVE_UNNEEDED',
      });
    });
  });

  describe('a clock that runs backwards', () => {
    it('is told of, and neither Release nor history goes back with it', async () => {
      // The archive's key is older than any clock of the test
      bench.work.clock.move(86_400);
      const [one, two] = [await bench.cutWiki('1.0-1'), await bench.cutWiki('1.1-1')];
      for (const id of [one, two]) await bench.publish(id, 'set-stable');
      const last = await bench.release('set-stable');
      bench.work.clock.move(-7200);
      const { outlook } = await bench.rollback('set-stable');
      assert.ok(outlook.clockBehind > 7000 && outlook.clockBehind <= 7200, `${outlook.clockBehind}`);
      assert.match(explainMove(outlook), /Warning: this machine's clock is 1\d\d minutes behind the last/);
      assert.equal((await bench.release('set-stable')).date, last.date + 1);
      const times = (await bench.history('set-stable')).map(({ at }) => at);
      assert.deepEqual(times, times.toSorted());
    });
  });

  it('are followed by a real apt, forward, back and forward', async () => {
    const [one, two] = [await bench.cutWiki('1.0-1'), await bench.cutWiki('1.1-1')];
    await bench.publish(one, 'set-stable');
    const sources = await readFile(join(bench.work.public, 'debian/set-stable.sources'), 'utf8');
    const apt = await IsolatedApt.make(
      join(bench.work.root, 'apt'),
      sources.replace(/^URIs:.*$/gm, `URIs: file:${bench.work.public}/debian`),
    );
    const seen: string[][] = [];
    const look = async (): Promise<void> => {
      assert.deepEqual(await apt.update(), []);
      seen.push(await apt.versions('wiki'));
    };
    await look();
    await bench.publish(two, 'set-stable');
    await look();
    await bench.rollback('set-stable');
    await look();
    await bench.publish(two, 'set-stable');
    await look();
    const { outlook } = await bench.rollback('set-stable', { supersede: true });
    await look();
    const raised = outlook.versions.steps.find((step) => step.package === 'wiki')!.to!;
    assert.deepEqual(seen, [['1.0-1'], ['1.1-1', '1.0-1'], ['1.0-1'], ['1.1-1', '1.0-1'], [raised, '1.0-1']]);
  });

  it('tell before they write, and a refusal comes before the telling', async () => {
    const [one, two] = [await bench.cutWiki('1.0-1'), await bench.cutWiki('1.1-1')];
    for (const id of [one, two]) await bench.publish(id, 'set-stable');
    const told: MoveOutlook[] = [];
    await bench.rollback('set-stable', {
      onOutlook: (outlook) => {
        told.push(outlook);
      },
    });
    assert.deepEqual([told[0]!.from, told[0]!.to], [two, one]);
    await assert.rejects(bench.rollback('set-stable', { onOutlook: (outlook) => void told.push(outlook) }), {
      code: 'MOVE_NOWHERE',
    });
    assert.equal(told.length, 1);
  });
});
