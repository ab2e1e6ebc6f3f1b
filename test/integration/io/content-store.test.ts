import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collect } from '../../../src/deb/bytes.js';
import type { ListedBlob } from '../../../src/io/content-store.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { lacksBlob } from '../../../src/io/damaged-blob.js';
import { sha256Of } from '../../../src/io/disk.js';

const hash = sha256Of('text');

describe('the content store', () => {
  let folder: string;
  let store: ContentStore;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-store-'));
    store = new ContentStore(join(folder, 'store'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function damage(): Promise<void> {
    await chmod(store.path(hash), 0o644);
    await writeFile(store.path(hash), 'texT');
  }

  it('takes bytes, streams and files, and gives them back', async () => {
    await writeFile(join(folder, 'f'), 'text');
    const pieces = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from('te');
      yield Buffer.from('xt');
    };
    for (const source of ['text', Buffer.from('text'), pieces(), { file: join(folder, 'f') }]) {
      assert.deepEqual(await store.put(source), { sha256: hash, size: 4 });
    }
    assert.equal((await collect(store.open(hash))).toString(), 'text');
    assert.equal((await store.read(hash)).toString(), 'text');
    assert.equal(await store.size(hash), 4);
    assert.equal((await stat(store.path(hash))).mode & 0o7777, 0o444);
    assert.deepEqual(await readdir(store.partialDir), []);
  });

  it('refuses what is not what was promised, and keeps nothing', async () => {
    const wrong = store.put('text', { sha256: sha256Of('other') }, { name: 'a.tar.xz' });
    await assert.rejects(wrong, { code: 'SOURCE_HASH_MISMATCH', message: /^a\.tar\.xz: SHA-256/ });
    await assert.rejects(store.put('text', { size: 5 }), {
      code: 'SOURCE_HASH_MISMATCH',
      message: /4 bytes/,
    });
    assert.equal(await store.has(hash), false);
    assert.deepEqual(await readdir(store.partialDir), []);
  });

  it('keeps nothing of a source that breaks, and says what the source said', async () => {
    const fault = Object.assign(new Error('read ECONNRESET'), {
      code: 'ECONNRESET',
      errno: -104,
      syscall: 'read',
    });
    const breaking = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from('te');
      throw fault;
    };
    await assert.rejects(store.put(breaking()), fault);
    await assert.rejects(store.put({ file: join(folder, 'none') }), { code: 'DISK_IO', message: /none/ });
    assert.deepEqual(await readdir(store.partialDir), []);
  });

  it('says STORE_MISSING of what is not there', async () => {
    await assert.rejects(collect(store.open(hash)), { code: 'STORE_MISSING' });
    await assert.rejects(store.read(hash), { code: 'STORE_MISSING' });
    await assert.rejects(store.verify(hash), { code: 'STORE_MISSING' });
    await assert.rejects(store.copyTo(hash, join(folder, 'to')), { code: 'STORE_MISSING' });
    assert.equal(await store.holds(hash), false);
  });

  it('says STORE_CORRUPT of damaged bytes, once, and sets them aside', async () => {
    const uses: (() => Promise<unknown>)[] = [
      () => collect(store.open(hash)),
      () => store.read(hash),
      () => store.verify(hash),
      () => store.copyTo(hash, join(folder, 'to')),
    ];
    for (const use of uses) {
      await store.put('text');
      await damage();
      await assert.rejects(use(), { code: 'STORE_CORRUPT' });
      assert.equal(await store.has(hash), false);
      await assert.rejects(stat(join(folder, 'to')), { code: 'ENOENT' });
    }
    assert.equal(await readFile(join(store.root, 'corrupt', hash), 'utf8'), 'texT');
  });

  it('leaves a blob alone that was mended while a reader had the damaged bytes', async () => {
    await store.put('text');
    await damage();
    const reader = store.open(hash);
    // The reader has the damaged file open, and has read all of it but its end
    const pieces: AsyncIterator<unknown> = reader.iterator({ destroyOnReturn: false });
    assert.equal(String((await pieces.next()).value), 'texT');
    await store.put('text');
    await assert.rejects(collect(reader), { code: 'STORE_CORRUPT' });
    assert.equal((await store.read(hash)).toString(), 'text');
  });

  it('is lacking, and no fault of the disk, where it goes before it is read', async () => {
    await store.put('text');
    const reader = store.open(hash);
    await store.remove(hash);
    await assert.rejects(collect(reader), (error) => lacksBlob(error));
  });

  it('mends a damaged blob when it is put again', async () => {
    await store.put('text');
    await damage();
    await store.put('text');
    assert.equal(await store.holds(hash), true);
  });

  it('puts a blob elsewhere as a file of its own that may be written to', async () => {
    const target = join(folder, 'pool/main/t/text.deb');
    await store.put('text');
    assert.deepEqual(await store.copyTo(hash, target), { sha256: hash, size: 4 });
    assert.equal((await stat(target)).mode & 0o7777, 0o644);
    await writeFile(target, 'changed');
    assert.equal(await store.holds(hash), true);
  });

  it('lists what it has, in order, and nothing else', async () => {
    const texts = Array.from({ length: 20 }, (_, index) => String(index));
    for (const text of texts) await store.put(text);
    await writeFile(join(store.root, 'sha256', 'stray'), '');
    await writeFile(join(store.path(sha256Of('0')), '..', 'stray'), '');
    const listed: ListedBlob[] = [];
    for await (const blob of store.list()) listed.push(blob);
    assert.deepEqual(
      listed.map((blob) => blob.sha256),
      texts.map((text) => sha256Of(text)).sort(),
    );
    await store.remove(sha256Of('0'));
    await store.remove(sha256Of('0'));
    assert.equal(await store.has(sha256Of('0')), false);
    for await (const blob of new ContentStore(join(folder, 'none')).list()) assert.fail(blob.path);
  });

  it('notes when a blob was last used', async () => {
    await store.put('text');
    const used = new Date('2026-01-02T03:04:05Z');
    await store.touch(hash, used);
    for await (const blob of store.list()) assert.deepEqual(blob.modified, used);
  });

  it('sweeps what is old in partial/ and corrupt/, and nothing else', async () => {
    await store.put('text');
    await damage();
    await assert.rejects(store.verify(hash));
    await store.put('text');
    const young = join(store.partialDir, 'young.part');
    const old = join(store.partialDir, 'old.part');
    for (const path of [young, old]) await writeFile(path, '');
    const long = new Date('2020-01-01T00:00:00Z');
    for (const path of [old, join(store.root, 'corrupt', hash), store.path(hash)])
      await utimes(path, long, long);
    const removed = await store.sweep(new Date('2021-01-01T00:00:00Z'));
    assert.deepEqual(removed, [old, join(store.root, 'corrupt', hash)]);
    assert.deepEqual(await readdir(store.partialDir), ['young.part']);
    assert.equal(await store.holds(hash), true);
  });
});
