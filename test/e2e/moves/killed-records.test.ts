/**
 * A real `lockstep` process that is killed at every single change it makes to
 * the disk, while it writes each kind of record. The next command finishes it or
 * removes it, and nobody has to delete a file.
 */
import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { recordKinds } from '../../../src/suite/record-kinds.js';
import {
  copyTree,
  importedArchive,
  must,
  suite,
  type ImportedArchive,
} from '../../fixtures/imported-archive.js';
import { lockstep, lockstepJson, scratch, top, type CommandOutcome } from '../../fixtures/lockstep.js';

const preload = pathToFileURL(join(top, 'test/fixtures/fault-preload.mjs')).href;

/** The command that writes each kind of record; a kind without one here fails the test of the table. */
const writers: Record<keyof typeof recordKinds, 'import' | 'publish' | 'drop' | 'begin'> = {
  snapshot: 'import',
  history: 'publish',
  drops: 'drop',
  keys: 'begin',
  journal: 'publish',
  lock: 'import',
  grace: 'drop',
};

describe('a record that a kill interrupts', function () {
  this.timeout(1_200_000);
  let archive: ImportedArchive;
  let saved: string;

  before(async () => {
    archive = await importedArchive(['1.0', '2.0', '3.0']);
    await must(['publish', archive.ids[0]!, suite], archive.workspace, archive.env);
    saved = await scratch('saved', { inMemory: true });
    await copyTree(archive.workspace, join(saved, 'workspace'));
  });

  async function faulty(
    args: readonly string[],
    fault: 'count' | 'kill',
    at: number,
    isNew: boolean,
  ): Promise<CommandOutcome> {
    await copyTree(join(saved, 'workspace'), archive.workspace);
    if (isNew) {
      for (const made of ['snapshots', 'public', '.cache', '.lockstep/indices', '.lockstep/signing.log']) {
        await rm(join(archive.workspace, made), { recursive: true, force: true });
      }
    }
    const env = {
      ...archive.env,
      NODE_OPTIONS: `--import ${preload}`,
      LOCKSTEP_FAULT: fault,
      LOCKSTEP_FAULT_AT: String(at),
      LOCKSTEP_FAULT_COUNT: join(saved, 'count'),
    };
    return await lockstep(args, { cwd: archive.workspace, env });
  }

  // A publication, and apt after each kill of it: crash.test.ts
  for (const writer of new Set(Object.values(writers).filter((by) => by !== 'publish'))) {
    const kinds = Object.entries(writers).flatMap(([kind, by]) => (by === writer ? [kind] : []));
    it(`${writer} (${kinds.join(', ')}): the next command ends well, and verify finds nothing`, async () => {
      const [, second = ''] = archive.ids;
      const args = {
        import: ['import', 'tiny', '--replace', '--lower', join(archive.workspace, 'incoming/1.0')],
        drop: ['drop', second],
        // The first signature by a key begins the record of keys
        begin: ['import', 'tiny', join(archive.workspace, 'incoming/1.0')],
      }[writer];
      const counted = await faulty(args, 'count', 0, writer === 'begin');
      assert.equal(counted.status, 0, counted.stderr);
      const changes = Number(await readFile(join(saved, 'count'), 'utf8'));
      assert.ok(changes > 5, String(changes));
      for (let at = 1; at <= changes; at++) {
        const where = `after a kill at change ${at} of ${changes} of ${args.join(' ')}`;
        const killed = await faulty(args, 'kill', at, writer === 'begin');
        assert.notEqual(killed.status, 0, where);
        const options = { cwd: archive.workspace, env: archive.env };
        const next = await lockstep(['gc'], options);
        assert.equal(next.status, 0, `${where}\n${next.stderr}`);
        const { faults } = await lockstepJson<{ faults: unknown[] }>(['verify'], options);
        assert.deepEqual(faults, [], where);
      }
    });
  }
});
