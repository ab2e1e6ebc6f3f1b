import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContentStore } from '../../../src/io/content-store.js';
import { temporaryName } from '../../../src/io/disk.js';
import { LockstepError } from '../../../src/errors.js';
import type { Context } from '../../../src/workflows/workspace/context.js';
import { drop } from '../../../src/workflows/upkeep/drop.js';
import { gc } from '../../../src/workflows/upkeep/gc.js';
import { refresh } from '../../../src/workflows/upkeep/refresh.js';
import { registerWorkspace } from '../../../src/workflows/upkeep/shared-cache.js';
import type { GcReport } from '../../../src/workflows/upkeep/upkeep-results.js';
import { FailingPort } from '../archive/failing-port.js';
import { MoveBench } from './move-bench.js';
import { everything, flipped, replace, troubles, verified } from './tampering.js';

const day = 86_400;

describe('collecting what nothing refers to', function () {
  this.timeout(300_000);
  let bench: MoveBench;
  let ids: string[];

  beforeEach(async () => {
    // So far back that apt, which has the machine's clock, takes what is dated when the test is over
    bench = await MoveBench.make(400 * day);
    ids = [];
    for (const version of ['1.0-1', '1.1-1', '1.2-1', '1.3-1', '1.4-1']) {
      ids.push(await bench.cutWiki(version));
      await bench.publish(ids.at(-1)!);
    }
    await bench.promote('set-unstable', 'set-stable');
  });
  afterEach(async () => bench.end());

  const collect = (grace = 14 * day, context: Context = bench.context, dryRun = false): Promise<GcReport> =>
    gc(context, { grace, dryRun });
  const kinds = ({ removed }: GcReport): string[] => [...new Set(removed.map(({ kind }) => kind))].sort();
  const ofKind = ({ removed }: GcReport, kind: string): string[] =>
    removed.filter((item) => item.kind === kind).map(({ path }) => path.replace(/^public\//, ''));

  /** Now and not earlier: what apt reads must be dated by the machine's clock. */
  async function assertUsable(): Promise<void> {
    const { clock } = bench.work;
    clock.move(Math.floor((Date.now() - clock.now().getTime()) / 1000) - 3600);
    await refresh(bench.context, { suites: [], force: false, formerKeys: [], dryRun: false });
    assert.deepEqual((await verified(bench.context)).faults, []);
    assert.deepEqual(await troubles(bench, 'unstable', 'set-unstable'), []);
    assert.deepEqual(await troubles(bench, 'stable', 'set-stable'), []);
    for (const id of ids) assert.deepEqual(await troubles(bench, id, 'set-unstable', id), []);
  }

  it('takes nothing that a view or a snapshot needs, however long ago it was placed', async () => {
    const before = await everything(bench.work.root);
    bench.work.clock.move(365 * day);
    const report = await collect();
    assert.deepEqual(kinds(report), ['by-hash']);
    const gone = new Set(ofKind(report, 'by-hash').map((path) => `public/${path}`));
    assert.deepEqual(
      await everything(bench.work.root),
      before.filter((path) => !gone.has(path)),
    );
    await assertUsable();
    assert.deepEqual((await collect()).removed, []);
  });

  it('leaves earlier generations to clients that are still reading by them', async () => {
    const view = join(bench.work.public, 'debian/dists/set-unstable');
    const inRelease = await readFile(join(view, 'InRelease'));
    bench.work.clock.move(20 * day);
    await bench.publish(await bench.cutWiki('1.5-1'));
    await collect();
    // The InRelease of before, as a client has it that was slow
    const now = await readFile(join(view, 'InRelease'));
    await writeFile(join(view, 'InRelease'), inRelease);
    const listed = /^ ([0-9a-f]{64}) +\d+ (main\/binary-amd64\/Packages\.xz)$/m.exec(inRelease.toString())!;
    assert.ok((await stat(join(view, 'main/binary-amd64/by-hash/SHA256', listed[1]!))).isFile());
    await writeFile(join(view, 'InRelease'), now);
    bench.work.clock.move(15 * day);
    const paths = ofKind(await collect(), 'by-hash');
    assert.ok(paths.some((path) => path.endsWith(listed[1]!)));
  });

  it('takes the packages of a dropped snapshot once they were needless for the grace period', async () => {
    const only = 'debian/pool/main/w/wiki/wiki_1.0-1_all.deb';
    await drop(bench.context, { id: ids[0]!, reason: undefined, dryRun: false });
    ids.shift();
    // Placed long ago, needless since now
    await utimes(join(bench.work.public, only), new Date(0), new Date(0));
    const early = await collect();
    assert.deepEqual(ofKind(early, 'pool'), []);
    assert.ok(early.waiting.some(({ path }) => path === `public/${only}`));
    bench.work.clock.move(13 * day);
    assert.deepEqual(ofKind(await collect(), 'pool'), []);
    bench.work.clock.move(2 * day);
    const plan = await collect(14 * day, bench.context, true);
    assert.ok((await stat(join(bench.work.public, only))).isFile());
    const late = await collect();
    assert.deepEqual(late.removed, plan.removed);
    assert.equal(ofKind(late, 'pool').length, 7);
    assert.ok(ofKind(late, 'pool').includes(only));
    assert.ok(
      !(await readdir(join(bench.work.public, 'debian/pool/main/w/wiki'))).includes('wiki_1.0-1_all.deb'),
    );
    await assertUsable();
  });

  it('keeps what is needed again before its time is over', async () => {
    const stray = join(bench.work.public, 'debian/pool/main/w/wiki/wiki_1.5-1_all.deb');
    const built = await bench.work.deb({ name: 'wiki', version: '1.5-1' });
    await writeFile(stray, await bench.work.store.read(built.file.sha256));
    assert.ok((await collect()).waiting.some(({ path }) => path.endsWith('wiki_1.5-1_all.deb')));
    bench.work.clock.move(20 * day);
    ids.push(
      await bench.cut([
        { name: 'wiki', version: '1.5-1' },
        { name: 'set-full', version: '1.5-1' },
        { name: 'cache', version: '1.0-1' },
      ]),
    );
    const report = await collect();
    assert.deepEqual(ofKind(report, 'pool'), []);
    assert.ok(!report.waiting.some(({ kind }) => kind === 'pool'));
  });

  it('starts anew where it is not known since when', async () => {
    const stray = 'debian/pool/main/w/wiki/stray.deb';
    await writeFile(join(bench.work.public, stray), 'x');
    await collect();
    await writeFile(join(bench.context.places.state, 'unreferenced.json'), 'damaged');
    bench.work.clock.move(15 * day);
    assert.deepEqual(ofKind(await collect(), 'pool'), []);
    bench.work.clock.move(15 * day);
    assert.deepEqual(ofKind(await collect(), 'pool'), [stray]);
  });

  it('refuses while a manifest is missing or damaged, and leaves views alone that nobody vouches for', async () => {
    const manifest = join(bench.context.places.snapshots, 'set', `${ids[1]}.json`);
    const bytes = await readFile(manifest);
    await replace(manifest, flipped(bytes, 2));
    await assert.rejects(collect(0), { code: 'SNAPSHOT_INVALID' });
    await rm(manifest);
    await assert.rejects(collect(0), { code: 'SNAPSHOT_INVALID' });
    await replace(manifest, bytes);
    const view = join(bench.work.public, 'debian/dists/set-unstable');
    for (const name of ['InRelease', 'Release.gpg']) {
      await replace(join(view, name), flipped(await readFile(join(view, name)), 11));
    }
    const report = await collect(0);
    assert.ok(!report.removed.some(({ path }) => path.includes('dists/set-unstable/main')));
    assert.match(report.notes.join(), /dists\/set-unstable is not cleaned/);
  });

  it('takes what killed runs left half-written', async () => {
    const left = [
      temporaryName(join(bench.work.public, 'debian/pool/main/w/wiki/x.deb')),
      temporaryName(join(bench.work.public, 'debian/dists/set-stable/InRelease')),
      temporaryName(join(bench.context.places.snapshots, 'set/x.json')),
    ];
    for (const file of left) await writeFile(file, 'half');
    const report = await collect();
    assert.equal(ofKind(report, 'temporary').length, 2);
    for (const file of left) await assert.rejects(stat(file));
    await assertUsable();
  });

  it('finishes drops, and removes what was derived from what is gone', async () => {
    const records = join(bench.context.places.state, 'indices/snapshots');
    const before = (await readdir(records)).length;
    const failing = bench.again(new FailingPort(bench.context.archive, 2, 'after'));
    await assert.rejects(drop(failing, { id: ids[0]!, reason: undefined, dryRun: false }));
    await writeFile(join(records, `${'a'.repeat(64)}.json`), '{}');
    await utimes(join(records, `${'a'.repeat(64)}.json`), new Date(0), new Date(0));
    bench.work.clock.move(30 * day);
    const report = await collect();
    assert.deepEqual(report.finished, [ids.shift()]);
    assert.ok(ofKind(report, 'record').some((path) => path.endsWith(`${'a'.repeat(64)}.json`)));
    assert.equal((await readdir(records)).length, before - 1);
    await assertUsable();
    ids.push(await bench.cutWiki('1.6-1'));
    await bench.publish(ids.at(-1)!);
    assert.deepEqual((await verified(bench.context)).faults, []);
  });

  it('is completed by the next run, wherever it was killed', async () => {
    await drop(bench.context, { id: ids.shift()!, reason: undefined, dryRun: false });
    bench.work.clock.move(30 * day);
    const wanted = (await collect(14 * day, bench.context, true)).removed.filter(
      ({ kind }) => kind !== 'store',
    );
    assert.ok(wanted.length > 10);
    for (let runs = 0; ; runs++) {
      const context = bench.again(new FailingPort(bench.context.archive, 2, 'after'));
      const ended = await collect(14 * day, context).then(
        () => true,
        (error: unknown) => {
          assert.ok(
            error instanceof LockstepError && error.code === 'DISK_IO',
            String((error as Error).stack),
          );
          return false;
        },
      );
      const { faults } = await verified(bench.context);
      assert.ok(faults.every(({ kind }) => kind === 'expired'));
      if (ended) break;
      assert.ok(runs < wanted.length);
    }
    for (const { kind, path } of wanted) {
      if (kind !== 'record') await assert.rejects(stat(join(bench.work.root, path)), path);
    }
    await assertUsable();
  });

  describe('in the content store', () => {
    const old = new Date(0);

    async function age(store: ContentStore): Promise<number> {
      let blobs = 0;
      for await (const { path } of store.list()) {
        await utimes(path, old, old);
        blobs += 1;
      }
      return blobs;
    }

    it('keeps what this workspace can still need, and takes what is old and nobody needs', async () => {
      const { store } = bench.work;
      const needless = await store.put(Buffer.from('needless'));
      await age(store);
      const young = await store.put(Buffer.from('young'));
      bench.work.clock.move(day);
      const report = await collect();
      assert.deepEqual(ofKind(report, 'store').includes(store.path(needless.sha256)), true);
      assert.equal(await store.has(young.sha256), true);
      for (const id of ids) {
        const text = await readFile(join(bench.context.places.snapshots, 'set', `${id}.json`), 'utf8');
        const { packages } = JSON.parse(text) as { packages: { sha256: string }[] };
        for (const { sha256 } of packages) assert.equal(await store.holds(sha256), true);
      }
      await rm(join(bench.work.public, 'debian/pool'), { recursive: true });
      const { verify } = await import('../../../src/workflows/upkeep/verify.js');
      assert.deepEqual(
        (await verify(bench.context, { target: undefined, repair: true, keyrings: [] })).faults,
        [],
      );
    });

    it('keeps what another workspace that shares the cache refers to', async () => {
      const { store } = bench.work;
      const theirs = await store.put(Buffer.from('theirs'));
      const nobodys = await store.put(Buffer.from('nobodys'));
      await age(store);
      const root = join(bench.work.root, 'other-workspace');
      await mkdir(join(root, 'snapshots/set'), { recursive: true });
      await writeFile(join(root, 'lockstep.yaml'), '');
      await writeFile(
        join(root, 'snapshots/set/20260101T000000Z.json'),
        JSON.stringify({ sha256: theirs.sha256 }),
      );
      await registerWorkspace({ ...bench.context, workspace: { ...bench.context.workspace, root } });
      await collect();
      assert.deepEqual([await store.has(theirs.sha256), await store.has(nobodys.sha256)], [true, false]);
    });

    it('takes nothing while a workspace that shares it is not there, and forgets it in the end', async () => {
      const { store, clock } = bench.work;
      const theirs = await store.put(Buffer.from('theirs'));
      await age(store);
      const root = join(bench.work.root, 'unplugged');
      await registerWorkspace({ ...bench.context, workspace: { ...bench.context.workspace, root } });
      const { notes } = await collect();
      assert.match(notes.join(), /content store is not cleaned: .*unplugged/);
      assert.equal(await store.has(theirs.sha256), true);
      clock.move(31 * day);
      assert.deepEqual((await collect()).notes, []);
      assert.equal(await store.has(theirs.sha256), false);
    });
  });
});
