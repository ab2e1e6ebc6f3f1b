import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collect } from '../../../src/deb/bytes.js';
import { xzCompress } from '../../../src/io/compress.js';
import { peakOf } from '../../fixtures/peak-memory.js';

const mebibyte = 1024 * 1024;
/** MiB, the program included: no single file or answer may need more. */
const most = 300;

describe('a file that is too large', function () {
  this.timeout(300_000);
  let folder: string;
  let server: Server;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-large-'));
    server = createServer((_, response) => {
      const piece = Buffer.alloc(mebibyte);
      const more = (): void => {
        while (response.write(piece));
        response.once('drain', more);
      };
      more();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  async function isRefused(what: string, path: string, code: string): Promise<void> {
    const program = join(import.meta.dirname, 'hostile-size-child.ts');
    const answer = await peakOf(program, [what, path], join(folder, 'peak'));
    assert.equal(answer.code, code);
    assert.ok(answer.peak < most, `${what} needed ${answer.peak} MiB`);
  }

  async function file(name: string, bytes: string | Buffer): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, bytes);
    return path;
  }

  /** Takes no room on the disk. */
  async function sparse(name: string, size: number): Promise<string> {
    const path = await file(name, '');
    await truncate(path, size);
    return path;
  }

  it('is refused as an index that unpacks to 10 GiB, whatever its Release says of that', async () => {
    const stream = await collect(xzCompress(Buffer.alloc(64 * mebibyte)));
    const path = await file('Sources.xz', Buffer.concat(Array.from({ length: 160 }, () => stream)));
    await isRefused('index-listed', path, 'DATA_DAMAGED');
    await isRefused('index-unlisted', path, 'SOURCE_TOO_LARGE');
  });

  it('is refused as an index of millions of paragraphs', async () => {
    await isRefused('paragraphs', await file('Packages', 'Package: a\n\n'.repeat(8_000_000)), 'DEB_SYNTAX');
  });

  it('is refused as a .changes', async () => {
    await isRefused('changes', await sparse('large.changes', 3 * 1024 * mebibyte), 'IMPORT_INVALID');
    const fields = Array.from({ length: 400_000 }, (_, index) => `x${index}:\n`).join('');
    await isRefused('changes', await file('fields.changes', fields), 'IMPORT_INVALID');
    const line = ` ${'a'.repeat(64)} 1 `;
    const files = Array.from({ length: 50_000 }, (_, index) => `${line}${index}\n`).join('');
    await isRefused('changes', await file('files.changes', `Checksums-Sha256:\n${files}`), 'IMPORT_INVALID');
  });

  it('is refused as a Release of nothing but fields, lines or hashes', async () => {
    const fields = Array.from({ length: 400_000 }, (_, index) => `x${index}:\n`).join('');
    const hashes = Array.from({ length: 50_000 }, (_, index) => ` ${'a'.repeat(64)} 1 ${index}/\n`).join('');
    for (const text of [fields, '\n'.repeat(4 * mebibyte), '#\n'.repeat(2 * mebibyte), `SHA256:\n${hashes}`])
      await isRefused(
        'release',
        await file('Release', text),
        text.startsWith('S') ? 'DEB_UNSAFE_NAME' : 'DEB_SYNTAX',
      );
  });

  it('is refused as what a flag names, be it without an end', async () => {
    await isRefused('named', '/dev/zero', 'FILE_TOO_LARGE');
  });

  it('is refused as a record and as a file that a person writes', async () => {
    await isRefused('record', await sparse('record.json', 3 * 1024 * mebibyte), 'FILE_TOO_LARGE');
    await mkdir(join(folder, 'large'));
    await sparse('large/lockstep.yaml', 3 * 1024 * mebibyte);
    await isRefused('workspace', join(folder, 'large'), 'FILE_TOO_LARGE');
    await mkdir(join(folder, 'deep'));
    await file('deep/lockstep.yaml', `a: ${'['.repeat(4 * mebibyte - 8)}`);
    await isRefused('workspace', join(folder, 'deep'), 'WORKSPACE_INVALID');
  });

  it('is refused as an answer without an end', async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
    await isRefused('http', url, 'NET_TOO_LARGE');
  });
});
