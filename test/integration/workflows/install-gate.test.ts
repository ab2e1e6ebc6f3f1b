import assert from 'node:assert/strict';
import { evidenceSentence } from '../../../src/cli/explain/evidence.js';
import { readdir } from 'node:fs/promises';
import type { LockstepError } from '../../../src/errors.js';
import { Http } from '../../../src/io/http.js';
import { silentPhase } from '../../../src/io/progress.js';
import { installability, provenMoves } from '../../../src/suite/gates.js';
import type { SnapshotManifest } from '../../../src/snapshot/manifest.js';
import { readSnapshot } from '../../../src/snapshot/snapshot-folder.js';
import type { Context } from '../../../src/workflows/workspace/context.js';
import { proveInstallable } from '../../../src/workflows/release/install-gate.js';
import { openRun } from '../../../src/workflows/workspace/run.js';
import { publish } from '../../../src/workflows/move/publish.js';
import { sourceContext } from '../../../src/workflows/release/profile-sources.js';
import { TestMirror } from '../../fixtures/mirror.js';
import { provenFrom } from '../../fixtures/snapshots.js';
import { everywhere } from '../vetting/proving.js';
import { MoveBench } from './move-bench.js';

/** Evidence without a word on where machines can come from. */
const freshOnly = [provenFrom([])];

describe('the gate of installability', function () {
  this.timeout(60_000);
  let bench: MoveBench;
  let mirror: TestMirror;
  let context: Context;
  let phases: string[];
  beforeEach(async () => {
    bench = await MoveBench.make();
    // The bench's clock is behind
    const now = new Date(bench.context.clock.now().getTime() - 3_600_000);
    mirror = await TestMirror.start({ now, release: { binaries: everywhere, contents: true } });
    phases = [];
    context = {
      ...bench.context,
      http: new Http({ clock: bench.context.clock }),
      env: mirror.environment,
      progress: { phase: (title) => (phases.push(title), silentPhase) },
    };
  });
  afterEach(async () => {
    context.http.close();
    await mirror.stop();
    await bench.end();
  });

  const manifestOf = async (id: string): Promise<SnapshotManifest> =>
    (await readSnapshot(context.places.snapshots, { profile: 'set', id })).manifest;

  const into = async (id: string, suite = 'set-unstable'): Promise<void> => {
    bench.work.clock.move(60);
    await publish(context, { id, suite, reason: undefined, lower: true, dryRun: false });
  };

  async function refused(work: Promise<unknown>, code: string): Promise<LockstepError> {
    const fault = await work.then(
      () => assert.fail(`was not refused with ${code}`),
      (error: unknown) => error as LockstepError,
    );
    assert.equal(fault.code, code, fault.message);
    return fault;
  }

  it('keeps out what nobody proved, and the archive as it was', async () => {
    const id = await bench.cutWiki('1.0-1', { evidence: [] });
    const { hint } = await refused(into(id), 'GATE_MISSING');
    assert.match(hint ?? '', /lockstep cut set/);
    assert.deepEqual(await bench.history('set-unstable'), []);
    assert.deepEqual(await readdir(bench.work.public).catch(() => []), []);
  });

  it('asks nobody where the evidence names what the suite points at', async () => {
    const one = await bench.cutWiki('1.0-1');
    const two = await bench.cutWiki('2.0-1');
    for (const id of [one, two, one]) await into(id);
    assert.deepEqual(mirror.server.asked(), []);
    assert.ok(!phases.includes('Proving installability'));
  });

  it('tries the move that is missing when the suite points elsewhere than at the time of the cut', async () => {
    const one = await bench.cutWiki('1.0-1');
    const two = await bench.cutWiki('2.0-1', { evidence: freshOnly });
    await into(one);
    await into(two);
    assert.ok(phases.includes('Proving installability'));
    assert.equal((await bench.history('set-unstable')).at(-1)!.to, two);
  });

  it('refuses a move that machines could not follow, but never the way back', async () => {
    const one = await bench.cut([
      { name: 'wiki', version: '1.0-1', fields: { Essential: 'yes' }, depends: 'glue (= 1)' },
      { name: 'glue', version: '1', fields: { Essential: 'yes', Conflicts: 'wiki (>= 2)' } },
      { name: 'set-full', version: '1.0-1', depends: 'wiki (= 1.0-1)' },
    ]);
    const two = await bench.cut(
      [
        { name: 'wiki', version: '2.0-1' },
        { name: 'set-full', version: '2.0-1', depends: 'wiki (= 2.0-1)' },
      ],
      { evidence: freshOnly },
    );
    await into(one);
    const { message } = await refused(into(two), 'INSTALL_IMPOSSIBLE');
    assert.match(
      message,
      new RegExp(`^Machines with ${one} cannot be upgraded to the new set \\(amd64\\): glue 1 conflicts`),
    );
    assert.equal((await bench.history('set-unstable')).at(-1)!.to, one);
    // Evidence that says so lets it in; then back without a word
    const three = await bench.cut(
      [
        { name: 'wiki', version: '3.0-1' },
        { name: 'set-full', version: '3.0-1', depends: 'wiki (= 3.0-1)' },
      ],
      { evidence: [provenFrom([{ id: one }])] },
    );
    await into(three);
    mirror.server.asked();
    await bench.rollback('set-unstable');
    assert.equal((await bench.history('set-unstable')).at(-1)!.to, one);
    assert.deepEqual(mirror.server.asked(), []);
  });

  it('gives evidence that names every snapshot that suites point at', async () => {
    const one = await bench.cutWiki('1.0-1');
    const two = await bench.cutWiki('1.5-1');
    await into(one, 'set-stable');
    await into(two);
    const three = await manifestOf(await bench.cutWiki('2.0-1'));
    const run = await openRun(context);
    const profile = run.profiles.withComponents('set');
    const sources = await sourceContext(context, profile);
    const evidence = await proveInstallable(run, { profile, sources, set: three });
    assert.equal(evidence.gate, installability);
    assert.equal(evidence.state, 'passed');
    const recorded = { ...evidence, recorded: '', key: '' };
    assert.deepEqual(provenMoves([recorded], bench.work.clock.now()), [one, two]);
    assert.deepEqual(evidence.tests?.passed.slice(2, 4), [`upgrade from ${one}`, `way back to ${one}`]);
    assert.match(evidence.tools![0]!, /^pkg:deb\/debian\/apt@\d/);
    assert.match(
      evidenceSentence(recorded),
      /^apt \S+, Debian 12 on amd64: fresh install of set-full with and without Recommends; upgrade from and way back to \S+, \S+; no file in two packages$/,
    );
    assert.deepEqual(await readdir(context.places.temporary).catch(() => []), []);
  });
});
