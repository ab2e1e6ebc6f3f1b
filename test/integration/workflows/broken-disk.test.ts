/**
 * A full or broken disk, met at every single change that a move makes to it.
 * (A kill at every change of the real process: test/e2e/moves/crash.test.ts.)
 */
import assert from 'node:assert/strict';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { LockstepError } from '../../../src/errors.js';
import { sha256Of } from '../../../src/io/disk.js';
import { injected } from '../../fixtures/fault-preload.mjs';
import { copyTree } from '../../fixtures/imported-archive.js';
import { IsolatedApt } from '../../fixtures/archive-bench.js';
import { MoveBench } from './move-bench.js';

describe('a move on a disk that fails', function () {
  this.timeout(600_000);
  let bench: MoveBench;
  let saved: string;
  let ids: string[];
  let started: number;

  before(async () => {
    bench = await MoveBench.make();
    // What machines ask is where they are told to
    Object.assign(bench.context.workspace.archive, { baseUrl: `file:${bench.context.places.public}` });
    saved = `${bench.work.root}-saved`;
    ids = [await bench.cutWiki('1.0'), await bench.cutWiki('2.0')];
    await bench.publish(ids[0]!);
    await copyTree(bench.work.root, join(saved, 'publish'));
    await bench.publish(ids[1]!);
    await copyTree(bench.work.root, join(saved, 'rollback'));
    started = bench.work.clock.now().getTime();
  });
  after(async () => {
    injected.fault = 'count';
    await rm(saved, { recursive: true, force: true });
    await bench.end();
  });

  /** What a move is made of: its arguments, where it leads, and how many moves the history has before it. */
  const moveOf = (
    name: 'publish' | 'rollback',
  ): { args: [string]; id: string; new: string; moves: number } =>
    name === 'publish'
      ? { args: [ids[1]!], id: ids[1]!, new: '2.0', moves: 1 }
      : { args: ['set-unstable'], id: ids[0]!, new: '1.0', moves: 2 };

  /** Nothing is remembered but on disk. */
  function anotherProcess(): void {
    Object.assign(bench, { context: bench.again() });
  }

  /** The workspace as it was before the move, and the time. */
  async function restore(name: 'publish' | 'rollback'): Promise<void> {
    await copyTree(join(saved, name), bench.work.root);
    anotherProcess();
    bench.work.clock.move((started - bench.work.clock.now().getTime()) / 1000);
  }

  /** Runs with the fault at that change; undefined where the move went well all the same. */
  async function faulty(
    run: () => Promise<unknown>,
    fault: typeof injected.fault,
    at: number,
  ): Promise<unknown> {
    Object.assign(injected, { fault, at, calls: 0 });
    try {
      await run();
      return undefined;
    } catch (error) {
      return error;
    } finally {
      injected.fault = 'count';
    }
  }

  /** The version of the set that a fresh machine installs. */
  async function installable(): Promise<string> {
    const root = join(bench.work.root, 'apt');
    await rm(root, { recursive: true, force: true });
    const sources = await readFile(join(bench.context.places.public, 'debian/set-unstable.sources'), 'utf8');
    const apt = await IsolatedApt.make(root, sources);
    assert.deepEqual(await apt.update(), []);
    const { stdout, stderr } = await apt.run('apt-get', '-s', 'install', 'set-full');
    const found = /^Inst set-full \((\S+)/m.exec(stdout)?.[1];
    assert.ok(found !== undefined, stderr);
    return found;
  }

  /** Every file that clients of the live view read, by its hash. */
  async function view(): Promise<Record<string, string>> {
    const folder = join(bench.context.places.public, 'debian/dists');
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && !entry.parentPath.includes('/by-hash'));
    const hashes: Record<string, string> = {};
    for (const entry of files) {
      const path = join(entry.parentPath, entry.name);
      hashes[path.slice(folder.length + 1)] = sha256Of(await readFile(path));
    }
    return hashes;
  }

  for (const name of ['publish', 'rollback'] as const) {
    for (const fault of ['ENOSPC', 'EIO'] as const) {
      it(`leaves the suite as it was, or moved, at every change of a ${name} (${fault}), and the next run does it`, async () => {
        const move = moveOf(name);
        const run = (): Promise<unknown> => bench[name](...move.args);
        await restore(name);
        const before = await view();
        assert.equal(await faulty(run, 'count', 0), undefined);
        const changes = injected.calls;
        assert.ok(changes > 20, String(changes));
        let failures = 0;
        for (let at = 1; at <= changes; at++) {
          await restore(name);
          const error = await faulty(run, fault, at);
          const where = `${fault} at change ${at} of ${changes}: ${String(error)}`;
          // A process that could not take its lock away ends, and the next one sees that; this one lives on
          await rm(join(bench.context.places.state, 'lock'), { force: true });
          anotherProcess();
          const untouched = isDeepStrictEqual(await view(), before);
          if (error !== undefined) {
            failures++;
            assert.ok(error instanceof LockstepError, where);
            assert.equal(error.code, fault === 'EIO' ? 'DISK_IO' : 'DISK_FULL', where);
          }
          // A fault of tidying up, or of keeping what can be made again, is none
          if (error === undefined) assert.equal(untouched, false, where);
          // What is as it was needs no second look; where anything changed, apt must see the new set, whole
          if (!untouched) assert.equal(await installable(), move.new, where);
          await (untouched ? run() : bench.publish(move.id));
          assert.equal(
            (await bench.release('set-unstable')).fields.get('X-Lockstep-Snapshot'),
            move.id,
            where,
          );
          const history = await bench.history('set-unstable');
          assert.deepEqual(
            history.slice(move.moves).map(({ action, to }) => `${action} ${to}`),
            [`${name} ${move.id}`],
            where,
          );
          assert.deepEqual(await bench.context.archive.folder?.sweep(), [], where);
        }
        assert.equal(await installable(), move.new);
        assert.ok(failures > changes / 2, `${failures} of ${changes}`);
      });
    }
  }
});
