import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LockstepError } from '../../../src/errors.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { sha256Of, temporaryName } from '../../../src/io/disk.js';
import { FileBatch } from '../../../src/io/file-batch.js';

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

async function faultOf(work: Promise<unknown>): Promise<LockstepError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof LockstepError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'it did not fail' });
}

describe('a batch of files', () => {
  let folder: string;
  let path: string | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-batch-'));
    path = process.env['PATH'];
  });
  afterEach(async () => {
    process.env['PATH'] = path;
    await rm(folder, { recursive: true, force: true });
  });

  /** More than wait for the disk one by one. */
  const many = Array.from(
    { length: 60 },
    (_, index) => [`deep/${index % 7}/f${index}`, `bytes ${index}`] as const,
  );

  function add(batch: FileBatch, name: string, text: string, mode: number): void {
    const path = join(folder, name);
    batch.write(temporaryName(path), path, Buffer.from(text), mode);
  }

  function filled(batch = new FileBatch()): FileBatch {
    for (const [name, text] of many) add(batch, name, text, 0o444);
    return batch;
  }

  it('is in its places before it is settled, also where the disk was set to work early', async () => {
    const batch = filled();
    batch.beginSync();
    add(batch, 'late', 'late', 0o644);
    await batch.place();
    const names = [...many.map(([name]) => name), 'late'].sort();
    assert.deepEqual(await filesBelow(folder), names);
    await batch.settle();
    await batch.settle();
    assert.deepEqual(await filesBelow(folder), names);
  });

  it('that is discarded while the disk is at work leaves nothing', async () => {
    const batch = filled();
    batch.beginSync();
    batch.discard();
    await batch.place();
    await batch.settle();
    assert.deepEqual(await filesBelow(folder), []);
  });

  it('waits for each file where the early work came to nothing', async () => {
    process.env['PATH'] = '/nonexistent';
    const batch = filled();
    batch.beginSync();
    await batch.commit();
    assert.deepEqual(await filesBelow(folder), many.map(([name]) => name).sort());
  });

  it('is not there before it is committed, and then whole, with its modes', async () => {
    const batch = filled();
    assert.equal((await filesBelow(folder)).filter((name) => !name.endsWith('.lockstep-tmp')).length, 0);
    await batch.commit();
    assert.deepEqual(await filesBelow(folder), many.map(([name]) => name).sort());
    for (const [name, text] of many) {
      assert.equal(await readFile(join(folder, name), 'utf8'), text);
      assert.equal((await stat(join(folder, name))).mode & 0o777, 0o444);
    }
    assert.equal(batch.size, 0);
  });

  it('needs no program sync', async () => {
    process.env['PATH'] = folder;
    await filled().commit();
    assert.equal((await filesBelow(folder)).length, many.length);
  });

  it('replaces what is there', async () => {
    await mkdir(join(folder, 'deep/0'), { recursive: true });
    await writeFile(join(folder, many[0]![0]), 'old');
    await filled().commit();
    assert.equal(await readFile(join(folder, many[0]![0]), 'utf8'), many[0]![1]);
  });

  it('leaves nothing when it is given up or stopped', async () => {
    const batch = filled();
    batch.discard();
    assert.deepEqual(await filesBelow(folder), []);
    const stopped = AbortSignal.abort();
    assert.equal((await faultOf(filled().commit(stopped))).code, 'INTERRUPTED');
    assert.deepEqual(await filesBelow(folder), []);
  });

  it('leaves no half of a file when a place cannot be taken', async () => {
    // A folder is in the way of one of them
    const [blocked] = many[30]!;
    await mkdir(join(folder, blocked, 'inside'), { recursive: true });
    const fault = await faultOf(filled().commit());
    assert.equal(fault.code, 'DISK_IO');
    assert.match(fault.message, new RegExp(blocked));
    const left = await filesBelow(folder);
    assert.equal(left.length, 30);
    for (const name of left) {
      assert.equal(await readFile(join(folder, name), 'utf8'), new Map<string, string>(many).get(name));
    }
  });

  it('is handed from one to another', async () => {
    const first = filled();
    const second = new FileBatch();
    second.takeOver(first.handOver());
    first.discard();
    await second.commit();
    assert.equal((await filesBelow(folder)).length, many.length);
  });
});

describe('a batch of blobs', () => {
  let folder: string;
  let store: ContentStore;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-batch-'));
    store = new ContentStore(join(folder, 'store'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const texts = Array.from({ length: 50 }, (_, index) => Buffer.from(`blob ${index}`));

  it('comes into the store, each under its hash', async () => {
    const batch = store.batch();
    const blobs = texts.map((bytes) => batch.add(bytes));
    assert.equal(await store.has(blobs[0]!.sha256), false);
    await batch.commit();
    for (const [index, blob] of blobs.entries()) {
      assert.deepEqual(blob, { sha256: sha256Of(texts[index]!), size: texts[index]!.length });
      assert.deepEqual(await store.read(blob.sha256), texts[index]);
      assert.equal((await stat(store.path(blob.sha256))).mode & 0o777, 0o444);
    }
  });

  it('mends a damaged blob, and writes no whole one again but notes that it was used', async () => {
    const first = store.batch();
    const [good, bad] = [texts[0]!, texts[1]!].map((bytes) => first.add(bytes));
    await first.commit();
    const old = new Date('2020-01-01T00:00:00Z');
    await utimes(store.path(good!.sha256), old, old);
    const before = await stat(store.path(good!.sha256));
    await rm(store.path(bad!.sha256));
    await writeFile(store.path(bad!.sha256), 'BLOB 1');
    const again = store.batch();
    for (const bytes of texts.slice(0, 2)) again.add(bytes);
    assert.equal(again.size, 1);
    await again.commit();
    assert.deepEqual(await store.read(bad!.sha256), texts[1]);
    const after = await stat(store.path(good!.sha256));
    assert.equal(after.ino, before.ino);
    assert.ok(after.mtime > old);
  });

  it('of a killed run is swept away, once it is old', async () => {
    const killed = store.batch();
    const blobs = texts.map((bytes) => killed.add(bytes));
    // Nothing ends it: so a kill leaves it
    const left = (await filesBelow(store.root)).filter((name) => name.endsWith('.lockstep-tmp'));
    assert.equal(left.length, texts.length);
    assert.deepEqual(await store.sweep(new Date('2020-01-01T00:00:00Z')), []);
    assert.equal((await store.sweep(new Date(Date.now() + 60_000))).length, texts.length);
    assert.deepEqual(await filesBelow(store.root), []);
    assert.equal(await store.has(blobs[0]!.sha256), false);
  });
});
