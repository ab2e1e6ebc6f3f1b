import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Phase } from '../../../../src/io/progress.js';
import { gitCandidates } from '../../../../src/source/git/candidates.js';
import { GitServer } from '../../../fixtures/git-server.js';
import { faultOf, GitFetching } from '../../../fixtures/git-fetching.js';

/** What may be gone by the time it is read. */
function readProc(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

describe('credentials for a git server', function () {
  this.timeout(60_000);
  const secret = 'correct-horse-9f3';
  let git: GitFetching;
  let home: string;
  let log: string;

  before(async () => {
    git = await GitFetching.start();
    mkdirSync(join(git.folder, 'workspace'));
    home = join(git.folder, 'home');
    log = join(home, 'log');
    mkdirSync(home);
    const repository = git.repository('private');
    repository.commit({ a: '1' });
    repository.tag('1.0');
    git.server.account = `me:${secret}`;
    // A helper as gitcredentials(7) has it: told what to do by its argument, answers on stdout
    const helper = join(home, 'helper');
    writeFileSync(
      helper,
      `#!/bin/sh\necho "$1" >>'${log}'\ncat >>'${log}'\ntest "$1" = get && printf 'username=me\\npassword=%s\\n' "$(cat '${home}/password')"\nexit 0\n`,
    );
    chmodSync(helper, 0o755);
    writeFileSync(join(home, '.gitconfig'), `[credential]\n\thelper = ${helper}\n\tuseHttpPath = true\n`);
  });
  beforeEach(() => {
    git.server.forget();
    rmSync(log, { force: true });
    writeFileSync(join(home, 'password'), secret);
  });
  after(() => git.stop());

  const url = (): string => git.server.url('private');
  const plain = { PATH: process.env['PATH'], HOME: '/nonexistent' };
  const said = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '');

  it('come from the environment, after the server asked', async () => {
    for (const env of [
      { LOCKSTEP_GIT_USERNAME: 'me', LOCKSTEP_GIT_PASSWORD: secret },
      { LOCKSTEP_GIT_USERNAME: 'me', LOCKSTEP_GIT_TOKEN: secret },
    ]) {
      git.server.forget();
      const pin = await git.fetch({ url: url(), version: '1.0' }, { env: { ...plain, ...env } });
      assert.equal(git.server.asked[0]!.authorization, undefined);
      assert.ok(git.server.asked.slice(1).every(({ authorization }) => authorization !== undefined));
      assert.ok(!JSON.stringify(pin).includes(secret));
    }
  });

  it('are found out where the server asks for them only later', async () => {
    git.server.account = undefined;
    git.server.trouble = (request, response) => {
      if (request.method !== 'POST' || request.headers.authorization !== undefined) return false;
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return true;
    };
    try {
      const env = { ...plain, LOCKSTEP_GIT_USERNAME: 'me', LOCKSTEP_GIT_TOKEN: secret };
      await git.fetch({ url: url(), version: '1.0' }, { env });
      assert.equal(
        (await faultOf(git.fetch({ url: url(), version: '1.0' }, { env: plain }))).code,
        'NET_STATUS',
      );
    } finally {
      git.server.trouble = undefined;
      git.server.account = `me:${secret}`;
    }
  });

  it('stand on no command line and in no file while git runs', async () => {
    const env = { ...plain, LOCKSTEP_GIT_USERNAME: 'me', LOCKSTEP_GIT_TOKEN: secret };
    const written = Buffer.from(`me:${secret}`).toString('base64');
    let looked = 0;
    git.server.trouble = (request) => {
      if (request.headers.authorization === undefined || request.method !== 'POST') return false;
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        const line = existsSync(`/proc/${pid}/cmdline`) ? readProc(`/proc/${pid}/cmdline`) : '';
        if (/git/.test(line)) looked += 1;
        assert.ok(!line.includes(written) && !line.includes(secret), line);
      }
      for (const file of readdirSync(join(git.folder, 'cache'), { recursive: true, withFileTypes: true }))
        if (file.isFile()) assert.ok(!readProc(join(file.parentPath, file.name)).includes(written));
      return false;
    };
    try {
      await git.fetch({ url: url(), version: '1.0', submodules: false }, { env });
      assert.ok(looked > 0);
    } finally {
      git.server.trouble = undefined;
    }
  });

  it('come from the user’s helper, which is told that they were taken', async () => {
    await git.fetch({ url: url(), version: '1.0' }, { env: { ...plain, HOME: home } });
    assert.match(said(), /^get\n[^]*host=127\.0\.0\.1:\d+\n[^]*store\n/);
    assert.match(said(), /^path=private$/m);
  });

  it('that are wrong end it, tell the helper, and are in no message', async () => {
    writeFileSync(join(home, 'password'), 'wrong-battery-1');
    const notes: string[] = [];
    const phase: Phase = {
      item: (name) => ({
        advance() {},
        note: (text) => notes.push(text),
        done() {},
        fail: (why) => notes.push(name, why),
      }),
      info: (text) => void notes.push(text),
      done() {},
      fail() {},
    };
    const context = git.context({ env: { ...plain, HOME: home }, phase });
    const fault = await faultOf(gitCandidates('thing', git.config({ url: url(), version: '1.0' }), context));
    assert.equal(fault.code, 'NET_STATUS');
    assert.match(fault.message, /rejects the account/);
    assert.match(said(), /erase/);
    const everything = `${fault.message} ${fault.hint} ${fault.stack} ${JSON.stringify(fault.where)} ${String(fault.cause)} ${notes.join()}`;
    assert.ok(
      !everything.includes('wrong-battery') &&
        !everything.includes(Buffer.from('me:wrong').toString('base64').slice(0, 8)),
    );
  });

  it('that are not there end it without a prompt', async () => {
    const fault = await faultOf(git.fetch({ url: url(), version: '1.0' }, { env: plain }));
    assert.equal(fault.code, 'NET_STATUS');
    assert.match(fault.message, /requires authentication/);
    assert.match(fault.hint!, /LOCKSTEP_GIT_TOKEN/);
  });

  it('are not told to the server of a submodule that the profile does not name', async () => {
    const elsewhere = await GitServer.start(git.server.root);
    elsewhere.account = 'x:y';
    try {
      const inner = git.repository('inner');
      const commit = inner.commit({ i: '1' });
      const outer = git.repository('outer');
      outer.submodule('sub', elsewhere.url('inner'), commit);
      outer.commitIndex();
      outer.tag('1.0');
      const env = { ...plain, LOCKSTEP_GIT_USERNAME: 'me', LOCKSTEP_GIT_TOKEN: secret };
      const fault = await faultOf(git.fetch({ url: git.server.url('outer'), version: '1.0' }, { env }));
      assert.equal(fault.code, 'NET_STATUS');
      assert.ok(elsewhere.asked.length > 0);
      assert.ok(elsewhere.asked.every(({ authorization }) => authorization === undefined));
    } finally {
      await elsewhere.stop();
    }
  });

  it('of the environment are for one host, where that is named', async () => {
    const env = { ...plain, LOCKSTEP_GIT_TOKEN: secret, LOCKSTEP_GIT_HOST: 'git.example.org' };
    await faultOf(git.fetch({ url: url(), version: '1.0' }, { env }));
    assert.ok(git.server.asked.every(({ authorization }) => authorization === undefined));
  });
});
