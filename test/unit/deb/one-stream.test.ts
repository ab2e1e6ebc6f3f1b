import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { collect } from '../../../src/deb/bytes.js';
import { watchOf } from '../../../src/deb/one-stream.js';
import { xzCompress } from '../../../src/io/compress.js';

/** What `zstd` and `bzip2` make of a line; Node has neither. */
const zstd = Buffer.from('28b52ffd04586d00003868656c6c6f200a0100314a11a3aa74ce', 'hex');
const zstdWithoutSum = Buffer.from('28b52ffd00586d00003868656c6c6f200a0100314a11', 'hex');
const bzip2 = Buffer.from(
  '425a6839314159265359c1c080e2000001410000100244a00030cd00c3462997177245385090c1c080e2',
  'hex',
);

describe('a compressed member', () => {
  const follows = 'something follows the end of its first stream';
  const fault = (name: string, bytes: Buffer, piece = bytes.length): string | null => {
    const watch = watchOf(name)!;
    for (let at = 0; at < bytes.length; at += piece) watch.push(bytes.subarray(at, at + piece));
    return watch.fault();
  };
  let streams: [string, Buffer][];

  before(async () => {
    streams = [
      ['data.tar.xz', await collect(xzCompress(Buffer.alloc(300_000, 'x')))],
      ['data.tar.zst', zstd],
      ['data.tar.zst', zstdWithoutSum],
      ['data.tar.bz2', bzip2],
    ];
  });

  it('is one stream, in whatever pieces it comes', () => {
    for (const [name, bytes] of [...streams, ['data.tar.gz', gzipSync('x')] as const]) {
      for (const piece of [1, 3, 7, bytes.length]) assert.equal(fault(name, bytes, piece), null, name);
    }
  });

  it('is not two, and nothing follows the one', () => {
    for (const [name, bytes] of streams) {
      for (const piece of [1, 3, 7, 100]) {
        assert.equal(fault(name, Buffer.concat([bytes, bytes]), piece), follows, `${name} twice`);
        assert.equal(fault(name, Buffer.concat([bytes, Buffer.from('more')]), piece), follows, name);
      }
    }
    assert.equal(fault('data.tar.gz', Buffer.concat([gzipSync('x'), Buffer.alloc(10)])), follows);
  });

  it('is left to the decompressor where it is cut or of another format', () => {
    for (const [name] of streams)
      assert.equal(fault(name, Buffer.from('nothing')), name.endsWith('zst') ? follows : null);
    assert.equal(fault('data.tar.zst', zstd.subarray(0, 12)), null);
    assert.equal(watchOf('data.tar'), undefined);
  });
});
