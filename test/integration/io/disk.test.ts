import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ensureDir,
  exists,
  freeBytes,
  hashFile,
  linkOrCopy,
  readIfThere,
  removeFile,
  removeTree,
  sha256Of,
  sweepTemporary,
  tempDir,
  temporaryName,
  writeFileAtomic,
} from '../../../src/io/disk.js';

describe('files on the disk', () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o7777;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-disk-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('are written with their folders, exactly the mode, and a digest', async () => {
    const digest = await writeFileAtomic(at('a/b/c'), 'text', { mode: 0o666 });
    assert.deepEqual(digest, { size: 4, sha256: sha256Of('text') });
    assert.equal(await readFile(at('a/b/c'), 'utf8'), 'text');
    assert.equal(await modeOf(at('a/b/c')), 0o666);
    await writeFileAtomic(at('d'), 'text');
    assert.equal(await modeOf(at('d')), 0o644);
  });

  it('keep their old bytes when the new ones break off', async () => {
    await writeFileAtomic(at('f'), 'old');
    const fault = new Error('broke off');
    const breaking = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.alloc(100_000);
      throw fault;
    };
    await assert.rejects(writeFileAtomic(at('f'), breaking()), fault);
    assert.deepEqual(await readdir(folder), ['f']);
    assert.equal(await readFile(at('f'), 'utf8'), 'old');
  });

  it('keep their old bytes when the writing is interrupted', async () => {
    await writeFileAtomic(at('f'), 'old');
    const writing = writeFileAtomic(at('f'), 'new', { signal: AbortSignal.abort() });
    await assert.rejects(writing, { code: 'INTERRUPTED' });
    assert.deepEqual(await readdir(folder), ['f']);
    assert.equal(await readFile(at('f'), 'utf8'), 'old');
  });

  it('are not put over a folder', async () => {
    await mkdir(at('f/g'), { recursive: true });
    await assert.rejects(writeFileAtomic(at('f'), 'text'), { code: 'DISK_IO' });
    assert.deepEqual(await readdir(folder), ['f']);
  });

  it('are hashed', async () => {
    const bytes = Buffer.alloc(700_001, 'abc');
    await writeFile(at('f'), bytes);
    assert.deepEqual(await hashFile(at('f')), { size: bytes.length, sha256: sha256Of(bytes) });
    await assert.rejects(hashFile(at('g')), { code: 'DISK_IO', message: /could not read/i });
    await assert.rejects(hashFile(at('f'), { signal: AbortSignal.abort() }), { code: 'INTERRUPTED' });
  });

  it('are linked, over what is there too', async () => {
    await writeFile(at('from'), 'text');
    await writeFile(at('to'), 'old');
    await linkOrCopy(at('from'), at('to'));
    await linkOrCopy(at('from'), at('to'));
    assert.equal((await stat(at('from'))).ino, (await stat(at('to'))).ino);
    assert.deepEqual((await readdir(folder)).sort(), ['from', 'to']);
  });

  it('are removed with all that is in them, but not through a symbolic link', async () => {
    await mkdir(at('kept'));
    await writeFile(at('kept/f'), 'text');
    await ensureDir(at('gone/deep'));
    await symlink(at('kept'), at('gone/link'));
    await removeTree(at('gone'));
    await removeTree(at('gone'));
    await removeFile(at('never'));
    assert.deepEqual(await readdir(folder), ['kept']);
    assert.equal(await exists(at('kept/f')), true);
    assert.equal(await exists(at('kept/f/g')), false);
  });

  it('are read when they are there', async () => {
    await writeFile(at('f'), 'text');
    assert.equal((await readIfThere(at('f')))?.toString(), 'text');
    assert.equal(await readIfThere(at('g')), undefined);
    await assert.rejects(readIfThere(folder), { code: 'DISK_IO' });
  });

  it('get a folder of their own', async () => {
    const [one, two] = [await tempDir(at('tmp')), await tempDir(at('tmp'))];
    assert.notEqual(one, two);
    assert.equal(await modeOf(one), 0o700);
    assert.ok((await freeBytes(one)) > 0);
  });

  it('that a killed run left behind are swept, and only those', async () => {
    await mkdir(at('deep'));
    const left = [temporaryName(at('InRelease')), temporaryName(at('deep/Packages'))];
    for (const path of [...left, at('InRelease'), at('.hidden')]) await writeFile(path, 'text');
    assert.deepEqual((await sweepTemporary(folder)).sort(), left.sort());
    assert.deepEqual((await readdir(folder)).sort(), ['.hidden', 'InRelease', 'deep']);
    assert.deepEqual(await sweepTemporary(at('nowhere')), []);
  });
});
