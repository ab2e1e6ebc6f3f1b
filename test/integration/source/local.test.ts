import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ContentStore } from '../../../src/io/content-store.js';
import { run } from '../../../src/io/process.js';
import { compareVersions } from '../../../src/deb/version.js';
import type { SourceContext } from '../../../src/source/source-context.js';
import { fetchLocal } from '../../../src/source/local.js';
import type { LocalPin } from '../../../src/source/pin.js';
import { readSourceTree } from '../../../src/source/source-tree.js';
import { fault } from './resolving.js';

describe("a developer's own tree", () => {
  let folder: string;
  let tree: string;
  let context: SourceContext;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-local-'));
    tree = join(folder, 'parsoid');
    context = { store: new ContentStore(join(folder, 'store')) } as SourceContext;
    await put('src/Parsoid.php', '<?php');
    await put('bin/run', '#!/bin/sh\n');
    await chmod(join(tree, 'bin/run'), 0o755);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function put(path: string, text: string): Promise<void> {
    const file = join(tree, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    await utimes(file, 1_700_000_000, 1_700_000_000);
  }
  const git = (...args: string[]) =>
    run('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.org', '-C', tree, ...args]);
  const take = (path = tree, more: Partial<SourceContext> = {}): Promise<LocalPin> =>
    fetchLocal(
      { kind: 'local', component: 'parsoid', config: { kind: 'local', path, typed: '../parsoid' } },
      { ...context, ...more },
    );
  const membersOf = async (pin: LocalPin): Promise<string[]> => {
    const found: string[] = [];
    for await (const { kind, path, mode } of readSourceTree(context.store, pin.archive, '')) {
      if (kind !== 'dir') found.push(`${path} ${mode.toString(8)}`);
    }
    return found;
  };

  it('is packed as it lies there, and says that nobody vouches for it', async () => {
    const pin = await take();
    assert.deepEqual(await membersOf(pin), ['bin/run 755', 'src/Parsoid.php 644']);
    assert.equal(pin.kind, 'local');
    assert.equal(pin.path, '../parsoid');
    assert.match(pin.provenance[0]!.step, /unverified/);
    assert.equal(pin.date, 1_700_000_000);
    assert.deepEqual(await take(), pin);
  });

  it('takes of a git work tree what git would not ignore, changed or new, and no more', async () => {
    await put('.gitignore', 'build/\n');
    await put('old.php', '');
    await git('init', '-q');
    await git('add', '-A');
    await git('commit', '-qm', 'one');
    await git('tag', 'v0.20.1');
    await put('build/huge', 'x');
    await put('new.php', '');
    await rm(join(tree, 'old.php'));
    const pin = await take();
    assert.deepEqual(await membersOf(pin), [
      '.gitignore 644',
      'bin/run 755',
      'new.php 644',
      'src/Parsoid.php 644',
    ]);
    assert.match(pin.commit ?? '', /^[0-9a-f]{40}$/);
    // It stands in for what it grew from, and above it
    assert.match(pin.upstreamVersion, /^0\.20\.1\+local20231114\.221320\.[0-9a-f]{8}$/);
    assert.equal(compareVersions(pin.upstreamVersion, '0.20.1'), 1);
  });

  it('has the version of the last snapshot where it has no tag', async () => {
    const before = { ...(await take()), upstreamVersion: '0.16.6' };
    const pin = await take(tree, { previous: new Map([['parsoid', before]]) });
    assert.match(pin.upstreamVersion, /^0\.16\.6\+local/);
  });

  it('has another version after a change of the same second', async () => {
    const before = await take();
    await put('src/Parsoid.php', '<?php // changed');
    assert.notEqual((await take()).upstreamVersion, before.upstreamVersion);
  });

  it('is refused where it is not there, empty, or holds what no package can', async () => {
    await assert.rejects(take(join(folder, 'nowhere')), fault('SOURCE_LOCAL', /the folder does not exist/));
    await mkdir(join(folder, 'empty'));
    await assert.rejects(take(join(folder, 'empty')), fault('SOURCE_LOCAL', /it contains no file/));
    await run('mkfifo', [join(tree, 'pipe')]);
    await writeFile(join(tree, 'two\nlines'), '');
    await assert.rejects(take(), fault('SOURCE_LOCAL', /pipe.*is not a file or a link/s));
    await rm(join(tree, 'pipe'));
    await rm(join(tree, 'two\nlines'));
    await symlink('../../secret', join(tree, 'link'));
    await assert.rejects(take(), fault('DEB_UNSAFE_NAME'));
  });

  it('runs nothing that a repository of somebody else names', async () => {
    await git('init', '-q');
    const seen = join(folder, 'seen');
    await writeFile(join(folder, 'hook'), `#!/bin/sh\ntouch ${seen}\n`, { mode: 0o755 });
    await git('config', 'core.fsmonitor', join(folder, 'hook'));
    await take();
    await assert.rejects(run('test', ['-e', seen]));
  });
});
