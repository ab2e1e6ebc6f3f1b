import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { placeSmallFiles } from '../../../src/archive/small-files.js';
import type { SmallFile } from '../../../src/archive/copy-share.js';
import { LockstepError } from '../../../src/errors.js';
import { ContentStore } from '../../../src/io/content-store.js';

const copying = { thread: new URL('../../fixtures/copy-worker.mjs', import.meta.url) } as const;

describe('many small files out of the store', () => {
  let folder: string;
  let store: ContentStore;
  let files: SmallFile[];
  let path: string | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-small-'));
    path = process.env['PATH'];
    store = new ContentStore(join(folder, 'store'));
    const batch = store.batch();
    // As many as are shared between threads
    files = Array.from({ length: 1700 }, (_, at) => {
      const blob = batch.add(Buffer.from(`file ${at}`));
      return { ...blob, path: join(folder, `pool/${at % 40}/deep/f${at}`) };
    });
    await batch.commit();
  });
  afterEach(async () => {
    process.env['PATH'] = path;
    await rm(folder, { recursive: true, force: true });
  });

  async function placed(): Promise<string[]> {
    const names = await readdir(join(folder, 'pool'), { recursive: true, withFileTypes: true });
    return names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  }

  async function assertAll(expected: readonly SmallFile[]): Promise<void> {
    assert.deepEqual((await placed()).sort(), expected.map((file) => file.path).sort());
    for (const file of expected) {
      assert.equal(
        await readFile(file.path, 'utf8'),
        `file ${file.path.slice(file.path.lastIndexOf('/') + 2)}`,
      );
      assert.equal((await stat(file.path)).mode & 0o777, 0o644);
    }
  }

  it('get to their places whole, each once, and each is told of', async () => {
    const told: string[] = [];
    const left = await placeSmallFiles(files, store, {
      ...copying,
      onWritten: (file) => told.push(file.path),
    });
    assert.deepEqual(left, []);
    assert.deepEqual(told.sort(), files.map((file) => file.path).sort());
    await assertAll(files);
  });

  it('also where the program sync is missing', async () => {
    process.env['PATH'] = '/nonexistent';
    assert.deepEqual(await placeSmallFiles(files, store, { ...copying }), []);
    await assertAll(files);
  });

  it('are left where they are missing or damaged', async () => {
    const bad = [files[0]!, files[1]!, files[900]!, files[901]!];
    for (const { sha256 } of bad.slice(0, 2)) await rm(store.path(sha256), { force: true });
    for (const { sha256 } of bad.slice(2)) {
      await rm(store.path(sha256));
      await writeFile(store.path(sha256), 'other');
    }
    const left = await placeSmallFiles(files, store, { ...copying });
    const paths = (some: readonly SmallFile[]): string[] => some.map((file) => file.path).sort();
    assert.deepEqual(paths(left), paths(bad));
    await assertAll(files.filter((file) => !bad.includes(file)));
  });

  for (const [what, at] of Object.entries({ 'by this thread': 800, 'by the other one': 801 })) {
    it(`leave nothing half-written when one cannot be written ${what}`, async () => {
      // A folder of one that is a file: the fault comes in the middle
      const long = { ...files[at]!, path: join(folder, 'pool/0/deep', 'x'.repeat(300)) };
      const some = files.with(at, long);
      await assert.rejects(
        placeSmallFiles(some, store, { ...copying }),
        (error: unknown) => error instanceof LockstepError && error.code === 'DISK_IO',
      );
      const names = await placed();
      assert.deepEqual(
        names.filter((name) => name.endsWith('.lockstep-tmp')),
        [],
      );
      const known = new Set(files.map((file) => file.path));
      assert.ok(names.every((name) => known.has(name)));
    });
  }

  it('stop when they are told to, and leave nothing half-written', async () => {
    const stop = new AbortController();
    const placing = placeSmallFiles(files, store, { ...copying, signal: stop.signal });
    setImmediate(() => stop.abort());
    await assert.rejects(placing, { code: 'INTERRUPTED' });
    assert.deepEqual(await placed(), []);
  });
});
