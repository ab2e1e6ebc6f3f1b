import assert from 'node:assert/strict';
import fc from 'fast-check';
import { escapeHtml, folderPage } from '../../../src/archive/folder-page.js';
import {
  answerFor,
  cacheControl,
  contentType,
  parseRange,
  type FileFacts,
} from '../../../src/archive/http-answer.js';

const modified = new Date('2026-01-01T00:00:00.500Z');
const file: FileFacts = {
  path: 'debian/pool/main/t/tiny/tiny_1_all.deb',
  size: 100,
  modified,
  etag: '"abc"',
};
const date = 'Thu, 01 Jan 2026 00:00:00 GMT';
const earlier = 'Wed, 31 Dec 2025 00:00:00 GMT';

describe('the answer to a request for a file', () => {
  it('is the whole file', () => {
    const { status, headers, body } = answerFor({}, file);
    assert.equal(status, 200);
    assert.deepEqual(body, { start: 0, end: 99 });
    assert.equal(headers['Content-Length'], '100');
    assert.equal(headers['Last-Modified'], date);
    assert.equal(headers['Accept-Ranges'], 'bytes');
    assert.equal(answerFor({}, { ...file, size: 0 }).body, undefined);
  });

  it('is 304 when the client has it', () => {
    assert.equal(answerFor({ 'if-none-match': '"abc"' }, file).status, 304);
    assert.equal(answerFor({ 'if-none-match': '"x", W/"abc"' }, file).status, 304);
    assert.equal(answerFor({ 'if-none-match': '*' }, file).status, 304);
    assert.equal(answerFor({ 'if-modified-since': date }, file).status, 304);
    assert.equal(answerFor({ 'if-modified-since': earlier }, file).status, 200);
    assert.equal(answerFor({ 'if-modified-since': 'yesterday' }, file).status, 200);
    assert.equal(answerFor({ 'if-none-match': '"x"', 'if-modified-since': date }, file).status, 200);
  });

  it('is 412 when the client wants another one', () => {
    assert.equal(answerFor({ 'if-match': '"x"' }, file).status, 412);
    assert.equal(answerFor({ 'if-match': '"abc"' }, file).status, 200);
    assert.equal(answerFor({ 'if-unmodified-since': earlier }, file).status, 412);
  });

  it('is a part when one is asked for', () => {
    const { status, headers, body } = answerFor({ range: 'bytes=10-19' }, file);
    assert.equal(status, 206);
    assert.equal(headers['Content-Range'], 'bytes 10-19/100');
    assert.equal(headers['Content-Length'], '10');
    assert.deepEqual(body, { start: 10, end: 19 });
  });

  it('is a part only of the file that the client has a part of', () => {
    const range = 'bytes=10-';
    assert.equal(answerFor({ range, 'if-range': '"abc"' }, file).status, 206);
    assert.equal(answerFor({ range, 'if-range': '"old"' }, file).status, 200);
    assert.equal(answerFor({ range, 'if-range': date }, file).status, 206);
    assert.equal(answerFor({ range, 'if-range': earlier }, file).status, 200);
    assert.equal(answerFor({ range, 'if-range': 'W/"abc"' }, file).status, 200);
  });

  it('is 416 beyond the end', () => {
    const { status, headers } = answerFor({ range: 'bytes=100-' }, file);
    assert.equal(status, 416);
    assert.equal(headers['Content-Range'], 'bytes */100');
  });
});

describe('a range', () => {
  const cases: [string, ReturnType<typeof parseRange>][] = [
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=5-', { start: 5, end: 99 }],
    ['bytes=-5', { start: 95, end: 99 }],
    ['bytes=-500', { start: 0, end: 99 }],
    ['bytes=90-500', { start: 90, end: 99 }],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=100-200', 'unsatisfiable'],
    ['bytes=20-10', undefined],
    ['bytes=0-1,5-6', undefined],
    ['bytes=-', undefined],
    ['items=0-1', undefined],
    ['bytes=a-b', undefined],
  ];
  for (const [header, expected] of cases) {
    it(`${header} of 100 bytes`, () => assert.deepEqual(parseRange(header, 100), expected));
  }

  it('never leads out of the file', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.nat(), fc.nat(50), (noise, from, to, size) => {
        for (const header of [noise, `bytes=${from}-${to}`, `bytes=-${to}`, `bytes=${from}-`]) {
          const range = parseRange(header, size);
          if (typeof range !== 'object') continue;
          assert.ok(range.start >= 0 && range.start <= range.end && range.end < size);
        }
      }),
    );
  });
});

describe('headers by path', () => {
  it('let what never changes be kept, and what moves be asked for', () => {
    const fixed = [
      'debian/pool/main/t/tiny/tiny_1_all.deb',
      `debian/dists/s/main/binary-amd64/by-hash/SHA256/${'a'.repeat(64)}`,
      'snapshot/20260101T000000Z/dists/s/main/binary-amd64/Packages.xz',
      'snapshot/20260101T000000Z/pool/main/t/tiny/tiny_1_all.deb',
    ];
    for (const path of fixed) assert.match(cacheControl(path), /immutable/, path);
    const moving = [
      'debian/dists/s/InRelease',
      'debian/dists/s/main/binary-amd64/Packages.xz',
      'debian/archive-keyring.gpg',
      'snapshot/20260101T000000Z/dists/s/InRelease',
      'snapshot/20260101T000000Z/dists/s/Release.gpg',
    ];
    for (const path of moving) assert.equal(cacheControl(path), 'no-cache', path);
  });

  it('name the type', () => {
    assert.equal(contentType('x/tiny_1_all.deb'), 'application/vnd.debian.binary-package');
    assert.equal(contentType('x/InRelease'), 'text/plain; charset=utf-8');
    assert.equal(contentType('x/Release.gpg'), 'application/pgp-signature');
    assert.equal(contentType('debian/archive-keyring.gpg'), 'application/pgp-keys');
    assert.equal(contentType('x/tiny_1.orig.tar.xz.asc'), 'application/pgp-signature');
    assert.equal(contentType('x/Packages.gz'), 'application/gzip');
    assert.equal(contentType('x/strange'), 'application/octet-stream');
  });
});

describe('the page of a folder', () => {
  it('escapes hostile names', () => {
    const page = folderPage('/<b>/', [
      { name: '"><script>', kind: 'file', size: 5 },
      { name: 'javascript:x', kind: 'folder' },
    ]);
    assert.ok(page.includes('href="./%22%3E%3Cscript%3E"'));
    assert.ok(page.includes('&quot;&gt;&lt;script&gt;'));
    assert.ok(page.includes('href="./javascript%3Ax/"'));
    assert.ok(!page.includes('<script>') && !page.includes('<b>'));
    assert.ok(page.includes('href="../"'));
    assert.ok(!folderPage('/', []).includes('../'));
  });

  it('escapes what HTML knows', () => {
    assert.equal(escapeHtml(`<&>"'`), '&lt;&amp;&gt;&quot;&#39;');
  });
});
