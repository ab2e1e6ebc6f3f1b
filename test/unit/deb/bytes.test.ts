import assert from 'node:assert/strict';
import fc from 'fast-check';
import { asBuffer, collect, piecesOf, type ByteSource } from '../../../src/deb/bytes.js';

async function* later(pieces: Iterable<Uint8Array | string>): AsyncGenerator<Uint8Array | string> {
  yield* pieces;
}

describe('byte sources', () => {
  it('give the same bytes in every shape', async () => {
    const shapes: ByteSource[] = [
      'äb',
      Buffer.from('äb'),
      new TextEncoder().encode('äb'),
      [Buffer.from('ä'), Buffer.alloc(0), Buffer.from('b')],
      later(['ä', Buffer.from('b')]),
    ];
    for (const shape of shapes) assert.equal((await collect(shape)).toString(), 'äb');
  });

  it('hold no empty piece', async () => {
    for await (const piece of piecesOf(later(['', Buffer.alloc(0)]))) assert.fail(piece.toString());
    assert.equal((await collect('')).length, 0);
  });

  it('respect the window of a view', () => {
    const view = new Uint8Array(Uint8Array.from([1, 2, 3, 4]).buffer, 1, 2);
    assert.deepEqual([...asBuffer(view)], [2, 3]);
  });

  it('collect what was cut up', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array()), async (pieces) => {
        assert.deepEqual(await collect(later(pieces)), Buffer.concat(pieces));
      }),
    );
  });
});
