import assert from 'node:assert/strict';
import fc from 'fast-check';
import { collect } from '../../../src/deb/bytes.js';
import { decompressByName, gunzip, gzip, xzCompress, xzDecompress } from '../../../src/io/compress.js';
import { XzEnd } from '../../../src/io/xz-end.js';

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Bytes that compress, but not to nothing; the same each time. */
function sample(size: number): Buffer {
  let state = 1;
  return Buffer.from(
    Uint8Array.from({ length: size }, () => {
      state = (state * 1103515245 + 12345) % 2147483648;
      return 97 + ((state >> 16) % 7);
    }),
  );
}

const damaged = { code: 'DATA_DAMAGED' };

describe('xz', () => {
  it('gives back what it took, however it was cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 3000 }),
        fc.integer({ min: 1, max: 999 }),
        async (data, size) => {
          const packed = await collect(xzCompress(cut(Buffer.from(data), size), { preset: 0 }));
          assert.deepEqual(await collect(xzDecompress(cut(packed, size))), Buffer.from(data));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('gives back what fills its buffers exactly, or nearly', async () => {
    for (const size of [256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 512 * 1024]) {
      const data = sample(size);
      const packed = await collect(xzCompress(data, { preset: 0 }));
      assert.ok((await collect(xzDecompress(packed))).equals(data), String(size));
    }
  });

  it('writes the same bytes whatever the number of threads and the cuts, over several blocks', async () => {
    // Preset 0 has blocks of 1 MiB, so this has three
    const data = sample(2_500_000);
    const first = await collect(xzCompress(data, { preset: 0, threads: 1 }));
    for (const threads of [2, 3, 8]) {
      const again = await collect(xzCompress(cut(data, 70_001), { preset: 0, threads }));
      assert.ok(again.equals(first), `${threads} threads`);
    }
    assert.ok((await collect(xzDecompress(first))).equals(data));
  });

  it('reads several streams and padding between them', async () => {
    const [one, two] = [await collect(xzCompress('one ')), await collect(xzCompress('two'))];
    const joined = Buffer.concat([one, Buffer.alloc(4), two, Buffer.alloc(8)]);
    assert.equal((await collect(xzDecompress(joined))).toString(), 'one two');
  });

  it('reports whatever is not whole', async () => {
    const packed = await collect(xzCompress(sample(100_000), { preset: 0 }));
    const flipped = Buffer.from(packed);
    flipped[packed.length >> 1]! ^= 1;
    const cases: Record<string, Buffer> = {
      empty: Buffer.alloc(0),
      'cut in the footer': packed.subarray(0, -1),
      'cut in the index': packed.subarray(0, -14),
      'cut in a block': packed.subarray(0, 5000),
      'one bit flipped': flipped,
      'something behind it': Buffer.concat([packed, Buffer.from('junk')]),
      'odd padding': Buffer.concat([packed, Buffer.alloc(3)]),
      'no xz': Buffer.from('Package: mediawiki\n'),
    };
    for (const [name, bytes] of Object.entries(cases)) {
      await assert.rejects(collect(xzDecompress(cut(bytes, 3000))), damaged, name);
    }
  });

  it('passes on what its source throws', async () => {
    const fault = new Error('the source broke');
    const broken = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from('x');
      throw fault;
    };
    await assert.rejects(collect(xzCompress(broken())), fault);
    await assert.rejects(collect(xzDecompress(broken())), fault);
    await assert.rejects(collect(gunzip(broken())), fault);
  });

  it('stops when it is told to, and when its reader leaves', async () => {
    const controller = new AbortController();
    controller.abort();
    await assert.rejects(collect(xzCompress(sample(1000), { signal: controller.signal })), {
      code: 'INTERRUPTED',
    });
    const packed = await collect(xzCompress(sample(600_000), { preset: 0 }));
    for await (const piece of xzDecompress(packed) as AsyncIterable<Buffer>) {
      assert.ok(piece.length > 0);
      break;
    }
  });
});

describe('the end of .xz bytes', () => {
  it('is found wherever the pieces are cut', async () => {
    const packed = Buffer.concat([await collect(xzCompress('text')), Buffer.alloc(8)]);
    for (let size = 1; size <= packed.length; size++) {
      const end = new XzEnd();
      for await (const piece of cut(packed, size)) end.push(piece);
      assert.equal(end.isWhole(), true, `pieces of ${size}`);
    }
  });
});

describe('gzip', () => {
  it('has no time, no name and always the same system in its header', async () => {
    const packed = await collect(gzip('text'));
    assert.equal(packed.subarray(0, 10).toString('hex'), '1f8b0800000000000203');
    assert.equal((await collect(gunzip(packed))).toString(), 'text');
  });

  it('reads several members', async () => {
    const joined = Buffer.concat([await collect(gzip('one ')), await collect(gzip('two'))]);
    assert.equal((await collect(gunzip(joined))).toString(), 'one two');
  });

  it('reports whatever is not whole', async () => {
    const packed = await collect(gzip(sample(10_000)));
    await assert.rejects(collect(gunzip(packed.subarray(0, -1))), damaged);
    await assert.rejects(collect(gunzip('no gzip')), damaged);
    await assert.rejects(collect(gunzip('')), damaged);
  });
});

describe('decompression by name', () => {
  it('goes by the ending', async () => {
    const read = async (name: string, bytes: Buffer) =>
      (await collect(decompressByName(name, bytes))).toString();
    assert.equal(await read('Packages.xz', await collect(xzCompress('text'))), 'text');
    assert.equal(await read('Packages.gz', await collect(gzip('text'))), 'text');
    assert.equal(await read('Packages', Buffer.from('text')), 'text');
    assert.equal(await read('xz', Buffer.from('text')), 'text');
  });
});
