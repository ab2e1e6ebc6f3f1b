/** How often a command reads its records: counted where files are opened. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { historyPath } from '../../../src/suite/history-file.js';
import { prepareEntry } from '../../../src/workflows/move/suite-publication.js';
import { newestOf } from '../../../src/workflows/workspace/ancestry.js';
import { openRun } from '../../../src/workflows/workspace/run.js';
import { reads } from '../../fixtures/read-count.mjs';
import { MoveBench } from './move-bench.js';

const top = resolve(import.meta.dirname, '../../..');

describe('what a move goes by', function () {
  this.timeout(60_000);
  let bench: MoveBench;
  let ids: string[];

  beforeEach(async () => {
    bench = await MoveBench.make();
    ids = [await bench.cutWiki('1.0'), await bench.cutWiki('2.0')];
    await bench.publish(ids[0]!);
    await bench.publish(ids[1]!);
  });
  afterEach(async () => {
    await bench.end();
  });

  /** What is read for its bytes: indices, as they are placed, and blocks, as they are compared. */
  const content = /^store\/|\/by-hash\/|\/indices\/blocks\/|^\.lockstep\/lock$/;

  /** The files of the workspace that another process goes by when it moves, with how often it opens each. */
  async function readsOf(move: () => Promise<unknown>): Promise<Map<string, number>> {
    Object.assign(bench, { context: bench.again() });
    reads.clear();
    await move();
    const { root } = bench.work;
    const below = [...reads].flatMap(([path, count]): [string, number][] =>
      path.startsWith(`${root}/`) ? [[path.slice(root.length + 1), count]] : [],
    );
    // A folder is opened to be synced, which is no reading
    return new Map(
      below.filter(
        ([path]) =>
          !content.test(path) && statSync(join(root, path), { throwIfNoEntry: false })?.isFile() === true,
      ),
    );
  }

  const history = 'snapshots/history/set-unstable.jsonl';
  const profile = 'profiles/set.yaml';

  for (const [name, move] of [
    ['rollback', () => bench.rollback('set-unstable')],
    ['publication', () => bench.publish(ids[0]!, 'set-unstable', { lower: true })],
    ['promotion', () => bench.promote('set-unstable', 'set-testing')],
  ] as const) {
    it(`is read once in a ${name}`, async () => {
      const counts = await readsOf(move);
      assert.equal(counts.get(history), 1);
      if (name !== 'publication') assert.equal(counts.get(profile), 1);
      assert.ok([...counts.keys()].some((path) => path.startsWith('.lockstep/indices/snapshots/')));
      assert.ok([...counts.keys()].some((path) => path.endsWith('/InRelease')));
      assert.deepEqual(
        [...counts].filter(([, count]) => count > 1),
        [],
      );
    });
  }

  it('is read once also where the keyring package goes with the move', async () => {
    const template = 'templates/archive-keyring';
    await cp(join(top, template), join(bench.work.root, template), { recursive: true });
    const offering = await readsOf(() => bench.rollback('set-unstable'));
    assert.ok([...offering.keys()].some((path) => path.startsWith(template)));
    const again = await readsOf(() => bench.publish(ids[1]!));
    for (const counts of [offering, again]) {
      for (const path of [history, profile, 'profiles/other.yaml', 'snapshots/keys.jsonl', 'key.asc']) {
        assert.equal(counts.get(path), 1, path);
      }
    }
    // What is published is read before and after it is written
    const records = [...offering, ...again].filter(([path]) => !path.startsWith('public/'));
    assert.deepEqual(
      records.filter(([, count]) => count > 1),
      [],
    );
  });

  it('is read once of each manifest, as far as a new snapshot follows others', async () => {
    const { places } = bench.context;
    const manifests = ids.map((id) => `snapshots/set/${id}.json`);
    const first = await readsOf(async () => void (await newestOf(places, 'set')));
    assert.deepEqual(
      manifests.map((path) => first.get(path)),
      [1, 1],
    );
    const later = await bench.cutWiki('3.0');
    const again = await readsOf(async () => assert.deepEqual(await newestOf(places, 'set'), [later]));
    assert.deepEqual(
      manifests.map((path) => again.get(path)),
      [undefined, undefined],
    );
  });

  it('is made when a snapshot is cut, all that its first suite will list', async () => {
    const { context } = bench;
    const run = await openRun(context);
    const id = await bench.cutWiki('3.0');
    await prepareEntry(run, { profile: 'set', id });
    const made = async (): Promise<string[]> => {
      const blobs: string[] = [];
      for await (const { sha256 } of context.store.list()) blobs.push(sha256);
      return [...(await readdir(join(context.places.state, 'indices/listings'))).sort(), ...blobs];
    };
    const before = await made();
    Object.assign(bench, { context: bench.again() });
    await bench.publish(id);
    assert.deepEqual(await made(), before);
    // What would stand in a publication's way is no fault of the cut
    await prepareEntry(run, { profile: 'set', id: '20200101T000000Z' });
    await prepareEntry(run, { profile: 'of-no-suite', id });
  });

  it('is what was there when the run began, and what the run adds', async () => {
    const { context, work } = bench;
    const { ledger } = await openRun(context);
    const [first, second] = ledger.history('set-unstable');
    await bench.rollback('set-unstable');
    assert.deepEqual(ledger.history('set-unstable'), [first, second]);
    const again = (await openRun(context)).ledger;
    await again.addMove(
      {
        ...{ suite: 'set-unstable', action: 'publish', profile: 'set', by: 'tester@here' },
        ...{ from: ids[0]!, to: ids[1]!, manifest: second!.manifest, at: work.clock.now().toISOString() },
      },
      { signer: work.signer, date: work.clock.now() },
    );
    assert.deepEqual(
      again.history('set-unstable').map(({ to }) => to),
      [ids[0], ids[1], ids[0], ids[1]],
    );
    assert.deepEqual((await openRun(context)).ledger.history('set-unstable'), again.history('set-unstable'));
  });

  it('is damaged for those alone who need the damaged file', async () => {
    const { context } = bench;
    const path = historyPath(context.places.snapshots, 'set-unstable');
    await writeFile(path, (await readFile(path, 'utf8')).replace('tester', 'other'));
    const { ledger } = await openRun(context);
    assert.throws(() => ledger.history('set-unstable'), { code: 'SNAPSHOT_INVALID' });
    assert.deepEqual(ledger.history('set-testing'), []);
    assert.deepEqual(
      ledger.suites.filter((suite) => suite.startsWith('set-')),
      ['set-unstable'],
    );
    await rm(path);
    assert.deepEqual((await openRun(context)).ledger.history('set-unstable'), []);
  });
});
