import assert from 'node:assert/strict';
import { drop } from '../../../src/workflows/upkeep/drop.js';
import { gc } from '../../../src/workflows/upkeep/gc.js';
import { refresh } from '../../../src/workflows/upkeep/refresh.js';
import { parseRelease } from '../../../src/deb/release-file.js';
import { withoutArmour } from '../../../src/deb/stanza.js';
import { MemoryPort } from '../../fixtures/memory-port.js';
import { MoveBench } from './move-bench.js';
import { repaired, verified } from './tampering.js';

const day = 86_400;
const signing = { suites: [], force: false, formerKeys: [], dryRun: false };

describe('a workspace whose archive is an object store', function () {
  this.timeout(120_000);
  let bench: MoveBench;
  let port: MemoryPort;
  let ids: string[];

  beforeEach(async () => {
    bench = await MoveBench.make(400 * day);
    port = new MemoryPort(() => bench.work.clock.now());
    bench.context.archive = port;
    ids = [];
    for (const version of ['1.0-1', '1.1-1', '1.2-1']) {
      ids.push(await bench.cutWiki(version));
      await bench.publish(ids.at(-1)!);
    }
    await bench.promote('set-unstable', 'set-stable');
  });
  afterEach(async () => bench.end());

  const snapshotOf = async (suite: string): Promise<string | undefined> => {
    const text = (await port.read(`debian/dists/${suite}/InRelease`))!.toString();
    return parseRelease(withoutArmour(text)).fields.get('X-Lockstep-Snapshot');
  };

  it('promotes, goes back and is found good', async () => {
    assert.equal(await snapshotOf('set-stable'), ids[2]);
    await bench.rollback('set-unstable');
    assert.equal(await snapshotOf('set-unstable'), ids[1]);
    assert.deepEqual((await verified(bench.context)).faults, []);
  });

  it('repairs what is lost and tells what is strange', async () => {
    await port.remove(`snapshot/${ids[0]}/pool`);
    const [pooled] = (await port.list('debian/pool')).filter(({ path }) => path.endsWith('.deb'));
    await port.put(pooled!.path, 'damaged');
    await port.put('debian/strange', 'x');
    await repaired(bench.context);
    const { faults } = await verified(bench.context);
    assert.deepEqual(
      faults.map(({ path, kind }) => `${kind} ${path}`),
      ['foreign public/debian/strange'],
    );
  });

  it('signs its suites anew, drops a snapshot and collects what it left', async () => {
    bench.work.clock.move(10 * day);
    const { views } = await refresh(bench.context, signing);
    assert.ok(views.some(({ reason }) => reason === 'due'));
    const id = await bench.cutWiki('1.3-1');
    await drop(bench.context, { id, reason: 'never published', dryRun: false });
    bench.work.clock.move(30 * day);
    const there = (await port.list('debian')).length;
    const { removed } = await gc(bench.context, { grace: day, dryRun: false });
    assert.ok(removed.some(({ kind }) => kind === 'by-hash'));
    assert.ok((await port.list('debian')).length < there);
    await refresh(bench.context, { ...signing, force: true });
    assert.deepEqual((await verified(bench.context)).faults, []);
  });
});
