import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { LockstepError } from '../../../src/errors.js';
import type { Clock } from '../../../src/io/clock.js';
import type { LockHolder } from '../../../src/io/lock.js';
import { withLock } from '../../../src/io/lock.js';

const clock: Clock = { now: () => new Date('2026-11-23T10:15:30Z'), sleep: async () => undefined };

/** Another process at the same lock. */
class Rival {
  readonly process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(path: string) {
    const child = join(import.meta.dirname, 'lock-child.ts');
    this.process = spawn(process.execPath, ['--import', 'tsx', child, path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = createInterface({ input: this.process.stdout! })[Symbol.asyncIterator]();
  }

  async says(): Promise<string> {
    return (await this.#lines.next()).value as string;
  }

  async told(word: 'take' | 'leave'): Promise<string> {
    this.process.stdin?.write(`${word}\n`);
    return await this.says();
  }

  async kill(): Promise<void> {
    const ended = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await ended;
  }
}

describe('the lock between processes', () => {
  let folder: string;
  let path: string;
  const rivals: Rival[] = [];

  async function rival(): Promise<Rival> {
    const made = new Rival(path);
    rivals.push(made);
    assert.equal(await made.says(), 'ready');
    return made;
  }

  async function holder(): Promise<LockHolder> {
    return JSON.parse(await readFile(path, 'utf8')) as LockHolder;
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-lock-'));
    path = join(folder, 'lock');
  });

  afterEach(async () => {
    for (const made of rivals.splice(0))
      if (made.process.exitCode === null && !made.process.killed) await made.kill();
    await rm(folder, { recursive: true });
  });

  it('is held while the work is done and gone afterwards, even when the work fails', async () => {
    const seen = await withLock(path, { command: 'lockstep test', clock }, holder);
    assert.equal(seen.pid, process.pid);
    assert.equal(seen.command, 'lockstep test');
    assert.equal(seen.startedAt, '2026-11-23T10:15:30.000Z');
    const fault = new Error('the work failed');
    await assert.rejects(
      withLock(path, { command: 'x', clock }, () => Promise.reject(fault)),
      fault,
    );
    assert.deepEqual(await readdir(folder), []);
  });

  it('is refused while another process has it, and says which', async () => {
    const other = await rival();
    assert.equal(await other.told('take'), 'taken');
    let worked = false;
    const second = withLock(path, { command: 'second', clock }, async () => void (worked = true));
    await assert.rejects(second, (error) => {
      assert.ok(error instanceof LockstepError);
      assert.equal(error.code, 'LOCK_HELD');
      assert.equal(error.exit, 9);
      assert.match(
        error.message,
        new RegExp(`"child ${other.process.pid}", process ${other.process.pid}, since 20`),
      );
      return true;
    });
    assert.equal(worked, false);
    assert.equal(await other.told('leave'), 'left');
    await withLock(path, { command: 'second', clock }, async () => void (worked = true));
    assert.equal(worked, true);
  });

  it('is taken from a process that was killed', async () => {
    const other = await rival();
    assert.equal(await other.told('take'), 'taken');
    await other.kill();
    assert.equal((await holder()).pid, other.process.pid);
    assert.equal((await withLock(path, { command: 'x', clock }, holder)).pid, process.pid);
    assert.deepEqual(await readdir(folder), []);
  });

  it('goes to exactly one of several that race for it, free or left by the dead', async () => {
    const racing = await Promise.all([rival(), rival(), rival()]);
    const dead = await withLock(path, { command: 'dead', clock }, holder);
    for (let round = 0; round < 30; round++) {
      // A pid beyond what Linux gives (PID_MAX_LIMIT is 2^22), so nobody lives under it
      const left = { ...dead, pid: 4_194_305, nonce: String(round) };
      if (round % 2 === 1) await writeFile(path, JSON.stringify(left));
      const said = await Promise.all(racing.map((one) => one.told('take')));
      assert.equal(said.filter((word) => word === 'taken').length, 1, `round ${round}: ${said.join(', ')}`);
      await Promise.all(racing.map((one) => one.told('leave')));
      assert.deepEqual(await readdir(folder), [], `round ${round}`);
    }
  });

  it('is not taken from a holder that cannot be asked, nor from a file of unknown kind', async () => {
    const own = await withLock(path, { command: 'x', clock }, holder);
    await writeFile(path, JSON.stringify({ ...own, host: 'elsewhere.invalid', pid: 4_194_305 }));
    const elsewhere = withLock(path, { command: 'x', clock }, async () => undefined);
    await assert.rejects(elsewhere, { code: 'LOCK_HELD', message: /on elsewhere\.invalid/ });
    await writeFile(path, 'something');
    const unknown = withLock(path, { command: 'x', clock }, async () => undefined);
    await assert.rejects(unknown, { code: 'LOCK_HELD', hint: /remove that file/ });
    assert.equal(await readFile(path, 'utf8'), 'something');
  });

  it('is left alone when it is no longer ours', async () => {
    await withLock(path, { command: 'x', clock }, async () => {
      await writeFile(path, 'of another run');
    });
    assert.equal(await readFile(path, 'utf8'), 'of another run');
  });
});
