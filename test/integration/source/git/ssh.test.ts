/**
 * A repository behind a real sshd on loopback. OpenSSH reads the files of the
 * user's own home folder whatever HOME says, so an `ssh` earlier on the path
 * points it to those of the test.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { GitRepository } from '../../../fixtures/git-repository.js';
import { needs } from '../../../fixtures/machine.js';
import { faultOf, GitFetching } from '../../../fixtures/git-fetching.js';

const sshd = '/usr/sbin/sshd';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('a git source over ssh', function () {
  this.timeout(60_000);
  let git: GitFetching | undefined;
  let daemon: ChildProcess | undefined;
  let agent: string;
  let agentPid: string | undefined;
  let project: GitRepository;
  let port: number;
  let folder: string;
  let env: NodeJS.ProcessEnv;
  const user = userInfo().username;

  const key = (name: string): string => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
    return readFileSync(join(folder, `${name}.pub`), 'utf8').trim();
  };
  const known = (host: string): void =>
    writeFileSync(join(folder, 'known_hosts'), host === '' ? '' : `[127.0.0.1]:${port} ${host}\n`);

  before(async function () {
    await needs(this, { tools: [sshd, 'ssh', 'ssh-agent', 'ssh-keygen'] });
    git = await GitFetching.start();
    folder = join(git.folder, 'ssh');
    mkdirSync(join(git.folder, 'workspace'));
    mkdirSync(join(folder, 'bin'), { recursive: true });
    const inner = git.repository('inner');
    const commit = inner.commit({ i: '1' });
    project = git.repository('project');
    project.commit({ a: '1' });
    project.submodule('sub', '../inner', commit);
    project.commitIndex();
    project.tag('1.0', '-a', '-m', 'one');
    port = await freePort();
    const host = key('host');
    writeFileSync(join(folder, 'authorized'), `${key('user')}\n`, { mode: 0o600 });
    const lines = [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${folder}/host`,
      `AuthorizedKeysFile ${folder}/authorized`,
      `PidFile ${folder}/pid`,
      'StrictModes no',
      'UsePAM no',
      'PermitRootLogin prohibit-password',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
    ];
    writeFileSync(join(folder, 'sshd_config'), `${lines.join('\n')}\n`);
    mkdirSync('/run/sshd', { recursive: true });
    daemon = spawn(sshd, ['-D', '-f', join(folder, 'sshd_config'), '-E', join(folder, 'log')], {
      stdio: 'ignore',
    });
    await listening(port);
    known(host.split(' ').slice(0, 2).join(' '));
    writeFileSync(
      join(folder, 'ssh_config'),
      `Host *\n  UserKnownHostsFile ${folder}/known_hosts\n  GlobalKnownHostsFile /dev/null\n  IdentityFile none\n`,
    );
    writeFileSync(
      join(folder, 'bin/ssh'),
      `#!/bin/sh\nenv | sed 's/=.*//' >'${folder}/environment'\nexec /usr/bin/ssh -F '${folder}/ssh_config' "$@"\n`,
    );
    chmodSync(join(folder, 'bin/ssh'), 0o755);
    const said = execFileSync('ssh-agent', ['-s', '-a', join(folder, 'agent')], { encoding: 'utf8' });
    agentPid = /SSH_AGENT_PID=(\d+)/.exec(said)?.[1];
    agent = join(folder, 'agent');
    execFileSync('ssh-add', ['-q', join(folder, 'user')], {
      env: { ...process.env, SSH_AUTH_SOCK: agent },
      stdio: 'ignore',
    });
    env = {
      PATH: `${folder}/bin:${process.env['PATH']}`,
      HOME: '/nonexistent',
      SSH_AUTH_SOCK: agent,
      LOCKSTEP_GIT_TOKEN: 'not-for-ssh',
      SECRET_OF_THE_USER: 'x',
    };
  });
  after(async () => {
    if (agentPid !== undefined) process.kill(Number(agentPid));
    daemon?.kill();
    await git?.stop();
  });

  async function listening(port: number): Promise<void> {
    for (let nth = 0; nth < 200; nth++) {
      const isThere = await new Promise<boolean>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
        socket.on('connect', () => socket.destroy());
      });
      if (isThere) return;
      await wait(50);
    }
    assert.fail('sshd does not listen');
  }

  const url = (name = 'project'): string => `ssh://${user}@127.0.0.1:${port}${git!.server.root}/${name}`;

  it('is fetched with the key of the agent, its submodules too, as over the web', async () => {
    const pin = await git!.fetch({ url: url(), version: '1.0' }, { env });
    assert.equal(pin.commit, project.head);
    assert.equal((await git!.tree(pin))['sub/i'], '1');
    assert.deepEqual(pin.submodules[0]!.url, url('inner'));
    const web = await git!.fetch({ url: git!.server.url('project'), version: '1.0' });
    assert.equal(pin.archive.sha256, web.archive.sha256);
    const given = readFileSync(join(folder, 'environment'), 'utf8').split('\n');
    assert.ok(given.includes('SSH_AUTH_SOCK'));
    assert.ok(!given.includes('LOCKSTEP_GIT_TOKEN') && !given.includes('SECRET_OF_THE_USER'));
  });

  it('may be written as scp has it', async () => {
    const config = `Host short.example\n  HostName 127.0.0.1\n  Port ${port}\n  HostKeyAlias [127.0.0.1]:${port}\n`;
    const file = join(folder, 'ssh_config');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, config + before);
    try {
      const short = `${user}@short.example:${git!.server.root}/project`;
      assert.equal((await git!.fetch({ url: short, version: '1.0' }, { env })).commit, project.head);
    } finally {
      writeFileSync(file, before);
    }
  });

  it('is not asked where its host key is unknown or another one, and learns none', async () => {
    const before = readFileSync(join(folder, 'known_hosts'), 'utf8');
    try {
      for (const host of ['', key('other').split(' ').slice(0, 2).join(' ')]) {
        known(host);
        const wanted = readFileSync(join(folder, 'known_hosts'), 'utf8');
        const fault = await faultOf(git!.fetch({ url: url(), version: '1.0' }, { env }));
        assert.equal(fault.code, 'NET_UNREACHABLE');
        assert.match(fault.message, /known_hosts/);
        assert.doesNotMatch(fault.message, /tries/);
        assert.equal(readFileSync(join(folder, 'known_hosts'), 'utf8'), wanted);
      }
    } finally {
      writeFileSync(join(folder, 'known_hosts'), before);
    }
  });

  it('says so, and asks nobody, where the server takes no key', async () => {
    const without = { ...env, SSH_AUTH_SOCK: undefined };
    const fault = await faultOf(git!.fetch({ url: url(), version: '1.0' }, { env: without }));
    assert.equal(fault.code, 'NET_STATUS');
    assert.match(fault.hint!, /ssh-add/);
  });

  it('says where there is no repository, no commit, and no server', async () => {
    assert.equal(
      (await faultOf(git!.fetch({ url: url('none'), version: '1.0' }, { env }))).code,
      'NET_NOT_FOUND',
    );
    assert.equal(
      (await faultOf(git!.fetch({ url: url(), commit: '1'.repeat(40) }, { env }))).code,
      'SOURCE_REF_UNKNOWN',
    );
    const nobody = `ssh://${user}@127.0.0.1:${await freePort()}/project`;
    assert.equal(
      (await faultOf(git!.fetch({ url: nobody, version: '1.0' }, { env }))).code,
      'NET_UNREACHABLE',
    );
  });

  it('that says nothing is ended by the stall limit', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const at = `ssh://${user}@127.0.0.1:${(silent.address() as AddressInfo).port}/project`;
    try {
      const fault = await faultOf(git!.fetch({ url: at, version: '1.0' }, { env, http: git!.impatient }));
      assert.ok(['NET_STALLED', 'NET_UNREACHABLE'].includes(fault.code), fault.message);
    } finally {
      silent.close();
    }
  });
});
