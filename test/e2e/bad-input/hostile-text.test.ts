import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { makeBinary } from '../../fixtures/packages.js';
import { Bench, profile, until } from '../../fixtures/bad-input-bench.js';

/** ESC, BEL, DEL, a C1 control, and characters that turn, hide or break text. */
const evil = 'evil\u001b[2J\u0007\u007f\u009b31m\u202e\u2066\u200e\u061c\u2028end';
/** What may stand in a path of git and in the fields of a package: no C0 control. */
const turning = 'evil\u009b31m\u202e\u2066\u061cend';
const raw = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;
const visible = /\\x1b|\\x9b|\\u001b|\\u009b|\\u202e/;

const imported = `format: 1
kind: imported
description: Tools that are built elsewhere
base: { distribution: debian, release: '12', codename: bookworm, architectures: [amd64] }
`;

/** A server that gives every request the same bytes, whatever HTTP thinks of them. */
async function answering(bytes: Buffer): Promise<{ url: string; server: Server }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => socket.end(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, server };
}

describe('hostile text from outside', function () {
  this.timeout(120_000);
  let bench: Bench;
  let incoming: string;
  const servers: Server[] = [];

  before(async () => {
    bench = await Bench.make();
    await bench.write('profiles/tools.yaml', imported);
    await bench.edit('lockstep.yaml', (text) =>
      text.replace('suites:\n', 'suites:\n  tools-unstable: { profile: tools, trust: unstable }\n'),
    );
    incoming = bench.path('../incoming');
  });
  beforeEach(async () => {
    await rm(incoming, { recursive: true, force: true });
    await mkdir(incoming, { recursive: true });
  });
  after(async () => {
    for (const server of servers) server.close();
    await bench?.end();
  });

  /** Runs the command for people and for programs: all that it prints is clean. The text itself is in it, visible. */
  const isTame = async (
    args: readonly string[],
    env: Record<string, string> = {},
    also: { json?: boolean; silent?: boolean } = {},
  ): Promise<string> => {
    let all = '';
    for (const more of also.json === false ? [[]] : [[], ['--json']]) {
      const { stdout, stderr } = await bench.run([...args, ...more], env);
      for (const text of [stdout, stderr])
        assert.doesNotMatch(text, raw, JSON.stringify(text.slice(0, 2000)));
      if (more.length > 0) JSON.parse(stdout);
      if (also.silent !== true)
        assert.match(stdout + stderr, visible, `${args.join(' ')} did not come to the text: ${stderr}`);
      all += stdout + stderr;
    }
    return all;
  };
  const put = async (name: string, data: string | Uint8Array): Promise<string> => {
    await writeFile(join(incoming, name), data);
    return join(incoming, name);
  };
  const packaged = async (version: string, more: object): Promise<string> => {
    const { file } = await makeBinary({ package: 'hello', version, architecture: 'all', ...more });
    return await put(file.name, file.bytes);
  };

  it('on the command line', async () => {
    await isTame([`nothing${evil}`]);
    await isTame(['show', evil]);
    await isTame(['status', `--flag${evil}`]);
    await isTame(['help', evil], {}, { json: false });
    await isTame(['publish', evil, evil]);
    await isTame(['cut', profile, '--with', `memcached=${evil}`]);
  });

  it('in lockstep.yaml, profiles and the environment', async () => {
    await bench.write(
      'profiles/evil.yaml',
      `format: 1\ndescription: ${JSON.stringify(evil)}\n${JSON.stringify(evil)}: 1\n`,
    );
    await isTame(['check', 'evil']);
    await bench.write('profiles/evil.yaml', `${evil}: [\n`);
    await isTame(['check', 'evil'], {}, { silent: true });
    await rm(bench.path('profiles/evil.yaml'));
    await isTame(['resolve', profile], { LOCKSTEP_MIRROR: `http://${turning}/` });
    await isTame(['resolve', profile], { LOCKSTEP_STALL_SECONDS: turning }, { silent: true });
  });

  it('in names of files, folders and links', async () => {
    await isTame(['import', 'tools', join(incoming, evil)]);
    await mkdir(join(incoming, evil));
    await isTame(['import', 'tools', join(incoming, evil)]);
    await put(`${evil}.deb`, 'no package');
    await isTame(['import', 'tools', incoming]);
    await rm(join(incoming, `${evil}.deb`));
    await symlink(evil, join(incoming, `${evil}.deb`));
    await isTame(['import', 'tools', incoming], {}, { silent: true });
  });

  it('in a .changes', async () => {
    const hash = '0'.repeat(64);
    const fields = (more: string): string =>
      `Format: 1.8\nSource: hello\nBinary: hello\nArchitecture: all\nVersion: 1\nDistribution: unstable\nMaintainer: A <a@b.invalid>\nChanged-By: A <a@b.invalid>\n${more}`;
    const named = await put(
      'names.changes',
      fields(
        `Checksums-Sha256:\n ${hash} 1 ${turning}.deb\nFiles:\n ${hash.slice(32)} 1 misc optional ${turning}.deb\n`,
      ),
    );
    await isTame(['import', 'tools', named]);
    const who = fields('').replace('Source: hello', `Source: ${turning}`);
    await isTame(['import', 'tools', await put('source.changes', who)]);
    const version = fields('').replace('Version: 1', `Version: ${turning}`);
    await isTame(['import', 'tools', await put('version.changes', version)]);
  });

  it('in member names, link targets and conffiles of a package', async () => {
    const tree = join(incoming, 'tree');
    /** By dpkg-deb, which takes any name. */
    const built = async (version: string, make: () => Promise<unknown>, conffiles = ''): Promise<string> => {
      await rm(tree, { recursive: true, force: true });
      await mkdir(join(tree, 'DEBIAN'), { recursive: true });
      const control = `Package: hello\nVersion: ${version}\nArchitecture: all\nMaintainer: A <a@b.invalid>\nDescription: x\n`;
      await writeFile(join(tree, 'DEBIAN/control'), control);
      await writeFile(join(tree, 'DEBIAN/conffiles'), conffiles);
      await make();
      execFileSync('dpkg-deb', ['--build', tree, join(incoming, 'hello.deb')], { stdio: 'ignore' });
      return join(incoming, 'hello.deb');
    };
    const named = async (folder: string, name: string): Promise<void> => {
      await mkdir(join(tree, folder), { recursive: true });
      await writeFile(join(tree, folder, name), 'x');
    };
    await isTame(['import', 'tools', await built('1', () => named('usr', evil))]);
    await isTame(['import', 'tools', await built('2', () => named('usr/local', turning))]);
    const link = async (): Promise<void> => {
      await mkdir(join(tree, 'etc'), { recursive: true });
      await symlink(`../../../../${evil}`, join(tree, 'etc/link'));
    };
    await isTame(['import', 'tools', await built('3', link)], {}, { silent: true });
    const conffile = await built('4', () => named('etc/cron.d', turning), `/etc/cron.d/${turning}\n`);
    await isTame(['import', 'tools', conffile], {}, { silent: true });
  });

  it('in control fields, changelogs and scripts: imported, shown, compared, as Markdown', async () => {
    const version = async (number: string): Promise<void> => {
      const text = `${turning} ${number}`;
      const deb = await packaged(number, {
        files: { 'etc/hello': `${evil} ${number}\n`, [`usr/share/hello/${number}`]: evil },
        conffiles: ['/etc/hello'],
        depends: 'libc6',
        fields: { Homepage: `http://${text}/`.replace(' ', ''), 'X-Text': text },
        scripts: { postinst: `#!/bin/sh\n# ${evil} ${number}\n` },
      });
      const { stdout, stderr, status } = await bench.run(['import', 'tools', deb]);
      assert.doesNotMatch(stdout + stderr, raw);
      assert.equal(status, 0, stderr);
    };
    await version('10');
    await version('11');
    const { stdout } = await bench.run(['snapshots', 'tools', '--json']);
    const [newest, oldest] = (JSON.parse(stdout) as { snapshots: { id: string }[] }).snapshots;
    await isTame(['show', newest!.id], {}, { silent: true });
    const diff = await isTame(['diff', oldest!.id, newest!.id]);
    assert.match(diff, visible);
    await isTame(['diff', oldest!.id, newest!.id, '--full'], {}, { json: false });
    await isTame(['diff', oldest!.id, newest!.id, '--markdown'], {}, { json: false });
    await isTame(['publish', newest!.id, 'tools-unstable', '--reason', evil], {}, { silent: true });
    await isTame(['history', 'tools-unstable'], {}, { silent: true });
    await isTame(['status'], {}, { silent: true });
  });

  it('from a server: reasons, redirects, bodies', async () => {
    const utf8 = Buffer.from(turning);
    const heads = [
      Buffer.concat([Buffer.from('HTTP/1.1 500 '), utf8, Buffer.from('\r\nContent-Length: 0\r\n\r\n')]),
      Buffer.concat([
        Buffer.from('HTTP/1.1 302 Found\r\nLocation: ftp://'),
        utf8,
        Buffer.from('/\r\nContent-Length: 0\r\n\r\n'),
      ]),
      Buffer.concat([Buffer.from('HTTP/1.1 302 Found\r\nLocation: //\u009b31m:99999/\r\n\r\n', 'latin1')]),
      Buffer.from('HTTP/1.1 200 \u001b[2J\r\n\r\n\u001b[2J'),
      Buffer.from(
        `HTTP/1.1 200 OK\r\n\r\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOrigin: ${evil}\n`,
      ),
      Buffer.from(`${evil}\r\n\r\n`),
    ];
    for (const head of heads) {
      const { url, server } = await answering(head);
      servers.push(server);
      await isTame(['resolve', profile], { LOCKSTEP_MIRROR: url, LOCKSTEP_TRIES: '1' }, { silent: true });
    }
  });

  it('from git: messages of a server, names of branches and tags', async () => {
    const set = (url: string): string => `format: 1
description: a tree
base: { distribution: debian, release: '12', codename: bookworm, architectures: [amd64] }
components:
  tree:
    source: { kind: git, url: ${JSON.stringify(url)}, version: '>=0', tags: '{version}' }
    build: { method: tree, template: tree }
    relation: exact
metapackage: { name: cache-full, lead: tree, templates: [cache-full] }
`;
    await bench.write('templates/tree/package.yaml', 'package: tree\nsection: web\ndescription: x\n');
    const refused = Buffer.from(`ERR ${evil}\n`);
    const line = Buffer.concat([Buffer.from((refused.length + 4).toString(16).padStart(4, '0')), refused]);
    const service = Buffer.from('001e# service=git-upload-pack\n0000');
    const { url, server } = await answering(
      Buffer.concat([
        Buffer.from(
          `HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nContent-Length: ${service.length + line.length}\r\n\r\n`,
        ),
        service,
        line,
      ]),
    );
    servers.push(server);
    await bench.write('profiles/tree.yaml', set(`${url}/x`));
    await isTame(['resolve', 'tree'], { LOCKSTEP_TRIES: '1' });

    const folder = join(incoming, 'tree');
    await mkdir(folder);
    const git = (...args: string[]): void => {
      execFileSync('git', ['-C', folder, '-c', 'user.name=A', '-c', 'user.email=a@b.invalid', ...args], {
        env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
        stdio: 'ignore',
      });
    };
    git('init', '--initial-branch', turning);
    await writeFile(join(folder, turning), 'x');
    git('add', '.');
    git('commit', '-m', evil);
    git('tag', `${turning}1`);
    git('tag', '-m', evil, `v${turning}`);
    await bench.write('profiles/tree.yaml', set(folder));
    await isTame(['resolve', 'tree'], {}, { silent: true });
    await bench.write(
      'profiles/tree.yaml',
      set(folder).replace("version: '>=0', tags: '{version}'", `branch: ${JSON.stringify(turning)}`),
    );
    await isTame(['resolve', 'tree'], {}, { silent: true });
    await rm(bench.path('profiles/tree.yaml'));
  });

  it('in names of served folders: pages, answers and the log of requests', async () => {
    await mkdir(bench.path('public', turning), { recursive: true });
    await writeFile(bench.path('public', `<b>${evil}`), 'x');
    const running = bench.start(['serve', '--port', '0', '--json']);
    await until(() => running.stdout().includes('\n'));
    const { url } = JSON.parse(running.stdout()) as { url: string };
    for (const path of [
      '',
      `${encodeURIComponent(turning)}/`,
      encodeURIComponent(turning),
      `${encodeURIComponent(evil)}/nothing`,
    ]) {
      const answer = await fetch(`${url.replace(/\/$/, '')}/${path}`);
      const page = await answer.text();
      assert.doesNotMatch(page, raw);
      assert.doesNotMatch(page, /<b>/);
      if (path === '') assert.match(page, visible);
    }
    running.kill('SIGINT');
    const { stderr, stdout } = await running.ended;
    assert.doesNotMatch(stderr + stdout, raw);
  });
});
