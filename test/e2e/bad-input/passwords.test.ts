import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Bench, profile, suite } from '../../fixtures/bad-input-bench.js';

const secret = 's3cr3t-passw0rd';
const account = `robot:${secret}@`;

/** What programs are asked for first: each is put in the way of the real one. */
const programs = [
  'git',
  'apt-get',
  'apt-config',
  'dpkg',
  'dpkg-deb',
  'gpgv',
  'prlimit',
  'xz',
  'ssh',
  'unshare',
];

describe('a password in an address', function () {
  this.timeout(120_000);
  let bench: Bench;
  let tools: string;
  let argumentsFile: string;
  const servers: Server[] = [];

  before(async () => {
    bench = await Bench.make();
    tools = bench.path('../tools');
    argumentsFile = join(tools, 'arguments');
    await mkdir(tools);
    await writeFile(argumentsFile, '');
    // Whatever is started writes its command line down, then does what it should
    for (const name of programs) {
      const real = execFileSync('sh', ['-c', `command -v ${name} || true`], { encoding: 'utf8' }).trim();
      if (real === '') continue;
      await writeFile(
        join(tools, name),
        `#!/bin/sh\nprintf '%s ' "$0" "$@" >> '${argumentsFile}'\necho >> '${argumentsFile}'\nexec ${real} "$@"\n`,
      );
      await chmod(join(tools, name), 0o755);
    }
  });
  after(async () => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    await bench?.end();
  });

  /** Runs it for people and for programs; the password is in nothing that it prints, writes or starts. */
  const isHidden = async (
    args: readonly string[],
    env: Record<string, string> = {},
    says: RegExp = /\*\*\*|127\.0\.0\.1|host|internal/,
  ): Promise<void> => {
    await writeFile(argumentsFile, '');
    for (const more of [[], ['--json']]) {
      const { stdout, stderr } = await bench.run([...args, ...more], {
        PATH: `${tools}:${process.env['PATH']}`,
        LOCKSTEP_TRIES: '1',
        ...env,
      });
      assert.ok(!(stdout + stderr).includes(secret), `${args.join(' ')}: ${stdout}${stderr}`);
      assert.match(stdout + stderr, says);
    }
    assert.ok(
      !(await readFile(argumentsFile, 'utf8')).includes(secret),
      'a program has it on its command line',
    );
    for (const folder of [
      bench.path('snapshots'),
      bench.path('public'),
      bench.path('.lockstep'),
      bench.cache,
    ]) {
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
        const path = join(entry.parentPath, entry.name);
        assert.ok(!path.includes(secret), path);
        if (entry.isFile()) assert.ok(!(await readFile(path)).includes(secret), path);
      }
    }
  };
  const serving = async (status: number): Promise<string> => {
    const server = createServer(
      (_, response) => void response.writeHead(status, { 'content-length': 0 }).end(),
    );
    server.on('connect', (_, socket) =>
      socket.on('error', () => undefined).end(`HTTP/1.1 ${status} no\r\n\r\n`),
    );
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const tree = (source: string): string => `format: 1
description: a tree
base: { distribution: debian, release: '12', codename: bookworm, architectures: [amd64] }
components:
  tree:
    source: { ${source} }
    build: { method: tree, template: tree }
    relation: exact
metapackage: { name: cache-full, lead: tree, templates: [cache-full] }
`;

  it('of a mirror: used, in no record, in no fault', async () => {
    const mirror = bench.mirror.url.replace('://', `://${account}`);
    await isHidden(['release', profile], { LOCKSTEP_MIRROR: mirror }, new RegExp(suite));
    for (const place of [
      `${account}${await serving(401)}`,
      `${account}${await serving(500)}`,
      `${account}127.0.0.1:1`,
    ])
      await isHidden(['resolve', profile], { LOCKSTEP_MIRROR: `http://${place}/debian` });
    for (const wrong of [
      `http://${account}host:port/`,
      `http://robot:${secret}/@host/`,
      `ftp://${account}host/`,
    ])
      await isHidden(['resolve', profile], { LOCKSTEP_MIRROR: wrong });
  });

  it('of a mirror in lockstep.yaml', async () => {
    const before = await readFile(bench.path('lockstep.yaml'), 'utf8');
    await bench.write('lockstep.yaml', `${before}\nmirror: { debian: 'http://${account}host/debian' }\n`);
    await isHidden(['check']);
    await bench.write('lockstep.yaml', before);
  });

  it('of a git repository and of a tarball, in a profile', async () => {
    await bench.write('templates/tree/package.yaml', 'package: tree\nsection: web\ndescription: x\n');
    for (const source of [
      `kind: git, url: 'https://${account}host/x.git', version: '>=0'`,
      `kind: git, url: 'ssh://${account}host/x.git', version: '>=0'`,
      `kind: tarball, url: 'https://${account}host/x-{version}.tar.gz', version: '1.0'`,
    ]) {
      await bench.write('profiles/tree.yaml', tree(source));
      await isHidden(['check']);
      await isHidden(['resolve', 'tree']);
    }
    await rm(bench.path('profiles/tree.yaml'));
  });

  it('of a proxy: for the mirror, for git, over a tunnel', async () => {
    const git = (scheme: string): string =>
      tree(`kind: git, url: '${scheme}://git.internal/x.git', version: '>=0'`);
    for (const status of [407, 502]) {
      const proxy = `http://${account}${await serving(status)}`;
      const env = { http_proxy: proxy, https_proxy: proxy, no_proxy: '' };
      await isHidden(['resolve', profile], { ...env, LOCKSTEP_MIRROR: 'http://host.invalid/debian' });
      await isHidden(['resolve', profile], { ...env, LOCKSTEP_MIRROR: 'https://host.invalid/debian' });
      for (const scheme of ['http', 'https']) {
        await bench.write('profiles/tree.yaml', git(scheme));
        await isHidden(['resolve', 'tree'], env);
      }
    }
    await rm(bench.path('profiles/tree.yaml'));
  });

  it('that git itself sends to a proxy and a server', async () => {
    // A server that lets Lockstep pass, so that git itself is started and fails at it
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(String(request.headers['user-agent']));
      const known = String(request.headers['user-agent']).startsWith('lockstep');
      response.writeHead(known ? 200 : 502, {
        'content-type': 'application/x-git-upload-pack-advertisement',
      });
      response.end(known ? '001e# service=git-upload-pack\n0000' : '');
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = `http://${account}127.0.0.1:${(server.address() as AddressInfo).port}`;
    await bench.write(
      'profiles/tree.yaml',
      tree(`kind: git, url: 'http://git.internal/x.git', version: '>=0'`),
    );
    await isHidden(['resolve', 'tree'], { http_proxy: proxy, no_proxy: '' });
    assert.ok(
      seen.some((agent) => agent.startsWith('git/')),
      seen.join(),
    );
    assert.match(await readFile(argumentsFile, 'utf8'), /git .*ls-remote/);
    await rm(bench.path('profiles/tree.yaml'));
  });

  it('that a person types', async () => {
    await isHidden(['show', `http://${account}host/`]);
    await isHidden(['import', profile, `http://${account}host/x.deb`], {}, /cannot be imported/);
    await isHidden(['release', profile, '--with', `memcached=http://${account}host/x`]);
    await isHidden(['publish', 'cache-unstable', `http://${account}host/`], {}, /cache-unstable/);
  });
});
