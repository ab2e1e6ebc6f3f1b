import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import fs from 'node:fs';
import { join } from 'node:path';
import git from 'isomorphic-git';
import { LockstepError } from '../../../src/errors.js';
import { readDropped } from '../../../src/snapshot/dropped.js';
import { listSnapshots } from '../../../src/snapshot/snapshot-folder.js';
import { drop, type DropReport } from '../../../src/workflows/upkeep/drop.js';
import type { Context } from '../../../src/workflows/workspace/context.js';
import { FailingPort } from '../archive/failing-port.js';
import { MoveBench } from './move-bench.js';
import { atFault, flipped, replace, troubles, verified } from './tampering.js';

describe('dropping snapshots', function () {
  this.timeout(300_000);
  let bench: MoveBench;
  let ids: string[];

  beforeEach(async () => {
    bench = await MoveBench.make();
    ids = [];
    for (const version of ['1.0-1', '1.1-1', '1.2-1', '1.3-1', '1.4-1']) {
      ids.push(await bench.cutWiki(version));
      await bench.publish(ids.at(-1)!);
    }
    await bench.promote('set-unstable', 'set-stable');
  });
  afterEach(async () => bench.end());

  const dropped = (
    id: string,
    options: { reason?: string; dryRun?: boolean; context?: Context } = {},
  ): Promise<DropReport> =>
    drop(options.context ?? bench.context, { id, reason: options.reason, dryRun: options.dryRun === true });
  const there = async (): Promise<string[]> =>
    (await listSnapshots(bench.context.places.snapshots, 'set')).map(({ id }) => id);
  const inUse = async (id: string, says: RegExp): Promise<void> => {
    await assert.rejects(dropped(id), (error: unknown) => {
      assert.ok(error instanceof LockstepError && error.code === 'SNAPSHOT_IN_USE', String(error));
      assert.match(error.where.map(({ path, message }) => `${path}: ${message}`).join('; '), says);
      assert.notEqual(error.hint, undefined);
      return true;
    });
  };

  it('takes the oldest away, and only that; machines and verify see nothing of it', async () => {
    const [oldest = '', next = ''] = ids;
    const plan = await dropped(oldest, { dryRun: true });
    assert.deepEqual(await there(), ids);
    assert.equal(plan.files[0], `public/snapshot/${oldest}/dists/set-unstable/InRelease`);
    const report = await dropped(oldest, { reason: 'too old' });
    assert.deepEqual(report, plan);
    assert.deepEqual([report.verdict, report.freed.files], ['drop', 7]);
    assert.deepEqual(await there(), ids.slice(1));
    assert.ok(!(await readdir(join(bench.work.public, 'snapshot'))).includes(oldest));
    assert.deepEqual((await verified(bench.context)).faults, []);
    assert.deepEqual(await troubles(bench, 'live', 'set-unstable'), []);
    assert.deepEqual(await troubles(bench, 'frozen', 'set-unstable', next), []);
    const [line] = await readDropped(bench.context.places.snapshots);
    assert.deepEqual(
      [line!.id, line!.profile, line!.by, line!.reason],
      [oldest, 'set', 'tester@here', 'too old'],
    );
    assert.notEqual(line!.signature, undefined);
    await dropped(next);
    assert.deepEqual((await verified(bench.context)).faults, []);
  });

  it('refuses while a suite points at it or lists it', async () => {
    await inUse(ids[4]!, /set-stable: the suite points at it; set-unstable: the suite points at it/);
    for (const id of [ids[2]!, ids[3]!]) await inUse(id, /set-unstable: the suite lists it/);
  });

  it('takes them in any order: from the middle, the newest one, all', async () => {
    const newest = await bench.cutWiki('1.5-1');
    for (const id of [ids[1]!, newest]) await dropped(id);
    assert.deepEqual((await verified(bench.context)).faults, []);
    // The next one is cut after what is left, under an id that none ever had
    const next = await bench.cutWiki('1.5-1');
    assert.notEqual(next, newest);
    await bench.publish(next);
    assert.deepEqual((await verified(bench.context)).faults, []);
    assert.deepEqual(await troubles(bench, 'live', 'set-unstable'), []);
    const alone = await bench.cutWiki('1.0-1', { profile: 'other' });
    await dropped(alone);
    await bench.cutWiki('1.1-1', { profile: 'other' });
    await dropped(ids[0]!);
    assert.deepEqual((await verified(bench.context)).faults, []);
  });

  for (const order of ['what was re-issued first', 'what re-issues it first']) {
    it(`takes a snapshot and the one that re-issues it, ${order}`, async () => {
      const old = ids[3]!;
      const { report } = await bench.rollback('set-unstable', { to: old, supersede: true });
      const reissue = report!.snapshot;
      assert.notEqual(reissue, old);
      // Nobody lists the two any more
      for (const minor of [6, 7, 8]) await bench.publish(await bench.cutWiki(`1.${minor}-1`));
      await bench.promote('set-unstable', 'set-stable');
      for (const id of order.startsWith('what was') ? [old, reissue] : [reissue, old]) {
        await dropped(id);
        assert.deepEqual((await verified(bench.context)).faults, []);
      }
      await bench.rollback('set-unstable');
      await bench.publish(await bench.cutWiki('1.9-1'));
      assert.deepEqual((await verified(bench.context)).faults, []);
      assert.deepEqual(await troubles(bench, 'live', 'set-unstable'), []);
    });
  }

  it('says what was meant, and that it was dropped already', async () => {
    await assert.rejects(dropped(`${ids[0]!.slice(0, -2)}xZ`), {
      code: 'SNAPSHOT_UNKNOWN',
      message: new RegExp(ids[0]!),
      hint: 'List them with: lockstep snapshots',
    });
    await dropped(ids[0]!);
    await assert.rejects(dropped(ids[0]!), {
      code: 'SNAPSHOT_UNKNOWN',
      message: /was dropped at .* by tester@here/,
    });
  });

  it('refuses while it is not known what the others need', async () => {
    const manifest = join(bench.context.places.snapshots, 'set', `${ids[3]}.json`);
    const bytes = await readFile(manifest);
    await replace(manifest, flipped(bytes, 1));
    await assert.rejects(dropped(ids[0]!), { code: 'SNAPSHOT_INVALID' });
    await replace(manifest, bytes);
    await dropped(ids[0]!);
  });

  it('is finished by the next run, wherever it was killed', async () => {
    let runs = 0;
    for (let ended = false; !ended; runs++) {
      const context = bench.again(new FailingPort(bench.context.archive, 0, 'after'));
      ended = await dropped(ids[0]!, { context }).then(
        () => true,
        (error: unknown) => {
          assert.ok(error instanceof LockstepError && error.code === 'DISK_IO', String(error));
          return false;
        },
      );
      if (ended) break;
      const { faults } = await verified(bench.context);
      assert.ok(faults.length > 0 && faults.every(({ path }) => path.includes(ids[0]!)), `run ${runs}`);
      assert.ok(
        faults.some(({ kind, hint }) => kind === 'unfinished' && hint.includes(`lockstep drop ${ids[0]}`)),
      );
      if (runs % 6 === 0) assert.deepEqual(await troubles(bench, `live${runs}`, 'set-unstable'), []);
      assert.equal((await dropped(ids[0]!, { dryRun: true })).verdict, 'finished');
    }
    assert.ok(runs > 5, String(runs));
    assert.deepEqual(await there(), ids.slice(1));
    assert.equal((await readDropped(bench.context.places.snapshots)).length, 1);
    assert.deepEqual((await verified(bench.context)).faults, []);
  });

  it('shows in verify when the list of drops was tampered with, or taken away', async () => {
    await dropped(ids[0]!);
    const file = join(bench.context.places.snapshots, 'dropped.jsonl');
    const text = await readFile(file);
    for (let seed = 0; seed < text.length; seed += 31) {
      await replace(file, flipped(text, seed));
      assert.deepEqual(atFault(await verified(bench.context)), ['snapshots/dropped.jsonl'], String(seed));
    }
    await rm(file);
    const lost = atFault(await verified(bench.context));
    assert.ok(lost.includes(`snapshots/set/${ids[0]}.json`) && lost.every((path) => path.includes(ids[0]!)));
    await writeFile(file, text);
    assert.deepEqual((await verified(bench.context)).faults, []);
  });

  it('leaves the suite able to move, also back to where the history reaches beyond it', async () => {
    await dropped(ids[0]!);
    await bench.rollback('set-unstable', { to: ids[2]! });
    assert.deepEqual((await verified(bench.context)).faults, []);
    await bench.publish(ids[4]!);
    assert.deepEqual((await verified(bench.context)).faults, []);
  });

  it('is a commit where the workspace is a repository', async () => {
    const dir = bench.work.root;
    const { workspace } = bench.context;
    await git.init({ fs, dir, defaultBranch: 'main' });
    const { commitFiles } = await import('../../../src/io/commit.js');
    const { commitSignature } = await import('../../../src/signing/commit-signature.js');
    const files = (await readdir(join(dir, 'snapshots/set'))).map((name) => join(dir, 'snapshots/set', name));
    const author = { name: 'T', email: 't@example.invalid' };
    await commitFiles({
      directory: dir,
      files,
      message: 'all',
      date: bench.work.clock.now(),
      fallbackAuthor: author,
      sign: commitSignature,
    });
    const context = { ...bench.context, workspace: { ...workspace, snapshots: { commit: true } } };
    await dropped(ids[0]!, { context, reason: 'too old' });
    const [last] = await git.log({ fs, dir, depth: 1 });
    assert.equal(last!.commit.message, `Drop ${ids[0]} of set\n\ntoo old\n`);
    const committed = await git.listFiles({ fs, dir, ref: 'HEAD' });
    assert.ok(committed.includes('snapshots/dropped.jsonl'));
    assert.ok(!committed.some((path) => path.includes(ids[0]!)));
    assert.equal(committed.filter((path) => path.startsWith('snapshots/set/')).length, 12);
    const status = await git.statusMatrix({
      fs,
      dir,
      filepaths: ['snapshots/set', 'snapshots/dropped.jsonl'],
    });
    assert.equal(status.length, 13);
    assert.ok(status.every(([, head, work, stage]) => head === 1 && work === 1 && stage === 1));
  });
});
