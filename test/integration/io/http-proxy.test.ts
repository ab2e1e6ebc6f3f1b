import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer, type Server as HttpsServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Clock } from '../../../src/io/clock.js';
import { Http } from '../../../src/io/http.js';

const clock: Clock = { now: () => new Date(0), sleep: async () => undefined };

describe('https through a proxy', () => {
  let folder: string;
  let secure: HttpsServer;
  let proxy: Server;
  let asked: string[];
  let sockets: Socket[];
  let open: boolean;
  let http: Http;
  let url: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-https-'));
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    await execa('openssl', [...made, '-keyout', key, '-out', cert, ...subject]);
    secure = createSecureServer(
      { key: await readFile(key), cert: await readFile(cert) },
      (_request, response) => response.end('in the tunnel'),
    );
    [asked, sockets, open] = [[], [], true];
    proxy = createServer().on('connect', (request, socket: Socket) => {
      asked.push(`${request.url} ${request.headers['proxy-authorization']}`);
      sockets.push(socket.on('error', () => undefined));
      if (!open) return;
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const there = connect((secure.address() as AddressInfo).port, '127.0.0.1');
      sockets.push(there.on('error', () => undefined));
      socket.pipe(there).pipe(socket);
    });
    for (const one of [secure, proxy])
      await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
    const address = new URL(`http://u:p@127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    http = new Http({ clock, tries: 3, stallMs: 300, proxy: () => address });
    url = `https://localhost:${(secure.address() as AddressInfo).port}/`;
  });

  afterEach(async () => {
    http.close();
    for (const socket of sockets) socket.destroy();
    secure.closeAllConnections();
    for (const one of [secure, proxy]) await new Promise((resolve) => one.close(resolve));
    await rm(folder, { recursive: true });
  });

  it('makes one tunnel and uses it again', async () => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      for (let nth = 0; nth < 3; nth++) assert.equal(await http.text(url), 'in the tunnel');
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
    assert.deepEqual(asked, [`${new URL(url).host} Basic ${btoa('u:p')}`]);
  });

  it('takes the word of nobody who cannot prove who it is, and does not ask again', async () => {
    await assert.rejects(http.text(url), { code: 'NET_UNREACHABLE', message: /self-signed/ });
    assert.equal(asked.length, 1);
  });

  it('says NET_STALLED of a proxy that stands still, and stops when it is told to', async () => {
    open = false;
    await assert.rejects(http.text(url), { code: 'NET_STALLED' });
    const controller = new AbortController();
    const stopping = http.text(url, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await assert.rejects(stopping, { code: 'INTERRUPTED' });
  });
});
