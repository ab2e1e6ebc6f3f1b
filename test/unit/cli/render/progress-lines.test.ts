import assert from 'node:assert/strict';
import { LineProgress, formatBytes, formatElapsed } from '../../../../src/cli/render/progress-lines.js';

/** Progress into a string, on a clock that the test moves. */
function recorded(interactive: boolean): {
  progress: LineProgress;
  text: () => string;
  pass: (ms: number) => void;
} {
  let written = '';
  let now = 0;
  let ticking: (() => void) | undefined;
  const progress = new LineProgress({
    write: (text) => {
      written += text;
    },
    erase: () => {
      written += '\r\u001b[K';
    },
    interactive,
    columns: () => 60,
    elapsed: () => now,
    every: (_, tick) => {
      ticking = tick;
      return () => {
        ticking = undefined;
      };
    },
  });
  return {
    progress,
    text: () => written,
    pass: (ms) => {
      now += ms;
      ticking?.();
    },
  };
}

describe('progress on a pipe', () => {
  it('prints plain lines: phase, item with size and time, summary', () => {
    const { progress, text, pass } = recorded(false);
    const phase = progress.phase('Fetching');
    const item = phase.item('a.tar.xz', { totalBytes: 3_000_000 });
    item.advance(3_000_000);
    pass(1500);
    item.done();
    phase.done('1 file');
    assert.equal(text(), 'Fetching\n  a.tar.xz (1.5 s, 2.9 MiB)\n  done in 1.5 s: 1 file\n');
  });

  it('shows that long work lives, without a line for each byte', () => {
    const { progress, text, pass } = recorded(false);
    const item = progress.phase('Building').item('mediawiki');
    item.note('compressing');
    for (let second = 0; second < 19; second += 1) {
      pass(1000);
      item.advance(1);
    }
    item.done();
    assert.deepEqual(
      text()
        .split('\n')
        .filter((line) => line.includes('...')),
      [
        '  ... mediawiki 4 B compressing 5.0 s',
        '  ... mediawiki 9 B compressing 10 s',
        '  ... mediawiki 14 B compressing 15 s',
      ],
    );
  });

  it('shows that a phase lives in which no item runs, from its last line on, until it ends', () => {
    const { progress, text, pass } = recorded(false);
    const phase = progress.phase('Reading the snapshots');
    for (let second = 0; second < 3; second += 1) pass(1000);
    phase.info('12 read');
    for (let second = 0; second < 6; second += 1) pass(1000);
    phase.done();
    for (let second = 0; second < 20; second += 1) pass(1000);
    assert.equal(
      text(),
      'Reading the snapshots\n  12 read\n  ... Reading the snapshots 8.0 s\n  done in 9.0 s\n',
    );
  });

  it('has no control characters', () => {
    const { progress, text } = recorded(false);
    const item = progress.phase('p').item('i');
    item.fail('no');
    progress.clear();
    assert.ok(!text().includes('\r') && !text().includes('\u001b'));
  });
});

describe('progress on a terminal', () => {
  it('redraws one status line, no wider than the terminal, and clears it before other text', () => {
    const { progress, text, pass } = recorded(true);
    const phase = progress.phase('Fetching');
    const item = phase.item('a-file-with-quite-a-long-name-that-does-not-fit-the-terminal.tar.xz', {
      totalBytes: 100,
    });
    pass(200);
    item.advance(10);
    const status = text().split('\u001b[K').at(-1)!;
    assert.ok(status.length < 60, status);
    progress.clear();
    assert.ok(text().endsWith('\r\u001b[K'));
  });
});

describe('figures for people', () => {
  it('rounds bytes and times', () => {
    assert.deepEqual([0, 1023, 1536, 150 * 1024 * 1024].map(formatBytes), [
      '0 B',
      '1023 B',
      '1.5 KiB',
      '150 MiB',
    ]);
    assert.deepEqual([400, 12_300, 185_000].map(formatElapsed), ['0.4 s', '12 s', '3 min 05 s']);
  });
});
