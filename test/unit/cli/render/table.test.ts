import assert from 'node:assert/strict';
import { outputColumns } from '../../../../src/cli/environment.js';
import { explainKeys } from '../../../../src/cli/explain/keys.js';
import { renderDiff, shortLimits } from '../../../../src/cli/render/diff.js';
import { renderStatus } from '../../../../src/cli/render/status.js';
import { renderTable } from '../../../../src/cli/render/table.js';

const head = ['suite', 'state', 'next'];
const rows = [
  ['web-stable', 'a newer one is in the range', 'promote web-unstable web-stable'],
  ['web-unstable', 'up to date', ''],
];

describe('a table', () => {
  const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));

  it('has a line for each row where nothing limits it', () => {
    assert.deepEqual(renderTable(head, rows).split('\n'), [
      'suite         state                        next',
      '------------  ---------------------------  -------------------------------',
      'web-stable    a newer one is in the range  promote web-unstable web-stable',
      'web-unstable  up to date',
    ]);
  });

  it('wraps cells between words within a terminal', () => {
    const text = renderTable(head, rows, 50);
    assert.ok(widest(text) <= 50, text);
    assert.deepEqual(text.split('\n').slice(0, 4), [
      'suite         state              next',
      '------------  -----------------  -----------------',
      'web-stable    a newer one is in  promote',
      '              the range          web-unstable',
    ]);
    for (const word of rows.flat().flatMap((cell) => cell.split(' '))) assert.ok(text.includes(word), word);
  });

  it('has a block for each row where the longest words do not stand side by side', () => {
    assert.deepEqual(renderTable(head, rows, 30).split('\n'), [
      'web-stable',
      '  state  a newer one is in the',
      '         range',
      '  next   promote web-unstable',
      '         web-stable',
      '',
      'web-unstable',
      '  state  up to date',
    ]);
  });

  it('of suites keeps within 80 columns', () => {
    const suite = (name: string) => ({
      suite: name,
      profile: 'mediawiki-1.39',
      trust: 'unstable',
      snapshot: '20261123T101530Z',
      age: 300_000,
      moved: { action: 'publish' as const, by: 'releases@builder.example', at: '2026-11-23T10:16:00Z' },
      published: { date: '2026-11-23T10:16:00Z', end: '2026-12-07T10:16:00Z' },
      signature: 'good' as const,
      agrees: true,
      promotable: { fromSuite: 'mediawiki-1.39-unstable', snapshot: '20261123T101530Z' },
      unpublished: null,
      warnings: [],
    });
    const report = {
      now: '2026-11-27T10:16:00Z',
      suites: [suite('mediawiki-1.39-stable'), suite('mediawiki-1.43-stable')],
      warnings: [],
      unpublished: [],
      running: null,
    } as unknown as Parameters<typeof renderStatus>[0];
    assert.ok(widest(renderStatus(report)) > 80);
    const text = renderStatus(report, 80);
    assert.ok(widest(text) <= 80, text);
    assert.match(text, /^ {2}snapshot +20261123T101530Z$/m);
  });

  it('of keys keeps within the width that is asked for', () => {
    const key = {
      fingerprint: 'A'.repeat(40),
      state: 'current' as const,
      since: '2026-11-23T10:16:00.000Z',
      until: null,
    };
    const status = { keys: [key] } as unknown as Parameters<typeof explainKeys>[0];
    assert.ok(widest(explainKeys(status, Infinity)) > 80);
    assert.ok(widest(explainKeys(status, 80)) <= 80);
  });

  it('of a diff keeps within it too', () => {
    const name = 'mediawiki-extension-with-a-long-name';
    const diff = {
      from: { id: '1', profile: 'p', created: '2026-11-23T10:16:00Z', name: '1' },
      to: { id: '2', profile: 'p', created: '2026-11-23T10:16:00Z', name: '2' },
      same: true,
      components: [{ component: name, change: 'up', from: '1:1.39.17-1~deb12u1', to: '1:1.43.9-1~deb13u1' }],
      packages: [],
      sources: [{ package: name, from: '1:1.39.17-1~deb12u1', to: '1:1.43.9+dfsg-1~deb13u1' }],
      ...{ relations: [], changelogs: [], contents: [], notes: [] },
      skipped: { ended: [], added: [], kept: [] },
      total: { from: { packages: 1, size: 1 }, to: { packages: 1, size: 1 } },
    } as unknown as Parameters<typeof renderDiff>[0];
    assert.ok(widest(renderDiff(diff)) > 72);
    const text = renderDiff(diff, { ...shortLimits, columns: 72 });
    assert.ok(widest(text) <= 72, text);
  });

  it('goes by COLUMNS, then by the terminal, and on a pipe by nothing', () => {
    assert.equal(outputColumns({}, { isTTY: true, columns: 100 }), 100);
    assert.equal(outputColumns({ COLUMNS: '72' }, { isTTY: true, columns: 100 }), 72);
    assert.equal(outputColumns({ COLUMNS: 'many' }, { isTTY: true, columns: 0 }), 80);
    assert.equal(outputColumns({ COLUMNS: '72' }, {}), Infinity);
  });
});
