/** How often a command reads its records: counted where files are opened. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyPath } from '../../../src/suite/history-file.js';
import { prepareEntry } from '../../../src/workflows/move/suite-publication.js';
import { historyOf, profileOf } from '../../../src/workflows/workspace/files-read.js';
import { reads } from '../../fixtures/read-count.mjs';
import { MoveBench } from './move-bench.js';

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

  it('is made when a snapshot is cut, all that its first suite will list', async () => {
    const { context, work } = bench;
    const id = await bench.cutWiki('3.0');
    await prepareEntry(context, { profile: 'set', id }, work.signer);
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
    await prepareEntry(context, { profile: 'set', id: '20200101T000000Z' }, work.signer);
    await prepareEntry(context, { profile: 'of-no-suite', id }, work.signer);
  });

  it('is read again where the file is another one', async () => {
    const { context } = bench;
    assert.equal((await historyOf(context, 'set-unstable')).length, 2);
    await bench.rollback('set-unstable');
    assert.equal((await historyOf(context, 'set-unstable')).length, 3);
    const before = await profileOf(context, 'set');
    assert.equal(await profileOf(context, 'set'), before);
    await writeFile(join(bench.work.root, profile), 'format: 1\n');
    await assert.rejects(profileOf(context, 'set'), { code: 'PROFILE_INVALID' });
    await rm(historyPath(context.places.snapshots, 'set-unstable'));
    assert.deepEqual(await historyOf(context, 'set-unstable'), []);
  });
});
