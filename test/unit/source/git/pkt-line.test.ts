import assert from 'node:assert/strict';
import fc from 'fast-check';
import { delimPacket, flushPacket, packetsOf, pktLine, textOf } from '../../../../src/source/git/pkt-line.js';

async function read(pieces: Buffer[]): Promise<string[]> {
  async function* body(): AsyncGenerator<Buffer> {
    yield* pieces;
  }
  const found: string[] = [];
  for await (const packet of packetsOf(body(), 'x')) {
    found.push(typeof packet === 'string' ? `<${packet}>` : textOf(packet));
  }
  return found;
}

describe("git's lines", () => {
  it('are read whatever pieces they come in', async () => {
    const bytes = Buffer.concat([
      pktLine('version 2'),
      delimPacket,
      pktLine('ä'.repeat(500)),
      pktLine(''),
      flushPacket,
    ]);
    const whole = ['version 2', '<delim>', 'ä'.repeat(500), '', '<flush>'];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: bytes.length })), async (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const pieces = at.slice(1).map((end, nth) => bytes.subarray(at[nth], end));
        assert.deepEqual(await read(pieces), whole);
      }),
      { numRuns: 50 },
    );
  });

  it('that are cut off or have no length are refused', async () => {
    for (const text of ['00', '0009abc', '0003', 'zzzz', '-001', '0x10']) {
      await assert.rejects(read([Buffer.from(text)]), { code: 'SOURCE_GIT_DAMAGED' });
    }
  });
});
