import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cacheFolders } from '../../../src/io/cache-folders.js';
import { alwaysKept, parseSize, planCache, type CacheItem } from '../../../src/io/cache-rule.js';

const now = new Date('2026-11-29T12:00:00Z');
const day = 86_400;

function item(name: string, days: number, size = 10, needed = false): CacheItem {
  return {
    folder: 'store',
    path: `/c/store/${name}`,
    size,
    used: new Date(now.getTime() - days * day * 1000),
    needed,
  };
}

const gone = (items: CacheItem[], limits: { maxAge: number; maxSize: number }): string[] =>
  planCache(items, limits, now).remove.map(({ path }) => path.slice('/c/store/'.length));

describe('the rule of the cache', () => {
  const large = 1e9;

  it('takes what was not used for the longest age', () => {
    assert.deepEqual(
      gone([item('a', 31), item('b', 29), item('c', 40)], { maxAge: 30 * day, maxSize: large }),
      ['c', 'a'],
    );
  });

  it('takes the longest unused first where more is there than the largest size', () => {
    const items = [item('a', 3), item('b', 9), item('c', 5), item('d', 2)];
    assert.deepEqual(gone(items, { maxAge: 30 * day, maxSize: 25 }), ['b', 'c']);
    assert.equal(planCache(items, { maxAge: 30 * day, maxSize: 25 }, now).kept, 20);
  });

  it('never takes what is needed, nor what was used within a day', () => {
    const items = [item('needed', 99, 10, true), item('lately', alwaysKept / day / 2), item('old', 1.1)];
    assert.deepEqual(gone(items, { maxAge: 1, maxSize: 0 }), ['old']);
  });

  it('reads sizes', () => {
    assert.deepEqual(['0', '12', '3K', '2M', '50G', '1T'].map(parseSize), [
      0,
      12,
      3072,
      2 * 1024 ** 2,
      50 * 1024 ** 3,
      1024 ** 4,
    ]);
    for (const bad of ['', '-1', '1.5G', '5g', '5 G', '5GB', 'G']) assert.equal(parseSize(bad), undefined);
  });

  it('is told of in the documentation, folder by folder', () => {
    const page = readFileSync(resolve(import.meta.dirname, '../../../docs/how-to/free-space.md'), 'utf8');
    const listed = [...page.matchAll(/^\| `([\w-]+)\/`\s+\| (.*?)\s+\|/gm)].map(([, name, holds]) => [
      name,
      holds,
    ]);
    assert.deepEqual(
      listed,
      Object.entries(cacheFolders).map(([name, { holds }]) => [name, holds]),
    );
  });

  it('is asked for by everything that has a path in the cache', () => {
    const top = resolve(import.meta.dirname, '../../../src');
    const byHand = readdirSync(top, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && name !== 'io/cache-folders.ts')
      .flatMap((name) =>
        readFileSync(join(top, name), 'utf8')
          .split('\n')
          .filter((line) => /\bjoin\((?:[\w.#]*\.)?#?(?:cache|cacheDir), '/.test(line))
          .map((line) => `${name}: ${line.trim()}`),
      );
    // `facts` is given to sources as their folder of the cache
    assert.deepEqual(byHand, ["source/git/fetch-git.ts: const scratch = join(context.cacheDir, 'git');"]);
  });
});
