import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  statusResult,
  type StatusResult,
  type SuiteStatus,
} from '../../../src/workflows/reading/status-result.js';
import { historyPath } from '../../../src/suite/history-file.js';
import { status } from '../../../src/workflows/reading/status.js';
import { exclusively } from '../../../src/workflows/workspace/workspace-lock.js';
import { hashes } from '../../fixtures/bad-input-bench.js';
import { MoveBench } from './move-bench.js';

describe('lockstep status', function () {
  this.timeout(60_000);
  let bench: MoveBench;

  beforeEach(async () => {
    bench = await MoveBench.make();
  });
  afterEach(async () => bench.end());

  const look = async (only?: string): Promise<StatusResult> => {
    const report = await status(bench.context, only);
    assert.deepEqual(statusResult.parse(report), report);
    return report;
  };
  const of = (report: StatusResult, suite: string): SuiteStatus =>
    report.suites.find((one) => one.suite === suite)!;

  it('of an empty workspace has a row for each suite, and writes nothing', async () => {
    const before = await hashes(bench.work.root);
    const { suites, warnings, running } = await look();
    assert.deepEqual(
      suites.map(({ suite, snapshot, agrees }) => [suite, snapshot, agrees]),
      [
        ['other-stable', null, true],
        ['set-unstable', null, true],
        ['set-testing', null, true],
        ['set-stable', null, true],
      ],
    );
    assert.deepEqual([warnings, running], [[], null]);
    assert.deepEqual(await hashes(bench.work.root), before);
  });

  it('follows a snapshot on its way up, and a rollback', async () => {
    const [one, two] = [await bench.cutWiki('1.0-1'), await bench.cutWiki('1.1-1')];
    let report = await look();
    assert.deepEqual(report.unpublished, [{ profile: 'set', snapshot: two }]);
    assert.equal(of(report, 'set-unstable').unpublished, two);
    assert.equal(of(report, 'set-stable').unpublished, null, 'promotions lead there');
    await bench.publish(one);
    await bench.promote('set-unstable', 'set-testing', { reason: 'a week is over' });
    await bench.publish(two);
    report = await look();
    assert.deepEqual(report.unpublished, []);
    assert.deepEqual(of(report, 'set-testing').promotable, { snapshot: two, fromSuite: 'set-unstable' });
    assert.deepEqual(of(report, 'set-stable').promotable, { snapshot: one, fromSuite: 'set-testing' });
    const { moved } = of(report, 'set-testing');
    assert.deepEqual(
      [moved?.action, moved?.fromSuite, moved?.by, moved?.reason],
      ['promote', 'set-unstable', 'tester@here', 'a week is over'],
    );
    await bench.rollback('set-unstable');
    report = await look('set-unstable');
    assert.deepEqual(
      report.suites.map(({ suite, snapshot, unpublished, agrees }) => [suite, snapshot, unpublished, agrees]),
      [['set-unstable', one, null, true]],
    );
    await assert.rejects(look('set-unstabel'), {
      code: 'SUITE_UNKNOWN',
      message: /did you mean "set-unstable"/,
    });
  });

  it('sees an expired signature and an archive that is gone', async () => {
    await bench.publish(await bench.cutWiki('1.0-1'));
    bench.work.clock.move(15 * 86_400);
    assert.equal(of(await look(), 'set-unstable').signature, 'expired');
    await rm(bench.work.public, { recursive: true });
    const { agrees, signature } = of(await look(), 'set-unstable');
    assert.deepEqual([agrees, signature], [false, 'none']);
  });

  it('does not wait for a run, and tells of it', async () => {
    await bench.publish(await bench.cutWiki('1.0-1'));
    await exclusively(bench.context, { dryRun: false }, async () => {
      const report = await look();
      assert.equal(report.running?.command, 'lockstep test');
      assert.equal(of(report, 'set-unstable').agrees, true);
    });
    assert.equal((await look()).running, null);
  });

  it('shows the others where one history is damaged, and a suite that lockstep.yaml has no more', async () => {
    const one = await bench.cutWiki('1.0-1');
    await bench.publish(one);
    await bench.publish(one, 'set-stable');
    const { snapshots } = bench.context.places;
    const text = await readFile(historyPath(snapshots, 'set-unstable'), 'utf8');
    await writeFile(historyPath(snapshots, 'set-unstable'), text.slice(0, -10));
    await writeFile(join(snapshots, 'history/gone.jsonl'), text);
    const report = await look();
    assert.match(of(report, 'set-unstable').warnings[0]!, /was changed: line 1: .*estore/s);
    assert.equal(of(report, 'set-stable').snapshot, one);
    assert.match(report.warnings.join(), /gone has a history, but is not in lockstep\.yaml/);
  });
});
