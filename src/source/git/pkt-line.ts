/**
 * git's framing of what goes over the wire (gitprotocol-common(5)): lines of a
 * stated length, and three marks. Nothing is known here of what they mean.
 */
import { LockstepError } from '../../errors.js';

/** A line's bytes, or a mark. */
export type Packet = Buffer | 'flush' | 'delim' | 'end';

/** One line, its newline added. */
export function pktLine(text: string): Buffer {
  const body = Buffer.from(`${text}\n`);
  return Buffer.concat([Buffer.from((body.length + 4).toString(16).padStart(4, '0')), body]);
}

export const flushPacket = Buffer.from('0000');
export const delimPacket = Buffer.from('0001');

const marks: Readonly<Record<number, Packet>> = { 0: 'flush', 1: 'delim', 2: 'end' };

/**
 * The packets of a body. A body that ends within one is refused: what is cut off must not count as whole.
 * @throws LockstepError SOURCE_GIT_DAMAGED, or what the body throws
 */
export async function* packetsOf(body: AsyncIterable<Buffer>, from: string): AsyncGenerator<Packet> {
  let held: Buffer = Buffer.alloc(0);
  for await (const piece of body) {
    held = held.length === 0 ? piece : Buffer.concat([held, piece]);
    let at = 0;
    while (held.length - at >= 4) {
      const digits = held.toString('latin1', at, at + 4);
      if (!/^[0-9a-fA-F]{4}$/.test(digits))
        throw notGit(from, `it says ${JSON.stringify(digits)} where a length must be`);
      const length = Number.parseInt(digits, 16);
      const mark = marks[length];
      if (mark !== undefined) {
        at += 4;
        yield mark;
        continue;
      }
      if (length < 4) throw notGit(from, 'it has a line of an impossible length');
      if (held.length - at < length) break;
      const line = held.subarray(at + 4, at + length);
      at += length;
      yield line;
    }
    held = held.subarray(at);
  }
  if (held.length > 0) throw notGit(from, 'it ends within a line');
}

/** The text of a line without its newline. */
export function textOf(line: Buffer): string {
  const text = line.toString('utf8');
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}

/** The fault that an answer is not what a git server says. */
export function notGit(from: string, why: string): LockstepError {
  return new LockstepError('SOURCE_GIT_DAMAGED', {
    message: `The answer of ${from} is not what a git server gives: ${why}`,
    hint: 'Check the address: it must be that of the repository itself. Run the command again; nothing of this was kept',
    where: [{ value: from }],
  });
}
