import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileLists } from '../../../src/archive/file-lists.js';
import { LockstepError } from '../../../src/errors.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { makeBinary } from '../../fixtures/packages.js';

describe('lists of the files of packages', () => {
  let cache: string;
  let store: ContentStore;
  const files = { 'usr/share/b': 'b', 'etc/a b': 'a', 'usr/bin/link': '-> ../share/b' };

  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), 'lockstep-lists-'));
    store = new ContentStore(join(cache, 'store'));
  });
  afterEach(async () => {
    await rm(cache, { recursive: true, force: true });
  });

  async function debs(count: number): Promise<{ sha256: string; name: string }[]> {
    const made = [];
    for (let index = 0; index < count; index++) {
      const { file } = await makeBinary({
        package: `p${index}`,
        version: '1',
        files: { ...files, [`opt/${index}`]: '' },
      });
      made.push({ sha256: (await store.put(file.bytes)).sha256, name: file.name });
    }
    return made;
  }

  const expected = (index: number): string[] => ['etc/a b', `opt/${index}`, 'usr/bin/link', 'usr/share/b'];
  const kept = async (): Promise<string[]> => (await readdir(join(cache, 'file-lists'))).sort();

  it('are read once, and then kept', async () => {
    const made = await debs(5);
    const lists = await new FileLists(store, cache).ofAll(made);
    assert.deepEqual(
      made.map(({ sha256 }) => lists.get(sha256)),
      made.map((_, index) => expected(index)),
    );
    for (const { sha256 } of made) await store.remove(sha256);
    const again = new FileLists(store, cache);
    for (const [index, deb] of made.entries())
      assert.deepEqual(await again.of(deb.sha256, deb), expected(index));
    // Not a file for each package
    assert.ok((await kept()).every((name) => /^[0-9a-f]{2}\.list$/.test(name)));
  });

  it('may be given by who has read a package, also one without files', async () => {
    const lists = new FileLists(store, cache);
    const hashes = ['a'.repeat(64), 'b'.repeat(64)] as const;
    lists.keep([
      [hashes[0], []],
      [hashes[1], ['usr/share/ä', 'usr/x']],
    ]);
    assert.deepEqual(await lists.of(hashes[0], { name: 'a' }), []);
    assert.deepEqual(await new FileLists(store, cache).of(hashes[1], { name: 'b' }), [
      'usr/share/ä',
      'usr/x',
    ]);
  });

  it('are read anew where a line is torn, damaged or gone', async () => {
    const [deb] = await debs(1);
    await new FileLists(store, cache).of(deb!.sha256, deb!);
    const path = join(cache, 'file-lists', (await kept())[0]!);
    const text = await readFile(path, 'utf8');
    for (const bad of [text.replace('usr/share/b', 'usr/share/x'), text.slice(0, -5), '', 'x'.repeat(200)]) {
      await writeFile(path, bad);
      assert.deepEqual(await new FileLists(store, cache).of(deb!.sha256, deb!), expected(0));
    }
    // What a killed writer left does not spoil what comes after it
    await writeFile(path, text.slice(0, -5));
    new FileLists(store, cache).keep([[deb!.sha256, ['kept']]]);
    await appendFile(path, 'half a li');
    assert.deepEqual(await new FileLists(store, cache).of(deb!.sha256, deb!), ['kept']);
  });

  it('say what is wrong with a package that cannot be read', async () => {
    const { sha256 } = await store.put('not a package');
    const lists = new FileLists(store, cache);
    await assert.rejects(
      lists.of(sha256, { name: 'x.deb' }),
      (error) =>
        error instanceof LockstepError && error.code === 'DEB_ARCHIVE' && /x\.deb/.test(error.message),
    );
  });
});
