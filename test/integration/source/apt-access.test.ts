import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/io/clock.js';
import { Http } from '../../../src/io/http.js';
import { run } from '../../../src/io/process.js';
import { proxyFrom } from '../../../src/io/proxy.js';
import { accessByApt } from '../../../src/source/apt-access.js';
import { detectProxies, readAptConfiguration } from '../../../src/source/apt-configuration.js';
import { needs } from '../../fixtures/machine.js';

const helper = '/usr/lib/apt/apt-helper';

/** Files of apt with `HOST` for the server, and the addresses that are asked for. */
interface Case {
  conf?: string;
  auth?: string;
  parts?: Record<string, string>;
  ask: string[];
  env?: Record<string, string>;
}

const account = 'login a password b';
const cases: Record<string, Case> = {
  'an account for host and port': { auth: `machine http://HOST ${account}\n`, ask: ['/x'] },
  'an account for a host, of any port': { auth: `machine http://127.0.0.1 ${account}\n`, ask: ['/x'] },
  'no account without encryption': { auth: `machine HOST ${account}\n`, ask: ['/x'] },
  'paths without the port': { auth: `machine http://127.0.0.1/deb ${account}\n`, ask: ['/debian/x', '/de'] },
  'paths with the port': { auth: `machine http://HOST/deb ${account}\n`, ask: ['/debian/x', '/de'] },
  'what looks like a comment': {
    auth: `# machine http://HOST login c password d\nmachine http://HOST ${account}\n`,
    ask: ['/x'],
  },
  'the first of several': {
    auth: `machine http://HOST/a ${account}\nmachine http://HOST/ login c password d\n`,
    ask: ['/a/x', '/b'],
  },
  'unknown words and lines': { auth: 'machine\nhttp://HOST\nlogin a foo\npassword b # x\n', ask: ['/x'] },
  'another port': { auth: `machine http://HOST1 ${account}\n`, ask: ['/x'] },
  'percent signs': { auth: 'machine http://HOST login a%20b password b%40\n', ask: ['/x'] },
  'files of a folder, after the file': {
    auth: `machine http://HOST/one ${account}\n`,
    parts: {
      'b.conf': 'machine http://HOST login b password b\n',
      'a.conf': 'machine http://HOST/two login a password a\n',
      'c.disabled': 'machine http://HOST/ login c password c\n',
    },
    ask: ['/one/x', '/two/x', '/three'],
  },
  'a proxy, and an account for it': {
    conf: 'Acquire::http::Proxy "http://HOST";\n',
    auth: 'machine http://u.test login a password b\nmachine http://HOST login p password q\n',
    ask: ['http://u.test/x', 'http://v.test/y'],
  },
  'a proxy in nested form, with an account': {
    conf: 'Acquire { http { Proxy "http://me:pw@HOST"; }; };\n',
    ask: ['http://u.test/x'],
  },
  'a proxy of one host': { conf: 'Acquire::HTTP::proxy::u.test "http://HOST";\n', ask: ['http://u.test/x'] },
  'no proxy for one host': {
    conf: 'Acquire::http::Proxy "http://127.0.0.1:1";\nAcquire::http::Proxy::127.0.0.1 "DIRECT";\n',
    ask: ['/x'],
  },
  'no proxy for all': { conf: 'Acquire::http::Proxy "DIRECT";\n', ask: ['/x'] },
  'no proxy, though the environment names one': {
    conf: 'Acquire::http::Proxy "DIRECT";\n',
    env: { http_proxy: 'http://127.0.0.1:1' },
    ask: ['/x'],
  },
  'the proxy of the environment': { env: { http_proxy: 'http://HOST' }, ask: ['http://u.test/x'] },
  'no proxy by the environment': {
    conf: 'Acquire::http::Proxy "http://127.0.0.1:1";\n',
    env: { no_proxy: '127.0.0.1' },
    ask: ['/x'],
  },
  'a proxy that a program finds': {
    conf: 'Acquire::http::Proxy-Auto-Detect "PROGRAM";\n',
    ask: ['http://u.test/x'],
  },
};

describe("reaching a mirror of apt's, beside a real apt", function () {
  this.timeout(60_000);
  let folder: string;
  let server: Server;
  let host: string;
  let seen: string[] = [];

  before(async function () {
    await needs(this, { tools: ['apt-get'] });
    server = createServer((request, response) => {
      const named = (value: string | undefined): string =>
        value === undefined ? 'nobody' : Buffer.from(value.replace('Basic ', ''), 'base64').toString();
      const { authorization, 'proxy-authorization': proxy } = request.headers;
      seen.push(`${request.url} ${named(authorization)} ${named(proxy)}`);
      response.writeHead(200, { 'content-length': 1 }).end('x');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-access-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  after(() => void server?.close());

  for (const [what, { conf = '', auth = '', parts = {}, ask, env = {} }] of Object.entries(cases)) {
    it(what, async () => {
      const filled = (text: string): string =>
        text.replaceAll('HOST', host).replaceAll('PROGRAM', join(folder, 'program'));
      await mkdir(join(folder, 'etc/auth.conf.d'), { recursive: true });
      await writeFile(join(folder, 'program'), filled('#!/bin/sh\necho http://HOST\n'), { mode: 0o755 });
      await writeFile(join(folder, 'etc/apt.conf'), filled(conf));
      await writeFile(join(folder, 'etc/auth.conf'), filled(auth));
      for (const [name, text] of Object.entries(parts))
        await writeFile(join(folder, 'etc/auth.conf.d', name), filled(text));
      const main = join(folder, 'main.conf');
      await writeFile(main, `Dir::Etc "${folder}/etc"; APT::Sandbox::User "root";\n`);
      const urls = ask.map((one) => (one.startsWith('/') ? `http://${host}${one}` : one));
      const variables = Object.fromEntries(Object.entries(env).map(([name, text]) => [name, filled(text)]));

      seen = [];
      for (const url of urls)
        await run(helper, ['download-file', url, join(folder, 'got')], {
          cleanEnv: true,
          env: { PATH: process.env['PATH'], APT_CONFIG: main, ...variables },
        });
      const byApt = seen;

      seen = [];
      const { access } = await readAptConfiguration(join(folder, 'etc'));
      const roots = urls.map((url) => new URL(url).origin);
      const detected = await detectProxies(access, roots);
      const http = new Http({ clock: systemClock, proxy: proxyFrom(variables), tries: 1 }).via((other) =>
        accessByApt(detected, roots, other, variables),
      );
      for (const url of urls) assert.equal(await http.text(url), 'x');
      http.close();
      assert.deepEqual(seen, byApt);
      assert.equal(byApt.length, urls.length);
    });
  }

  it('says of 401 and 407 what they are, and shows no password', async () => {
    const refusing = createServer((request, response) => {
      response.writeHead(request.url!.startsWith('http:') ? 407 : 401, { 'content-length': 0 }).end();
    });
    await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
    const address = `http://me:secret@127.0.0.1:${(refusing.address() as AddressInfo).port}`;
    const direct = new Http({ clock: systemClock });
    await assert.rejects(direct.text(`${address}/x`), (error: Error & { hint: string }) => {
      assert.match(error.message, /^Status 401 from http:\/\/127.*: the server requires an account/);
      assert.match(error.hint, /auth\.conf/);
      assert.doesNotMatch(JSON.stringify(error), /secret/);
      return true;
    });
    const through = new Http({ clock: systemClock, proxy: proxyFrom({ http_proxy: address }) });
    await assert.rejects(through.text('http://u.test/x'), (error: Error & { hint: string }) => {
      assert.match(error.message, /^Status 407 from http:\/\/u\.test\/x: the proxy requires an account/);
      assert.match(error.hint, /Acquire::http::Proxy/);
      return true;
    });
    direct.close();
    through.close();
    refusing.close();
  });
});
