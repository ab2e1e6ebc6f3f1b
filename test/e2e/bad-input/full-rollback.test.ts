/** A rollback on a disk that is nearly full: it needs little, and says how much. */
import assert from 'node:assert/strict';
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importedArchive, suite, type ImportedArchive } from '../../fixtures/imported-archive.js';
import { startLockstep, type CommandOutcome } from '../../fixtures/lockstep.js';
import { needs } from '../../fixtures/machine.js';
import { historyOf } from '../moves/history.js';
import { SmallDisk, unfitForSmallDisks } from './small-disk.js';

describe('a rollback on a disk that is nearly full', function () {
  this.timeout(120_000);
  let archive: ImportedArchive;
  let disk: SmallDisk;

  before(async function () {
    await needs(this, { tools: ['unshare', 'nsenter'], also: unfitForSmallDisks });
    archive = await importedArchive(['1.0', '2.0']);
    await mkdir(join(archive.workspace, 'public'));
    disk = await SmallDisk.mount(join(archive.workspace, 'public'), 'size=16m');
    for (const id of archive.ids) assert.equal((await run('publish', id, suite)).status, 0);
  });
  after(async () => disk?.end());

  async function run(...args: string[]): Promise<CommandOutcome> {
    const command = [...args, '--workspace', archive.workspace];
    return await startLockstep(command, { env: archive.env, within: disk.within }).ended;
  }

  /** Fills the disk up to so many bytes. */
  async function leave(bytes: number): Promise<void> {
    const ballast = join(disk.path, '.ballast');
    await rm(ballast, { force: true });
    const { bavail, bsize } = await statfs(disk.path);
    await writeFile(ballast, Buffer.alloc(bavail * bsize - bytes));
  }

  it('is refused with what it needs where there is nearly nothing, and nothing is written', async () => {
    await leave(64 * 1024);
    const { status, stderr } = await run('rollback', suite, '--reason', 'a test');
    assert.equal(status, 8, stderr);
    assert.match(stderr, /DISK_FULL.*has \d+ KiB of free space; the publication needs \d{3} KiB/);
    assert.equal((await historyOf(archive.workspace, suite)).length, 2);
  });

  for (const [size, bytes] of [
    ['2 MB', 2_000_000],
    ['300 kB', 300_000],
  ] as const) {
    it(`works with ${size}`, async () => {
      await leave(bytes);
      const back = await run('rollback', suite, '--reason', 'a test');
      assert.equal(back.status, 0, back.stderr);
      assert.equal((await historyOf(archive.workspace, suite)).at(-1)!.to, archive.ids[0]);
      await leave(8_000_000);
      assert.equal((await run('publish', archive.ids[1]!, suite)).status, 0);
    });
  }
});
