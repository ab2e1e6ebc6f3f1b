import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveArchive, type RunningServer } from '../../../src/archive/static-server.js';

describe('serving an archive', () => {
  let dir: string;
  let root: string;
  let server: RunningServer;
  let stop: AbortController;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lockstep-serve-'));
    root = join(dir, 'public');
    await mkdir(join(root, 'debian/pool/main'), { recursive: true });
    await mkdir(join(root, 'debian/dists/s'), { recursive: true });
    await writeFile(join(root, 'debian/pool/main/tiny_1_all.deb'), '0123456789');
    await writeFile(join(root, 'debian/dists/s/InRelease'), 'signed');
    await writeFile(join(root, 'debian/.hidden'), 'no');
    await writeFile(join(dir, 'secret'), 'no');
    stop = new AbortController();
    server = await serveArchive({ root, port: 0, signal: stop.signal });
  });
  afterEach(async () => {
    stop.abort();
    await server.closed;
    await rm(dir, { recursive: true, force: true });
  });

  const deb = '/debian/pool/main/tiny_1_all.deb';
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
    fetch(server.url + path, { headers, method, redirect: 'manual' });

  /** A request line as it is: fetch would tidy the path. */
  async function raw(target: string): Promise<string> {
    return await new Promise((done, fail) => {
      const socket = connect(server.port, '127.0.0.1', () => {
        socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      });
      let text = '';
      socket.on('data', (piece) => (text += piece.toString('latin1')));
      socket.on('end', () => done(text));
      socket.on('error', fail);
    });
  }

  it('gives files with their type and how long they may be kept', async () => {
    const pool = await get(deb);
    assert.equal(pool.status, 200);
    assert.equal(await pool.text(), '0123456789');
    assert.equal(pool.headers.get('content-type'), 'application/vnd.debian.binary-package');
    assert.match(pool.headers.get('cache-control')!, /max-age=31536000, immutable/);
    assert.equal(pool.headers.get('content-encoding'), null);
    const inRelease = await get('/debian/dists/s/InRelease');
    assert.equal(inRelease.headers.get('cache-control'), 'no-cache');
    await inRelease.text();
  });

  it('answers HEAD as GET, without a body', async () => {
    const head = await get(deb, {}, 'HEAD');
    assert.equal(head.status, 200);
    assert.equal(head.headers.get('content-length'), '10');
    assert.equal(await head.text(), '');
  });

  it('gives parts, and the whole when the file is another by now', async () => {
    const part = await get(deb, { range: 'bytes=2-4' });
    assert.equal(part.status, 206);
    assert.equal(await part.text(), '234');
    const etag = part.headers.get('etag')!;
    assert.equal((await get(deb, { range: 'bytes=2-4', 'if-range': etag })).status, 206);
    await writeFile(join(root, 'new'), 'abcdefghij');
    await rename(join(root, 'new'), join(root, deb));
    const whole = await get(deb, { range: 'bytes=2-4', 'if-range': etag });
    assert.equal(whole.status, 200);
    assert.equal(await whole.text(), 'abcdefghij');
    const beyond = await get(deb, { range: 'bytes=10-' });
    assert.equal(beyond.status, 416);
    assert.equal(beyond.headers.get('content-range'), 'bytes */10');
  });

  it('says 304 to who has it', async () => {
    const file = join(root, 'debian/dists/s/InRelease');
    await utimes(file, new Date('2026-01-01'), new Date('2026-01-01'));
    const first = await get('/debian/dists/s/InRelease');
    const modified = first.headers.get('last-modified')!;
    assert.equal(modified, 'Thu, 01 Jan 2026 00:00:00 GMT');
    assert.equal((await get('/debian/dists/s/InRelease', { 'if-modified-since': modified })).status, 304);
    const etag = first.headers.get('etag')!;
    assert.equal((await get('/debian/dists/s/InRelease', { 'if-none-match': etag })).status, 304);
    await utimes(file, new Date('2026-01-02'), new Date('2026-01-02'));
    assert.equal((await get('/debian/dists/s/InRelease', { 'if-modified-since': modified })).status, 200);
    assert.equal((await get('/debian/dists/s/InRelease', { 'if-none-match': etag })).status, 200);
  });

  it('refuses other methods', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await get(deb, {}, method);
      assert.equal(answer.status, 405);
      assert.equal(answer.headers.get('allow'), 'GET, HEAD');
    }
  });

  it('gives nothing that is hidden or outside of the root', async () => {
    await symlink(join(dir, 'secret'), join(root, 'link'));
    await symlink(dir, join(root, 'folder'));
    const targets = [
      '/../secret',
      '/debian/../../secret',
      '/%2e%2e/secret',
      '/debian/%2e%2e%2f%2e%2e%2fsecret',
      '/..%5csecret',
      '//../secret',
      '/link',
      '/folder/secret',
      '/folder/',
      '/debian/.hidden',
      '/debian/%2ehidden',
      '/nothing',
      `${deb}/`,
    ];
    for (const target of targets) assert.match(await raw(target), /^HTTP\/1\.1 404 /, target);
    for (const target of ['/%00', '/%', '*', '/%ff'])
      assert.match(await raw(target), /^HTTP\/1\.1 400 /, target);
  });

  it('follows links that stay inside: the pool of a frozen view', async () => {
    await mkdir(join(root, 'snapshot/20260101T000000Z'), { recursive: true });
    await symlink('../../debian/pool', join(root, 'snapshot/20260101T000000Z/pool'));
    const answer = await get('/snapshot/20260101T000000Z/pool/main/tiny_1_all.deb');
    assert.equal(await answer.text(), '0123456789');
    assert.match(answer.headers.get('cache-control')!, /immutable/);
  });

  it('lists folders', async () => {
    const moved = await get('/debian');
    assert.equal(moved.status, 301);
    assert.equal(moved.headers.get('location'), './debian/');
    await writeFile(join(root, 'debian/<i>&"'), '');
    const page = await (await get('/debian/')).text();
    assert.match(page, /href="\.\/pool\/"/);
    assert.ok(page.includes('&lt;i&gt;&amp;&quot;') && !page.includes('<i>'));
    assert.ok(!page.includes('.hidden'));
    assert.equal((await get('/')).status, 200);
  });

  it('says when the port is taken', async () => {
    await assert.rejects(serveArchive({ root, port: server.port, signal: stop.signal }), {
      code: 'SERVE_ADDRESS',
    });
  });

  it('finishes what is under way when it is stopped', async () => {
    await writeFile(join(root, 'large'), Buffer.alloc(8_000_000, 'x'));
    const answer = await get('/large');
    stop.abort();
    assert.equal((await answer.arrayBuffer()).byteLength, 8_000_000);
    await server.closed;
    await assert.rejects(get('/'));
  });

  it('cuts off what never ends', async () => {
    const own = new AbortController();
    const other = await serveArchive({ root, port: 0, signal: own.signal, graceMs: 10 });
    const socket = connect(other.port, '127.0.0.1');
    await new Promise((done) => socket.once('connect', done));
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\n');
    own.abort();
    await other.closed;
    socket.destroy();
  });
});
