import assert from 'node:assert/strict';
import { gzipSync, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { readDeb } from '../../../src/deb/deb-file.js';
import { quickDeb, type UnpackSmall } from '../../../src/deb/quick-deb.js';
import { quickTar } from '../../../src/deb/quick-tar.js';
import { readTar, tarBytes, type TarHeader, type TarInput } from '../../../src/deb/tar.js';
import { collect } from '../../../src/deb/bytes.js';
import { decompressByName } from '../../../src/io/compress.js';
import { makeBinary } from '../../fixtures/packages.js';

const unpack: UnpackSmall = (name, packed) => {
  try {
    return name.endsWith('.gz') ? gunzipSync(packed) : name.endsWith('.tar') ? packed : undefined;
  } catch {
    return undefined;
  }
};

async function thorough(tar: Buffer): Promise<TarHeader[] | undefined> {
  const headers: TarHeader[] = [];
  try {
    for await (const { header } of readTar(once(tar))) headers.push(header);
    return headers;
  } catch {
    return undefined;
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

const name = fc.stringMatching(/^[a-zA-Z0-9._ é-]{1,120}$/).filter((text) => !/^\.+$/.test(text.trim()));
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const entry: fc.Arbitrary<TarInput> = fc.oneof(
  fc.record({
    kind: fc.constant('file' as const),
    path,
    mode: fc.integer({ min: 0, max: 0o7777 }),
    mtime: fc.integer({ min: 0, max: 2 ** 32 }),
    body: fc.uint8Array({ maxLength: 1500 }),
  }),
  fc.record({
    kind: fc.constant('dir' as const),
    path,
    mode: fc.constant(0o755),
    mtime: fc.constant(0),
  }),
  fc.record({
    kind: fc.constant('symlink' as const),
    path,
    linkTarget: fc.oneof(path, fc.constant('/etc/passwd'), fc.constant('../x')),
    mtime: fc.constant(1),
  }),
  fc.record({
    kind: fc.constant('hardlink' as const),
    path,
    linkTarget: path,
    mode: fc.constant(0o644),
    mtime: fc.constant(1),
  }),
);

describe('the quick tar reader', () => {
  it('reads what we write as the thorough one does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 6 }), async (entries) => {
        const tar = await collect(tarBytes(entries));
        const read = quickTar(tar);
        assert.deepEqual(
          read?.map(({ header }) => header),
          await thorough(tar),
        );
        const files = entries.flatMap((item) =>
          item.kind === 'file' ? [Buffer.from(item.body as Uint8Array)] : [],
        );
        assert.deepEqual(
          read?.flatMap(({ header, body }) => (header.kind === 'file' ? [Buffer.from(body)] : [])),
          files,
        );
      }),
      { numRuns: 60 },
    );
  });

  it('never takes what the thorough one refuses, or takes another way', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.nat(),
        async (entries, where, change, cut) => {
          const tar = Buffer.from(await collect(tarBytes(entries)));
          const at = where % Math.min(tar.length, 2048);
          tar[at] = tar[at]! ^ change;
          for (const bytes of [tar, tar.subarray(0, cut % tar.length)]) {
            const read = quickTar(bytes);
            if (read !== undefined)
              assert.deepEqual(
                read.map(({ header }) => header),
                await thorough(bytes),
              );
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('leaves alone what another reader might take for something else', async () => {
    const tar = await collect(
      tarBytes([{ kind: 'file', path: 'a', mode: 0o644, mtime: 0, body: Buffer.from('x') }]),
    );
    assert.equal(quickTar(tar)?.length, 1);
    // Something after the end, half an end, none
    assert.equal(quickTar(Buffer.concat([tar, Buffer.from('x'.repeat(512))])), undefined);
    assert.equal(quickTar(tar.subarray(0, 1024 + 100)), undefined);
    assert.equal(quickTar(tar.subarray(0, 1024)), undefined);
    assert.equal(quickTar(Buffer.alloc(0)), undefined);
    for (const path of ['../a', '//etc/x', '././a']) {
      const bad = Buffer.from(tar);
      bad.fill(0, 0, 100);
      bad.write(path);
      checksummed(bad);
      assert.equal(quickTar(bad), undefined, path);
      assert.equal(await thorough(bad), undefined, path);
    }
  });
});

function checksummed(tar: Buffer): void {
  tar.fill(0x20, 148, 156);
  let sum = 0;
  for (let at = 0; at < 512; at++) sum += tar[at]!;
  tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
}

/** A package as dpkg-deb --uniform-compression -Zgzip writes it. */
function ar(members: readonly (readonly [string, Buffer])[]): Buffer {
  return Buffer.concat([
    Buffer.from('!<arch>\n'),
    ...members.flatMap(([member, body]) => [
      Buffer.from(
        `${member.padEnd(16)}0           0     0     100644  ${String(body.length).padEnd(10)}\`\n`,
      ),
      body,
      Buffer.alloc(body.length % 2, '\n'),
    ]),
  ]);
}

describe('the quick package reader', () => {
  const control = 'Package: a\nVersion: 1\nArchitecture: all\n';
  let members: [string, Buffer][];

  before(async () => {
    const controlTar = await collect(
      tarBytes([
        { kind: 'file', path: 'control', mode: 0o644, mtime: 0, body: Buffer.from(control) },
        { kind: 'file', path: 'conffiles', mode: 0o644, mtime: 0, body: Buffer.from('/etc/a\n') },
      ]),
    );
    const dataTar = await collect(
      tarBytes([{ kind: 'file', path: 'etc/a', mode: 0o644, mtime: 0, body: Buffer.from('a') }]),
    );
    members = [
      ['debian-binary', Buffer.from('2.0\n')],
      ['control.tar.gz', gzipSync(controlTar)],
      ['data.tar', dataTar],
    ];
  });

  it('reads what the thorough one reads', async () => {
    const bytes = ar(members);
    const read = quickDeb(bytes, unpack);
    assert.equal(read?.control, control);
    assert.equal(read?.conffiles, '/etc/a\n');
    const deb = await readDeb(bytes, { decompress: decompressByName });
    const headers = [];
    for await (const { header } of deb.files) headers.push(header);
    assert.deepEqual(read?.members, headers);
  });

  it('reads packages of our own writer', async () => {
    const { file, control: written } = await makeBinary({ package: 'own', version: '1:2-3' });
    const { SmallDecoder } = await import('../../../src/io/small-decoder.js');
    const decoder = await SmallDecoder.withLimit(1024 * 1024);
    const read = quickDeb(file.bytes, (member, packed) => decoder.unpack(member, packed));
    assert.equal(read?.control, written);
  });

  it('leaves alone what is not plain', () => {
    const [format, controlArchive, data] = members as [[string, Buffer], [string, Buffer], [string, Buffer]];
    const zstd: [string, Buffer] = ['control.tar.zst', Buffer.from('x')];
    const odd: Record<string, Buffer> = {
      'no archive': Buffer.from('#!/bin/sh\n'),
      empty: Buffer.alloc(0),
      'a member is missing': ar([format, controlArchive]),
      'a member too many': ar([format, controlArchive, data, ['_extra', Buffer.from('x')]]),
      'another order': ar([format, data, controlArchive]),
      'another format': ar([['debian-binary', Buffer.from('3.0\n')], controlArchive, data]),
      'another compressor': ar([format, zstd, data]),
      'a broken compressor': ar([format, ['control.tar.gz', controlArchive[1].subarray(0, 40)], data]),
      'no control file': ar([format, ['control.tar', data[1]], data]),
    };
    for (const [what, bytes] of Object.entries(odd)) assert.equal(quickDeb(bytes, unpack), undefined, what);
    const whole = ar(members);
    for (let length = 0; length < whole.length; length += 97) {
      assert.equal(quickDeb(whole.subarray(0, length), unpack), undefined, `cut to ${length}`);
    }
  });
});
