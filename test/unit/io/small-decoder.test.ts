import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { collect } from '../../../src/deb/bytes.js';
import { xzCompress } from '../../../src/io/compress.js';
import { SmallDecoder } from '../../../src/io/small-decoder.js';

describe('the small decoder', () => {
  const text = Buffer.from('a package of nothing much\n'.repeat(200));
  let decoder: SmallDecoder;
  let xz: Buffer;

  before(async function () {
    decoder = await SmallDecoder.withLimit(text.length + 1);
    xz = await collect(xzCompress(text));
    // Without the binding .xz is left to the program xz
    const binding = await import('node-liblzma').catch(() => undefined);
    if (binding?.hasThreads() !== true) this.skip();
  });

  it('unpacks what is whole', () => {
    assert.deepEqual(Buffer.from(decoder.unpack('control.tar.xz', xz)!), text);
    assert.deepEqual(Buffer.from(decoder.unpack('control.tar.gz', gzipSync(text))!), text);
    assert.deepEqual(decoder.unpack('control.tar', text), text);
  });

  it('leaves alone what is cut, damaged or not what its name says', () => {
    for (let length = 0; length < xz.length; length++) {
      assert.equal(decoder.unpack('x.xz', xz.subarray(0, length)), undefined, `cut to ${length}`);
    }
    for (let at = 0; at < xz.length; at++) {
      const bad = Buffer.from(xz);
      bad[at] = bad[at]! ^ 0x40;
      const out = decoder.unpack('x.xz', bad);
      if (out !== undefined) assert.deepEqual(Buffer.from(out), text, `byte ${at}`);
    }
    assert.equal(decoder.unpack('x.xz', Buffer.concat([xz, Buffer.from('more')])), undefined);
    assert.equal(decoder.unpack('x.gz', xz), undefined);
    assert.equal(decoder.unpack('x.tar.zst', xz), undefined);
  });

  it('leaves alone what unpacks to more than its room', async () => {
    const bomb = await collect(xzCompress(Buffer.alloc(4 * 1024 * 1024)));
    assert.equal(decoder.unpack('x.xz', bomb), undefined);
    assert.equal(decoder.unpack('x.gz', gzipSync(Buffer.alloc(4 * 1024 * 1024))), undefined);
    assert.deepEqual(Buffer.from(decoder.unpack('x.xz', xz)!), text);
  });
});
