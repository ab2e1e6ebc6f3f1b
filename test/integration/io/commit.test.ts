import assert from 'node:assert/strict';
import fs from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import git from 'isomorphic-git';
import { run, session } from '../../../src/io/process.js';
import { commitFiles, type CommitResult } from '../../../src/io/commit.js';
import { commitSignature } from '../../../src/signing/commit-signature.js';
import { commitHooks } from '../../../src/io/git-settings.js';
import { needs } from '../../fixtures/machine.js';
import { withGnupg } from '../../fixtures/signing-machine.js';

describe('committing what was cut', () => {
  const now = new Date('2026-11-23T10:15:30Z');
  const gnupg = withGnupg('git');
  let dir: string;
  let repository: string;
  const environment = { ...process.env };

  before(async function () {
    await needs(this, { tools: ['git'] });
    dir = await mkdtemp(join(tmpdir(), 'lockstep-commit-'));
    // What the person who runs this has set must not matter
    Object.assign(process.env, { GIT_CONFIG_GLOBAL: join(dir, 'gitconfig'), GIT_CONFIG_NOSYSTEM: '1' });
  });
  beforeEach(async () => {
    await rm(join(dir, 'gitconfig'), { force: true });
    repository = await mkdtemp(join(dir, 'repository-'));
    await run('git', ['init', '-q', '-b', 'main', repository]);
    await commit('README', 'x');
  });
  after(async () => {
    for (const name of ['GIT_CONFIG_GLOBAL', 'GIT_CONFIG_NOSYSTEM']) {
      if (environment[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = environment[name];
    }
    await rm(dir, { recursive: true, force: true });
  });

  const inGit = async (...args: string[]): Promise<string> =>
    (await run('git', ['-C', repository, ...args])).stdout.trim();
  /** What the person does in the same repository. */
  async function commit(file: string, text: string): Promise<void> {
    await writeFile(join(repository, file), text);
    await inGit('add', file);
    const who = ['-c', 'user.name=Someone', '-c', 'user.email=s@example.invalid'];
    await inGit(...who, '-c', 'commit.gpgSign=false', 'commit', '-qm', file);
  }
  /** What Lockstep does. */
  async function snapshot(directory = repository): Promise<CommitResult> {
    const file = join(repository, 'work/snapshots/set/one.json');
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, '{}\n');
    const fallbackAuthor = { name: 'Archive', email: 'a@example.invalid' };
    return await commitFiles({
      directory,
      files: [file],
      message: 'Snapshot one\n',
      date: now,
      fallbackAuthor,
      sign: commitSignature,
    });
  }

  it('takes those files alone, whatever else is staged', async () => {
    await writeFile(join(repository, 'README'), 'changed');
    await inGit('add', 'README');
    const start = await inGit('rev-parse', 'HEAD');
    assert.equal((await snapshot(join(repository, 'work'))).kind, 'committed');
    const [head] = await git.log({ fs, dir: repository });
    assert.equal(head!.commit.message, 'Snapshot one\n');
    assert.equal(head!.commit.author.name, 'Archive');
    assert.deepEqual(head!.commit.parent, [start]);
    assert.equal(await inGit('show', 'HEAD:README'), 'x');
    assert.equal(await inGit('status', '--porcelain'), 'M  README');
    assert.equal((await snapshot()).kind, 'unchanged');
  });

  it('is the first commit of an empty repository, and none where there is no repository', async () => {
    await rm(join(repository, '.git'), { recursive: true });
    assert.deepEqual(await snapshot(), { kind: 'no-repository' });
    await run('git', ['init', '-q', '-b', 'main', repository]);
    assert.equal((await snapshot()).kind, 'committed');
    assert.equal(await inGit('rev-list', '--count', 'HEAD'), '1');
  });

  it('is in the name that the user has set for all repositories', async () => {
    await writeFile(join(dir, 'gitconfig'), '[user]\n  name = Everywhere\n  email = e@example.invalid\n');
    await snapshot();
    assert.equal(
      await inGit('log', '-1', '--format=%an <%ae> %cn'),
      'Everywhere <e@example.invalid> Everywhere',
    );
  });

  it('is signed where git is told to, as git would', async () => {
    const { homedir } = gnupg.home();
    const key = await gnupg
      .home()
      .generate('Committer <c@example.invalid>', 'ed25519', new Date('2026-01-01'));
    const program = join(dir, 'gpg');
    await writeFile(program, `#!/bin/sh\nexec gpg --homedir '${homedir}' --batch "$@"\n`);
    await chmod(program, 0o755);
    await writeFile(
      join(dir, 'gitconfig'),
      `[commit]\n  gpgSign = yes\n[gpg]\n  program = ${program}\n[user]\n  name = Committer\n  email = c@example.invalid\n`,
    );
    assert.equal((await snapshot()).kind, 'committed');
    const { stderr } = await run('git', ['-C', repository, 'verify-commit', '--raw', 'HEAD'], {
      inherit: session,
    });
    assert.match(stderr, new RegExp(`VALIDSIG ${key}`));

    // Where it cannot be, there is no commit, and it is said why
    const head = await inGit('rev-parse', 'HEAD');
    await writeFile(join(repository, 'other'), '');
    await inGit('config', 'user.signingKey', 'nobody@example.invalid');
    await assert.rejects(snapshotOf('other'), {
      code: 'SNAPSHOT_COMMIT',
      message: /signature by nobody@example\.invalid/,
    });
    await inGit('config', 'gpg.format', 'ssh');
    await assert.rejects(snapshotOf('other'), { code: 'SNAPSHOT_COMMIT', message: /in the format ssh/ });
    assert.equal(await inGit('rev-parse', 'HEAD'), head);
  });

  async function snapshotOf(file: string): Promise<CommitResult> {
    const fallbackAuthor = { name: 'Archive', email: 'a@example.invalid' };
    const files = [join(repository, file)];
    return await commitFiles({
      directory: repository,
      files,
      message: 'm',
      date: now,
      fallbackAuthor,
      sign: commitSignature,
    });
  }

  it('is none in the middle of a merge, and names what is in the way', async () => {
    await inGit('checkout', '-q', '-b', 'side');
    await commit('README', 'side');
    await inGit('checkout', '-q', 'main');
    await commit('README', 'main');
    const head = await inGit('rev-parse', 'HEAD');
    await run('git', ['-C', repository, '-c', 'user.name=a', '-c', 'user.email=b', 'merge', '-q', 'side'], {
      allowFailure: true,
    });
    await assert.rejects(snapshot(), {
      code: 'SNAPSHOT_COMMIT',
      message: /: a merge is unfinished: README$/,
    });
    assert.equal(await inGit('rev-parse', 'HEAD'), head);
  });

  it('is none in a repository of a kind that is not known, which stays as it is', async () => {
    await rm(join(repository, '.git'), { recursive: true });
    await run('git', ['init', '-q', '-b', 'main', '--object-format=sha256', repository]);
    await commit('README', 'x');
    const head = await inGit('rev-parse', 'HEAD');
    await assert.rejects(snapshot(), { code: 'SNAPSHOT_COMMIT', message: /object format is sha256/ });
    assert.equal(await inGit('rev-parse', 'HEAD'), head);
    assert.equal(await inGit('fsck'), '');
  });

  it('says in one line what is wrong with the repository', async () => {
    const index = join(repository, '.git/index');
    const whole = await readFile(index);
    await writeFile(index, 'garbage');
    await assert.rejects(snapshot(), { code: 'SNAPSHOT_COMMIT', message: /^[^\n]*dircache magic[^\n]*$/ });
    await writeFile(index, whole);
    assert.equal((await snapshot()).kind, 'committed');
  });

  it('runs no hooks, and knows which there are', async () => {
    const hook = join(repository, '.git/hooks/pre-commit');
    await mkdir(join(hook, '..'), { recursive: true });
    await writeFile(hook, '#!/bin/sh\nexit 1\n');
    assert.deepEqual(await commitHooks(git, repository), []);
    await chmod(hook, 0o755);
    assert.deepEqual(await commitHooks(git, repository), ['pre-commit']);
    assert.equal((await snapshot()).kind, 'committed');
    await inGit('config', 'core.hooksPath', 'no-hooks');
    assert.deepEqual(await commitHooks(git, repository), []);
  });
});
