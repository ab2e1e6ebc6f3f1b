/** The one rule by which the cache is pruned, over real files. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolderNames, cacheFolders, inCache } from '../../../src/io/cache-folders.js';
import { takeLock } from '../../../src/io/lock.js';
import { cacheLimits, gcCache, pruneMark, pruneWhenDue } from '../../../src/workflows/upkeep/gc-cache.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { MoveBench } from './move-bench.js';

const day = 86_400;
const limits = { maxAge: 30 * day, maxSize: 1e12 };

describe('pruning the cache', function () {
  this.timeout(60_000);
  let bench: MoveBench;
  let cache: string;

  beforeEach(async () => {
    bench = await MoveBench.make();
    cache = bench.context.places.cache;
    // The bench's store lies beside its cache; a user's is in it
    Object.assign(bench.context, { store: new ContentStore(inCache(cache, 'store')) });
    Object.assign(bench.work, { store: bench.context.store });
  });
  afterEach(async () => {
    await bench.end();
  });

  const daysAgo = (days: number): Date => new Date(bench.work.clock.now().getTime() - days * day * 1000);

  async function file(path: string, days: number, text = 'x'): Promise<string> {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    await utimes(path, daysAgo(days), daysAgo(days));
    return path;
  }

  async function blob(text: string, days: number): Promise<string> {
    const path = bench.context.store.path((await bench.context.store.put(text)).sha256);
    await utimes(path, daysAgo(days), daysAgo(days));
    return path;
  }

  const prune = (more: Partial<typeof limits & { dryRun: boolean }> = {}) =>
    gcCache(bench.context, { ...limits, dryRun: false, ...more });

  it('takes what is old from every folder of the table, and leaves what is young', async () => {
    const old: string[] = [];
    const young: string[] = [];
    for (const folder of cacheFolderNames) {
      const { unit } = cacheFolders[folder];
      if (unit === 'address') continue;
      if (unit === 'blob') {
        old.push(await blob('old', 31));
        young.push(await blob('young', 29));
      } else if (unit === 'folder') {
        for (const [list, days] of [
          [old, 31],
          [young, 29],
        ] as const) {
          const path = inCache(cache, folder, `of-${days}`);
          await file(join(path, 'ready'), days);
          await file(join(path, 'tree/etc/passwd'), 400);
          list.push(path);
        }
      } else {
        old.push(await file(inCache(cache, folder, 'ab', 'old.json'), 31));
        young.push(await file(inCache(cache, folder, 'young.json'), 29));
      }
    }
    const dry = await prune({ dryRun: true });
    assert.deepEqual(dry.removed.map(({ path }) => path).sort(), [...old].sort());
    assert.ok([...old, ...young].every((path) => existsSync(path)));
    assert.deepEqual(dry.notes, []);
    const report = await prune();
    assert.deepEqual(report.removed, dry.removed);
    assert.deepEqual(
      old.filter((path) => existsSync(path)),
      [],
    );
    assert.deepEqual(
      young.filter((path) => !existsSync(path)),
      [],
    );
    assert.deepEqual(
      await readdir(inCache(cache, 'tmp')).then((names) => names.filter((n) => n !== 'of-29')),
      [],
    );
    // By size the longest unused go, whatever they are
    await prune({ maxSize: 0 });
    assert.deepEqual(
      young.filter((path) => existsSync(path)),
      [],
    );
  });

  it('never takes what a workspace refers to', async () => {
    const id = await bench.cutWiki('1.0');
    await bench.publish(id);
    const { store } = bench.context;
    const before: string[] = [];
    for await (const { path } of store.list()) {
      await utimes(path, daysAgo(100), daysAgo(100));
      before.push(path);
    }
    const needless = await blob('nobody refers to this', 100);
    const { removed } = await prune({ maxAge: 1, maxSize: 0 });
    assert.ok(removed.some(({ path }) => path === needless));
    const packages = removed.filter(({ kind, path }) => kind === 'store' && before.includes(path));
    assert.deepEqual(packages, []);
    assert.deepEqual(
      before.filter((path) => !existsSync(path)),
      [],
    );
  });

  it('leaves what a run in another workspace may be using, and says so', async () => {
    const needless = await blob('old', 100);
    const root = inCache(cache, 'roots', 'r');
    await file(join(root, 'ready'), 100);
    const verdict = await file(inCache(cache, 'installability', 'v.json'), 100);
    const other = join(bench.work.root, 'other');
    await mkdir(join(other, '.lockstep'), { recursive: true });
    await writeFile(join(other, 'lockstep.yaml'), '');
    await file(inCache(cache, 'workspaces', 'other.json'), 0, JSON.stringify({ workspace: other }));
    const lock = await takeLock(join(other, '.lockstep/lock'), {
      clock: bench.work.clock,
      command: 'lockstep release other',
    });
    assert.ok('release' in lock);
    const { notes } = await prune();
    assert.match(notes.join(), /"lockstep release other" is active in .*other/);
    assert.ok(existsSync(needless) && existsSync(root));
    assert.ok(!existsSync(verdict));
    await lock.release();
    await prune();
    assert.ok(!existsSync(needless) && !existsSync(root));
  });

  it('leaves the store alone where a workspace that shares it is not there now', async () => {
    const needless = await blob('old', 100);
    await file(
      inCache(cache, 'workspaces', 'away.json'),
      1,
      JSON.stringify({ workspace: '/nowhere/at/all' }),
    );
    const { notes } = await prune();
    assert.match(notes.join(), /\/nowhere\/at\/all also uses it/);
    assert.ok(existsSync(needless));
  });

  it('tells of what it does not know, and leaves it', async () => {
    const stray = await file(join(cache, 'stray', 'x'), 400);
    const { notes } = await prune();
    assert.match(notes.join(), /stray is not pruned/);
    assert.ok(existsSync(stray));
  });

  it('knows every folder that cutting, publishing and going back leave', async () => {
    await bench.publish(await bench.cutWiki('1.0'));
    await bench.publish(await bench.cutWiki('2.0'));
    await bench.rollback('set-unstable');
    assert.ok((await readdir(cache)).length >= 3);
    assert.deepEqual((await prune()).notes, []);
  });

  it('is done once a day by itself, and not in the first run', async () => {
    const { context } = bench;
    const old = await file(inCache(cache, 'facts', 'old.json'), 100);
    await pruneWhenDue(context);
    assert.ok(existsSync(old));
    await pruneWhenDue(context);
    assert.ok(existsSync(old));
    bench.work.clock.move(day + 1);
    await pruneWhenDue(context);
    assert.ok(!existsSync(old));
    const { mtime } = await stat(join(cache, pruneMark));
    assert.equal(Math.floor(mtime.getTime() / 1000), Math.floor(context.clock.now().getTime() / 1000));
    await rm(join(cache, pruneMark));
  });

  it('goes by flags, then by the environment, then by 30 days and 50 GiB', () => {
    const env = { LOCKSTEP_CACHE_AGE: '1w', LOCKSTEP_CACHE_SIZE: '5G' };
    assert.deepEqual(cacheLimits({}), { maxAge: 30 * day, maxSize: 50 * 1024 ** 3 });
    assert.deepEqual(cacheLimits(env), { maxAge: 7 * day, maxSize: 5 * 1024 ** 3 });
    assert.deepEqual(cacheLimits(env, { age: '2d', size: '10M' }), {
      maxAge: 2 * day,
      maxSize: 10 * 1024 ** 2,
    });
    assert.throws(() => cacheLimits({ LOCKSTEP_CACHE_SIZE: 'much' }), { code: 'USAGE' });
    assert.throws(() => cacheLimits({}, { age: 'soon' }), { code: 'USAGE' });
  });
});
