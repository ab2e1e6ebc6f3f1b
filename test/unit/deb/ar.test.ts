import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readAr, writeAr, type ArInput } from '../../../src/deb/ar.js';
import { LockstepError } from '../../../src/errors.js';
import { gathered, inChunks } from '../../fixtures/deb-arbitraries.js';

const member = fc
  .record({
    name: fc.stringMatching(/^[A-Za-z0-9_.+~-]{1,15}$/),
    mtime: fc.nat(),
    body: fc.uint8Array({ maxLength: 300 }),
  })
  .map((input): ArInput & { body: Uint8Array } => ({ ...input, size: input.body.length }));

const sample = (): Promise<Buffer> =>
  gathered(
    writeAr([
      { name: 'debian-binary', size: 4, mtime: 7, body: Buffer.from('2.0\n') },
      { name: 'odd', size: 3, mtime: 7, body: Buffer.from('abc') },
    ]),
  );

async function namesIn(bytes: Uint8Array): Promise<string[]> {
  const names: string[] = [];
  for await (const found of readAr(inChunks(bytes, 1000), 'x.deb')) names.push(found.name);
  return names;
}

const isDamaged = (error: unknown): boolean => error instanceof LockstepError && error.code === 'DEB_ARCHIVE';

describe('deb/ar', () => {
  it('comes back as it was written, whatever the chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(member, { maxLength: 5 }),
        fc.integer({ min: 1, max: 100 }),
        async (members, size) => {
          const bytes = await gathered(writeAr(members));
          const read: unknown[] = [];
          for await (const found of readAr(inChunks(bytes, size))) {
            assert.equal(found.mode, 0o100644);
            read.push([found.name, found.mtime, found.size, await gathered(found.body)]);
          }
          assert.deepEqual(
            read,
            members.map((input) => [input.name, input.mtime, input.size, Buffer.from(input.body)]),
          );
        },
      ),
    );
  });

  it('skips bodies that nobody read, or read in part', async () => {
    const bytes = await sample();
    assert.deepEqual(await namesIn(bytes), ['debian-binary', 'odd']);
    const names: string[] = [];
    for await (const found of readAr(inChunks(bytes, 1))) {
      names.push(found.name);
      for await (const chunk of found.body) {
        void chunk;
        break;
      }
    }
    assert.deepEqual(names, ['debian-binary', 'odd']);
  });

  it('lets the source go when the reader leaves', async () => {
    const bytes = await sample();
    let closed = false;
    const source = async function* (): AsyncGenerator<Buffer> {
      try {
        for (const byte of bytes) yield Buffer.from([byte]);
      } finally {
        closed = true;
      }
    };
    for await (const found of readAr(source())) {
      void found;
      break;
    }
    assert.ok(closed);
  });

  it('refuses a file cut anywhere', async () => {
    const bytes = await sample();
    const whole = new Set([8, 8 + 64, bytes.length - 1]);
    for (let end = 0; end < bytes.length; end++) {
      if (whole.has(end)) continue;
      await assert.rejects(namesIn(bytes.subarray(0, end)), isDamaged, `cut at ${end}`);
    }
  });

  it('refuses other magic, headers and names', async () => {
    for (const [at, text] of [
      [0, 'X'],
      [8 + 58, 'xx'],
      [8 + 48, 'x'],
      [8 + 48, '          '],
      [8, '../../etc/x'],
      [8 + 40, '9'],
    ] as const) {
      const bytes = await sample();
      bytes.write(text, at, 'latin1');
      await assert.rejects(namesIn(bytes), isDamaged, `${text} at ${at}`);
    }
  });

  it('writes the largest time that fits into its field, and no larger one', async () => {
    const written = (mtime: number): Promise<Buffer> =>
      gathered(writeAr([{ name: 'a', size: 0, mtime, body: Buffer.alloc(0) }]));
    for await (const { mtime } of readAr(inChunks(await written(999_999_999_999), 1000))) {
      assert.equal(mtime, 999_999_999_999);
    }
    await assert.rejects(written(1_000_000_000_000), { code: 'DEB_INVALID' });
  });

  it('writes nothing that cannot be read', async () => {
    const good = { name: 'a', size: 1, mtime: 0, body: Buffer.from('x') };
    for (const wrong of [
      { size: 2 },
      { size: 0 },
      { name: 'a/b' },
      { name: 'x'.repeat(16) },
      { name: '' },
      { mtime: -1 },
      { mtime: 0.5 },
    ]) {
      await assert.rejects(
        gathered(writeAr([{ ...good, ...wrong }])),
        (error) => error instanceof LockstepError && error.code === 'DEB_INVALID',
        JSON.stringify(wrong),
      );
    }
  });
});
