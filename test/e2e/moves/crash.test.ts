/**
 * A real `lockstep` process that is killed at every single change it makes to
 * the disk, while it publishes and while it rolls back. What is left is looked
 * at by apt. (Full and broken disks: test/integration/workflows/broken-disk.test.ts.)
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  copyTree,
  importedArchive,
  installable,
  leftovers,
  must,
  suite,
  type ImportedArchive,
} from '../../fixtures/imported-archive.js';
import { lockstep, lockstepJson, scratch, top, type CommandOutcome } from '../../fixtures/lockstep.js';
import { historyOf } from './history.js';

const preload = pathToFileURL(join(top, 'test/fixtures/fault-preload.mjs')).href;

describe('a move that is stopped', function () {
  this.timeout(1_200_000);
  let archive: ImportedArchive;
  let saved: string;
  let moves: { name: string; args: string[]; old: string; new: string }[];

  before(async () => {
    archive = await importedArchive(['1.0', '2.0']);
    const [first = '', second = ''] = archive.ids;
    await run('publish', first, suite);
    saved = await scratch('saved', { inMemory: true });
    await copyTree(archive.workspace, join(saved, 'publish'));
    await run('publish', second, suite);
    await copyTree(archive.workspace, join(saved, 'rollback'));
    moves = [
      { name: 'publish', args: ['publish', second, suite], old: '1.0', new: '2.0' },
      { name: 'rollback', args: ['rollback', suite, '--reason', 'a test'], old: '2.0', new: '1.0' },
    ];
  });

  async function run(...args: string[]): Promise<void> {
    await must(args, archive.workspace, archive.env);
  }

  async function faulty(
    args: readonly string[],
    fault: 'count' | 'kill',
    at: number,
  ): Promise<CommandOutcome> {
    const env = {
      ...archive.env,
      NODE_OPTIONS: `--import ${preload}`,
      LOCKSTEP_FAULT: fault,
      LOCKSTEP_FAULT_AT: String(at),
      LOCKSTEP_FAULT_COUNT: join(saved, 'count'),
    };
    return await lockstep(args, { cwd: archive.workspace, env });
  }

  /** How many changes to the disk a move makes. */
  async function changesOf(move: (typeof moves)[0]): Promise<number> {
    await copyTree(join(saved, move.name), archive.workspace);
    const { status, stderr } = await faulty(move.args, 'count', 0);
    assert.equal(status, 0, stderr);
    return Number(await readFile(join(saved, 'count'), 'utf8'));
  }

  for (const which of [0, 1]) {
    const name = ['publish', 'rollback'][which]!;
    it(`by a kill, at every change of a ${name}: old or new, and the next run completes it`, async () => {
      const move = moves[which]!;
      const changes = await changesOf(move);
      assert.ok(changes > 20, String(changes));
      const seen = new Set<string>();
      for (let at = 1; at <= changes; at++) {
        await copyTree(join(saved, move.name), archive.workspace);
        const { status } = await faulty(move.args, 'kill', at);
        assert.notEqual(status, 0, `change ${at} was not reached`);
        const version = await installable(archive.workspace);
        seen.add(version);
        assert.ok([move.old, move.new].includes(version), `after a kill at change ${at}: ${version}`);
        await completes(move, version, `after a kill at change ${at}`);
      }
      assert.deepEqual([...seen].sort(), ['1.0', '2.0']);
    });
  }

  /** The next run ends well, and nothing of the first one is left but what it was to do, once. */
  async function completes(move: (typeof moves)[0], version: string, where: string): Promise<void> {
    // A rollback that machines see is not to be done a second time
    const wanted = archive.ids[move.new === '2.0' ? 1 : 0]!;
    const args = version === move.new ? ['publish', wanted, suite] : move.args;
    const { status, stderr } = await lockstep(args, { cwd: archive.workspace, env: archive.env });
    assert.equal(status, 0, `${where}\n${stderr}`);
    assert.equal(await installable(archive.workspace), move.new, where);
    const history = await historyOf(archive.workspace, suite);
    assert.deepEqual(
      history.slice(move.name === 'publish' ? 1 : 2).map(({ action, to }) => `${action} ${to}`),
      [`${move.name} ${wanted}`],
      where,
    );
    assert.deepEqual(await leftovers(join(archive.workspace, 'public')), [], where);
  }

  after(async () => {
    const { faults } = await lockstepJson<{ faults: unknown[] }>(['verify', '--all'], {
      cwd: archive.workspace,
      env: archive.env,
    });
    assert.deepEqual(faults, []);
  });
});
