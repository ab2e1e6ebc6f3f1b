/**
 * Two release managers with one workspace in git, by the real command and the real git: both cut and both publish, one
 * pulls. Nothing is a fault, each record stays as it is, and one command for each kind merges them.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { importedArchive, must, suite, type ImportedArchive } from '../../fixtures/imported-archive.js';
import { lockstep, lockstepJson, scratch } from '../../fixtures/lockstep.js';
import { makeBinary } from '../../fixtures/packages.js';
import { IsolatedApt } from '../../fixtures/archive-bench.js';

interface Merged {
  id: string;
  merged: string[];
  steps: { name: string; to: string | null; side: string | null; instead?: string | null }[];
}

describe('two release managers with one workspace in git', function () {
  this.timeout(180_000);
  let archive: ImportedArchive;
  let a: string;
  let b: string;

  before(async () => {
    archive = await importedArchive(['1.0']);
    a = archive.workspace;
    b = join(await scratch('other', { inMemory: true }), 'clone');
    await writeFile(join(a, '.gitignore'), '.lockstep/\npublic/\n.cache/\nincoming/\n.apt/\n');
    await writeFile(join(a, '.gitattributes'), 'snapshots/history/*.jsonl merge=union\n');
    await must(['publish', archive.ids[0]!, suite], a, archive.env);
    await git(a, 'init', '-q', '-b', 'main');
    await commit(a);
    await promisify(execFile)('git', ['clone', '-q', a, b]);
    await mkdir(join(b, '.lockstep'), { recursive: true });
    await cp(join(a, '.lockstep/keys'), join(b, '.lockstep/keys'), { recursive: true });
    await cp(join(a, 'public'), join(b, 'public'), { recursive: true, verbatimSymlinks: true });
  });

  async function git(cwd: string, ...args: string[]): Promise<string> {
    const all = ['-c', 'user.name=T', '-c', 'user.email=t@example.invalid', ...args];
    return (await promisify(execFile)('git', all, { cwd })).stdout;
  }

  async function commit(workspace: string): Promise<void> {
    await git(workspace, 'add', '-A');
    await git(workspace, 'commit', '-q', '-m', 'records', '--allow-empty');
  }

  async function json<T>(workspace: string, ...args: string[]): Promise<T> {
    return await lockstepJson<T>(args, { cwd: workspace, env: archive.env });
  }

  /** Adds packages to the set. */
  async function add(workspace: string, packages: Record<string, string>): Promise<string> {
    const folder = join(await scratch('incoming', { inMemory: true }), 'packages');
    await mkdir(folder);
    for (const [name, version] of Object.entries(packages)) {
      const { file } = await makeBinary({ package: name, version, architecture: 'all' });
      await writeFile(join(folder, file.name), file.bytes);
    }
    // An id is a second
    await setTimeout(1100);
    return (await json<{ id: string }>(workspace, 'import', 'tiny', '--add', folder)).id;
  }

  async function clean(workspace: string): Promise<string[]> {
    const { faults, notes } = await json<{ faults: unknown[]; notes: string[] }>(workspace, 'verify');
    assert.deepEqual(faults, []);
    return notes;
  }

  it('both cut and both publish; after a pull nothing is a fault, and one command merges each', async () => {
    const one = await add(a, { extra: '1.0', both: '1.0' });
    await must(['publish', one, suite], a, archive.env);
    await commit(a);
    const spare = await add(b, { other: '1.0' });
    const two = await add(b, { both: '2.0' });
    await must(['publish', two, suite], b, archive.env);
    await commit(b);
    const records = [`tiny/${one}.json`, `tiny/${one}.json.asc`].map((path) => join(b, 'snapshots', path));
    // No conflict: each line of a history is kept
    await git(b, 'pull', '-q', '--no-rebase', '--no-edit', 'origin', 'main');
    const before = await Promise.all(records.map((path) => readFile(path)));

    const { notes } = await json<{ notes: string[] }>(b, 'check');
    for (const said of [notes, await clean(b)]) {
      assert.ok(
        said.some((note) => note.includes(`${one} and ${two}`) && note.includes('lockstep merge tiny')),
        said.join('\n'),
      );
      assert.ok(said.some((note) => /moved the suite tiny-unstable at the same time/.test(note)));
    }
    await must(['gc'], b, archive.env);
    await must(['drop', spare], b, archive.env);
    const options = { cwd: b, env: archive.env };
    const [folder, moved] = [join(b, 'none'), await lockstep(['publish', one, suite], options)];
    assert.match(moved.stderr, /HISTORY_FORKED[^]*lockstep merge tiny-unstable/);
    await mkdir(folder);
    const { file } = await makeBinary({ package: 'third', version: '1', architecture: 'all' });
    await writeFile(join(folder, file.name), file.bytes);
    assert.match(
      (await lockstep(['import', 'tiny', '--add', folder], options)).stderr,
      /SNAPSHOT_FORKED[^]*merge tiny/,
    );
    await rm(folder, { recursive: true });

    const merged = await json<Merged>(b, 'merge', 'tiny');
    assert.deepEqual(merged.merged, [one, two]);
    assert.deepEqual(
      merged.steps.map(({ name, to, side, instead }) => [name, to, side, instead]),
      [
        ['both all', '2.0', two, '1.0'],
        ['extra all', '1.0', one, undefined],
        ['other all', '1.0', two, undefined],
      ],
    );
    const history = await json<{ id: string }>(b, 'merge', suite);
    assert.equal(history.id, two);
    assert.deepEqual(await Promise.all(records.map((path) => readFile(path))), before);
    assert.deepEqual(await clean(b), []);
    await must(['publish', merged.id, suite], b, archive.env);
    assert.deepEqual(await clean(b), []);
    const source = `Types: deb\nURIs: file:${b}/public/debian\nSuites: ${suite}\nComponents: main\nSigned-By: ${b}/public/debian/archive-keyring.asc\n`;
    const apt = await IsolatedApt.make(join(b, '.apt'), source);
    assert.deepEqual(await apt.update(), []);
    for (const name of ['extra', 'other', 'both', 'mediawiki'])
      assert.ok((await apt.versions(name)).length > 0, name);

    // The first one pulls: nothing is forked there, and its archive follows
    await commit(b);
    await git(a, 'pull', '-q', b, 'main');
    await must(['publish', merged.id, suite], a, archive.env);
    await must(['verify', '--repair'], a, archive.env);
    assert.deepEqual(await clean(a), []);
  });

  it('a conflict that git left in a history keeps the lines of both', async () => {
    const file = join(a, 'snapshots/history', `${suite}.jsonl`);
    const text = await readFile(file, 'utf8');
    const lines = text.split('\n').slice(0, -1);
    const last = lines.pop()!;
    const conflict = [...lines, '<<<<<<< HEAD', last, '=======', '>>>>>>> theirs', ''].join('\n');
    await writeFile(file, conflict);
    const { status, stderr } = await lockstep(['merge', suite], { cwd: a, env: archive.env });
    assert.equal(status, 3, stderr);
    assert.match(stderr, /MERGE_IMPOSSIBLE[^]*git add [^]*lockstep merge tiny-unstable/);
    assert.equal(await readFile(file, 'utf8'), text);
  });
});
