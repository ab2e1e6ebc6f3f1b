import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { xzCompress, xzDecompress } from '../../../src/io/compress.js';
import { joinXz, splitXz } from '../../../src/io/xz-blocks.js';

async function collect(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

async function compressed(text: string, engine?: 'program'): Promise<Buffer> {
  return await collect(xzCompress(Buffer.from(text), engine === undefined ? {} : { engine }));
}

describe('blocks of .xz files', () => {
  it('make one file of many, which holds their texts one after the other', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ minLength: 1, maxLength: 300 }), { maxLength: 6 }),
        async (texts) => {
          const parts = await Promise.all(texts.map(async (text) => splitXz(await compressed(text))));
          const joined = Buffer.concat(joinXz(parts));
          assert.equal((await collect(xzDecompress(joined))).toString(), texts.join(''));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('are what xz(1) takes, tests and lists', async () => {
    const big = 'a line of some length that is there often\n'.repeat(200_000);
    const parts = [];
    for (const engine of [undefined, 'program'] as const) parts.push(splitXz(await compressed(big, engine)));
    const joined = Buffer.concat(joinXz(parts));
    execFileSync('xz', ['--test', '--format=xz', '-'], { input: joined });
    const text = execFileSync('xz', ['-dc'], { input: joined, maxBuffer: 1 << 28 });
    assert.ok(text.equals(Buffer.from(big + big)));
    assert.deepEqual(
      splitXz(joined).records,
      parts.flatMap(({ records }) => records),
    );
  });

  it('refuse what is cut off, damaged or another format', async () => {
    const file = await compressed('text of some length '.repeat(50));
    for (const bad of [
      Buffer.alloc(0),
      file.subarray(1),
      file.subarray(0, -4),
      Buffer.concat([file, file]),
    ]) {
      assert.throws(() => splitXz(bad), { code: 'DATA_DAMAGED' });
    }
    const index = Buffer.from(file);
    index[file.length - 17] = index[file.length - 17]! ^ 1;
    assert.throws(() => splitXz(index), { code: 'DATA_DAMAGED' });
  });
});
