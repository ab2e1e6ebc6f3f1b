/** What every adapter of ArchivePort promises; an adapter's test calls it once. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sameBytes, type ArchivePort } from '../../../src/archive/port.js';
import { makeWay, wayOf } from '../../../src/archive/pool-way.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { sha256Of } from '../../../src/io/disk.js';

/** @param make an adapter onto an empty place below `folder`, which is the test's own */
export function archivePortContract(name: string, make: (folder: string) => ArchivePort): void {
  describe(`${name} as a port of the archive`, () => {
    let folder: string;
    let port: ArchivePort;
    let store: ContentStore;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'lockstep-port-'));
      port = make(join(folder, 'public'));
      store = new ContentStore(join(folder, 'store'));
    });
    afterEach(async () => {
      await rm(folder, { recursive: true, force: true });
    });

    const text = async (path: string): Promise<string | undefined> => (await port.read(path))?.toString();

    it('has nothing in an empty place', async () => {
      assert.equal(await port.read('debian/a'), undefined);
      assert.equal(await port.digest('debian/a'), undefined);
      assert.deepEqual(await port.head(['debian/a']), new Map());
      assert.deepEqual(await port.list('debian'), []);
      await port.remove('debian/a');
    });

    it('reads what was put last', async () => {
      await port.put('debian/a/b', 'first');
      await port.put('debian/a/b', Buffer.from('the second'));
      assert.equal(await text('debian/a/b'), 'the second');
      assert.deepEqual(await port.digest('debian/a/b'), { size: 10, sha256: sha256Of('the second') });
      assert.equal((await port.head(['debian/a/b', 'debian/x'])).get('debian/a/b')?.size, 10);
      assert.equal((await port.head(['debian/a/b', 'debian/x'])).size, 1);
    });

    it('gives a tag to one content only', async () => {
      await port.put('debian/a', 'one');
      await port.put('debian/b', 'two');
      await port.copy('debian/c', 'debian/a');
      const heads = await port.head(['debian/a', 'debian/b', 'debian/c']);
      assert.notEqual(heads.get('debian/a')!.tag, heads.get('debian/b')!.tag);
      assert.equal(await sameBytes(port, 'debian/a', 'debian/c'), true);
      assert.equal(await sameBytes(port, 'debian/a', 'debian/b'), false);
      assert.equal(await sameBytes(port, 'debian/a', 'debian/missing'), false);
      await port.put('debian/b', 'one');
      assert.equal(await sameBytes(port, 'debian/a', 'debian/b'), true);
    });

    it('copies a file, whose copy keeps its bytes when the first is replaced', async () => {
      await port.put('debian/a', 'one');
      await port.copy('debian/deep/b', 'debian/a');
      await port.put('debian/a', 'two');
      assert.equal(await text('debian/deep/b'), 'one');
      await port.copy('debian/deep/b', 'debian/a');
      assert.equal(await text('debian/deep/b'), 'two');
      await port.remove('debian/a');
      assert.equal(await text('debian/deep/b'), 'two');
    });

    it('refuses to copy what is not there', async () => {
      await assert.rejects(port.copy('debian/b', 'debian/a'));
      assert.equal(await port.read('debian/b'), undefined);
    });

    it('takes files out of the store, and tells of each', async () => {
      const blobs = await Promise.all(
        ['one', 'two', 'x'.repeat(500_000)].map(async (content, at) => ({
          ...(await store.put(Buffer.from(content))),
          path: `debian/pool/${at}`,
        })),
      );
      const told: string[] = [];
      await port.putBlobs(blobs, store, { onWritten: ({ path }) => told.push(path) });
      assert.deepEqual(told.sort(), ['debian/pool/0', 'debian/pool/1', 'debian/pool/2']);
      for (const { path, size, sha256 } of blobs) assert.deepEqual(await port.digest(path), { size, sha256 });
    });

    it('writes nothing of a file that the store lacks or has with other bytes', async () => {
      const missing = { path: 'debian/pool/a', size: 1, sha256: sha256Of('never put') };
      await assert.rejects(port.putBlobs([missing], store), { code: 'STORE_MISSING' });
      const damaged = { path: 'debian/pool/b', ...(await store.put(Buffer.from('good'))) };
      const kept = store.path(damaged.sha256);
      await rm(kept);
      await writeFile(kept, 'evil');
      await assert.rejects(port.putBlobs([damaged], store), { code: 'STORE_CORRUPT' });
      assert.deepEqual(await port.list('debian'), []);
    });

    it('lists what is below a folder, by path, and nothing beside it', async () => {
      for (const path of ['debian/b/z', 'debian/a', 'debian/b/a', 'debian-old/a', 'snapshot/a'])
        await port.put(path, path);
      const listed = await port.list('debian');
      assert.deepEqual(
        listed.map(({ path, kind, size }) => ({ path, kind, size })),
        ['debian/a', 'debian/b/a', 'debian/b/z'].map((path) => ({ path, kind: 'file', size: path.length })),
      );
      assert.ok(listed.every(({ modified }) => modified instanceof Date));
    });

    it('removes a file for good, and nothing beside it', async () => {
      await port.put('debian/a/b', '1');
      await port.put('debian/a/c', '2');
      await port.remove('debian/a/b');
      await port.remove('debian/a/b');
      assert.deepEqual(
        (await port.list('debian')).map(({ path }) => path),
        ['debian/a/c'],
      );
    });

    it('has a way to the pool, which says where it leads and is removed alone', async () => {
      await port.put('debian/pool/main/a', 'a');
      assert.equal(await wayOf(port, '20260101T000000Z'), undefined);
      await makeWay(port, 'snapshot/20260101T000000Z/pool', 'debian/elsewhere');
      await makeWay(port, 'snapshot/20260101T000000Z/pool', 'debian/pool');
      assert.equal(await wayOf(port, '20260101T000000Z'), 'debian/pool');
      assert.equal((await port.list('snapshot/20260101T000000Z')).length, 1);
      await port.remove('snapshot/20260101T000000Z/pool');
      assert.equal(await wayOf(port, '20260101T000000Z'), undefined);
      assert.equal(await text('debian/pool/main/a'), 'a');
    });

    it('writes and removes nothing once it was interrupted', async () => {
      await port.put('debian/a', 'one');
      const blob = { path: 'debian/pool/a', ...(await store.put(Buffer.from('blob'))) };
      const stop = new AbortController();
      stop.abort();
      const options = { signal: stop.signal };
      const interrupted = { code: 'INTERRUPTED' };
      await assert.rejects(port.put('debian/b', 'two', options), interrupted);
      await assert.rejects(port.copy('debian/b', 'debian/a', options), interrupted);
      await assert.rejects(port.putBlobs([blob], store, options), interrupted);
      await assert.rejects(port.remove('debian/a', options), interrupted);
      assert.deepEqual(
        (await port.list('debian')).map(({ path }) => path),
        ['debian/a'],
      );
    });

    it('refuses a path that leaves the archive', async () => {
      const put = async (): Promise<void> => await port.put('debian/../../a', 'x');
      await assert.rejects(put, TypeError);
    });
  });
}
