import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { skipResult, type SkipResult } from '../../../src/workflows/workspace/workspace-results.js';
import { LockstepError } from '../../../src/errors.js';
import type { Skip } from '../../../src/profile/skip.js';
import type { Context } from '../../../src/workflows/workspace/context.js';
import { check } from '../../../src/workflows/release/check.js';
import { diff } from '../../../src/workflows/reading/diff.js';
import { outdated } from '../../../src/workflows/release/outdated.js';
import { cut } from '../../../src/workflows/release/cut.js';
import { release, type ReleaseReport } from '../../../src/workflows/release/release.js';
import { resolve } from '../../../src/workflows/release/resolve.js';
import { show } from '../../../src/workflows/reading/show.js';
import { skip, type SkipRequest } from '../../../src/workflows/workspace/skip.js';
import { status } from '../../../src/workflows/reading/status.js';
import { skippedIn } from '../../../src/snapshot/skipped-versions.js';
import type { TestMirror } from '../../fixtures/mirror.js';
import type { SnapshotWorkspace } from '../../fixtures/snapshots.js';
import { higher, libc, lower, memcached, profileText, SmallSet, smallMirror } from './small-set.js';

describe('a version that is skipped, from the command to the suite', function () {
  this.timeout(120_000);
  let small: SmallSet;
  let bench: SnapshotWorkspace;
  let mirror: TestMirror;
  let context: Context;
  let said: string[];
  let path: string;

  beforeEach(async () => {
    small = await SmallSet.make();
    ({ bench, mirror, context, said } = small);
    path = join(bench.root, 'profiles/set.yaml');
  });
  afterEach(async () => small.end());

  const put = (more: Partial<Skip> = {}): SkipRequest['change'] => ({
    kind: 'put',
    version: higher,
    reason: 'no mirror has it',
    until: '2026-03-20',
    ...more,
  });

  async function skipping(change = put(), more: Partial<SkipRequest> = {}): Promise<SkipResult> {
    const report = await skip(context, {
      profile: 'set',
      component: 'memcached',
      change,
      dryRun: false,
      ...more,
    });
    assert.deepEqual(skipResult.parse(report), report);
    return report;
  }

  async function refused(act: Promise<unknown>): Promise<LockstepError> {
    const error: unknown = await act.then(
      () => assert.fail('was not refused'),
      (fault: unknown) => fault,
    );
    assert.ok(error instanceof LockstepError, String(error));
    return error;
  }

  const released = (lower = false): Promise<ReleaseReport> => {
    bench.now = new Date(bench.now.getTime() + 60_000);
    return release(context, {
      ...{
        profile: 'set',
        suite: undefined,
        reason: undefined,
        lower,
        security: [],
        trees: {},
        olderBase: false,
      },
      onPlan: () => undefined,
    });
  };

  const pinned = async (): Promise<string> => {
    const { pins } = await resolve(context, 'set');
    const pin = pins.get('memcached')!;
    return pin.kind === 'apt-binary' ? pin.packages[0]!.version : '';
  };

  it('is written once, with what it will cost and what is left', async () => {
    assert.equal(await pinned(), higher);
    const plan = await skipping(put(), { dryRun: true });
    assert.deepEqual([plan.action, plan.written], ['add', false]);
    assert.equal(await readFile(path, 'utf8'), profileText);
    const report = await skipping();
    assert.deepEqual(
      [report.action, report.written, report.listed, report.security, report.instead, report.notes],
      ['add', true, true, true, `${lower} (bookworm)`, []],
    );
    const text = await readFile(path, 'utf8');
    assert.equal(text.replace(report.fragment, ''), profileText);
    assert.equal(plan.fragment, report.fragment);
    const again = await skipping();
    assert.deepEqual([again.action, again.written], ['none', false]);
    assert.equal(await readFile(path, 'utf8'), text);
    assert.deepEqual((await skipping(put({ until: '2026-03-21' }))).action, 'change');
    const gone = await skipping({ kind: 'remove', version: higher });
    assert.equal(gone.action, 'remove');
    assert.equal(await readFile(path, 'utf8'), profileText);
    const nothing = await skipping({ kind: 'remove', version: higher });
    assert.deepEqual([nothing.action, nothing.notes], ['none', ['set skips no version of memcached.']]);
  });

  it('is refused where it is none, where nothing lists it, where it stands for several, or has no good end', async () => {
    const cases: [Partial<Skip>, string, RegExp][] = [
      [{ version: '1.6.99' }, 'VERSION_UNLISTED', /There is no version 1\.6\.99 of memcached/],
      [
        { version: '1.6.18' },
        'USAGE',
        /matches several versions of memcached: 1\.6\.18-1\+deb12u1, 1\.6\.18-1$/,
      ],
      [{ version: 'new one' }, 'USAGE', /--not must be a version/],
      [{ until: '2026-02-30' }, 'USAGE', /--until must be a date/],
      [{ until: '2026-03-01' }, 'USAGE', /--until is not in the future/],
      [{ until: '2026-06-30' }, 'USAGE', /--until is more than 90 days ahead.*2026-05-30/],
      [{ reason: ' ' }, 'USAGE', /--reason must be one line/],
    ];
    for (const [more, code, says] of cases) {
      const fault = await refused(skipping(put(more)));
      assert.equal(fault.code, code);
      assert.match(fault.message, says);
      assert.ok(fault.hint !== undefined);
    }
    assert.match((await refused(skipping(put(), { component: 'memcache' }))).hint!, /Did you mean memcached/);
    assert.equal(await readFile(path, 'utf8'), profileText);
  });

  it('is written as Debian names it where upstream’s version was given; without a network as it was given', async () => {
    await mirror.publish({ ...smallMirror('1.6.19-1') });
    assert.equal((await skipping(put({ version: '1.6.19' }))).version, '1.6.19-1');
    context.env = {
      ...mirror.environment,
      LOCKSTEP_MIRROR: 'http://127.0.0.1:9/debian',
      LOCKSTEP_TRIES: '1',
    };
    const report = await skipping(put({ version: '1.6.20' }));
    assert.deepEqual([report.action, report.version, report.listed], ['add', '1.6.20', null]);
    assert.match(report.notes[0]!, /not known whether .*: .*127\.0\.0\.1:9/);
  });

  it('is passed over, said by whoever looks, recorded, and taken again after its day', async () => {
    const first = await released();
    assert.equal(first.cut, true);
    assert.deepEqual(first.skipped, []);
    await skipping();
    const skipped = { version: higher, reason: 'no mirror has it', until: '2026-03-20', security: true };
    const sentence = `memcached ${higher} skipped until 2026-03-20 (no mirror has it), security fixes missing`;

    const { skipped: told, explanation } = await resolve(context, 'set', { explain: 'memcached' });
    assert.deepEqual(told, [{ component: 'memcached', ...skipped }]);
    assert.ok(said.includes(sentence), said.join('\n'));
    assert.ok(explanation!.newer[0]!.sentence.startsWith(sentence.replace('memcached ', '')));

    // The suite has the higher one already
    await assert.rejects(released(), { code: 'MOVE_LOWER', message: /memcached \S+ -> \S+/ });
    const second = await released(true);
    assert.deepEqual(second.skipped, [{ component: 'memcached', ...skipped }]);
    const { manifest } = await show(context, second.snapshot);
    assert.deepEqual(skippedIn(manifest), second.skipped);
    assert.equal((await released()).cut, false);

    const between = await diff(context, { from: first.snapshot, to: second.snapshot, contents: false });
    assert.deepEqual(between.skipped, { added: second.skipped, ended: [], kept: [] });
    const [row] = (await outdated(context, { profile: 'set', suite: undefined })).profiles[0]!.components;
    assert.deepEqual([row!.newestInRange, row!.newest, row!.newerOutOfRange], [lower, higher, false]);
    assert.deepEqual(row!.skipped, [skipped]);
    const before = (await status(context, undefined)).suites.find(({ suite }) => suite === second.suite)!;
    assert.deepEqual(before.skipped, [{ component: 'memcached', ...skipped, ended: false }]);
    assert.ok(
      before.warnings.some((line) => line.endsWith(sentence)),
      before.warnings.join('\n'),
    );
    assert.deepEqual((await check(bench.root, 'set', bench.now)).result.notes, []);

    // The day comes
    bench.now = new Date('2026-03-20T00:00:00Z');
    const after = await status(context, undefined);
    const suite = after.suites.find((one) => one.suite === second.suite)!;
    assert.ok(
      suite.warnings.some((line) => line.endsWith('the skip has expired. Cut again: lockstep release set')),
    );
    const remove = `Remove it: lockstep skip set memcached --remove ${higher}`;
    assert.ok(
      after.warnings.some((line) => line.includes(remove)),
      after.warnings.join('\n'),
    );
    assert.match(
      (await check(bench.root, undefined, bench.now)).result.notes[0]!,
      /expired on 2026-03-20\. Remove it/,
    );
    assert.equal(await pinned(), higher);
    assert.ok(said.some((line) => line.includes(remove)));
    const third = await released();
    assert.deepEqual([third.cut, third.skipped], [true, []]);
    const healed = (await status(context, undefined)).suites.find((one) => one.suite === second.suite)!;
    assert.deepEqual(healed.skipped, []);
  });

  it('is the reason that is given where nothing else is left, with its line in the file', async () => {
    await mirror.publish({ ...smallMirror(), release: { binaries: [libc] } });
    const report = await skipping();
    assert.match(report.notes[0]!, /No version remains in >=1\.6 <2/);
    const fault = await refused(resolve(context, 'set'));
    assert.equal(fault.code, 'RESOLVE_UNSATISFIABLE');
    assert.match(
      fault.message,
      /skips exclude all versions in >=1\.6 <2: 1\.6\.18-1\+deb12u1 skipped until 2026-03-20/,
    );
    assert.match(fault.hint!, /lockstep skip set memcached --remove/);
    const [place] = fault.where;
    assert.deepEqual(
      [place!.file, place!.line, place!.path],
      ['profiles/set.yaml', 10, 'components.memcached.skip[0]'],
    );
  });

  it('brings security fixes too where an earlier snapshot that took it was flagged with some', async () => {
    await mirror.publish({
      release: { binaries: [memcached(lower), libc] },
      updates: { binaries: [memcached(higher)] },
    });
    assert.equal((await skipping(put(), { dryRun: true })).security, false);
    const { id } = await cut(context, 'set', {
      dryRun: false,
      security: ['CVE-2026-0001'],
      trees: {},
      olderBase: false,
    });
    assert.ok(id);
    assert.equal((await skipping()).security, true);
    const { skipped } = await resolve(context, 'set');
    assert.deepEqual(
      skipped.map(({ security }) => security),
      [true],
    );
  });
});
