import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { GitRepository } from '../../../fixtures/git-repository.js';
import { faultOf, GitFetching } from '../../../fixtures/git-fetching.js';

const pointer = (hash: string): string =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${hash.repeat(64)}\nsize 12345\n`;

describe('what git takes though it is odd', function () {
  this.timeout(60_000);
  let git: GitFetching;
  let odd: GitRepository;

  before(async () => {
    git = await GitFetching.start();
    odd = git.repository('odd.git');
    odd.commit({ a: 'x' });
  });
  after(() => git.stop());

  const url = (): string => git.server.url('odd.git');

  for (const [date, seconds] of [
    ['1254404112 +051800', 1_254_404_112],
    ['1254404112 +0', 1_254_404_112],
    ['1254404112 -2500', 1_254_404_112],
    ['-1 +0000', 0],
    ['-86400 -0100', 0],
    ['99999999999999999999 +0000', 0],
    ['', 0],
    ['0 +0000', 0],
  ] as const) {
    it(`the time ${JSON.stringify(date)} of a commit, over the network and out of a folder`, async () => {
      const tree = odd.git('rev-parse', 'HEAD^{tree}');
      const who = `A <a@example.org> ${date}`.trimEnd();
      const commit = odd.object('commit', `tree ${tree}\nauthor ${who}\ncommitter ${who}\n\nodd\n`);
      odd.git('update-ref', 'refs/heads/odd', commit);
      for (const from of [url(), odd.path]) {
        const pin = await git.fetch({ url: from, commit });
        assert.equal(pin.date, seconds);
        assert.equal((await git.tree(pin))['a'], 'x');
      }
    });
  }

  it('a tag of a file or a folder, which is refused as a version, with its kind', async () => {
    const blob = odd.object('blob', 'a key');
    odd.git('tag', '9.0', blob);
    odd.git('tag', '9.1', odd.git('rev-parse', 'HEAD^{tree}'));
    odd.git('tag', '-a', '-m', 'x', '9.2', blob);
    for (const [tag, kind] of [
      ['9.0', 'file'],
      ['9.1', 'folder'],
      ['9.2', 'file'],
    ] as const) {
      for (const from of [url(), odd.path]) {
        const fault = await faultOf(git.fetch({ url: from, tag }));
        assert.equal(fault.code, 'SOURCE_TAG', fault.message);
        assert.match(fault.message, new RegExp(`The tag ${tag} of .* names a ${kind}, not a commit`));
      }
    }
  });

  it('pointers of Git LFS, which are refused, each by its name', async () => {
    const commit = odd.commit({
      'images/logo.png': pointer('a'),
      'b.bin': pointer('b'),
      'docs/lfs.md': `A pointer begins with:\n\n${pointer('c')}`,
    });
    for (const from of [url(), odd.path]) {
      const fault = await faultOf(git.fetch({ url: from, commit }));
      assert.equal(fault.code, 'SOURCE_LFS');
      assert.match(
        fault.message,
        /has 2 pointers of Git LFS instead of files: "?b\.bin"?, "?images\/logo\.png"?$/,
      );
    }
  });

  it('a partial clone, which is named as such', async () => {
    const commit = odd.commit({ large: 'y'.repeat(5000) });
    odd.git('config', 'uploadpack.allowFilter', 'true');
    const clone = join(git.folder, 'partial');
    const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' };
    execFileSync('git', ['clone', '-q', '--bare', '--filter=blob:none', `file://${odd.path}`, clone], {
      env,
    });
    const fault = await faultOf(git.fetch({ url: clone, commit }));
    assert.equal(fault.code, 'SOURCE_PARTIAL_CLONE', fault.message);
    assert.match(fault.hint!, /git fetch --refetch --no-filter/);
    // What the hint says helps
    execFileSync(
      'git',
      ['-C', clone, 'fetch', '-q', '--refetch', '--no-filter', 'origin', '+refs/heads/*:refs/heads/*'],
      { env },
    );
  });
});
