import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Clock } from '../../../src/io/clock.js';
import { ContentStore } from '../../../src/io/content-store.js';
import { sha256Of } from '../../../src/io/disk.js';
import type { HttpOptions } from '../../../src/io/http.js';
import { Http } from '../../../src/io/http.js';
import type { Item } from '../../../src/io/progress.js';
import { breakAfter, cutOff, FaultyServer, sendFile, trickle } from './faulty-server.js';

const clock: Clock = { now: () => new Date(0), sleep: async () => undefined };
const file = Buffer.from(Array.from({ length: 40_000 }, (_, index) => `line ${index}\n`).join(''));
const expected = { sha256: sha256Of(file), size: file.length };

describe('a download into the store', () => {
  let folder: string;
  let store: ContentStore;
  let server: FaultyServer;
  let http: Http;

  function client(options: Partial<HttpOptions> = {}): Http {
    return new Http({ clock, random: () => 0, tries: 3, backoffMs: 0, stallMs: 5000, ...options });
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-download-'));
    store = new ContentStore(join(folder, 'store'));
    server = await FaultyServer.start();
    http = client();
  });

  afterEach(async () => {
    http.close();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  async function leftovers(): Promise<string[]> {
    return await readdir(store.partialDir);
  }

  async function assertArrived(): Promise<void> {
    assert.ok((await store.read(expected.sha256)).equals(file));
    assert.deepEqual(await leftovers(), []);
  }

  async function assertNothingKept(): Promise<void> {
    assert.equal(await store.has(expected.sha256), false);
    assert.deepEqual(await leftovers(), []);
  }

  it('arrives, with progress', async () => {
    let told = 0;
    const item: Item = { advance: (bytes) => (told += bytes), note() {}, done() {}, fail() {} };
    const url = server.on('/f', sendFile(file));
    assert.deepEqual(await http.download(url, store, expected, { item }), expected);
    assert.equal(told, file.length);
    await assertArrived();
  });

  it('is not made when the file is there and whole', async () => {
    await store.put(file);
    await http.download(`${server.base}/gone`, store, expected);
    assert.equal(server.asked.length, 0);
  });

  it('is made again when the file in the store is damaged', async () => {
    await store.put(file);
    await rm(store.path(expected.sha256));
    await writeFile(store.path(expected.sha256), 'not what it was');
    await http.download(server.on('/f', sendFile(file)), store, expected);
    await assertArrived();
  });

  it('goes on after a break, asking for the rest of the same version', async () => {
    let told = 0;
    const notes: string[] = [];
    const item: Item = {
      advance: (bytes) => (told += bytes),
      note: (text) => notes.push(text),
      done() {},
      fail() {},
    };
    const url = server.on('/f', (request, response, nth) => {
      if (nth === 0) breakAfter(file, 200_000, { etag: '"v1"' })(request, response);
      else sendFile(file, { etag: '"v1"' })(request, response);
    });
    await http.download(url, store, expected, { item });
    assert.equal(server.asked.length, 2);
    assert.match(server.asked[1]?.range ?? '', /^bytes=[1-9]\d*-$/);
    assert.equal(server.asked[1]?.ifRange, '"v1"');
    assert.equal(told, file.length);
    assert.deepEqual(notes, ['try 2 of 3']);
    await assertArrived();
  });

  it('begins anew where the server knows no ranges', async () => {
    const url = server.on('/f', (request, response, nth) => {
      if (nth === 0) breakAfter(file, 200_000)(request, response);
      else sendFile(file, { ranges: false })(request, response);
    });
    await http.download(url, store, expected);
    await assertArrived();
  });

  it('begins anew when the ETag has changed between the tries', async () => {
    const other = Buffer.alloc(file.length, 'x');
    const url = server.on('/f', (request, response, nth) => {
      if (nth === 0) breakAfter(other, 200_000, { etag: '"old"' })(request, response);
      else sendFile(file, { etag: '"new"' })(request, response);
    });
    await http.download(url, store, expected);
    assert.equal(server.asked.length, 2);
    await assertArrived();
  });

  it('begins anew when the file has changed between the tries and nothing told so', async () => {
    const other = Buffer.alloc(file.length, 'x');
    const url = server.on('/f', (request, response, nth) => {
      if (nth === 0) breakAfter(other, 200_000)(request, response);
      else sendFile(file)(request, response);
    });
    await http.download(url, store, expected);
    assert.equal(server.asked.length, 3);
    await assertArrived();
  });

  it('goes on in a later run', async () => {
    const url = server.on('/f', breakAfter(file, 200_000, { etag: '"v1"' }));
    const first = client({ tries: 1 });
    await assert.rejects(first.download(url, store, expected), { code: 'NET_TRUNCATED' });
    first.close();
    assert.deepEqual((await leftovers()).sort(), [
      `${expected.sha256}.part`,
      `${expected.sha256}.part.validator`,
    ]);
    assert.equal(await store.has(expected.sha256), false);
    server.on('/f', sendFile(file, { etag: '"v1"' }));
    await http.download(url, store, expected);
    assert.match(server.asked.at(-1)?.range ?? '', /^bytes=[1-9]/);
    await assertArrived();
  });

  it('goes on in a later run after Ctrl-C', async () => {
    const controller = new AbortController();
    const url = server.on('/f', breakAfter(file, 200_000, { stall: true }));
    const item: Item = { advance: () => controller.abort(), note() {}, done() {}, fail() {} };
    const patient = client({ stallMs: 60_000 });
    const stopping = patient.download(url, store, expected, { signal: controller.signal, item });
    await assert.rejects(stopping, { code: 'INTERRUPTED' });
    patient.close();
    assert.equal(await store.has(expected.sha256), false);
    server.on('/f', sendFile(file));
    await http.download(url, store, expected);
    assert.match(server.asked.at(-1)?.range ?? '', /^bytes=[1-9]/);
    await assertArrived();
  });

  it('takes a part of an earlier run that is whole, or too long', async () => {
    const url = server.on('/f', sendFile(file));
    for (const part of [file, Buffer.concat([file, file]), Buffer.alloc(file.length)]) {
      await store.remove(expected.sha256);
      await store.put('');
      await writeFile(join(store.partialDir, `${expected.sha256}.part`), part);
      await http.download(url, store, expected);
      await assertArrived();
    }
    assert.equal(server.asked.length, 2);
  });

  it('survives a server that breaks off again and again but gets on', async () => {
    const url = server.on('/f', (request, response) => {
      const from = Number(/\d+/.exec(request.headers.range ?? '0')?.[0]);
      const rest = file.subarray(from);
      if (from > 0) {
        response.statusCode = 206;
        response.setHeader('content-range', `bytes ${from}-${file.length - 1}/${file.length}`);
      }
      response.setHeader('content-length', rest.length);
      if (rest.length <= 80_000) response.end(rest);
      else {
        response.write(rest.subarray(0, 80_000));
        cutOff(response);
      }
    });
    await http.download(url, store, expected);
    assert.ok(server.asked.length > 3);
    await assertArrived();
  });

  it('says NET_TRUNCATED when no try gets further', async () => {
    const url = server.on('/f', breakAfter(file, 1000));
    await assert.rejects(http.download(url, store, expected), { code: 'NET_TRUNCATED', message: /3 tries/ });
    assert.equal(await store.has(expected.sha256), false);
  });

  it('says NET_STALLED when nothing more comes', async () => {
    const url = server.on('/f', breakAfter(file, 1000, { stall: true }));
    const hasty = client({ stallMs: 30 });
    await assert.rejects(hasty.download(url, store, expected), { code: 'NET_STALLED' });
    hasty.close();
    assert.equal(await store.has(expected.sha256), false);
  });

  /** Each look at this clock is a second later: a wait for one byte takes a second. */
  const aSecondEachLook = (): (() => number) => {
    let now = 0;
    return () => (now += 1000);
  };

  it('goes to the next mirror when one sends a byte per second', async () => {
    const slow = server.on('/slow', trickle(file));
    const next = server.on('/next', sendFile(file));
    const refused: string[] = [];
    http = client({ elapsed: aSecondEachLook() });
    await http.download([[slow], [next]], store, expected, { onRefusal: ({ said }) => refused.push(said) });
    assert.match(refused.join(), /^Only \d+ bytes? arrived in 5 s, and the least is 1024 per second$/);
    await assertArrived();
  });

  it('says NET_STALLED when the only mirror sends a byte per second', async () => {
    const slow = server.on('/slow', trickle(file));
    http = client({ elapsed: aSecondEachLook() });
    await assert.rejects(http.download(slow, store, expected), { code: 'NET_STALLED', message: /3 tries/ });
    await assert.rejects(http.bytes(slow), { code: 'NET_STALLED' });
  });

  it('waits for a slow server where it is told to', async () => {
    const bytes = file.subarray(0, 100);
    const slow = server.on('/slow', trickle(bytes));
    http = client({ elapsed: aSecondEachLook(), leastRate: 0 });
    assert.ok((await http.bytes(slow)).equals(bytes));
  });

  it('ends at the deadline of its size, however often a little more comes', async () => {
    let now = 0;
    const piece = 70_000;
    const url = server.on('/f', (request, response) => {
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      // Another day passes
      now += 86_400_000;
      response.writeHead(from > 0 ? 206 : 200, {
        'content-length': file.length - from,
        ...(from > 0 ? { 'content-range': `bytes ${from}-${file.length - 1}/${file.length}` } : {}),
      });
      response.write(file.subarray(from, from + piece), () => cutOff(response));
    });
    http = client({ elapsed: () => now });
    await assert.rejects(http.download(url, store, expected), { code: 'NET_TRUNCATED' });
    assert.equal(server.asked.length, 3);
    // With the same server, and no deadline, it arrives
    http = client({ elapsed: () => now, leastRate: 0 });
    await http.download(url, store, expected);
    await assertArrived();
  });

  it('refuses one flipped bit and keeps nothing', async () => {
    const flipped = Buffer.from(file);
    flipped[123_456]! ^= 1;
    const url = server.on('/f', sendFile(flipped));
    await assert.rejects(http.download(url, store, expected), { code: 'SOURCE_HASH_MISMATCH' });
    assert.equal(server.asked.length, 1);
    await assertNothingKept();
  });

  it('refuses a shorter file and keeps nothing', async () => {
    const url = server.on('/f', sendFile(file.subarray(0, 1000)));
    await assert.rejects(http.download(url, store, expected), { code: 'SOURCE_HASH_MISMATCH' });
    await assertNothingKept();
  });

  it('refuses a longer file and keeps nothing, whether it is announced or not', async () => {
    const longer = Buffer.concat([file, Buffer.from('more')]);
    const announced = server.on('/f', sendFile(longer));
    const unannounced = server.on('/g', (_request, response) => {
      response.write(file);
      response.end('more');
    });
    for (const url of [announced, unannounced]) {
      await assert.rejects(http.download(url, store, expected), { code: 'NET_TOO_LARGE' });
      await assertNothingKept();
    }
  });

  it('says NET_NOT_FOUND and NET_STATUS, and keeps nothing', async () => {
    await assert.rejects(http.download(`${server.base}/gone`, store, expected), { code: 'NET_NOT_FOUND' });
    const url = server.on('/f', (_request, response) => response.writeHead(403).end());
    await assert.rejects(http.download(url, store, expected), { code: 'NET_STATUS' });
    await assertNothingKept();
  });

  it('is made once when it is asked for twice at the same time', async () => {
    const url = server.on('/f', sendFile(file));
    await Promise.all([1, 2, 3].map(() => http.download(url, store, expected)));
    assert.equal(server.asked.length, 1);
    await assertArrived();
  });

  it('does not mix its bytes with those of another client at the same file', async () => {
    const url = server.on('/f', (request, response) =>
      setTimeout(() => sendFile(file)(request, response), 20),
    );
    const other = client();
    await Promise.all([http.download(url, store, expected), other.download(url, store, expected)]);
    other.close();
    await assertArrived();
  });

  it('goes on for the one that is not stopped', async () => {
    const controller = new AbortController();
    const url = server.on('/f', (request, response, nth) => {
      if (nth === 0) controller.abort();
      else sendFile(file)(request, response);
    });
    const stopped = http.download(url, store, expected, { signal: controller.signal });
    const going = http.download(url, store, expected);
    await assert.rejects(stopped, { code: 'INTERRUPTED' });
    await going;
    await assertArrived();
  });

  it('takes file: URLs and empty files', async () => {
    await writeFile(join(folder, 'f'), file);
    await http.download(pathToFileURL(join(folder, 'f')).href, store, expected);
    await assertArrived();
    const empty = { sha256: sha256Of(''), size: 0 };
    await http.download(server.on('/empty', sendFile(Buffer.alloc(0))), store, empty);
    assert.equal((await store.read(empty.sha256)).length, 0);
    await writeFile(join(folder, 'f'), 'something else');
    await store.remove(expected.sha256);
    const changed = http.download(pathToFileURL(join(folder, 'f')).href, store, expected);
    await assert.rejects(changed, { code: 'SOURCE_HASH_MISMATCH' });
    await assertNothingKept();
  });
});
