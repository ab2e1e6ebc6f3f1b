import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LockstepError } from '../../../src/errors.js';
import { collect } from '../../../src/deb/bytes.js';
import type { Clock } from '../../../src/io/clock.js';
import type { HttpOptions } from '../../../src/io/http.js';
import { Http } from '../../../src/io/http.js';
import { breakAfter, FaultyServer, sendFile } from './faulty-server.js';

describe('Http', () => {
  let server: FaultyServer;
  let waits: number[];
  const clients: Http[] = [];

  const clock: Clock = {
    now: () => new Date(0),
    sleep: async (milliseconds) => void waits.push(milliseconds),
  };

  function client(options: Partial<HttpOptions> = {}): Http {
    const http = new Http({ clock, random: () => 1, tries: 3, backoffMs: 100, stallMs: 5000, ...options });
    clients.push(http);
    return http;
  }

  beforeEach(async () => {
    waits = [];
    server = await FaultyServer.start();
  });

  afterEach(async () => {
    for (const http of clients.splice(0)) http.close();
    await server.stop();
  });

  it('gets a body, its headers and where it came from', async () => {
    const url = server.on('/a', (_request, response) => response.setHeader('X-Kind', 'test').end('text'));
    const answer = await client().get(url);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['x-kind'], 'test');
    assert.equal(answer.url, url);
    assert.equal((await collect(answer.body)).toString(), 'text');
  });

  it('uses one connection again', async () => {
    const ports = new Set<number | undefined>();
    const url = server.on('/a', (request, response) => {
      ports.add(request.socket.remotePort);
      response.end('text');
    });
    const http = client();
    for (let nth = 0; nth < 3; nth++) await http.text(url);
    assert.equal(ports.size, 1);
  });

  it('survives a kept connection that the server has closed', async () => {
    const url = server.on('/a', (request, response) => {
      response.end('text', () => setImmediate(() => request.socket.destroy()));
    });
    const http = client({ tries: 1 });
    for (let nth = 0; nth < 5; nth++) assert.equal(await http.text(url), 'text');
  });

  it('hands on a 304', async () => {
    const url = server.on('/a', (request, response) => {
      response.writeHead(request.headers['if-none-match'] === '"v1"' ? 304 : 200).end();
    });
    const answer = await client().get(url, { headers: { 'if-none-match': '"v1"' } });
    assert.equal(answer.status, 304);
    answer.discard();
  });

  it('says NET_NOT_FOUND at once', async () => {
    await assert.rejects(client().get(`${server.base}/gone`), { code: 'NET_NOT_FOUND' });
    assert.equal(server.asked.length, 1);
  });

  it('tries again after a 503, as long as the server asks, and succeeds', async () => {
    const url = server.on('/a', (_request, response, nth) => {
      if (nth < 2) response.writeHead(503, nth === 0 ? { 'retry-after': '3' } : {}).end();
      else response.end('text');
    });
    assert.equal(await client().text(url), 'text');
    assert.deepEqual(waits, [3000, 200]);
  });

  it('gives up on a lasting 500 with NET_STATUS', async () => {
    const url = server.on('/a', (_request, response) => response.writeHead(500).end());
    await assert.rejects(client().text(url), (error) => {
      assert.ok(error instanceof LockstepError);
      assert.equal(error.code, 'NET_STATUS');
      assert.match(error.message, /500.*3 tries/);
      return true;
    });
    assert.equal(server.asked.length, 3);
  });

  it('says NET_UNREACHABLE when nothing listens', async () => {
    const url = server.base;
    await server.stop();
    await assert.rejects(client().text(url), { code: 'NET_UNREACHABLE' });
    server = await FaultyServer.start();
  });

  it('says NET_UNREACHABLE of what does not speak HTTP', async () => {
    const babble = createTcpServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end('220 mail.invalid ESMTP\r\n'),
    );
    await new Promise<void>((resolve) => babble.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(babble.address() as AddressInfo).port}/`;
    await assert.rejects(client().text(url), { code: 'NET_UNREACHABLE' });
    await new Promise((resolve) => babble.close(resolve));
  });

  it('says NET_STALLED when no answer comes', async () => {
    const url = server.on('/a', () => undefined);
    await assert.rejects(client({ stallMs: 50 }).text(url), { code: 'NET_STALLED', message: /3 tries/ });
    assert.equal(waits.length, 2);
  });

  it('says NET_STALLED when the body stops', async () => {
    const url = server.on('/a', breakAfter(Buffer.alloc(100), 50, { stall: true }));
    await assert.rejects(client({ stallMs: 30 }).bytes(url), { code: 'NET_STALLED' });
  });

  it('does not take a slow reader for a stalled server', async () => {
    const bytes = Buffer.alloc(3_000_000, 'x');
    const answer = await client({ stallMs: 300 }).get(server.on('/a', sendFile(bytes)));
    let size = 0;
    for await (const piece of answer.body) {
      if (size === 0) await new Promise((resolve) => setTimeout(resolve, 700));
      size += piece.length;
    }
    assert.equal(size, bytes.length);
  });

  it('does not take waiting for a free connection for a stall', async () => {
    const url = server.on('/a', (_request, response) => setTimeout(() => response.end('text'), 100));
    const http = client({ stallMs: 500, tries: 1 });
    const texts = await Promise.all(Array.from({ length: 40 }, () => http.text(url)));
    assert.equal(texts.length, 40);
  });

  it('says NET_TRUNCATED when the body ends too soon, however often', async () => {
    const url = server.on('/a', breakAfter(Buffer.alloc(100), 50));
    await assert.rejects(client().bytes(url), { code: 'NET_TRUNCATED' });
    assert.equal(server.asked.length, 3);
  });

  it('says NET_TOO_LARGE, whether the length is announced or not', async () => {
    const known = server.on('/known', sendFile(Buffer.alloc(2000)));
    const chunked = server.on('/chunked', (_request, response) => {
      response.write(Buffer.alloc(600));
      response.end(Buffer.alloc(600));
    });
    await assert.rejects(client().bytes(known, { maxBytes: 1000 }), { code: 'NET_TOO_LARGE' });
    await assert.rejects(client().bytes(chunked, { maxBytes: 1000 }), { code: 'NET_TOO_LARGE' });
    assert.equal((await client().bytes(chunked, { maxBytes: 1200 })).length, 1200);
  });

  it('follows redirects, also relative ones', async () => {
    server.on('/end', (_request, response) => response.end('text'));
    const url = server.on('/a', (_request, response) => response.writeHead(302, { location: 'end' }).end());
    const answer = await client().get(url);
    assert.equal(answer.url, `${server.base}/end`);
    assert.equal((await collect(answer.body)).toString(), 'text');
  });

  it('ends a loop of redirects', async () => {
    const url = server.on('/a', (_request, response) => response.writeHead(301, { location: '/a' }).end());
    await assert.rejects(client({ redirects: 4 }).get(url), {
      code: 'NET_STATUS',
      message: /more than 4 times/,
    });
    assert.equal(server.asked.length, 5);
  });

  it('does not follow a redirect to a file', async () => {
    const url = server.on('/a', (_request, response) =>
      response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    );
    await assert.rejects(client().get(url), { code: 'NET_STATUS', message: /does not follow/ });
  });

  it('makes a whole try again of an answer that breaks while it is used', async () => {
    const url = server.on('/a', (_request, response, nth) => {
      response.writeHead(200, { 'content-length': '6' });
      response.write('abc');
      if (nth === 0) setTimeout(() => response.destroy(), 20);
      else response.end('def');
    });
    const seen: string[] = [];
    await client().use(url, {}, async (answer) => {
      seen.push('');
      for await (const piece of answer.body) seen[seen.length - 1] += piece.toString();
    });
    assert.deepEqual(seen, ['abc', 'abcdef']);
  });

  it('stays on its host where it must, by name and port', async () => {
    const there = server.on('/there', (_request, response) => response.end('here'));
    const own = server.on('/own', (_request, response) =>
      response.writeHead(302, { location: '/there' }).end(),
    );
    const away = server.on('/away', (_request, response) =>
      response.writeHead(302, { location: there.replace('127.0.0.1', 'localhost') }).end(),
    );
    assert.equal(await client().text(own, { sameHost: true }), 'here');
    assert.equal(await client().text(away), 'here');
    await assert.rejects(client().text(away, { sameHost: true }), { code: 'NET_STATUS' });
  });

  it('refuses other schemes and nonsense', async () => {
    await assert.rejects(client().get('ftp://archive.invalid/'), { code: 'NET_UNREACHABLE' });
    await assert.rejects(client().get('debian/dists'), { code: 'NET_UNREACHABLE' });
    assert.deepEqual(waits, []);
  });

  it('reads file: URLs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lockstep-http-'));
    try {
      await writeFile(join(folder, 'a b'), 'text');
      assert.equal(await client().text(pathToFileURL(join(folder, 'a b')).href), 'text');
      await assert.rejects(client().text(pathToFileURL(join(folder, 'c')).href), { code: 'NET_NOT_FOUND' });
      await assert.rejects(client().text(pathToFileURL(folder).href), { code: 'NET_NOT_FOUND' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('stops when it is told to: before, while waiting, and in the body', async () => {
    const never = server.on('/never', () => undefined);
    const half = server.on('/half', breakAfter(Buffer.alloc(100), 50, { stall: true }));
    await assert.rejects(client().get(never, { signal: AbortSignal.abort() }), { code: 'INTERRUPTED' });
    for (const url of [never, half]) {
      const controller = new AbortController();
      const stopping = client({ stallMs: 60_000 }).bytes(url, { signal: controller.signal });
      setTimeout(() => controller.abort(), 20);
      await assert.rejects(stopping, { code: 'INTERRUPTED' });
    }
  });

  it('sends user and password, and does not show them', async () => {
    const url = server.on('/a', (request, response) => {
      if (request.headers.authorization === `Basic ${btoa('me:s@cret')}`) response.end('text');
      else response.writeHead(401).end();
    });
    assert.equal(await client().text(url.replace('//', '//me:s%40cret@')), 'text');
    await assert.rejects(client().text(url.replace('//', '//me:wrong@')), (error) => {
      assert.ok(error instanceof LockstepError);
      assert.doesNotMatch(error.message + JSON.stringify(error.where), /wrong/);
      return error.code === 'NET_STATUS';
    });
  });

  it('asks a proxy for the whole URL', async () => {
    let seen: string | undefined;
    const proxy = createServer((request, response) => {
      seen = `${request.headers.host} ${request.url} ${request.headers['proxy-authorization']}`;
      response.end('by proxy');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const address = new URL(`http://u:p@127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    const http = client({ proxy: () => address });
    assert.equal(await http.text('http://archive.invalid/debian?x#y'), 'by proxy');
    assert.equal(seen, `archive.invalid http://archive.invalid/debian?x Basic ${btoa('u:p')}`);
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  });

  it('asks a proxy for a tunnel to https', async () => {
    const targets: (string | undefined)[] = [];
    const proxy = createServer().on('connect', (request, socket) => {
      targets.push(request.url);
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const address = new URL(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    const fetching = client({ proxy: () => address }).text('https://archive.invalid/');
    await assert.rejects(fetching, { code: 'NET_STATUS', message: /403/ });
    assert.deepEqual(targets, ['archive.invalid:443']);
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  });
});
