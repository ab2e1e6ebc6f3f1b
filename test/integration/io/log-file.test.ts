import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogWriter, openLog, tailOf } from '../../../src/io/log-file.js';

describe('a log', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-log-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Writes the pieces; gives back which of them fitted, and the text. */
  async function written(limit: number, pieces: readonly Buffer[]): Promise<[boolean[], string]> {
    const log = await openLog(join(folder, 'logs/build.log'));
    const writer = new LogWriter(log, limit);
    const fits: boolean[] = [];
    for (const piece of pieces) fits.push(await writer.write(piece));
    await writer.end();
    await log.handle.close();
    return [fits, await readFile(log.path, 'utf8')];
  }

  it('grows, and its last lines can be read', async () => {
    const first = [Buffer.from('1\n2'), Buffer.from('\n3')];
    assert.deepEqual(await written(100, first), [[true, true], '1\n2\n3']);
    const from = 5;
    assert.deepEqual(await written(100, [Buffer.from('\n4\n5\n')]), [[true], '1\n2\n3\n4\n5\n']);
    assert.equal(await tailOf(join(folder, 'logs/build.log'), 2), '4\n5');
    assert.equal(await tailOf(join(folder, 'logs/build.log'), 9, from), '\n4\n5');
  });

  it('is text that a terminal can show, however it comes in pieces', async () => {
    const bytes = Buffer.from('ä\u202e\u001b[2J http://me:secret@host/\n');
    const one = [...bytes].map((byte) => Buffer.from([byte]));
    const [, text] = await written(1000, one);
    assert.equal(text, 'ä\\u202e\\x1b[2J http://***@host/\n');
  });

  it('has no more than its limit, and says so', async () => {
    const [fits, text] = await written(10, [
      Buffer.from('12345\n'),
      Buffer.from('67890\n'),
      Buffer.from('x'),
    ]);
    assert.deepEqual([fits, text], [[true, false, false], '12345\n6789']);
  });

  it('does not collect a line that does not end', async () => {
    const piece = Buffer.alloc(40 * 1024, 'x');
    const log = await openLog(join(folder, 'log'));
    const writer = new LogWriter(log, 1024 * 1024);
    for (let nth = 0; nth < 4; nth++) await writer.write(piece);
    assert.ok((await log.handle.stat()).size >= 80 * 1024);
    await log.handle.close();
  });
});
