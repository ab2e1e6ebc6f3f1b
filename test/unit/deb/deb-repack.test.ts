import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { readAr, writeAr } from '../../../src/deb/ar.js';
import { readDeb, writeDeb, type DebSpec } from '../../../src/deb/deb-file.js';
import { repackDeb, repackedControl, type Repacking } from '../../../src/deb/deb-repack.js';
import { parseStanza } from '../../../src/deb/deb822.js';
import { readTar, tarBytes, type TarHeader, type TarInput } from '../../../src/deb/tar.js';
import { LockstepError } from '../../../src/errors.js';
import { gathered, inChunks } from '../../fixtures/deb-arbitraries.js';

/** No compression at all: this room takes what it is given. */
const codec = (input: AsyncIterable<Buffer>): AsyncIterable<Buffer> => input;
const io = { compress: codec, decompress: (_: string, input: AsyncIterable<Buffer>) => input };
const mtime = 1_700_000_000;
const repacking: Repacking = {
  version: '1:2.0-1+really1.0+1',
  moves: new Map([['wiki-data', [{ from: '1:1.0-1', to: '1:2.0-1+really1.0+1' }]]]),
};

const spec: DebSpec = {
  control: {
    Package: 'wiki',
    Version: '1:1.0-1',
    Architecture: 'all',
    Maintainer: 'A <a@example.org>',
    Depends: 'wiki-data (= 1:1.0-1)',
    Section: 'web',
    Description: 'a wiki\nOf pages.\n\nMany.',
  },
  entries: [{ kind: 'file', path: '/etc/wiki.conf', mode: 0o640, body: Buffer.alloc(100_000, 'x') }],
  conffiles: ['/etc/wiki.conf'],
  scripts: { postinst: '#!/bin/sh\nexit 0\n', templates: 'Template: a/b\n' },
  triggers: 'interest /x\n',
  mtime,
};

async function debOf(given: DebSpec): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  await writeDeb(given, sink, { compress: codec, suffix: '' });
  return Buffer.concat(chunks);
}

async function membersOf(deb: Buffer): Promise<Map<string, { bytes: Buffer; mtime: number }>> {
  const members = new Map<string, { bytes: Buffer; mtime: number }>();
  for await (const { name, body, mtime: time } of readAr(inChunks(deb, 4096)))
    members.set(name, { bytes: await gathered(body), mtime: time });
  return members;
}

async function repacked(deb: Buffer, by = repacking): Promise<{ bytes: Buffer; control: string }> {
  const opened = await repackDeb(inChunks(deb, 1000), by, io);
  return { bytes: await gathered(opened.bytes), control: opened.control };
}

describe('deb/deb-repack', () => {
  it('keeps the data byte for byte, and everything of the control archive but two fields', async () => {
    const deb = await debOf(spec);
    const { bytes, control } = await repacked(deb);
    const [before, after] = [await membersOf(deb), await membersOf(bytes)];
    assert.deepEqual([...after.keys()], ['debian-binary', 'control.tar.xz', 'data.tar']);
    assert.ok(after.get('data.tar')!.bytes.equals(before.get('data.tar')!.bytes));
    assert.deepEqual(
      [...after.values()].map((one) => one.mtime),
      [mtime, mtime, mtime],
    );
    const entries = async (tar: Buffer): Promise<[TarHeader, string][]> => {
      const all: [TarHeader, string][] = [];
      for await (const { header, body } of readTar(inChunks(tar, 4096)))
        all.push([
          { ...header, size: 0 },
          header.path === 'control' ? '' : (await gathered(body)).toString(),
        ]);
      return all;
    };
    assert.deepEqual(
      await entries(after.get('control.tar.xz')!.bytes),
      await entries(before.get('control.tar')!.bytes),
    );
    const opened = await readDeb(bytes, { decompress: io.decompress });
    await opened.close();
    assert.equal(opened.control.text(), control);
    assert.equal(
      control,
      (await readDeb(deb, { decompress: io.decompress })).control
        .text()
        .replace('Package: wiki\n', 'Package: wiki\nSource: wiki (1:1.0-1)\n')
        .replace('Version: 1:1.0-1', `Version: ${repacking.version}`)
        .replace('(= 1:1.0-1)', `(= ${repacking.version})`),
    );
  });

  it('gives the same bytes each time', async () => {
    const deb = await debOf(spec);
    assert.ok((await repacked(deb)).bytes.equals((await repacked(deb)).bytes));
  });

  it('names the source package at the version it has, wherever it was left out', () => {
    const control = (source: string): string =>
      repackedControl(parseStanza(`Package: wiki-data\n${source}Version: 1.0-1\nArchitecture: all\n`), {
        version: '2.0-1',
        moves: new Map(),
      });
    const of = (source: string): string | undefined => parseStanza(control(source)).get('Source');
    assert.equal(of(''), 'wiki-data (1.0-1)');
    assert.equal(of('Source: wiki\n'), 'wiki (1.0-1)');
    assert.equal(of('Source: wiki (3:0.9-2)\n'), 'wiki (3:0.9-2)');
    assert.equal(control('').split('\n')[1], 'Source: wiki-data (1.0-1)');
  });

  it('keeps modes, owners and times of control members, also of those it does not know', async () => {
    const control = Buffer.from('Package: p1\nVersion: 1\nArchitecture: all\n');
    const owner = { uid: 7, gid: 8, uname: 'lp', gname: 'mail' };
    const entries: TarInput[] = [
      { kind: 'dir', path: '', mode: 0o700, mtime: 5, owner },
      { kind: 'file', path: 'shlibs', mode: 0o600, mtime: 6, owner, body: Buffer.from('x 1 y\n') },
      { kind: 'file', path: 'control', mode: 0o640, mtime: 7, body: control },
    ];
    const parts: [string, Buffer][] = [
      ['debian-binary', Buffer.from('2.0\n')],
      ['_gpgbuilder', Buffer.from('a signature')],
      ['control.tar', await gathered(tarBytes(entries))],
      ['data.tar.bz2', Buffer.from('compressed in any way')],
      ['_gpgorigin', Buffer.from('a signature')],
    ];
    const deb = await gathered(
      writeAr(parts.map(([name, body]) => ({ name, body, size: body.length, mtime: 3 }))),
    );
    const after = await membersOf((await repacked(deb, { version: '2', moves: new Map() })).bytes);
    // Signatures over the old bytes are worth nothing
    assert.deepEqual([...after.keys()], ['debian-binary', 'control.tar.xz', 'data.tar.bz2']);
    const seen: unknown[] = [];
    for await (const { header } of readTar(inChunks(after.get('control.tar.xz')!.bytes, 512))) {
      const { path, mode, mtime: time, uid, gid, uname, gname } = header;
      seen.push([path, mode, time, uid, gid, uname, gname]);
    }
    assert.deepEqual(seen, [
      ['', 0o700, 5, 7, 8, 'lp', 'mail'],
      ['shlibs', 0o600, 6, 7, 8, 'lp', 'mail'],
      ['control', 0o640, 7, 0, 0, 'root', 'root'],
    ]);
  });

  it('refuses a version that is none, what is no package, and what is cut short', async () => {
    const deb = await debOf(spec);
    const code = (expected: string) => (error: unknown) =>
      error instanceof LockstepError && error.code === expected;
    await assert.rejects(repacked(deb, { ...repacking, version: '1_0' }), code('DEB_INVALID'));
    await assert.rejects(repacked(Buffer.from('nothing')), code('DEB_ARCHIVE'));
    for (const length of [8, 70, 2000, deb.length - 50_000]) {
      await assert.rejects(repacked(deb.subarray(0, length)), code('DEB_ARCHIVE'), String(length));
    }
  });

  it('reads its source to the end, where a store says whether the hash was right', async () => {
    const deb = await debOf(spec);
    async function* failing(): AsyncGenerator<Buffer> {
      yield deb;
      throw new Error('the hash is wrong');
    }
    const opened = await repackDeb(failing(), repacking, io);
    await assert.rejects(gathered(opened.bytes), /the hash is wrong/);
  });
});
