/**
 * Every kind of record, damaged in every way: empty, cut at each line, one bit flipped, exchanged for its neighbour,
 * taken away. Each time the next move and `verify` answer with a code and a way back, or the record heals itself.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { LockstepError } from '../../../src/errors.js';
import { Http } from '../../../src/io/http.js';
import { recordKinds } from '../../../src/suite/record-kinds.js';
import { historyMoveSchema } from '../../../src/suite/history.js';
import { writeJournal } from '../../../src/suite/journal.js';
import { diff } from '../../../src/workflows/reading/diff.js';
import { show } from '../../../src/workflows/reading/show.js';
import { gc } from '../../../src/workflows/upkeep/gc.js';
import { drop } from '../../../src/workflows/upkeep/drop.js';
import { copyTree } from '../../fixtures/imported-archive.js';
import { MoveBench } from './move-bench.js';
import { atFault, flipped, repaired, replace, verified } from './tampering.js';

describe('a record that is damaged', function () {
  this.timeout(600_000);
  let bench: MoveBench;
  let http: Http;
  let saved: string;
  let ids: string[];
  const at = (path: string): string => join(bench.work.root, path);

  before(async () => {
    bench = await MoveBench.make();
    // A move for which the evidence is lost proves it again, and there is no base to prove it with
    http = new Http({ clock: bench.work.clock, tries: 1, backoffMs: 1 });
    const env = { LOCKSTEP_MIRROR: 'http://127.0.0.1:9/debian' };
    Object.assign(bench, { context: { ...bench.context, http, env } });
    saved = `${bench.work.root}-saved`;
    ids = [];
    for (const version of ['1.0-1', '1.1-1', '1.2-1', '1.3-1']) {
      ids.push(await bench.cutWiki(version));
      await bench.publish(ids.at(-1)!);
    }
    await bench.promote('set-unstable', 'set-stable');
    await bench.publish(ids[1]!, 'set-testing');
    await drop(bench.context, { id: ids[0]!, reason: undefined, dryRun: false });
    await bench.context.archive.folder?.sweep();
    await writeFile(at('.gitignore'), 'key.asc\n.lockstep\npublic\ncache\nstore\nwork\n');
    await copyTree(bench.work.root, saved);
  });
  after(async () => {
    http.close();
    await rm(saved, { recursive: true, force: true });
    await bench.end();
  });
  beforeEach(async () => {
    for (const top of ['snapshots', 'public', '.lockstep']) {
      await rm(at(top), { recursive: true, force: true });
      await cp(join(saved, top), at(top), {
        recursive: true,
        verbatimSymlinks: true,
        preserveTimestamps: true,
      });
    }
    Object.assign(bench, { context: bench.again() });
  });

  /** A file of each kind, and another one of that kind. */
  const files = (): Record<
    'snapshot' | 'signature' | 'evidence' | 'history' | 'drops' | 'keys',
    [string, string]
  > => ({
    snapshot: [`snapshots/set/${ids[3]}.json`, `snapshots/set/${ids[2]}.json`],
    signature: [`snapshots/set/${ids[3]}.json.asc`, `snapshots/set/${ids[2]}.json.asc`],
    evidence: [`snapshots/set/${ids[3]}.evidence.jsonl`, `snapshots/set/${ids[2]}.evidence.jsonl`],
    history: ['snapshots/history/set-unstable.jsonl', 'snapshots/history/set-testing.jsonl'],
    drops: ['snapshots/dropped.jsonl', 'snapshots/history/set-testing.jsonl'],
    keys: ['snapshots/keys.jsonl', 'snapshots/dropped.jsonl'],
  });

  /** Texts that a damage leaves of a file; each differs from it. */
  function damages(bytes: Buffer, neighbour: Buffer): [string, Buffer][] {
    const lines = bytes.toString('latin1').split('\n');
    const some = lines.length > 12 ? [1, 2, 5, lines.length - 2] : lines.keys();
    return [
      ['empty', Buffer.alloc(0)],
      ...[...some].slice(1).flatMap((count): [string, Buffer][] => {
        const cut = lines.slice(0, count).join('\n');
        return [
          [`cut after line ${count}`, Buffer.from(`${cut}\n`, 'latin1')],
          [`cut in line ${count}`, Buffer.from(cut, 'latin1').subarray(0, -3)],
        ];
      }),
      ...[3, 8, 21, 34, 55].map((seed): [string, Buffer] => [
        `a bit flipped (${seed})`,
        flipped(bytes, seed),
      ]),
      ['its neighbour', neighbour],
    ].filter(([, text]) => !(text as Buffer).equals(bytes)) as [string, Buffer][];
  }

  async function codeOf(run: Promise<unknown>, where: string): Promise<string | undefined> {
    try {
      await run;
      return undefined;
    } catch (error) {
      assert.ok(error instanceof LockstepError, `${where}: ${String(error)}`);
      assert.notEqual(error.hint, undefined, `${where}: ${error.message}`);
      return error.code;
    }
  }

  it('has a kind in the table', () => {
    const tried = new Set([...Object.keys(files()), 'journal', 'lock', 'grace']);
    assert.deepEqual(
      Object.keys(recordKinds).filter((kind) => !tried.has(kind)),
      [],
    );
  });

  for (const kind of ['snapshot', 'signature', 'evidence', 'history', 'drops', 'keys'] as const) {
    it(`is named by verify with a way back, and no move makes it worse: ${kind}`, async () => {
      const [path, other] = files()[kind];
      const bytes = await readFile(at(path));
      for (const [how, text] of damages(bytes, await readFile(at(other)))) {
        const where = `${path}, ${how}`;
        await replace(at(path), text);
        const { faults } = await verified(bench.context);
        assert.ok(faults.length > 0, where);
        assert.ok(
          faults.some((fault) => fault.path === path),
          `${where}: ${JSON.stringify(faults)}`,
        );
        for (const { code, hint, message } of faults) {
          assert.ok(code.length > 0 && hint.length > 0 && message.length > 0, where);
        }
        const code = await codeOf(bench.promote('set-testing', 'set-stable', { lower: true }), where);
        const moved = await codeOf(bench.publish(ids[2]!, 'set-unstable', { lower: true }), where);
        if (kind === 'history') assert.match(String(moved), /^(?:HISTORY_CUT|SNAPSHOT_INVALID)$/, where);
        if (kind === 'keys') assert.match(String(code), /^SNAPSHOT_INVALID$/, where);
        if (kind === 'history') assert.ok((await readFile(at(path))).equals(text), where);
        // The way back: the file as it was. Nothing that happened meanwhile stands against it
        await replace(at(path), bytes);
        assert.deepEqual((await verified(bench.context)).faults, [], where);
        for (const top of ['snapshots', 'public', '.lockstep']) await copyTree(join(saved, top), at(top));
      }
    });
  }

  it('is a whole snapshot under the name of another one: nobody who reads it takes it for that one', async () => {
    const [, , name = '', other = ''] = ids;
    for (const ending of ['json', 'json.asc', 'evidence.jsonl']) {
      await replace(
        at(`snapshots/set/${name}.${ending}`),
        await readFile(at(`snapshots/set/${other}.${ending}`)),
      );
    }
    // What was derived from manifests helps nobody
    await rm(at('.lockstep/indices'), { recursive: true });
    const readers: Record<string, () => Promise<unknown>> = {
      publish: () => bench.publish(name, 'set-testing'),
      promote: () => bench.promote('set-unstable', 'set-stable', { id: name, lower: true }),
      rollback: () => bench.rollback('set-unstable', { to: name }),
      show: () => show(bench.context, name),
      diff: () => diff(bench.context, { from: ids[1]!, to: name, contents: false }),
      gc: () => gc(bench.context, { grace: 0, dryRun: false }),
      drop: () => drop(bench.context, { id: ids[1]!, reason: undefined, dryRun: false }),
    };
    for (const [reader, run] of Object.entries(readers)) {
      const code = await codeOf(run(), reader);
      assert.ok(['SNAPSHOT_INVALID', 'SNAPSHOT_IN_USE'].includes(code ?? ''), `${reader}: ${code}`);
    }
    assert.ok(atFault(await verified(bench.context)).includes(`snapshots/set/${name}.json`));
    assert.equal((await bench.history('set-testing')).at(-1)!.to, ids[1]);
  });

  it('is taken from the last commit by verify --repair', async () => {
    const git = async (...args: string[]): Promise<unknown> =>
      await promisify(execFile)('git', ['-c', 'user.name=T', '-c', 'user.email=t@e.invalid', ...args], {
        cwd: bench.work.root,
      });
    await git('init', '-q');
    await git('add', 'snapshots');
    await git('commit', '-qm', 'all');
    for (const [path, other] of Object.values(files())) {
      const bytes = await readFile(at(path));
      for (const text of [Buffer.alloc(0), flipped(bytes, 21), await readFile(at(other))]) {
        await replace(at(path), text);
        const { faults, repairs } = await repaired(bench.context);
        assert.deepEqual(faults, [], path);
        assert.ok(
          repairs.some((one) => one.path === path && /^from the commit/.test(one.how ?? '')),
          JSON.stringify(repairs),
        );
        assert.ok((await readFile(at(path))).equals(bytes), path);
      }
    }
    await rm(at('.git'), { recursive: true });
  });

  it('lets a suite whose history lost lines go on, once a person asked for it, and says so for good', async () => {
    const path = 'snapshots/history/set-unstable.jsonl';
    const lines = (await readFile(at(path), 'utf8')).split('\n');
    for (const kept of [3, 1, 0]) {
      await replace(
        at(path),
        Buffer.from(
          lines
            .slice(0, kept)
            .map((line) => `${line}\n`)
            .join(''),
        ),
      );
      if (kept === 0) await rm(at(path));
      assert.ok(atFault(await verified(bench.context)).includes(path));
      await assert.rejects(bench.rollback('set-unstable'), { code: 'HISTORY_CUT', hint: /git checkout/ });
      const { faults, repairs } = await repaired(bench.context);
      assert.deepEqual(faults, []);
      assert.match(
        repairs.find((one) => one.path === path)?.how ?? '',
        /^by a new line: .*lacks its last moves/,
      );
      const history = await bench.history('set-unstable');
      assert.deepEqual([history.length, history.at(-1)!.to], [kept + 1, ids[3]]);
      assert.match(history.at(-1)!.reason!, /knows 4 moves, and the file has \d/);
      await bench.publish(ids[2]!, 'set-unstable', { lower: true });
      assert.deepEqual((await verified(bench.context)).faults, []);
      for (const top of ['snapshots', 'public', '.lockstep']) await copyTree(join(saved, top), at(top));
    }
  });

  it('is known by no Release of an earlier Lockstep: nothing is refused, and the first move adds the field', async () => {
    const view = at('public/debian/dists/set-unstable');
    const release = await bench.release('set-unstable');
    assert.match(release.fields.get('X-Lockstep-History') ?? '', /^4 [0-9a-f]{64}$/);
    const text = (await readFile(join(view, 'Release'), 'utf8')).replace(/^X-Lockstep-History: .*\n/m, '');
    const { signer, clock } = bench.work;
    await replace(join(view, 'Release'), Buffer.from(text));
    await replace(join(view, 'Release.gpg'), Buffer.from(await signer.detached(text, clock.now())));
    await replace(join(view, 'InRelease'), Buffer.from(await signer.clearsign(text, clock.now())));
    assert.deepEqual((await verified(bench.context)).faults, []);
    await bench.publish(ids[2]!, 'set-unstable', { lower: true });
    assert.match((await bench.release('set-unstable')).fields.get('X-Lockstep-History') ?? '', /^5 /);
    assert.deepEqual((await verified(bench.context)).faults, []);
  });

  it('is a journal: the next command restores every suite, and asks nobody', async () => {
    const journal = '.lockstep/journal.json';
    const history = await bench.history('set-unstable');
    const move = historyMoveSchema.parse(history.at(-1));
    const before = { release: null, signature: null };
    await writeJournal(at(journal), { move: { ...move, to: ids[2]! }, date: null, message: 'x', before });
    const bytes = await readFile(at(journal));
    for (const [how, text] of damages(bytes, await readFile(at('snapshots/dropped.jsonl')))) {
      await mkdir(dirname(at(journal)), { recursive: true });
      await replace(at(journal), text);
      // Half a move: a Release that no InRelease belongs to
      const release = at('public/debian/dists/set-unstable/Release');
      const whole = await readFile(release);
      await replace(release, Buffer.from('Origin: half\n'));
      await gc(bench.context, { grace: 86_400, dryRun: false });
      assert.ok((await readFile(release)).equals(whole), how);
      assert.deepEqual((await verified(bench.context)).faults, [], how);
      await assert.rejects(readFile(at(journal)), { code: 'ENOENT' });
    }
  });

  it('is a lock: one that a loss of power tore is replaced, and one of another program is not', async () => {
    const lock = at('.lockstep/lock');
    for (const text of ['', '\0\0\0\0', '{', '{\n  "pid": 12']) {
      await writeFile(lock, text);
      await gc(bench.context, { grace: 86_400, dryRun: false });
      await assert.rejects(readFile(lock), { code: 'ENOENT' });
    }
    await writeFile(lock, 'something else');
    await assert.rejects(gc(bench.context, { grace: 0, dryRun: false }), {
      code: 'LOCK_HELD',
      hint: /remove/,
    });
    await rm(lock);
  });
});
