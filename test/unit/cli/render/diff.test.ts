import assert from 'node:assert/strict';
import { diffResult, type DiffResult } from '../../../../src/comparison/diff-shape.js';
import { renderDiff } from '../../../../src/cli/render/diff.js';
import { renderDiffMarkdown } from '../../../../src/cli/render/diff-markdown.js';

const side = { profile: 'wiki', created: '2026-11-23T10:16:00Z' };
const skipped = {
  component: 'cache',
  version: '7.2',
  reason: 'slow',
  until: '2026-12-13',
  security: true,
};
const file = { kind: 'file' as const, mode: '0644', owner: 'root:root', size: 10, linkTarget: null };

/** One of everything. */
const full: DiffResult = {
  from: { id: '20261122T101600Z', name: '20261122T101600Z', ...side },
  to: { id: '20261123T101600Z', name: 'wiki-unstable', ...side },
  same: false,
  components: [
    {
      component: 'wiki',
      change: 'up',
      from: '1:1.39.16-1',
      to: '1:1.39.17-1',
      upstreamFrom: '1.39.16',
      upstreamTo: '1.39.17',
      method: 'debian',
      commits: { from: 'a'.repeat(40), to: 'b'.repeat(40) },
    },
    {
      component: 'gone',
      change: 'removed',
      from: '1',
      to: null,
      upstreamFrom: '1',
      upstreamTo: null,
      method: 'none',
    },
  ],
  packages: [
    {
      package: 'wiki',
      architecture: 'all',
      component: 'wiki',
      change: 'up',
      from: { version: '1:1.39.16-1', size: 100, sha256: 'a'.repeat(64) },
      to: { version: '1:1.39.17-1', size: 90, sha256: 'b'.repeat(64) },
      sizeChange: -10,
    },
  ],
  sources: [
    { package: 'wiki', from: '1:1.39.16-1', to: '1:1.39.17-1' },
    { package: 'new', from: null, to: '1' },
  ],
  relations: [
    { package: 'wiki', architecture: 'all', field: 'Depends', removed: ['php7'], added: ['php8 | php9'] },
  ],
  schema: { changed: 'yes', from: '1.39', to: '1.43' },
  security: { from: [], to: ['CVE-2026-1'], added: ['CVE-2026-1'], removed: ['CVE-2025-1'] },
  skipped: { ended: [skipped], added: [{ ...skipped, component: 'wiki' }], kept: [skipped] },
  total: { from: { packages: 1, size: 100 }, to: { packages: 2, size: 90 } },
  changelogs: [
    {
      source: 'wiki',
      component: 'wiki',
      direction: 'down',
      from: '1:1.39.16-1',
      to: '1:1.39.17-1',
      packaging: [
        {
          version: '1:1.39.17-1',
          distribution: 'bookworm',
          maintainer: 'M <m@example.org>',
          date: '2026-11-20T00:00:00Z',
          lines: ['  * New release.'],
          own: false,
        },
      ],
      upstream: [{ version: '1.39.17', heading: 'MediaWiki 1.39.17', lines: ['* A fix'], file: 'NOTES' }],
      fixes: [
        { id: 'CVE-2026-2', line: 'A hole', where: 'MediaWiki 1.39.17' },
        { id: 'CVE-2026-3', line: 'A hole', where: 'MediaWiki 1.39.17' },
      ],
      omitted: 3,
    },
  ],
  contents: [
    {
      package: 'wiki',
      architecture: 'all',
      files: [
        { path: '/a', change: 'added', conffile: false, from: null, to: file, aspects: [] },
        {
          path: '/etc/b',
          change: 'changed',
          conffile: true,
          from: { ...file, kind: 'symlink', linkTarget: '/x' },
          to: { ...file, mode: '0600', owner: 'www:www', size: 20, linkTarget: '/y' },
          aspects: ['content', 'kind', 'mode', 'owner', 'link', 'conffile'],
        },
      ],
      texts: [
        { path: '/etc/b', kind: 'conffile', change: 'changed', patch: '-old\n+new\n', omitted: null },
        { path: '/etc/c', kind: 'configuration', change: 'added', patch: null, omitted: 'too large' },
        { path: '/etc/d', kind: 'configuration', change: 'added', patch: null, omitted: 'binary' },
        { path: 'DEBIAN/postinst', kind: 'script', change: 'removed', patch: null, omitted: 'too different' },
      ],
      notCompared: null,
    },
    { package: 'lost', architecture: 'all', files: [], texts: [], notCompared: '1.0: it is damaged' },
  ],
  notes: ['Two profiles.'],
};

/** What both forms must say, without markup. */
const facts = [
  'CVE-2026-1',
  'CVE-2025-1',
  'schema changes (1.39 to 1.43)',
  'CVE-2026-2, CVE-2026-3',
  'MediaWiki 1.39.17',
  'New release.',
  '1:1.39.17-1',
  'aaaaaaaaaaaa',
  'php8',
  '1 added, 1 changed',
  'mode 0644 -> 0600',
  'owner root:root -> www:www',
  '+new',
  'too large to compare',
  'it is not text',
  'too many lines differ',
  'it is damaged',
  'No longer skipped: cache 7.2',
  '1 -> 2 packages',
  'Two profiles.',
];

describe('a diff of two snapshots', () => {
  it('is what its schema says', () => {
    assert.deepEqual(diffResult.parse(full), full);
  });

  it('says everything on a terminal, and as Markdown', () => {
    const plain = renderDiff(full);
    const markdown = renderDiffMarkdown(full).replaceAll('\\', '');
    for (const fact of facts) {
      assert.ok(plain.includes(fact), `terminal: ${fact}\n${plain}`);
      assert.ok(markdown.includes(fact), `Markdown: ${fact}\n${markdown}`);
    }
    assert.match(markdown, /^# wiki `20261123T101600Z`\n/);
    assert.match(plain, /named wiki-unstable/);
  });

  it('is short where nothing differs', () => {
    const none = { components: [], packages: [], sources: [], relations: [], changelogs: [], contents: [] };
    const same: DiffResult = {
      ...full,
      ...none,
      same: true,
      schema: { changed: 'no', from: null, to: null },
      security: { from: [], to: [], added: [], removed: [] },
      skipped: { ended: [], added: [], kept: [] },
      total: { from: full.total.from, to: full.total.from },
      notes: [],
    };
    assert.equal(renderDiff(same).split('\n').length, 5);
    assert.equal(renderDiffMarkdown(same).trim().split('\n').length, 5);
  });
});
