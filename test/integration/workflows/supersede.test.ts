import { evidenceBeside } from '../../fixtures/snapshots.js';
import assert from 'node:assert/strict';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { planVersion } from '../../../src/metapackage/revision.js';
import { readSnapshot, snapshotFiles } from '../../../src/snapshot/snapshot-folder.js';
import { leftOnReissue } from '../../../src/workflows/move/versions-on-machines.js';
import {
  applySupersede,
  planSupersedeRollback,
  type PlannedSupersede,
  type SupersedeResult,
} from '../../../src/workflows/move/supersede.js';
import { hashes } from '../../fixtures/bad-input-bench.js';
import { needs } from '../../fixtures/machine.js';
import { openRun } from '../../../src/workflows/workspace/run.js';
import { MoveBench } from './move-bench.js';
import { cutSet, UnpinnedMachine, wikiSet } from './superseding.js';

const suite = 'set-unstable';
const one = '1:1.0-1+lockstep1';
const two = '1:1.1-1+lockstep1';
const reissue = '1:1.1-1+lockstep1+really1.0+1+lockstep1';
const fullReissue = '1.1+lockstep1+really1.0+lockstep1';

describe('superseding', function () {
  this.timeout(60_000);
  let bench: MoveBench;
  let s1: string;
  let s2: string;

  beforeEach(async () => {
    bench = await MoveBench.make();
    s1 = await cutSet(bench, wikiSet(one, '7.1-1+deb12u1'));
    s2 = await cutSet(bench, [
      ...wikiSet(two, '7.1-1+deb12u2', '1+lockstep2'),
      { name: 'wiki-extra', version: '1-1', depends: `wiki (= ${two})` },
      { name: 'wiki-notes', version: '1-1', depends: 'wiki' },
    ]);
    await bench.publish(s1, suite);
  });
  afterEach(async () => bench.end());

  const place = (id: string) => ({ profile: 'set', id });
  const planned = async (current = s2, target = s1): Promise<PlannedSupersede> =>
    planSupersedeRollback(await openRun(bench.again()), suite, place(current), place(target));
  const applied = async (current = s2, target = s1): Promise<SupersedeResult> => {
    const run = await openRun(bench.again());
    const plan = await planSupersedeRollback(run, suite, place(current), place(target));
    return await applySupersede(run, plan, bench.work.signer);
  };

  const versionsOf = ({ packages }: PlannedSupersede): Record<string, string> =>
    Object.fromEntries(packages.map((one) => [one.package, one.version]));

  async function manifestOf(id: string) {
    const { snapshots } = bench.context.places;
    return await readSnapshot(
      snapshots,
      { profile: 'set', id },
      {
        keyring: (await bench.work.signer.publicKey()).binary,
        taken: { kind: 'recorded', at: 'signed' },
      },
    );
  }

  it('takes a machine without the pin back, with apt and dpkg, and forward again', async function () {
    await needs(this, { root: true, tools: ['apt-get', 'dpkg'] });
    const machine = await UnpinnedMachine.make(bench, suite);
    await machine.get('update');
    await machine.get('install', 'set-full', 'test-archive-keyring');
    await bench.publish(s2, suite);
    const upgraded = await machine.follow();
    assert.equal(upgraded['wiki'], two);
    await machine.get('install', 'wiki-extra', 'wiki-notes');

    // What a plain rollback does to such a machine: nothing
    await bench.rollback(suite);
    assert.match(await machine.simulated(), /^0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded/);
    await bench.publish(s2, suite);

    await bench.rollback(suite, { supersede: true, to: s1 });
    assert.match(await machine.simulated(), /^3 upgraded, 0 newly installed, 1 to remove and 0 not upgraded/);
    // wiki-extra, which only S2 has, stands in the way of what may remove nothing
    assert.match(await machine.simulated('upgrade'), /^0 upgraded, 0 newly installed, 0 to remove and 3 not/);
    assert.deepEqual(await machine.follow(), {
      wiki: reissue,
      'wiki-data': reissue,
      parser: '0.5+lockstep1',
      cache: '7.1-1+deb12u2',
      'set-full': fullReissue,
      'test-archive-keyring': '1+lockstep2',
      'wiki-notes': '1-1',
    });
    assert.equal(await machine.text('usr/share/doc/wiki/version'), `${one}\n`, 'the content is the old one');
    assert.equal(await machine.text('usr/share/doc/set-full/version'), '1.0+lockstep1\n');
    assert.deepEqual(
      await machine.apt.versions('wiki'),
      [reissue, one],
      'both are listed, the withdrawn one is not',
    );
    await machine.get(
      '--simulate',
      'install',
      `wiki=${one}`,
      `wiki-data=${one}`,
      'set-full=1.0+lockstep1',
      '--allow-downgrades',
    );

    // The next release of the withdrawn version gets a number above the re-issue
    const history = (await manifestOf((await bench.history(suite)).at(-1)!.to)).manifest.builds;
    const next = planVersion(
      '1:1.1-1',
      'lockstep',
      'as in S2',
      [{ package: 'wiki', version: two, inputs: 'as in S2' }, ...history],
      'wiki',
    );
    assert.equal(next, '1:1.1-1+lockstep2');
    const s4 = await cutSet(bench, wikiSet(next, '7.1-1+deb12u2', '1+lockstep2'));
    await bench.publish(s4, suite);
    assert.match(await machine.simulated(), /0 not upgraded/);
    const forward = await machine.follow();
    assert.equal(forward['wiki'], next);
    assert.equal(forward['set-full'], '1.1+lockstep2');
  });

  it('says what it does to each package, and writes nothing before it is told to', async () => {
    await bench.publish(s2, suite);
    await planned();
    const before = await hashes(bench.work.root);
    const plan = await planned();
    assert.deepEqual(await hashes(bench.work.root), before);
    assert.deepEqual(versionsOf(plan), {
      cache: '7.1-1+deb12u1',
      parser: '0.5+lockstep1',
      'set-full': fullReissue,
      'test-archive-keyring': '1+lockstep2',
      wiki: reissue,
      'wiki-data': reissue,
    });
    assert.deepEqual(
      plan.notes.map((note) => note.split(' ')[0]),
      ['cache', 'wiki-extra', 'wiki-notes'],
    );
    assert.match(plan.notes[0]!, /^cache 7\.1-1\+deb12u2 stays unchanged/);
    assert.match(plan.notes[1]!, /apt removes/);
  });

  it('records what it is, signed, with the evidence and the schema of what comes back', async () => {
    await bench.publish(s2, suite);
    const { id, cut, sha256 } = await applied();
    assert.equal(cut, true);
    const snapshot = await manifestOf(id);
    const [first, second] = [await manifestOf(s1), await manifestOf(s2)];
    const { manifest } = snapshot;
    assert.equal(snapshot.sha256, sha256);
    assert.deepEqual(manifest.supersedes, {
      content: { id: s1, sha256: first.sha256 },
      above: { id: s2, sha256: second.sha256 },
    });
    assert.deepEqual(manifest.schema, first.manifest.schema);
    assert.deepEqual(manifest.components, first.manifest.components);
    assert.deepEqual(
      manifest.sources.map((source) => `${source.package} ${source.version}`),
      [
        'parser 0.5+lockstep1',
        'set-full 1.0+lockstep1',
        'test-archive-keyring 1+lockstep1',
        'test-archive-keyring 1+lockstep2',
        `wiki ${one}`,
        `wiki-data ${one}`,
      ],
    );
    assert.deepEqual(
      manifest.builds.map((build) => `${build.package} ${build.version}`),
      [`set-full ${fullReissue}`, `wiki ${reissue}`, `wiki-data ${reissue}`],
    );
    const [vetting, smoke] = await evidenceBeside(bench.context.places.snapshots, manifest);
    assert.deepEqual([vetting!.facts['packages'], vetting!.of], [5, undefined]);
    assert.deepEqual([smoke!.facts, smoke!.of], [{ answered: true }, { id: s1, sha256: first.sha256 }]);
    const wiki = manifest.packages.find((item) => item.package === 'wiki')!;
    assert.deepEqual(
      [wiki.sourceVersion, wiki.path],
      [one, 'pool/main/w/wiki/wiki_1.1-1+lockstep1+really1.0+1+lockstep1_all.deb'],
    );
  });

  it('gives the same snapshot when it is done again, as after a run that was killed', async () => {
    await bench.publish(s2, suite);
    const first = await applied();
    bench.work.clock.move(600);
    const second = await applied();
    assert.deepEqual(second, { ...first, cut: false });

    // From empty caches too: what the store had is in the archive's pool
    const { packages } = (await manifestOf(first.id)).manifest;
    await rm(snapshotFiles(bench.context.places.snapshots, { profile: 'set', id: first.id }).manifest);
    await rm(bench.work.store.root, { recursive: true });
    await rm(bench.work.cache, { recursive: true, force: true });
    const third = await applied();
    assert.equal(third.cut, true);
    assert.deepEqual((await manifestOf(third.id)).manifest.packages, packages);
  });

  it('is refused where the suite has that content already', async () => {
    await bench.publish(s2, suite);
    const { report } = await bench.rollback(suite, { supersede: true, to: s1 });
    await assert.rejects(planned(report!.snapshot, s1), { code: 'MOVE_UNNEEDED' });
    const files = await readdir(bench.context.places.snapshots + '/set');
    assert.equal(files.filter((file) => file.endsWith('.json')).length, 3);
  });

  it('brings along the machines that a plain rollback left behind', async () => {
    await bench.publish(s2, suite);
    await bench.rollback(suite, { to: s1 });
    const plan = await planned(s1, s1);
    const { 'set-full': full, wiki, 'wiki-data': data } = versionsOf(plan);
    assert.deepEqual([full, wiki, data], [fullReissue, reissue, reissue]);
    const { id } = await applied(s1, s1);
    assert.equal((await manifestOf(id)).manifest.supersedes!.above.id, s2);
  });

  it('knows which snapshots machines without the pin do not follow to', async () => {
    await bench.publish(s2, suite);
    const left = async (id: string) =>
      leftOnReissue(await openRun(bench.context), suite, { profile: 'set', id });
    assert.equal(await left(s1), null);
    const { report } = await bench.rollback(suite, { supersede: true, to: s1 });
    const s3 = report!.snapshot;
    assert.deepEqual(await left(s2), {
      id: s3,
      content: s1,
      packages: [
        { package: 'set-full', version: '1.1+lockstep1', above: fullReissue },
        { package: 'wiki', version: two, above: reissue },
        { package: 'wiki-data', version: two, above: reissue },
      ],
    });
    assert.equal(await left(s3), null);
    assert.equal(await left(await cutSet(bench, wikiSet('1:1.1-1+lockstep2', '7.1-1+deb12u2'))), null);
    // Cut later, and lower all the same: the profile was held at the earlier version
    const patched = await cutSet(bench, wikiSet('1:1.0-1+lockstep2', '7.1-1+deb12u2'));
    assert.equal((await left(patched))!.id, s3);

    // The way out: it is brought above the re-issue, forward too
    const plan = await planned(s3, patched);
    assert.equal(versionsOf(plan)['wiki'], '1:1.1-1+lockstep1+really1.0+1+lockstep2');
    assert.equal(await left((await applied(s3, patched)).id), null);
  });

  it('says which bytes are missing when neither store nor pool has them', async () => {
    await bench.publish(s2, suite);
    await rm(bench.work.store.root, { recursive: true });
    await rm(join(bench.work.public, 'debian/pool/main/w/wiki-data'), { recursive: true });
    await assert.rejects(applied(), {
      code: 'STORE_MISSING',
      message: /^wiki-data 1:1\.0-1\+lockstep1 is neither/,
    });
  });
});
